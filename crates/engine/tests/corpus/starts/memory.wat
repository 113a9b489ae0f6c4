;; A start function that takes all memory.
(component
  (core module $m
    (memory 1)
    (func $start (loop (drop (memory.grow (i32.const 256))) (memory.fill (i32.mul (i32.sub (memory.size) (i32.const 256)) (i32.const 65536)) (i32.const 1) (i32.const 0x100_0000)) br 0))
    (start $start)
    (func (export "run")))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
