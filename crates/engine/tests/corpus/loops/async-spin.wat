;; An async export that never comes to its first await.
(component
  (core module $m
    (func (export "run") (result i32) (loop br 0) unreachable)
    (func (export "callback") (param i32 i32 i32) (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "run") async (canon lift (core func $i "run") async (callback (core func $i "callback")))))
