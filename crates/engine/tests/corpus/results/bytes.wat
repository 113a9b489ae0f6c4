;; Answers with 59 MiB of bytes out of a memory of 60 MiB: the host would hold them a second time.
(component
  (core module $m
    (memory (export "memory") 960)
    (func (export "run") (result i32)
      (i32.store (i32.const 0) (i32.const 16))
      (i32.store (i32.const 4) (i32.const 61865984))
      (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "run") (result (list u8)) (canon lift (core func $i "run") (memory (core memory $i "memory")))))
