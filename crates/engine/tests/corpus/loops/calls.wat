;; Loops around calls around loops: no single function or loop is long.
(component
  (core module $m
    (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (func $branch (param i32) (result i32)
      (local $n i32)
      (loop $again
        (local.set 0 (call $leaf (local.get 0)))
        (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 100))))
      local.get 0)
    (func (export "run")
      (local $x i32)
      (loop (local.set $x (call $branch (local.get $x))) br 0)))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
