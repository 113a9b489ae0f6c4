;; Fills and copies a table of 1,000,000 functions again and again.
(component
  (core module $m
    (table 1_000_000 funcref)
    (func $f)
    (elem declare func $f)
    (func (export "run")
      (loop
        (table.fill (i32.const 0) (ref.func $f) (i32.const 1_000_000))
        (table.copy (i32.const 1) (i32.const 0) (i32.const 999_999))
        br 0)))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
