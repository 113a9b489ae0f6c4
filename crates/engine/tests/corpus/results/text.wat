;; Answers with a string of 59 MiB.
(component
  (core module $m
    (memory (export "memory") 960)
    (func (export "run") (result i32)
      (memory.fill (i32.const 16) (i32.const 0x61) (i32.const 61865984))
      (i32.store (i32.const 0) (i32.const 16))
      (i32.store (i32.const 4) (i32.const 61865984))
      (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "run") (result string) (canon lift (core func $i "run") (memory (core memory $i "memory")))))
