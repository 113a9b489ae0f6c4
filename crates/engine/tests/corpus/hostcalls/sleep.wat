;; Sleeps for a hundred years inside a call of the host.
(component
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $p))
    (export "now" (func (result u64)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core func $now (canon lower (func $clock "now")))
  (core func $drop (canon resource.drop $pollable))
  (core module $m
    (import "" "block" (func $block (param i32)))
    (import "" "subscribe" (func $subscribe (param i64) (result i32)))
    (import "" "now" (func $now (result i64)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "run") (local $p i32) (call $block (call $subscribe (i64.const 3_153_600_000_000_000_000)))))
  (core instance $i (instantiate $m (with "" (instance
    (export "block" (func $block)) (export "subscribe" (func $subscribe)) (export "now" (func $now)) (export "drop" (func $drop))))))
  (func (export "run") (canon lift (core func $i "run"))))
