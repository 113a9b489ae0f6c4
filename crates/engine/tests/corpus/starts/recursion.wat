;; A start function that calls itself until the stack ends.
(component
  (core module $m
    
    (func $start (call $start) (call $start))
    (start $start)
    (func (export "run")))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
