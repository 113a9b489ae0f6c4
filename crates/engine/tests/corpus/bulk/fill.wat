;; Fills 60 MiB again and again: one instruction is all the work of a turn.
(component
  (core module $m
    (memory 960)
    (func (export "run")
      (loop (memory.fill (i32.const 0) (i32.const 0xaa) (i32.const 62914560)) br 0)))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
