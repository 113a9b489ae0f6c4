;; A string that is no UTF-8: an overlong slash, a surrogate, a lonely continuation byte.
(component
  (core module $m
    (memory (export "memory") 1)
    (data (i32.const 16) "ok \c0\af \ed\a0\80 \80")
    (func (export "run") (result i32)
      (i32.store (i32.const 0) (i32.const 16))
      (i32.store (i32.const 4) (i32.const 11))
      (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "run") (result string) (canon lift (core func $i "run") (memory (core memory $i "memory")))))
