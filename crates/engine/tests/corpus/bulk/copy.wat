;; Copies 30 MiB over themselves, a byte further, again and again.
(component
  (core module $m
    (memory 960)
    (func (export "run")
      (loop (memory.copy (i32.const 1) (i32.const 0) (i32.const 31457280)) br 0)))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
