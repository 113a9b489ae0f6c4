;; Imports a whole component to instantiate.
(component
  (import "payload" (component $payload (export "run" (func))))
  (instance $i (instantiate $payload))
  (export "run" (func $i "run")))
