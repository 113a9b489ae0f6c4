;; Grows a table by 16,384 elements at a time and never looks whether it got them.
(component
  (core module $m
    (table 1 funcref)
    (func $f)
    (elem declare func $f)
    (func (export "run")
      (loop (drop (table.grow (ref.func $f) (i32.const 16384))) br 0)))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
