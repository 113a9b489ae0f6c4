;; Traps in functions whose names clear the screen, break lines and write backwards.
(component
  (core module $m
    (func (@name "\1b[2J\1b]0;owned\07\nhost: all is well\r\e2\80\aefdp\c2\9b31m") unreachable)
    (func (export "run") call 0))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
