;; Eight tables of 4,200,000 elements each: 32 MiB apiece, 256 MiB together.
(component
  (core module $m
    (table $a 0 funcref) (table $b 0 funcref) (table $c 0 funcref) (table $d 0 funcref)
    (table $e 0 funcref) (table $f 0 funcref) (table $g 0 funcref) (table $h 0 funcref)
    (func (export "run")
      (drop (table.grow $a (ref.null func) (i32.const 4_200_000)))
      (drop (table.grow $b (ref.null func) (i32.const 4_200_000)))
      (drop (table.grow $c (ref.null func) (i32.const 4_200_000)))
      (drop (table.grow $d (ref.null func) (i32.const 4_200_000)))
      (drop (table.grow $e (ref.null func) (i32.const 4_200_000)))
      (drop (table.grow $f (ref.null func) (i32.const 4_200_000)))
      (drop (table.grow $g (ref.null func) (i32.const 4_200_000)))
      (drop (table.grow $h (ref.null func) (i32.const 4_200_000)))))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
