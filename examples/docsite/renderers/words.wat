;; A renderer that is not JavaScript: what a README comes to in numbers. One pass over its bytes.
;;
;; - a heading is an ATX heading: up to three spaces, one to six #, then a space, a tab or the end of the line;
;; - a code block is a fenced one: up to three spaces, three or more of ` or ~, and no ` in the rest of a line that began with `;
;;   it ends with a line of at least as many of the same, or with the text;
;; - a word is a run of anything but white space that has a letter or a digit of ASCII in it, or anything outside of ASCII;
;; - nothing within a code block is a heading or a word.
;;
;; words.wasm is this text assembled; the tests of crates/engine hold the two together.
(component
  (core module $counter
    (memory (export "memory") 1)

    ;; 0: where results lie; 64: where the rendered text lies; 256: a class for each byte; 1024: the heap.
    ;; Classes: 0 ends a word, 1 continues one, 2 makes a word of it.
    (data (i32.const 256)
      "\01\01\01\01\01\01\01\01\01\00\00\00\00\00\01\01\01\01\01\01\01\01\01\01\01\01\01\01\01\01\01\01"
      "\00\01\01\01\01\01\01\01\01\01\01\01\01\01\01\01\02\02\02\02\02\02\02\02\02\02\01\01\01\01\01\01"
      "\01\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\01\01\01\01\01"
      "\01\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\01\01\01\01\01"
      "\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02"
      "\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02"
      "\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02"
      "\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02\02")
    (data (i32.const 512) "<p> words,  headings,  code blocks</p>\n")

    (global $free (mut i32) (i32.const 1024))
    (global $words (mut i32) (i32.const 0))
    (global $headings (mut i32) (i32.const 0))
    (global $blocks (mut i32) (i32.const 0))
    ;; Where the rendered text ends so far.
    (global $out (mut i32) (i32.const 64))

    ;; Takes from the end of what was given out; all of it is given back at once when the call is over.
    (func (export "cabi_realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
      (local $at i32) (local $end i32) (local $have i32)
      (local.set $at
        (i32.and
          (i32.add (global.get $free) (i32.sub (local.get $align) (i32.const 1)))
          (i32.sub (i32.const 0) (local.get $align))))
      (local.set $end (i32.add (local.get $at) (local.get $size)))
      (if (i32.lt_u (local.get $end) (local.get $at)) (then unreachable))
      (local.set $have (i32.shl (memory.size) (i32.const 16)))
      (if (i32.gt_u (local.get $end) (local.get $have))
        (then
          (if (i32.eq
                (memory.grow
                  (i32.add
                    (i32.shr_u (i32.sub (i32.sub (local.get $end) (local.get $have)) (i32.const 1)) (i32.const 16))
                    (i32.const 1)))
                (i32.const -1))
            (then unreachable))))
      (if (local.get $old-size)
        (then
          (memory.copy (local.get $at) (local.get $old)
            (select (local.get $old-size) (local.get $size) (i32.lt_u (local.get $old-size) (local.get $size))))))
      (global.set $free (local.get $end))
      (local.get $at))

    (func (export "reset") (param i32)
      (global.set $free (i32.const 1024)))

    ;; The first byte at or after $at that is not $byte, or $end.
    (func $past (param $at i32) (param $end i32) (param $byte i32) (result i32)
      (block $done
        (loop $next
          (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
          (br_if $done (i32.ne (i32.load8_u (local.get $at)) (local.get $byte)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next)))
      (local.get $at))

    ;; The first $byte at or after $at, or $end.
    (func $find (param $at i32) (param $end i32) (param $byte i32) (result i32)
      (block $done
        (loop $next
          (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
          (br_if $done (i32.eq (i32.load8_u (local.get $at)) (local.get $byte)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next)))
      (local.get $at))

    ;; Whether there is nothing but spaces, tabs and a carriage return from $at to the end of the line.
    (func $blank (param $at i32) (param $line-end i32) (result i32)
      (local $byte i32)
      (block $no
        (loop $next
          (if (i32.ge_u (local.get $at) (local.get $line-end)) (then (return (i32.const 1))))
          (local.set $byte (i32.load8_u (local.get $at)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br_if $next (i32.eq (local.get $byte) (i32.const 0x20)))
          (br_if $next (i32.eq (local.get $byte) (i32.const 0x09)))
          (br_if $next (i32.eq (local.get $byte) (i32.const 0x0d)))))
      (i32.const 0))

    (func $count-words (param $at i32) (param $line-end i32)
      (local $class i32) (local $word i32)
      (loop $next
        (if (i32.lt_u (local.get $at) (local.get $line-end))
          (then
            (local.set $class (i32.load8_u offset=256 (i32.load8_u (local.get $at))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (if (local.get $class)
              (then (local.set $word (i32.or (local.get $word) (local.get $class))))
              (else
                (global.set $words (i32.add (global.get $words) (i32.shr_u (local.get $word) (i32.const 1))))
                (local.set $word (i32.const 0))))
            (br $next))))
      (global.set $words (i32.add (global.get $words) (i32.shr_u (local.get $word) (i32.const 1)))))

    (func $count (param $at i32) (param $length i32)
      (local $end i32) (local $line-end i32) (local $first i32) (local $byte i32) (local $past i32) (local $run i32)
      ;; The character of the fence that is open, or 0, and how many of it opened it.
      (local $fence i32) (local $fence-run i32)
      (global.set $words (i32.const 0))
      (global.set $headings (i32.const 0))
      (global.set $blocks (i32.const 0))
      (local.set $end (i32.add (local.get $at) (local.get $length)))
      (block $done
        (loop $line
          (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
          (local.set $line-end (call $find (local.get $at) (local.get $end) (i32.const 0x0a)))
          ;; The first byte behind at most three spaces, and how often it stands there.
          (local.set $first
            (call $past
              (local.get $at)
              (select
                (local.get $line-end)
                (i32.add (local.get $at) (i32.const 3))
                (i32.lt_u (i32.sub (local.get $line-end) (local.get $at)) (i32.const 3)))
              (i32.const 0x20)))
          (local.set $byte
            (if (result i32) (i32.lt_u (local.get $first) (local.get $line-end))
              (then (i32.load8_u (local.get $first)))
              (else (i32.const 0))))
          (local.set $past (call $past (local.get $first) (local.get $line-end) (local.get $byte)))
          (local.set $run (i32.sub (local.get $past) (local.get $first)))
          (block $counted
            (if (local.get $fence)
              (then
                (if (i32.and
                      (i32.and
                        (i32.eq (local.get $byte) (local.get $fence))
                        (i32.ge_u (local.get $run) (local.get $fence-run)))
                      (call $blank (local.get $past) (local.get $line-end)))
                  (then (local.set $fence (i32.const 0))))
                (br $counted)))
            (if (i32.and
                  (i32.or (i32.eq (local.get $byte) (i32.const 0x60)) (i32.eq (local.get $byte) (i32.const 0x7e)))
                  (i32.ge_u (local.get $run) (i32.const 3)))
              (then
                (if (i32.or
                      (i32.eq (local.get $byte) (i32.const 0x7e))
                      (i32.eq (call $find (local.get $past) (local.get $line-end) (i32.const 0x60)) (local.get $line-end)))
                  (then
                    (local.set $fence (local.get $byte))
                    (local.set $fence-run (local.get $run))
                    (global.set $blocks (i32.add (global.get $blocks) (i32.const 1)))
                    (br $counted)))))
            (if (i32.and
                  (i32.eq (local.get $byte) (i32.const 0x23))
                  (i32.le_u (local.get $run) (i32.const 6)))
              (then
                (if (call $blank
                      (local.get $past)
                      (select
                        (local.get $line-end)
                        (i32.add (local.get $past) (i32.const 1))
                        (i32.eq (local.get $past) (local.get $line-end))))
                  (then (global.set $headings (i32.add (global.get $headings) (i32.const 1)))))))
            (call $count-words (local.get $at) (local.get $line-end)))
          (local.set $at (i32.add (local.get $line-end) (i32.const 1)))
          (br $line))))

    (func (export "count") (param $at i32) (param $length i32) (result i32)
      (call $count (local.get $at) (local.get $length))
      (i32.store (i32.const 0) (global.get $words))
      (i32.store (i32.const 4) (global.get $headings))
      (i32.store (i32.const 8) (global.get $blocks))
      (i32.const 0))

    ;; Appends $length bytes at $from to the rendered text.
    (func $say (param $from i32) (param $length i32)
      (memory.copy (global.get $out) (local.get $from) (local.get $length))
      (global.set $out (i32.add (global.get $out) (local.get $length))))

    (func $say-number (param $value i32)
      (if (i32.ge_u (local.get $value) (i32.const 10))
        (then (call $say-number (i32.div_u (local.get $value) (i32.const 10)))))
      (i32.store8 (global.get $out) (i32.add (i32.const 0x30) (i32.rem_u (local.get $value) (i32.const 10))))
      (global.set $out (i32.add (global.get $out) (i32.const 1))))

    (func (export "render") (param $at i32) (param $length i32) (result i32)
      (call $count (local.get $at) (local.get $length))
      (global.set $out (i32.const 64))
      (call $say (i32.const 512) (i32.const 3))
      (call $say-number (global.get $words))
      (call $say (i32.const 515) (i32.const 8))
      (call $say-number (global.get $headings))
      (call $say (i32.const 523) (i32.const 11))
      (call $say-number (global.get $blocks))
      (call $say (i32.const 534) (i32.const 17))
      (i32.store (i32.const 0) (i32.const 64))
      (i32.store (i32.const 4) (i32.sub (global.get $out) (i32.const 64)))
      (i32.const 0)))

  (core instance $counter (instantiate $counter))
  (alias core export $counter "memory" (core memory $memory))
  (alias core export $counter "cabi_realloc" (core func $realloc))
  (alias core export $counter "reset" (core func $reset))
  (func $count (param "markdown" string) (result (tuple u32 u32 u32))
    (canon lift (core func $counter "count")
      (memory $memory) (realloc (core func $realloc)) (post-return (core func $reset))))
  (func $render (param "markdown" string) (result string)
    (canon lift (core func $counter "render")
      (memory $memory) (realloc (core func $realloc)) (post-return (core func $reset))))
  (instance $renderer
    ;; words, headings, code blocks
    (export "count" (func $count))
    ;; the same as a paragraph of HTML
    (export "render" (func $render)))
  (export "brood:docsite/renderer@0.1.0" (instance $renderer)))
