;; Divides by zero.
(component
  (core module $m
    (global $zero (mut i32) (i32.const 0))
    (func (export "run") (drop (i32.div_u (i32.const 1) (global.get $zero)))))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
