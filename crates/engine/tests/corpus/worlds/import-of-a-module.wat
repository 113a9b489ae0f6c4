;; Imports a core module to instantiate: code from the host.
(component
  (import "payload" (core module $payload (export "run" (func))))
  (core instance $i (instantiate $payload))
  (func (export "run") (canon lift (core func $i "run"))))
