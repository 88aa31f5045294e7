//! JSON as it stands in a dump, without a tree: a scanner that gives values as parts of the text.
//!
//! What is asked for is read by JSON's grammar. What is passed over (an old row, a schema block) is only held to its brackets
//! and quotes: nothing of it becomes data. Never in here: what a value means.

mod words;

use words::{are_same, digit_bytes, plain_bytes};

/// A text is no JSON from here on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotJson;

/// Brackets within brackets, at most.
const DEPTH_MAX: u32 = 127;

/// A value as it is written. No part of it is smaller than a word: a value that was written as bytes and is copied as words has
/// the processor wait until the bytes have arrived.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true`
    True,
    /// `false`
    False,
    /// Digits, with all that JSON allows beside them.
    Number(&'a str),
    /// A text.
    Text(Quoted<'a>),
    /// An object or an array, whole.
    Nested(&'a str),
}

impl<'a> Json<'a> {
    /// As it is written.
    pub fn written(self) -> &'a str {
        match self {
            Json::Null => "null",
            Json::True => "true",
            Json::False => "false",
            Json::Number(text) | Json::Nested(text) => text,
            Json::Text(text) => text.written(),
        }
    }
}

/// A text with its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoted<'a> {
    /// Nothing in it is escaped.
    Plain(&'a str),
    /// Something is.
    Escaped(&'a str),
}

impl<'a> Quoted<'a> {
    /// What it says, where nothing in it is escaped.
    pub fn plain(self) -> Option<&'a str> {
        match self {
            Quoted::Plain(text) => text.get(1..text.len() - 1),
            Quoted::Escaped(_) => None,
        }
    }

    /// As it is written, with its quotes and whatever is escaped.
    pub fn written(self) -> &'a str {
        let (Quoted::Plain(text) | Quoted::Escaped(text)) = self;
        text
    }

    /// What it says; `room` takes it where something is escaped.
    pub fn read<'r>(self, room: &'r mut String) -> Result<&'r str, NotJson>
    where
        'a: 'r,
    {
        match self.plain() {
            Some(text) => Ok(text),
            None => {
                *room = serde_json::from_str(self.written()).map_err(|_| NotJson)?;
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
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    /// Steps over `known` if the text goes on with it, behind blanks or not.
    #[inline]
    pub fn skips(&mut self, known: &str) -> bool {
        let goes_on = self.goes_on_with(known) || {
            self.peek();
            self.goes_on_with(known)
        };
        if goes_on {
            self.at += known.len();
        }
        goes_on
    }

    #[inline]
    fn goes_on_with(&self, known: &str) -> bool {
        let (text, known) = (self.text.as_bytes(), known.as_bytes());
        !known.is_empty() && text.get(self.at..self.at + known.len()).is_some_and(|text| are_same(text, known))
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
    #[inline(always)]
    pub fn value(&mut self) -> Result<Json<'a>, NotJson> {
        match self.peek().ok_or(NotJson)? {
            b'"' => self.quoted().map(Json::Text),
            b'{' | b'[' => self.nested().map(Json::Nested),
            b'n' => self.word("null", Json::Null),
            b't' => self.word("true", Json::True),
            b'f' => self.word("false", Json::False),
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

    /// Steps over a value.
    #[inline]
    pub fn pass(&mut self) -> Result<(), NotJson> {
        match self.peek() {
            Some(b'"') => self.pass_text().map(drop),
            Some(b'-' | b'0'..=b'9') => self.pass_number(),
            _ => self.value().map(drop),
        }
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

    #[inline(always)]
    fn number(&mut self) -> Result<&'a str, NotJson> {
        let from = self.at;
        self.pass_number()?;
        self.text.get(from..self.at).ok_or(NotJson)
    }

    #[inline(always)]
    fn pass_number(&mut self) -> Result<(), NotJson> {
        let bytes = self.text.as_bytes();
        let first = self.at + usize::from(bytes.get(self.at) == Some(&b'-'));
        self.at = first + digit_bytes(&bytes[first..]);
        if self.at == first || bytes[first] == b'0' && self.at > first + 1 {
            return Err(NotJson);
        }
        // Mostly it is whole.
        match bytes.get(self.at) {
            Some(b'.' | b'e' | b'E') => self.pass_fraction(),
            _ => Ok(()),
        }
    }

    fn pass_fraction(&mut self) -> Result<(), NotJson> {
        if self.takes(b".") {
            self.digits()?;
        }
        if self.takes(b"eE") {
            self.takes(b"+-");
            self.digits()?;
        }
        Ok(())
    }

    #[inline(always)]
    fn quoted(&mut self) -> Result<Quoted<'a>, NotJson> {
        let from = self.at;
        let has_escapes = self.pass_text()?;
        let text = self.text.get(from..self.at).ok_or(NotJson)?;
        Ok(if has_escapes { Quoted::Escaped(text) } else { Quoted::Plain(text) })
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

#[cfg(test)]
mod tests;
