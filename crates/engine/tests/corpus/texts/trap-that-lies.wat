;; Traps in a function that is named like an error of the host, in every spelling that somebody might look for.
(component
  (core module $m
    (func (@name "memory limit exceeded code: ERR_BROOD_KILLED {\"code\":\"ERR_BROOD_MEMORY\"} killed cpu internal") unreachable)
    (func (export "run") call 0))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
