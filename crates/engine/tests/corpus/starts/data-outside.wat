;; A data segment that is copied behind the end of memory.
(component
  (core module $m
    (memory 1)
    (data (i32.const 65530) "more than six bytes")
    (func (export "run")))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
