;; Six memories of 45 MiB each in one module: every one is small, together they are 270 MiB.
(component
  (core module $m
    (memory $a 0) (memory $b 0) (memory $c 0) (memory $d 0) (memory $e 0) (memory $f 0)
    (func (export "run")
      (drop (memory.grow $a (i32.const 720))) (memory.fill $a (i32.const 0) (i32.const 1) (i32.const 47185920))
      (drop (memory.grow $b (i32.const 720))) (memory.fill $b (i32.const 0) (i32.const 1) (i32.const 47185920))
      (drop (memory.grow $c (i32.const 720))) (memory.fill $c (i32.const 0) (i32.const 1) (i32.const 47185920))
      (drop (memory.grow $d (i32.const 720))) (memory.fill $d (i32.const 0) (i32.const 1) (i32.const 47185920))
      (drop (memory.grow $e (i32.const 720))) (memory.fill $e (i32.const 0) (i32.const 1) (i32.const 47185920))
      (drop (memory.grow $f (i32.const 720))) (memory.fill $f (i32.const 0) (i32.const 1) (i32.const 47185920))))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
