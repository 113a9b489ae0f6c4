;; Opens streams between itself and itself and closes none.
(component
  (type $s (stream (list u8)))
  (core func $new (canon stream.new $s))
  (core module $m
    (import "" "new" (func $new (result i64)))
    (func (export "run") (loop (drop (call $new)) br 0)))
  (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
  (func (export "run") async (canon lift (core func $i "run"))))
