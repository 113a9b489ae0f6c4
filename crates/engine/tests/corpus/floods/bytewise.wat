;; Writes empty lines to stdout, a byte at a time: as many calls and as many lines as there can be.
(component
  (import "wasi:io/error@0.2.0" (instance $errors (export "error" (type (sub resource)))))
  (alias export $errors "error" (type $error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "output-stream" (type $stream (sub resource)))
    (alias outer 1 $error (type $e))
    (type $f (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $failure (eq $f)))
    (export "[method]output-stream.check-write"
      (func (param "self" (borrow $stream)) (result (result u64 (error $failure)))))
    (export "[method]output-stream.write"
      (func (param "self" (borrow $stream)) (param "contents" (list u8)) (result (result (error $failure)))))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $stream)) (param "contents" (list u8)) (result (result (error $failure)))))
    (export "[method]output-stream.blocking-write-zeroes-and-flush"
      (func (param "self" (borrow $stream)) (param "len" u64) (result (result (error $failure)))))))
  (alias export $streams "output-stream" (type $stream))
  (import "wasi:cli/stdout@0.2.0" (instance $out
    (alias outer 1 $stream (type $s))
    (export "get-stdout" (func (result (own $s))))))
  (core module $memory (memory (export "memory") 1)
    (data (i32.const 64) "\n"))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $mem))
  (core func $get (canon lower (func $out "get-stdout")))
  (core func $check (canon lower (func $streams "[method]output-stream.check-write") (memory $mem)))
  (core func $write (canon lower (func $streams "[method]output-stream.write") (memory $mem)))
  (core func $flush (canon lower (func $streams "[method]output-stream.blocking-write-and-flush") (memory $mem)))
  (core func $zeroes (canon lower (func $streams "[method]output-stream.blocking-write-zeroes-and-flush") (memory $mem)))
  (core module $m
    (import "" "memory" (memory 1))
    (import "" "get" (func $get (result i32)))
    (import "" "check" (func $check (param i32 i32)))
    (import "" "write" (func $write (param i32 i32 i32 i32)))
    (import "" "flush" (func $flush (param i32 i32 i32 i32)))
    (import "" "zeroes" (func $zeroes (param i32 i64 i32)))
    (func (export "run")
      (local $out i32)
      (local.set $out (call $get))
      (loop (call $flush (local.get $out) (i32.const 64) (i32.const 1) (i32.const 0)) br 0)))
  (core instance $i (instantiate $m (with "" (instance
    (export "memory" (memory $mem)) (export "get" (func $get)) (export "check" (func $check))
    (export "write" (func $write)) (export "flush" (func $flush)) (export "zeroes" (func $zeroes))))))
  (func (export "run") (canon lift (core func $i "run"))))
