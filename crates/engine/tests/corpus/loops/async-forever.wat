;; An async export that awaits the end of a stream whose writer it keeps itself, for ever and without using the CPU.
(component
  (type $s (stream u8))
  (core module $memory (memory (export "memory") 1))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $mem))
  (core func $new (canon stream.new $s))
  (core func $read (canon stream.read $s async (memory $mem)))
  (core func $set (canon waitable-set.new))
  (core func $join (canon waitable.join))
  (core module $m
    (import "" "new" (func $new (result i64)))
    (import "" "read" (func $read (param i32 i32 i32) (result i32)))
    (import "" "set" (func $set (result i32)))
    (import "" "join" (func $join (param i32 i32)))
    (func (export "run") (result i32)
      (local $set i32) (local $reader i32)
      (local.set $reader (i32.wrap_i64 (call $new)))
      (local.set $set (call $set))
      (drop (call $read (local.get $reader) (i32.const 0) (i32.const 1)))
      (call $join (local.get $reader) (local.get $set))
      ;; WAIT, on that set
      (i32.or (i32.const 2) (i32.shl (local.get $set) (i32.const 4))))
    (func (export "callback") (param i32 i32 i32) (result i32) (i32.const 0)))
  (core instance $i (instantiate $m (with "" (instance
    (export "new" (func $new)) (export "read" (func $read)) (export "set" (func $set)) (export "join" (func $join))))))
  (func (export "run") async (canon lift (core func $i "run") async (callback (core func $i "callback")))))
