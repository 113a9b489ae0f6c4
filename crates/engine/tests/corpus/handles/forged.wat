;; Uses a handle that it was never given.
(component
  (type $thing (resource (rep i32)))
  (core func $rep (canon resource.rep $thing))
  (core module $m
    (import "" "rep" (func $rep (param i32) (result i32)))
    (func (export "run") (drop (call $rep (i32.const 0x1234567)))))
  (core instance $i (instantiate $m (with "" (instance (export "rep" (func $rep))))))
  (func (export "run") (canon lift (core func $i "run"))))
