;; Seven instances of one module that has 45 MiB from the start: 315 MiB before anything runs.
(component
  (core module $m
    (memory 720)
    (func (export "run")))
  (core instance $a (instantiate $m))
  (core instance $b (instantiate $m))
  (core instance $c (instantiate $m))
  (core instance $d (instantiate $m))
  (core instance $e (instantiate $m))
  (core instance $f (instantiate $m))
  (core instance $g (instantiate $m))
  (func (export "run") (canon lift (core func $g "run"))))
