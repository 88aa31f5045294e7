//! JSON as it stands in a dump, without a tree: a scanner that gives values as parts of the text.
//!
//! What is asked for is read by JSON's grammar. What is passed over (an old row, a schema block) is only held to its brackets
//! and quotes: nothing of it becomes data. Never in here: what a value means.

/// A text is no JSON from here on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotJson;

/// Brackets within brackets, at most.
const DEPTH_MAX: u32 = 127;

/// A value as it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Truth(bool),
    /// Digits, with all that JSON allows beside them.
    Number(&'a str),
    /// A text.
    Text(Quoted<'a>),
    /// An object or an array, whole.
    Nested(&'a str),
}

/// A text with its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted<'a> {
    text: &'a str,
    has_escapes: bool,
}

impl<'a> Quoted<'a> {
    /// What it says, where nothing in it is escaped.
    pub fn plain(self) -> Option<&'a str> {
        if self.has_escapes { None } else { self.text.get(1..self.text.len() - 1) }
    }

    /// As it is written, with its quotes and whatever is escaped.
    pub fn written(self) -> &'a str {
        self.text
    }

    /// What it says; `room` takes it where something is escaped.
    pub fn read<'r>(self, room: &'r mut String) -> Result<&'r str, NotJson>
    where
        'a: 'r,
    {
        match self.plain() {
            Some(text) => Ok(text),
            None => {
                *room = serde_json::from_str(self.text).map_err(|_| NotJson)?;
                Ok(room)
            }
        }
    }
}

/// A place in a text.
#[derive(Clone, Debug)]
pub struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// At the beginning of `text`.
    pub fn new(text: &'a str) -> Self {
        Scanner { text, at: 0 }
    }

    /// The next byte that is no blank; it stays there.
    pub fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    /// Steps over `known` if the text goes on with it.
    pub fn skips(&mut self, known: &str) -> bool {
        self.peek();
        let goes_on = !known.is_empty() && self.text.as_bytes()[self.at..].starts_with(known.as_bytes());
        if goes_on {
            self.at += known.len();
        }
        goes_on
    }

    /// The text from here to a place behind, without blanks before it.
    pub fn upto(&self, behind: &Self) -> &'a str {
        self.text.get(self.at..behind.at).map(str::trim_start).unwrap_or_default()
    }

    /// Nothing but blanks may be left.
    pub fn end(&mut self) -> Result<(), NotJson> {
        if self.peek().is_none() { Ok(()) } else { Err(NotJson) }
    }

    /// Goes into an object. Whether it has a field; where it has none, the object is behind.
    pub fn enter(&mut self) -> Result<bool, NotJson> {
        self.byte(b'{')?;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(false);
        }
        Ok(true)
    }

    /// The name of a field, and steps over its colon.
    pub fn name(&mut self) -> Result<Quoted<'a>, NotJson> {
        self.peek();
        let name = self.quoted()?;
        self.byte(b':')?;
        Ok(name)
    }

    /// Behind a field: whether another follows.
    pub fn more(&mut self) -> Result<bool, NotJson> {
        let next = self.peek();
        self.at += 1;
        match next {
            Some(b',') => Ok(true),
            Some(b'}') => Ok(false),
            _ => Err(NotJson),
        }
    }

    /// The value that comes next.
    pub fn value(&mut self) -> Result<Json<'a>, NotJson> {
        match self.peek().ok_or(NotJson)? {
            b'"' => self.quoted().map(Json::Text),
            b'{' | b'[' => self.nested().map(Json::Nested),
            b'n' => self.word("null", Json::Null),
            b't' => self.word("true", Json::Truth(true)),
            b'f' => self.word("false", Json::Truth(false)),
            _ => self.number().map(Json::Number),
        }
    }

    fn byte(&mut self, byte: u8) -> Result<(), NotJson> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(NotJson)
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, NotJson> {
        if self.skips(word) { Ok(value) } else { Err(NotJson) }
    }

    fn digits(&mut self) -> Result<(), NotJson> {
        let count = digit_bytes(&self.text.as_bytes()[self.at..]);
        self.at += count;
        if count > 0 { Ok(()) } else { Err(NotJson) }
    }

    fn takes(&mut self, any: &[u8]) -> bool {
        let is_there = self.text.as_bytes().get(self.at).is_some_and(|byte| any.contains(byte));
        self.at += usize::from(is_there);
        is_there
    }

    fn number(&mut self) -> Result<&'a str, NotJson> {
        let from = self.at;
        self.takes(b"-");
        let first = self.at;
        self.digits()?;
        if self.text.as_bytes()[first] == b'0' && self.at > first + 1 {
            return Err(NotJson);
        }
        if self.takes(b".") {
            self.digits()?;
        }
        if self.takes(b"eE") {
            self.takes(b"+-");
            self.digits()?;
        }
        self.text.get(from..self.at).ok_or(NotJson)
    }

    fn quoted(&mut self) -> Result<Quoted<'a>, NotJson> {
        let from = self.at;
        let has_escapes = self.pass_text()?;
        let text = self.text.get(from..self.at).ok_or(NotJson)?;
        Ok(Quoted { text, has_escapes })
    }

    /// Steps over a text; whether something in it is escaped.
    fn pass_text(&mut self) -> Result<bool, NotJson> {
        let bytes = self.text.as_bytes();
        if bytes.get(self.at) != Some(&b'"') {
            return Err(NotJson);
        }
        self.at += 1;
        let mut has_escapes = false;
        loop {
            self.at += plain_bytes(&bytes[self.at..]);
            match bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(has_escapes);
                }
                Some(b'\\') if self.at + 1 < bytes.len() => {
                    has_escapes = true;
                    self.at += 2;
                }
                _ => return Err(NotJson),
            }
        }
    }

    /// Steps over an object or an array.
    fn nested(&mut self) -> Result<&'a str, NotJson> {
        let (from, bytes) = (self.at, self.text.as_bytes());
        // A bit for each open bracket: 1 for `{`.
        let (mut kinds, mut depth) = (0u128, 0u32);
        loop {
            match bytes.get(self.at).ok_or(NotJson)? {
                b'"' => {
                    self.pass_text()?;
                    continue;
                }
                open @ (b'{' | b'[') => {
                    if depth == DEPTH_MAX {
                        return Err(NotJson);
                    }
                    kinds = kinds << 1 | u128::from(*open == b'{');
                    depth += 1;
                }
                close @ (b'}' | b']') => {
                    if (kinds & 1 == 1) != (*close == b'}') {
                        return Err(NotJson);
                    }
                    kinds >>= 1;
                    depth -= 1;
                }
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return self.text.get(from..self.at).ok_or(NotJson);
            }
        }
    }
}

