;; Calls through a table, in a loop that the compiler cannot see through.
(component
  (core module $m
    (type $step (func (param i32) (result i32)))
    (table funcref (elem $up $down))
    (func $up (param i32) (result i32) (i32.add (local.get 0) (i32.const 3)))
    (func $down (param i32) (result i32) (i32.sub (local.get 0) (i32.const 1)))
    (func (export "run")
      (local $x i32)
      (loop
        (local.set $x (call_indirect (type $step) (local.get $x) (i32.and (local.get $x) (i32.const 1))))
        br 0)))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
