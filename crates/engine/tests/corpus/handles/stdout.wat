;; Asks for stdout again and again and drops none of what it gets.
(component
  (import "wasi:io/streams@0.2.0" (instance $streams (export "output-stream" (type (sub resource)))))
  (alias export $streams "output-stream" (type $stream))
  (import "wasi:cli/stdout@0.2.0" (instance $out
    (alias outer 1 $stream (type $s))
    (export "get-stdout" (func (result (own $s))))))
  (core func $get (canon lower (func $out "get-stdout")))
  (core module $m
    (import "" "get" (func $get (result i32)))
    (func (export "run") (loop (drop (call $get)) br 0)))
  (core instance $i (instantiate $m (with "" (instance (export "get" (func $get))))))
  (func (export "run") (canon lift (core func $i "run"))))
