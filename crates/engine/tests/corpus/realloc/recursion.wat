;; Asks itself for room until the stack ends.
(component
  (core module $m
    (memory (export "memory") 1)
    
    (func $realloc (export "cabi_realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32)
      (i32.add (i32.const 1) (call $realloc (local.get $old) (local.get $size) (local.get $align) (local.get $new))))
    (func (export "run") (param i32 i32)))
  (core instance $i (instantiate $m))
  (func (export "run") (param "text" string)
    (canon lift (core func $i "run") (memory (core memory $i "memory")) (realloc (core func $i "cabi_realloc")))))
