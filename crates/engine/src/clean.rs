//! Makes text that a guest had a hand in safe to print, and short.
//!
//! What comes out holds no control character but tab and newline, no part of an escape sequence, and nothing that reorders
//! what stands around it; so it can move no cursor, set no title, hide nothing and forge no line of a log. Invalid UTF-8
//! becomes U+FFFD. Time is linear in the input, memory in what is kept.

/// `text` in one line of at most `max_bytes`: newlines become spaces. What is cut off is counted in its place, if there is
/// room for that.
#[must_use]
pub fn clean(text: &str, max_bytes: usize) -> String {
    cleaned(text, max_bytes, ' ')
}

/// The same, with its newlines.
#[must_use]
pub fn clean_lines(text: &str, max_bytes: usize) -> String {
    cleaned(text, max_bytes, '\n')
}

fn cleaned(text: &str, max_bytes: usize, newline: char) -> String {
    let mut cleaner = Cleaner::default();
    let mut out = String::new();
    // The last place in `out`, and the one in `text` that belongs to it, where a note of the longest kind still fits.
    let mut fits = (0, 0);
    for (at, c) in text.char_indices() {
        let Some(c) = cleaner.step(c) else { continue };
        let c = if c == '\n' { newline } else { c };
        if out.len() + NOTE <= max_bytes {
            fits = (out.len(), at);
        }
        if out.len() + c.len_utf8() > max_bytes {
            if NOTE <= max_bytes {
                out.truncate(fits.0);
                out.push_str(&format!("... ({} bytes more)", text.len() - fits.1));
            }
            return out;
        }
        out.push(c);
    }
    out
}

/// Room for the note of a cut with the largest number.
const NOTE: usize = "... (18446744073709551615 bytes more)".len();

/// Takes escape sequences and other controls out of a stream of characters.
#[derive(Clone, Copy, Debug, Default)]
struct Cleaner {
    state: State,
    after_return: bool,
}

/// Where in an escape sequence the stream is. Origin of the ranges: ECMA-48, sections 5.3 to 5.6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// After ESC, and after its intermediate characters.
    Escape,
    /// In a control sequence: parameters, intermediates, and one final character.
    Control,
    /// In a string for the terminal (a title, an image, a clipboard): up to its terminator.
    String,
}

impl Cleaner {
    /// What becomes of the next character. Every kind of line end becomes one newline.
    fn step(&mut self, c: char) -> Option<char> {
        let after_return = std::mem::take(&mut self.after_return);
        match (self.state, c) {
            // The single characters end or begin a sequence wherever they stand.
            (_, '\x1b') => self.enter(State::Escape),
            (_, '\u{9b}') | (State::Escape, '[') => self.enter(State::Control),
            (_, '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}') | (State::Escape, ']' | 'P' | 'X' | '^' | '_') => {
                self.enter(State::String)
            }
            (_, '\x18' | '\x1a' | '\u{9c}')
            | (State::Escape, '0'..='~')
            | (State::Control, '@'..='~')
            | (State::String, '\x07') => self.enter(State::Text),
            // No sequence reaches over a line's end: one that is never ended must not swallow what others write after it.
            (_, '\n') => {
                self.state = State::Text;
                (!after_return).then_some('\n')
            }
            (_, '\r') => {
                self.state = State::Text;
                self.after_return = true;
                Some('\n')
            }
            (_, '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}') => {
                self.state = State::Text;
                Some('\n')
            }
            (State::Escape, ' '..='/') | (State::Control, ' '..='?') | (State::String, _) => None,
            // Anything else breaks a sequence off, and is text again.
            (_, c) => {
                self.state = State::Text;
                shown(c).then_some(c)
            }
        }
    }

    fn enter(&mut self, state: State) -> Option<char> {
        self.state = state;
        None
    }
}

/// Whether a character is printed as it is: no control but tab, and none that changes the direction of others.
fn shown(c: char) -> bool {
    match c {
        '\t' => true,
        // Marks, embeddings, overrides and isolates of the bidirectional algorithm.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => false,
        c => !c.is_control(),
    }
}

