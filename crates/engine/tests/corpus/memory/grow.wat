;; Doubles its memory and writes to every page of it.
(component
  (core module $m
    (memory 1)
    (func (export "run")
      (local $at i32)
      (loop $more
        (if (i32.eq (memory.grow (memory.size)) (i32.const -1)) (then unreachable))
        (loop $touch
          (i32.store (local.get $at) (i32.const 1))
          (local.set $at (i32.add (local.get $at) (i32.const 4096)))
          (br_if $touch (i32.lt_u (local.get $at) (i32.mul (memory.size) (i32.const 65536)))))
        (br $more))))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
