;; Imports brood's text interface with another type.
(component
  (import "brood:actor/text@0.1.0" (instance (export "encode" (func (param "text" string) (result u64)))))
  (core module $m (func (export "run")))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
