;; A table of 100,000,000 functions before anything runs: 800 MB of the host.
(component
  (core module $m
    (table 100_000_000 funcref)
    (func (export "run")))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