/// Most bytes of one line; a longer one goes on as a further line. Enough for a page of a stack trace in one line, and
/// little enough to be copied about.
pub const LINE: usize = 16 << 10;

/// Splits what a guest writes into cleaned lines, wherever its writes begin and end.
#[derive(Debug, Default)]
pub struct Lines {
    cleaner: Cleaner,
    /// The beginning of a character: at most 3 bytes.
    partial: Vec<u8>,
    line: String,
}

impl Lines {
    /// With nothing written yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what was written, and gives each line that ends in it to `each`, without its newline.
    pub fn push(&mut self, bytes: &[u8], mut each: impl FnMut(String)) {
        let joined;
        let mut rest = if self.partial.is_empty() {
            bytes
        } else {
            joined = [std::mem::take(&mut self.partial).as_slice(), bytes].concat();
            joined.as_slice()
        };
        while !rest.is_empty() {
            match std::str::from_utf8(rest) {
                Ok(text) => {
                    self.text(text, &mut each);
                    return;
                }
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    // Valid as far as that: what is replaced is nothing.
                    self.text(&String::from_utf8_lossy(valid), &mut each);
                    let Some(invalid) = error.error_len() else {
                        self.partial = after.to_vec();
                        return;
                    };
                    self.text("\u{fffd}", &mut each);
                    rest = &after[invalid..];
                }
            }
        }
    }

    /// The last line, if it was not ended; after that all is as at the beginning.
    pub fn finish(&mut self) -> Option<String> {
        let mut ended = Vec::new();
        if !self.partial.is_empty() {
            self.partial.clear();
            self.text("\u{fffd}", &mut |line| ended.push(line));
        }
        self.cleaner = Cleaner::default();
        ended.push(std::mem::take(&mut self.line));
        let last = ended.concat();
        (!last.is_empty()).then_some(last)
    }

    fn text(&mut self, text: &str, each: &mut impl FnMut(String)) {
        for c in text.chars() {
            match self.cleaner.step(c) {
                None => {}
                Some('\n') => each(std::mem::take(&mut self.line)),
                Some(c) => {
                    if self.line.len() + c.len_utf8() > LINE {
                        each(std::mem::take(&mut self.line));
                    }
                    self.line.push(c);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{LINE, Lines, clean, clean_lines};

    fn lines(writes: &[&[u8]]) -> Vec<String> {
        let mut splitter = Lines::new();
        let mut all = Vec::new();
        for write in writes {
            splitter.push(write, |line| all.push(line));
        }
        all.extend(splitter.finish());
        all
    }

    #[test]
    fn escape_sequences_go_as_wholes() {
        for (sequence, left) in [
            ("\x1b[31mred\x1b[0m", "red"),
            ("\x1b[38;2;1;2;3mred", "red"),
            ("\x1b]0;title\x07x", "x"),
            ("\x1b]52;c;Y2xpcA==\x1b\\x", "x"),
            ("\x1bPq#0;2;0;0;0\x1b\\x", "x"),
            ("\x1b_app\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\x", "x"),
            ("\u{9b}31mred\u{9d}title\u{9c}x", "redx"),
            ("\x1b(Bx\x1b7y\x1bcz", "xyz"),
            ("a\x1b[1\x1b[2Kb", "ab"),
            ("\x1b\x1b[2Jx", "x"),
            ("\x1b[12\x18x", "x"),
            ("\x1b[1é", "é"),
            ("x\x1b", "x"),
        ] {
            assert_eq!(clean(sequence, 100), left, "{sequence:?}");
        }
    }

    #[test]
    fn a_sequence_that_is_never_ended_swallows_no_more_than_its_line() {
        assert_eq!(clean_lines("\x1b]0;for ever\nnext", 100), "\nnext");
        assert_eq!(clean_lines("\x1b[1;\nnext", 100), "\nnext");
    }

    #[test]
    fn controls_and_characters_that_reorder_text_go() {
        assert_eq!(clean("a\x07\x08\0b\x7f\u{80}\u{8e}c", 100), "abc");
        assert_eq!(clean("a\u{202e}b\u{2066}c\u{200f}d\u{61c}e", 100), "abcde");
        assert_eq!(clean("tab\tstays, é 日本 😀 too", 100), "tab\tstays, é 日本 😀 too");
    }

    #[test]
    fn a_line_end_is_a_space_or_one_newline() {
        let text = "a\nb\r\nc\rd\u{2028}e\u{85}f\r\r\ng";
        assert_eq!(clean(text, 100), "a b c d e f  g");
        assert_eq!(clean_lines(text, 100), "a\nb\nc\nd\ne\nf\n\ng");
    }

    #[test]
    fn what_is_cut_off_is_counted() {
        let text = "x".repeat(1_000);
        let cut = clean(&text, 100);
        assert!(cut.len() <= 100, "{cut}");
        assert_eq!(cut, format!("{}... (937 bytes more)", "x".repeat(63)));
        assert_eq!(clean(&"x".repeat(100), 100), "x".repeat(100));
        // No room for a note.
        assert_eq!(clean("ééé", 3), "é");
        assert_eq!(clean("abc", 0), "");
    }

    #[test]
    fn lines_are_the_same_wherever_the_writes_are_cut() {
        let text = "één\x1b[3".as_bytes();
        assert_eq!(
            lines(&[text, b"1m\r", b"\ntwee\xf0\x9f", b"\x98\x80\n", b"drie"]),
            ["één", "twee😀", "drie"]
        );
    }

    #[test]
    fn invalid_utf8_is_shown_as_such() {
        assert_eq!(lines(&[b"a\xffb\xc3\nc\xe2\x82"]), ["a\u{fffd}b\u{fffd}", "c\u{fffd}"]);
    }

    #[test]
    fn a_line_over_its_cap_goes_on_as_a_further_one() {
        let long = vec![b'x'; 2 * LINE + 3];
        let lengths: Vec<usize> = lines(&[&long, b"\nend"]).iter().map(String::len).collect();
        assert_eq!(lengths, [LINE, LINE, 3, 3]);
    }

    #[test]
    fn empty_lines_are_lines() {
        assert_eq!(lines(&[b"\n\na\n"]), ["", "", "a"]);
    }

    /// Text of ordinary and of dangerous characters in equal parts.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<char>().prop_map(String::from),
            prop::sample::select(vec![
                "\x1b", "\x1b[", "\x1b]", "\x1bP", "\u{9b}", "\u{9d}", "\u{9c}", "\x07", "\r", "\n", "\\", "[", "m",
                ";", "0", "\u{202e}", "\u{2067}", "\x7f",
            ])
            .prop_map(String::from),
        ];
        prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }

    fn safe(c: char) -> bool {
        c == '\t'
            || !(c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c))
    }

    proptest! {
        #[test]
        fn nothing_unsafe_is_left(text in hostile(), max in 0_usize..120) {
            let one = clean(&text, max);
            prop_assert!(one.len() <= max);
            prop_assert!(one.chars().all(safe), "{one:?}");
            let many = clean_lines(&text, max);
            prop_assert!(many.len() <= max && many.chars().all(|c| c == '\n' || safe(c)), "{many:?}");
        }

        #[test]
        fn cleaning_twice_changes_nothing(text in hostile()) {
            let once = clean_lines(&text, 10_000);
            prop_assert_eq!(clean_lines(&once, 10_000), once);
        }

        #[test]
        fn lines_do_not_depend_on_where_writes_are_cut(
            bytes in prop_oneof![hostile().prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 0..80)],
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let writes: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
            let split = lines(&writes);
            prop_assert_eq!(&split, &lines(&[&bytes]));
            prop_assert!(split.iter().all(|line| line.chars().all(safe)));
            let whole = clean_lines(&String::from_utf8_lossy(&bytes), 100_000);
            let joined = split.join("\n");
            prop_assert_eq!(joined.trim_end_matches('\n'), whole.trim_end_matches('\n'));
        }
    }
}
