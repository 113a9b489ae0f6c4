;; Imports a bare function by a name without a namespace.
(component
  (import "give-me-everything" (func (result u32)))
  (core module $m (func (export "run")))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
