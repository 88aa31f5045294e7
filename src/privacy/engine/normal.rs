//! One writing for every text: compatibility forms, digits of every script, hyphens, blanks and apostrophes as their plain selves; what
//! has no width left out. Where each byte came from is kept, so that a finding points into the text as it was.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What bytes a text has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    pub has_digit: bool,
    /// An `@`, `:` or `=`.
    pub has_mark: bool,
    pub has_capital: bool,
    pub has_small: bool,
    pub has_beyond_ascii: bool,
    pub has_escape: bool,
    pub has_percent: bool,
}

const DIGIT: u8 = 1;
const MARK: u8 = 2;
/// A capital of ASCII, and a small letter.
pub const CAPITAL: u8 = 4;
pub const SMALL: u8 = 8;
const BEYOND: u8 = 16;
const ESCAPE: u8 = 32;
const PERCENT: u8 = 64;
/// What words are made of.
pub const WORD: u8 = DIGIT | CAPITAL | SMALL | BEYOND;

/// What each byte is.
pub static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = class(byte as u8);
        byte += 1;
    }
    classes
};

/// What a byte is, without a branch: sixteen are asked at once.
const fn class(byte: u8) -> u8 {
    let mark = (byte == b'@') | (byte == b':') | (byte == b'=');
    (DIGIT * byte.is_ascii_digit() as u8)
        | (MARK * mark as u8)
        | (CAPITAL * byte.is_ascii_uppercase() as u8)
        | (SMALL * byte.is_ascii_lowercase() as u8)
        | (ESCAPE * (byte == b'\\') as u8)
        | (PERCENT * (byte == b'%') as u8)
        | (BEYOND * !byte.is_ascii() as u8)
}

/// Looks at every byte once.
pub fn look(text: &[u8]) -> Seen {
    let (blocks, rest) = text.as_chunks::<16>();
    let mut lanes = [0; 16];
    for block in blocks {
        lanes.iter_mut().zip(block).for_each(|(classes, byte)| *classes |= class(*byte));
    }
    let rest = rest.iter().map(|byte| CLASSES[usize::from(*byte)]);
    let classes = lanes.into_iter().chain(rest).fold(0, |classes, class| classes | class);
    let has = |class| classes & class != 0;
    Seen {
        has_digit: has(DIGIT),
        has_mark: has(MARK),
        has_capital: has(CAPITAL),
        has_small: has(SMALL),
        has_beyond_ascii: has(BEYOND),
        has_escape: has(ESCAPE),
        has_percent: has(PERCENT),
    }
}

impl Seen {
    /// Whether anything of any kind could be in it: everything needs a letter or a digit.
    pub fn may_hold_any(self) -> bool {
        self.has_digit || self.has_capital || self.has_small || self.has_beyond_ascii
    }

    /// Whether it is in one writing already.
    pub fn is_plain(self) -> bool {
        !self.has_beyond_ascii && !self.has_escape
    }
}

/// A text in one writing.
pub struct Normal {
    /// The text.
    pub text: String,
    /// For each of its bytes, where its sign begins in the text as it was.
    from: Vec<u32>,
}

/// Zeros of the scripts whose digits are ten in a row. Source: Unicode 16, general category Nd.
const ZEROS: &[u32] = &[
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
    0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0,
    0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0,
];

impl Normal {
    /// Writes `cell` anew.
    pub fn of(cell: &str) -> Self {
        let mut normal = Normal { text: String::with_capacity(cell.len()), from: Vec::with_capacity(cell.len()) };
        let mut rest = cell.char_indices();
        while let Some((at, sign)) = rest.next() {
            if sign == '\\' {
                if let Some((escaped, length)) = escape(&cell[at..]) {
                    if escaped.is_ascii_control() {
                        normal.push(' ', at);
                    } else if escaped.is_ascii() {
                        normal.push(escaped, at);
                    } else {
                        normal.plain(escaped, at);
                    }
                    // All behind the stroke, which was taken.
                    rest.nth(length - 2);
                    continue;
                }
                // `\n` in a text that was written as JSON divides words, and is not the letter n.
                if let Some(b'n' | b't' | b'r') = cell.as_bytes().get(at + 1) {
                    rest.next();
                    normal.push(' ', at);
                    normal.push(' ', at + 1);
                    continue;
                }
                normal.push(sign, at);
            } else if sign.is_ascii() {
                normal.push(sign, at);
            } else {
                normal.plain(sign, at);
            }
        }
        normal
    }

    fn plain(&mut self, sign: char, at: usize) {
        match sign {
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' => {}
            '\u{2010}'..='\u{2015}' | '\u{2212}' => self.push('-', at),
            '\u{2018}' | '\u{2019}' | '\u{2bc}' | '\u{ff07}' => self.push('\'', at),
            '\u{201c}' | '\u{201d}' => self.push('"', at),
            blank if blank.is_whitespace() => self.push(' ', at),
            sign => {
                match digit_of(sign) {
                    Some(digit) => self.push(digit, at),
                    // A composed letter stays one; a mark of its own joins nothing here, and is left where it stands.
                    None if is_dear(sign) => self.push(sign, at),
                    None => std::iter::once(sign).nfkc().for_each(|sign| self.push(sign, at)),
                }
            }
        }
    }

