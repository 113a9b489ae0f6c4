;; Two functions that tail-call each other: an endless loop without a loop and without a stack.
(component
  (core module $m
    (func $a (param i64) (return_call $b (i64.add (local.get 0) (i64.const 1))))
    (func $b (param i64) (return_call $a (i64.mul (local.get 0) (i64.const 3))))
    (func (export "run") (call $a (i64.const 1))))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
