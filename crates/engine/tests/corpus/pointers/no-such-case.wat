;; An option that is neither none nor some: its case is 7.
(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "run") (result i32) (i32.store8 (i32.const 16) (i32.const 7)) (i32.const 16)))
  (core instance $i (instantiate $m))
  (func (export "run") (result (option string)) (canon lift (core func $i "run") (memory (core memory $i "memory")))))
