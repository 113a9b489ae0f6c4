;; Asks for 4 GiB less a page before anything runs.
(component
  (core module $m
    (memory 65535)
    (func (export "run")))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
