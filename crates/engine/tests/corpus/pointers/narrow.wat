;; Numbers wider than their types: 0x1ff as u8, 0x18000 as s16, 2 as bool. They arrive cut to their types.
(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "run") (param i32 i32 i32) (result i32)
      (if (i32.gt_u (local.get 0) (i32.const 0xff)) (then unreachable))
      (i32.store8 (i32.const 16) (i32.const 0x1ff))
      (i32.store16 (i32.const 18) (i32.const 0x18000))
      (i32.store8 (i32.const 20) (i32.const 2))
      (i32.const 16)))
  (core instance $i (instantiate $m))
  (func (export "run") (param "a" u8) (param "b" s16) (param "c" bool) (result (tuple u8 s16 bool))
    (canon lift (core func $i "run") (memory (core memory $i "memory")))))
