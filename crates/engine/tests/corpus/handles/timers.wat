;; Sets a timer of an hour again and again: each is an object of the host that waits.
(component
  (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type (sub resource)))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $p))
    (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core module $m
    (import "" "subscribe" (func $subscribe (param i64) (result i32)))
    (func (export "run") (loop (drop (call $subscribe (i64.const 3_600_000_000_000))) br 0)))
  (core instance $i (instantiate $m (with "" (instance (export "subscribe" (func $subscribe))))))
  (func (export "run") (canon lift (core func $i "run"))))
