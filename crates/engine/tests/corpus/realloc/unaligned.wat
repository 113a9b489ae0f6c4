;; Arguments of eight bytes each, more than are passed directly: the room that it makes for them is at an odd address.
(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1001))
    (func (export "run") (param i32)))
  (core instance $i (instantiate $m))
  (func (export "run")
    (param "a" u64) (param "b" u64) (param "c" u64) (param "d" u64) (param "e" u64) (param "f" u64)
    (param "g" u64) (param "h" u64) (param "i" u64) (param "j" u64) (param "k" u64) (param "l" u64)
    (param "m" u64) (param "n" u64) (param "o" u64) (param "p" u64) (param "q" u64)
    (canon lift (core func $i "run") (memory (core memory $i "memory")) (realloc (core func $i "cabi_realloc")))))
