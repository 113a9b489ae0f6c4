;; Answers at once, then loops in the function that is called to clean up after the answer.
(component
  (core module $m
    (func (export "run") (result i32) (i32.const 7))
    (func (export "clean") (param i32) (loop br 0)))
  (core instance $i (instantiate $m))
  (func (export "run") (result u32) (canon lift (core func $i "run") (post-return (core func $i "clean")))))
