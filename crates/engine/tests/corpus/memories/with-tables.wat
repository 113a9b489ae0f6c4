;; Memory and tables, each half of 256 MiB: neither is over a limit of its own.
(component
  (core module $m
    (memory 0) (table 0 funcref)
    (func (export "run")
      (loop
        (drop (memory.grow (i32.const 16)))
        (drop (table.grow (ref.null func) (i32.const 131072)))
        br 0)))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
