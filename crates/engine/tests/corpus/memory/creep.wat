;; Grows by one page at a time, as a leak does, and never looks whether it got it.
(component
  (core module $m
    (memory 1)
    (func (export "run")
      (loop
        (drop (memory.grow (i32.const 1)))
        (memory.fill (i32.mul (i32.sub (memory.size) (i32.const 1)) (i32.const 65536)) (i32.const 7) (i32.const 65536))
        br 0)))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
