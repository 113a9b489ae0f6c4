;; Three functions that call each other through a table until the stack ends.
(component
  (core module $m
    (type $t (func (param i32) (result i32)))
    (table funcref (elem $a $b $c))
    (func $a (type $t) (i32.add (local.get 0) (call_indirect (type $t) (i32.add (local.get 0) (i32.const 1)) (i32.const 1))))
    (func $b (type $t) (i32.mul (local.get 0) (call_indirect (type $t) (i32.add (local.get 0) (i32.const 3)) (i32.const 2))))
    (func $c (type $t) (i32.xor (local.get 0) (call_indirect (type $t) (i32.add (local.get 0) (i32.const 5)) (i32.const 0))))
    (func (export "run") (drop (call $a (i32.const 1)))))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
