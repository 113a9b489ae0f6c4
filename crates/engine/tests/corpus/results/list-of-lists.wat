;; Answers with 8,000 lists that are all the same 64 KiB: 500 MiB out of a memory of 3.
(component
  (core module $m
    (memory (export "memory") 48)
    (func (export "run") (result i32)
      (local $at i32)
      (local.set $at (i32.const 1048576))
      (loop $next
        (i32.store (local.get $at) (i32.const 1024))
        (i32.store offset=4 (local.get $at) (i32.const 65536))
        (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const 1112576))))
      (i32.store (i32.const 0) (i32.const 1048576))
      (i32.store (i32.const 4) (i32.const 8000))
      (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "run") (result (list (list u8))) (canon lift (core func $i "run") (memory (core memory $i "memory")))))
