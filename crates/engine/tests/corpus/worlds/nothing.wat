;; Exports nothing at all.
(component
  (core module $m (func (export "run")))
  (core instance $i (instantiate $m)))
