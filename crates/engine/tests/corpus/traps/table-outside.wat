;; Calls through an element behind the end of a table.
(component
  (core module $m
    (type $t (func)) (table 4 funcref)
    (func (export "run") (call_indirect (type $t) (i32.const -1))))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
