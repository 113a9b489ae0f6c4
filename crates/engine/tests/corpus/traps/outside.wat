;; Reads behind the end of memory, at the largest address and offset.
(component
  (core module $m
    (memory 1)
    (func (export "run") (drop (i64.load offset=0xffffffff (i32.const -1)))))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
