;; Exports functions whose types the engine does not pass on, beside one that it does.
(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 16))
    (func (export "record") (param i32 i32))
    (func (export "fine") (result i32) (i32.const 1)))
  (core instance $i (instantiate $m))
  (type $point' (record (field "x" s32) (field "y" s32)))
  (export $point "point" (type $point'))
  (func (export "run") (param "at" $point) (canon lift (core func $i "record")))
  (func (export "fine") (result u32) (canon lift (core func $i "fine"))))
