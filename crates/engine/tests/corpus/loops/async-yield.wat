;; An async export that only ever yields: each turn is short, there is always one more.
(component
  (core module $m
    (func (export "run") (result i32) (i32.const 1))
    (func (export "callback") (param i32 i32 i32) (result i32) (i32.const 1)))
  (core instance $i (instantiate $m))
  (func (export "run") async (canon lift (core func $i "run") async (callback (core func $i "callback")))))
