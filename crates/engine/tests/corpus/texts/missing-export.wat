;; Lifts an export that its core module does not have, under a name with line breaks and escapes.
(component
  (core module $m (func (export "run")))
  (core instance $i (instantiate $m))
  (alias core export $i "a\n\1b[31m\nb" (core func $f))
  (func (export "run") (canon lift (core func $f))))
