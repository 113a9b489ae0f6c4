;; Imports an interface that nobody has.
(component
  (import "acme:secrets/keys@1.0.0" (instance (export "read" (func (result u32)))))
  (core module $m (func (export "run")))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
