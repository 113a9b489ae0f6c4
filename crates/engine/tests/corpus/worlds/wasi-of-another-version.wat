;; Imports a version of WASI that does not exist yet.
(component
  (import "wasi:clocks/monotonic-clock@9.9.9" (instance (export "now" (func (result u64)))))
  (core module $m (func (export "run")))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
