;; Answers with a tuple of sixteen lists that are all the same 16 MiB of its memory: 256 MiB in the host.
(component
  (core module $m
    (memory (export "memory") 257)
    (func (export "run") (result i32)
      (local $at i32)
      (loop $next
        (i32.store (local.get $at) (i32.const 1024))
        (i32.store offset=4 (local.get $at) (i32.const 0x100_0000))
        (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const 128))))
      (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "run")
    (result (tuple
      (list u8) (list u8) (list u8) (list u8) (list u8) (list u8) (list u8) (list u8)
      (list u8) (list u8) (list u8) (list u8) (list u8) (list u8) (list u8) (list u8)))
    (canon lift (core func $i "run") (memory (core memory $i "memory")))))
