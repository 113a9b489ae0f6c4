;; Grows a memory of 64-bit addresses: first past what a size in bytes can say, then past what 32 bits can address.
(component
  (core module $m
    (memory i64 1)
    (func (export "run")
      (drop (memory.grow (i64.const 0xffff_ffff_ffff)))
      (drop (memory.grow (i64.const 0x1_0000)))
      (memory.fill (i64.const 0) (i32.const 1) (i64.const 0x1000_0000))))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
