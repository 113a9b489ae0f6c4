;; Calls a function through a table as if it took an argument.
(component
  (core module $m
    (type $t (func (param f64))) (table funcref (elem $f)) (func $f)
    (func (export "run") (call_indirect (type $t) (f64.const 0) (i32.const 0))))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
