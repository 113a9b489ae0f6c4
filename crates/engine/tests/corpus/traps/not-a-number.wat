;; Makes an integer of what is no number.
(component
  (core module $m
    (global $zero (mut f64) (f64.const 0))
    (func (export "run") (drop (i32.trunc_f64_s (f64.div (global.get $zero) (global.get $zero))))))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
