;; Doubles a table of functions: eight bytes of the host for each element.
(component
  (core module $m
    (table 1024 funcref)
    (func (export "run")
      (loop (br_if 0 (i32.ne (table.grow (ref.null func) (table.size)) (i32.const -1))))
      unreachable))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
