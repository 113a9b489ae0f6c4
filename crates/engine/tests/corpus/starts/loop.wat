;; A start function that never ends.
(component
  (core module $m
    
    (func $start (loop br 0))
    (start $start)
    (func (export "run")))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
