;; A memory of 64-bit addresses that is 1 TiB from the start.
(component
  (core module $m
    (memory i64 0x100_0000)
    (func (export "run")))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
