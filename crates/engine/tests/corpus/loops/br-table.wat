;; A machine of states that jumps through a table and has no state to stop in.
(component
  (core module $m
    (func (export "run")
      (local $state i32)
      (loop $next
        (block $three (block $two (block $one (block $zero
          (br_table $zero $one $two $three (i32.and (local.get $state) (i32.const 3))))
          (local.set $state (i32.add (local.get $state) (i32.const 5))) (br $next))
          (local.set $state (i32.mul (local.get $state) (i32.const 7))) (br $next))
          (local.set $state (i32.xor (local.get $state) (i32.const 1))) (br $next))
        (local.set $state (i32.shl (local.get $state) (i32.const 1)))
        (br $next))))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
