;; Makes resources of its own for ever and drops none: each is an entry in a table of the host.
(component
  (type $thing (resource (rep i32)))
  (core func $new (canon resource.new $thing))
  (core module $m
    (import "" "new" (func $new (param i32) (result i32)))
    (func (export "run") (loop (drop (call $new (i32.const 1))) br 0)))
  (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
  (func (export "run") (canon lift (core func $i "run"))))
