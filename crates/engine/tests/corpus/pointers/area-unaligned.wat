;; The result area is at an odd address.
(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "run") (result i32) (i32.const 33)))
  (core instance $i (instantiate $m))
  (func (export "run") (result (tuple u64 u64)) (canon lift (core func $i "run") (memory (core memory $i "memory")))))
