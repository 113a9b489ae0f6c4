;; Asks for 4 GiB of random bytes at once.
(component
  (import "wasi:random/random@0.2.0" (instance $random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))
    (export "get-random-u64" (func (result u64)))))
  (core module $memory
    (memory (export "memory") 1)
    ;; Everything at one place: what was drawn is not looked at.
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (if (i32.gt_u (local.get 3) (i32.const 65000))
        (then (drop (memory.grow (i32.shr_u (local.get 3) (i32.const 16))))))
      (i32.const 64)))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $mem))
  (core func $bytes (canon lower (func $random "get-random-bytes") (memory $mem) (realloc (core func $memory "realloc"))))
  (core func $number (canon lower (func $random "get-random-u64")))
  (core module $m
    (import "" "bytes" (func $bytes (param i64 i32)))
    (import "" "number" (func $number (result i64)))
    (func (export "run") (call $bytes (i64.const 0x1_0000_0000) (i32.const 0))))
  (core instance $i (instantiate $m (with "" (instance (export "bytes" (func $bytes)) (export "number" (func $number))))))
  (func (export "run") (canon lift (core func $i "run"))))
