;; A core module that lacks an import with a name for a terminal: the refusal has to quote it.
(component
  (core module $m
    (import "\1b[31m\nERROR in host" "\1b]52;c;b3duZWQ=\07" (func))
    (func (export "run")))
  (core instance $i (instantiate $m (with "" (instance))))
  (func (export "run") (canon lift (core func $i "run"))))