/// How many bytes are digits, before the first that is none. Eight at a time: connectors tell the time in nanoseconds.
fn digit_bytes(bytes: &[u8]) -> usize {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const OVER: u64 = 0x7676_7676_7676_7676;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..at + 8).and_then(|chunk| <[u8; 8]>::try_from(chunk).ok()) {
        let word = u64::from_le_bytes(chunk) ^ ZEROS;
        // Digits are 0 to 9 now, and everything else is more: of each byte whether its own high bit or the sum's is set.
        let found = (((word & !HIGHS) + OVER) | word) & HIGHS;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = &bytes[at..];
    at + rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len())
}

/// Bytes after which a text is long, and those of a step through one that is.
const LONG_BYTES: usize = 16;
/// See [`LONG_BYTES`].
const WIDE_BYTES: usize = 32;

/// How many bytes go on before a quote, a backslash or a control character. Eight at a time: most of a dump is texts.
fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let has_zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let mut at = 0;
    let ends = |byte: &u8| (*byte == b'"') | (*byte == b'\\') | (*byte < 0x20);
    while let Some(chunk) = bytes.get(at..at + 8).and_then(|chunk| <[u8; 8]>::try_from(chunk).ok()) {
        let word = u64::from_le_bytes(chunk);
        let controls = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let found = has_zero(word ^ (ONES * u64::from(b'"'))) | has_zero(word ^ (ONES * u64::from(b'\\'))) | controls;
        if found != 0 {
            // The lowest bit that is set is right; those above it may be borrowed.
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
        // A long text is passed in wide steps; the eights find the place in the last of them.
        while at >= LONG_BYTES
            && let Some(wide) = bytes.get(at..at + WIDE_BYTES)
            && !wide.iter().fold(false, |any, byte| any | ends(byte))
        {
            at += WIDE_BYTES;
        }
    }
    let rest = &bytes[at..];
    at + rest.iter().position(ends).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests;
