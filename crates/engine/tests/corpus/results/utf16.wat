;; Answers with a string of 29 M UTF-16 units outside of ASCII: three bytes of UTF-8 in the host for two in the guest.
(component
  (core module $m
    (memory (export "memory") 960)
    (func (export "run") (result i32)
      (memory.fill (i32.const 16) (i32.const 0x30) (i32.const 58000000))
      (i32.store (i32.const 0) (i32.const 16))
      (i32.store (i32.const 4) (i32.const 29000000))
      (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "run") (result string)
    (canon lift (core func $i "run") (memory (core memory $i "memory")) string-encoding=utf16)))
