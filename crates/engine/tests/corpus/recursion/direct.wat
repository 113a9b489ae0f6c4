;; A function that calls itself until the stack ends.
(component
  (core module $m
    (func $down (param i64) (result i64) (i64.add (call $down (i64.add (local.get 0) (i64.const 1))) (local.get 0)))
    (func (export "run") (drop (call $down (i64.const 0)))))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