    fn push(&mut self, sign: char, at: usize) {
        self.text.push(sign);
        self.from.resize(self.text.len(), at as u32);
    }

    /// Where a piece of the text lies in the text as it was.
    pub fn original(&self, start: usize, end: usize, cell: &str) -> (usize, usize) {
        let at = |place: usize| self.from.get(place).map_or(cell.len(), |from| *from as usize);
        let mut to = match end.checked_sub(1) {
            // The sign that the last byte came from, to its end.
            Some(last) => {
                let from = at(last);
                let next = self.from[last..].iter().find(|other| **other as usize > from);
                next.map_or(cell.len(), |next| *next as usize)
            }
            None => 0,
        };
        let from = at(start);
        // What was left out at the end is no part of it; marks on its last letter are.
        while let Some(sign) = cell[from..to].chars().next_back().filter(|sign| is_left_out(*sign)) {
            to -= sign.len_utf8();
        }
        while let Some(mark) = cell[to..].chars().next().filter(|sign| is_combining_mark(*sign)) {
            to += mark.len_utf8();
        }
        (from, to)
    }
}

/// The digit of ASCII that a digit of another script is; of ASCII itself `None`.
pub fn digit_of(sign: char) -> Option<char> {
    let code = u32::from(sign);
    let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

/// Two signs that stand for a sentence of Arabic: written out, a cell would become four times as long, and say nothing more here.
fn is_dear(sign: char) -> bool {
    matches!(sign, '\u{fdfa}' | '\u{fdfb}')
}

fn is_left_out(sign: char) -> bool {
    matches!(sign, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// Bytes of `\u0040`.
const ESCAPE_BYTES: usize = 6;

/// The sign that `\u0040` at the front stands for, and in how many bytes it is written: one beyond the first 65,536 is two halves.
fn escape(text: &str) -> Option<(char, usize)> {
    let unit = |text: &str| u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
    let first = unit(text)?;
    match char::from_u32(first.into()) {
        Some(sign) => Some((sign, ESCAPE_BYTES)),
        None => {
            let second = unit(text.get(ESCAPE_BYTES..)?)?;
            let sign = char::decode_utf16([first, second]).next()?.ok()?;
            Some((sign, 2 * ESCAPE_BYTES))
        }
    }
}

/// Where an address that begins at `start` does so in the text as it was. `\n`, `\t` and `\r` are blanks of a text that was written as JSON,
/// or the stroke and the first letter of a name behind its domain (`CORP\nigel@example.org`): nobody can tell, so they go with it.
pub fn with_escape_before(cell: &str, start: usize) -> usize {
    let bytes = cell.as_bytes();
    let [front @ .., b'\\', b'n' | b't' | b'r'] = &bytes[..start] else { return start };
    let stroke = front.iter().rposition(|byte| *byte != b'\\').map_or(0, |last| last + 1);
    let is_behind_escape = matches!(&front[..stroke], [.., b'\\', b'n' | b't' | b'r']);
    let has_domain = stroke > 0 && front[stroke - 1].is_ascii_alphanumeric() && !is_behind_escape;
    if has_domain && bytes.get(start).is_some_and(u8::is_ascii_lowercase) { stroke } else { start }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_into_the_text_as_it_was() {
        let cell = "\u{eb} \u{ff10}\u{ff17}\u{200b}\u{664}! \\u0040";
        let normal = Normal::of(cell);
        assert_eq!(normal.text, "\u{eb} 074! @");
        let at = normal.text.find("074").expect("digits");
        let (start, end) = normal.original(at, at + 3, cell);
        assert_eq!(&cell[start..end], "\u{ff10}\u{ff17}\u{200b}\u{664}");
        let at = normal.text.find('@').expect("a sign");
        assert_eq!(normal.original(at, at + 1, cell), (cell.len() - 6, cell.len()));
    }

    #[test]
    fn reads_what_json_writes_in_ascii_alone() {
        for (cell, plain) in [
            (r"zo\u00eb", "zo\u{eb}"),
            (r"\u003Cx\u003e", "<x>"),
            (r"a\u000ab\u0020c\u00a0d", "a b c d"),
            (r"O\u2019Brien 1\u20132", "O'Brien 1-2"),
            (r"\ud83d\ude00x", "\u{1f600}x"),
            (r"\ud83dx", r"\ud83dx"),
            (r"\users \u00", r"\users \u00"),
            (r"x\ny", "x  y"),
        ] {
            assert_eq!(Normal::of(cell).text, plain, "{cell}");
        }
        let cell = r"zo\u00eb@x";
        let normal = Normal::of(cell);
        assert_eq!(normal.original(0, "zo\u{eb}".len(), cell), (0, cell.len() - 2));
        let cell = r"x \ud83d\ude00.";
        let normal = Normal::of(cell);
        assert_eq!(normal.original(2, 6, cell), (2, cell.len() - 1));
    }
}
