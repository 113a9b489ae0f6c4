;; Two modules that call each other through a shared table: the recursion crosses instances.
(component
  (core module $table (table (export "table") 2 funcref))
  (core instance $table (instantiate $table))
  (core module $one
    (type $t (func (param i32) (result i32)))
    (import "" "table" (table 2 funcref))
    (elem (i32.const 0) func $f)
    (func $f (type $t) (i32.add (local.get 0) (call_indirect (type $t) (local.get 0) (i32.const 1))))
    (func (export "run") (drop (call $f (i32.const 1)))))
  (core module $two
    (type $t (func (param i32) (result i32)))
    (import "" "table" (table 2 funcref))
    (elem (i32.const 1) func $g)
    (func $g (type $t) (i32.sub (local.get 0) (call_indirect (type $t) (local.get 0) (i32.const 0)))))
  (core instance $one (instantiate $one (with "" (instance $table))))
  (core instance $two (instantiate $two (with "" (instance $table))))
  (func (export "run") (canon lift (core func $one "run"))))
