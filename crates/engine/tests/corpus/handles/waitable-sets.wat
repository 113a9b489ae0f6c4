;; Makes sets of waitables and drops none.
(component
  (core func $new (canon waitable-set.new))
  (core module $m
    (import "" "new" (func $new (result i32)))
    (func (export "run") (loop (drop (call $new)) br 0)))
  (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
  (func (export "run") async (canon lift (core func $i "run"))))
