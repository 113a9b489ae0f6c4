;; A list whose end is past 2^32: its sum is a small number again.
(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "run") (result i32)
      (i32.store (i32.const 0) (i32.const 0xfffffff0))
      (i32.store (i32.const 4) (i32.const 0x20))
      (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "run") (result (list u8)) (canon lift (core func $i "run") (memory (core memory $i "memory")))))
