;; Exports `run`, by the name of brood's world, with streams of other items.
(component
  (import "brood:actor/text@0.1.0" (instance
    (export "encode" (func (param "text" string) (result (list u8))))
    (export "decode" (func (param "bytes" (list u8)) (result string)))))
  (type $s (stream u8))
  (core module $m
    (func (export "run") (param i32) (result i32) (unreachable))
    (func (export "callback") (param i32 i32 i32) (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "run") async (param "inbox" $s) (result $s)
    (canon lift (core func $i "run") async (callback (core func $i "callback")))))
