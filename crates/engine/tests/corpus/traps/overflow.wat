;; Divides the smallest number by minus one.
(component
  (core module $m
    (global $minus (mut i64) (i64.const -1))
    (func (export "run") (drop (i64.div_s (i64.const 0x8000000000000000) (global.get $minus)))))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
