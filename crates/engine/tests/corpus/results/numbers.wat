;; Answers with three million numbers, which a host that knows no type keeps in 40 bytes each.
(component
  (core module $m
    (memory (export "memory") 200)
    (func (export "run") (result i32)
      (i32.store (i32.const 0) (i32.const 16))
      (i32.store (i32.const 4) (i32.const 3000000))
      (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "run") (result (list u32)) (canon lift (core func $i "run") (memory (core memory $i "memory")))))
