//! Words around a candidate, and those of the column's name -> how much they speak for it or against it.

use super::normal::{CAPITAL, CLASSES, SMALL, WORD};
use super::skeleton::folded;
use crate::privacy::recognise::{CONTRARY, RECOGNISERS};
use std::sync::LazyLock;

/// Characters before a candidate in which a word speaks for it. Others have thirty, which loses a number of `staff.txt`: of two in a row
/// (`numbers: 1691796484477 and 1267123431222`) the word that names both stands before the first. From 35 to 300 nothing changes in any
/// text that the recognisers are scored on.
const BEFORE_CHARACTERS: usize = 40;
/// Characters behind it.
const AFTER_CHARACTERS: usize = 30;
/// Bytes of a text of which all words are heard at once.
const SHORT_BYTES_MAX: usize = 48;
/// How near a word must stand to speak against it.
const CONTRARY_BYTES: usize = 22;

/// What a word right before a candidate adds to its score; each byte between takes a little of it.
const WORD_BEFORE: f32 = 0.4;
const PER_BYTE: f32 = 0.003;
/// What a word behind it, or in the column's name, adds.
const WORD_BEHIND: f32 = 0.25;
const WORD_OF_HEADER: f32 = 0.35;
/// What a word that speaks against it takes.
const AGAINST: f32 = 0.35;

/// Words of a column that holds names of people.
const NAMES: &[&str] = &[
    "full name",
    "fullname",
    "first name",
    "firstname",
    "last name",
    "lastname",
    "surname",
    "forename",
    "given name",
    "family name",
    "middle name",
    "maiden name",
    "person name",
    "contact name",
    "customer name",
    "client name",
    "patient name",
    "employee name",
    "tenant name",
    "account holder",
    "holder name",
    "cardholder",
    "cardholder name",
    "applicant name",
    "signatory",
    "signatory name",
    "next of kin",
    "person",
    "contact person",
    "account name",
    "payee name",
    "beneficiary name",
    "display name",
    "owner name",
    "manager name",
    "staff name",
    "member name",
    "student name",
    "pupil name",
    "doctor",
    "gp name",
    "consultant name",
    "author",
    "created by",
    "updated by",
    "approved by",
    "signed by",
    "assigned to",
    "reported by",
    "line manager",
    "forenames",
    "surnames",
    "fname",
    "lname",
    "first names",
    "agent name",
    "contact",
    "emergency contact",
    "emergency contact name",
    "spouse name",
    "guardian name",
    "driver name",
    "caller name",
    "name of applicant",
];

/// Words that make it a column of something else.
const NO_NAMES: &[&str] = &[
    "company",
    "unit",
    "product",
    "site",
    "project",
    "file",
    "table",
    "business",
    "organisation",
    "organization",
    "email",
    "phone",
    "id",
    "number",
    "no",
    "type",
    "code",
    "role",
    "title",
    "count",
    "date",
    "team",
    "department",
    "method",
    "channel",
    "reason",
    "status",
    "address",
    "url",
    "preference",
];

/// Words that end the name of a column of sentences: `order_notes` holds what people write, and no numbers of orders.
const OF_SENTENCES: &[&str] = &[
    "note",
    "notes",
    "text",
    "description",
    "comment",
    "comments",
    "message",
    "messages",
    "body",
    "summary",
    "remark",
    "remarks",
    "narrative",
    "transcript",
    "conversation",
    "feedback",
    "history",
    "details",
];

/// Words that speak for a number where somebody wrote it (`text 07700 900123`, `(b. 23.4.1952)`), and for nothing as the name of a column.
const SILENT: &[&str] = &["text", "b"];

/// What a column's name says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The rows of the table that its words speak for, and [`AGAINST_BIT`].
    rows: u64,
    is_of_names: bool,
}

impl Header {
    /// The words of a column's name: `NhsNumber`, `nhs_number` and `customer.nhs-number` have `nhs` and `number`.
    pub fn new(name: &str) -> Self {
        let words = words_of(name);
        let padded = format!(" {words} ");
        let has = |list: &[&str]| list.iter().any(|word| padded.contains(&format!(" {word} ")));
        let spoken: Vec<&str> = words.split(' ').filter(|word| !SILENT.contains(word)).collect();
        let mut window = Window::default();
        window.read(spoken.join(" ").as_bytes());
        let heard = window.heard().iter().fold(0, |rows, heard| rows | heard.rows);
        let is_of_sentences = words.rsplit(' ').next().is_some_and(|last| OF_SENTENCES.contains(&last));
        let rows = if is_of_sentences { heard & !AGAINST_BIT } else { heard };
        Header { rows, is_of_names: has(NAMES) && !has(NO_NAMES) }
    }

    /// A text without a column.
    pub fn none() -> Self {
        Header::default()
    }

    /// Whether it speaks for a row of the table.
    pub fn is_for(&self, row: usize) -> bool {
        self.rows >> row & 1 == 1
    }

    /// Whether it speaks neither for any row nor against all.
    pub fn is_silent(&self) -> bool {
        self.rows == 0
    }

    /// Whether it speaks for any row.
    pub fn speaks(&self) -> bool {
        self.rows & !AGAINST_BIT != 0
    }

    /// Whether the column is of people's names.
    pub fn is_of_names(&self) -> bool {
        self.is_of_names
    }
}

/// A column's name as small words with one blank between: `customer.NhsNumber` is `customer nhs number`.
pub fn words_of(name: &str) -> String {
    let mut words = String::new();
    let mut before = ' ';
    for sign in name.chars() {
        let is_hump = sign.is_uppercase() && (before.is_lowercase() || before.is_ascii_digit());
        if (is_hump || !sign.is_alphanumeric()) && !words.is_empty() && !words.ends_with(' ') {
            words.push(' ');
        }
        if sign.is_alphanumeric() {
            words.extend(sign.to_lowercase());
        }
        before = sign;
    }
    words.trim_end().to_owned()
}

/// A text, what bytes it has, and its column.
pub struct Surroundings<'a> {
    /// The text, in one writing.
    pub text: &'a [u8],
    /// What its column's name says.
    pub header: &'a Header,
    /// Whether it has a digit.
    pub has_digit: bool,
    /// Whether it has a capital of ASCII.
    pub has_capital: bool,
    /// Whether it has a small letter of ASCII.
    pub has_small: bool,
}

/// Words of one phrase, at most.
const PHRASE_WORDS_MAX: usize = 4;
/// Words that are heard around a candidate, at most.
const HEARD_MAX: usize = 12;
/// The bit of words that speak against every row.
const AGAINST_BIT: u64 = 1 << 63;

/// Every word and phrase of the table -> the rows that it speaks for.
struct Phrases {
    /// Hash and rows; rows 0 is an empty place.
    places: Vec<(u64, u64)>,
    /// A bit for the hash of each phrase's last word: most words of a text end none, and are passed over.
    lasts: [u64; LAST_BITS / 64],
}

const LAST_BITS: usize = 1 << 13;

const PHRASE_PLACES: usize = 1 << 11;

static PHRASES: LazyLock<Phrases> = LazyLock::new(|| {
    let mut phrases = Phrases { places: vec![(0, 0); PHRASE_PLACES], lasts: [0; LAST_BITS / 64] };
    for (place, row) in RECOGNISERS.iter().enumerate() {
        row.words.iter().for_each(|phrase| phrases.add(phrase, 1 << place));
    }
    CONTRARY.iter().for_each(|phrase| phrases.add(phrase, AGAINST_BIT));
    phrases
});

impl Phrases {
    fn add(&mut self, phrase: &str, rows: u64) {
        let hash = phrase.split(' ').fold(0, |hash, word| joined(hash, hash_of(word.as_bytes(), 0, word.len())));
        let last = phrase.rsplit(' ').next().unwrap_or(phrase);
        let last = hash_of(last.as_bytes(), 0, last.len()) as usize % LAST_BITS;
        self.lasts[last / 64] |= 1 << (last % 64);
        let mut place = hash as usize % PHRASE_PLACES;
        while self.places[place].1 != 0 && self.places[place].0 != hash {
            place = (place + 1) % PHRASE_PLACES;
        }
        self.places[place] = (hash, self.places[place].1 | rows);
    }

    /// Whether a word may be the last of a phrase.
    fn may_end(&self, word: u64) -> bool {
        let bit = word as usize % LAST_BITS;
        self.lasts[bit / 64] >> (bit % 64) & 1 == 1
    }

    fn rows(&self, hash: u64) -> u64 {
        let mut place = hash as usize % PHRASE_PLACES;
        while self.places[place].1 != 0 {
            if self.places[place].0 == hash {
                return self.places[place].1;
            }
            place = (place + 1) % PHRASE_PLACES;
        }
        0
    }
}

/// Of a word with its letters in small, eight bytes at a time.
fn hash_of(text: &[u8], start: usize, end: usize) -> u64 {
    let (mut hash, mut at) = (end.wrapping_sub(start) as u64, start);
    while at < end {
        let eight = match text[at..].first_chunk() {
            Some(eight) => u64::from_le_bytes(*eight),
            None => text[at..end].iter().rev().fold(0, |eight, byte| eight << 8 | u64::from(*byte)),
        };
        let mask = u64::MAX >> (8 * 8usize.saturating_sub(end - at));
        hash = folded(hash ^ (eight | 0x2020_2020_2020_2020) & mask, 0xd1b5_4a32_d192_ed03);
        at += 8;
    }
    hash
}

/// The hash of a phrase and one more word.
fn joined(phrase: u64, word: u64) -> u64 {
    phrase.rotate_left(23).wrapping_add(word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A phrase that was heard, the rows that it speaks for, and how many bytes end behind it.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    rows: u64,
    from_end: usize,
}

/// Tells the rows of every phrase of the table in a text, and where it ends.
fn hear(text: &[u8], mut told: impl FnMut(u64, usize)) {
    let phrases = &*PHRASES;
    let mut words = [0u64; PHRASE_WORDS_MAX];
    let (mut seen, mut at) = (0, 0);
    while at < text.len() {
        let start = at;
        at += 1;
        let mut before = CLASSES[usize::from(text[start])];
        if before & WORD == 0 {
            continue;
        }
        // A hump divides words: `nhsNumber`.
        while let Some(class) = text.get(at).map(|byte| CLASSES[usize::from(*byte)])
            && class & WORD != 0
            && !(class == CAPITAL && before == SMALL)
        {
            (before, at) = (class, at + 1);
        }
        words.rotate_left(1);
        seen += 1;
        // No word of a phrase begins with a digit.
        if text[start].is_ascii_digit() {
            words[PHRASE_WORDS_MAX - 1] = 0;
            continue;
        }
        words[PHRASE_WORDS_MAX - 1] = hash_of(text, start, at);
        if !phrases.may_end(words[PHRASE_WORDS_MAX - 1]) {
            continue;
        }
        for length in 1..=seen.min(PHRASE_WORDS_MAX) {
            let phrase = words[PHRASE_WORDS_MAX - length..].iter().fold(0, |hash, word| joined(hash, *word));
            let rows = phrases.rows(phrase);
            if rows != 0 {
                told(rows, at);
            }
        }
    }
}

/// What is heard in a stretch of text.
#[derive(Default)]
struct Window {
    heard: [Heard; HEARD_MAX],
    count: usize,
}

impl Window {
    fn heard(&self) -> &[Heard] {
        &self.heard[..self.count]
    }

    /// Hears every phrase of the table in a text.
    fn read(&mut self, text: &[u8]) {
        self.count = 0;
        hear(text, |rows, end| {
            if self.count == HEARD_MAX {
                self.heard.rotate_left(1);
                self.count -= 1;
            }
            self.heard[self.count] = Heard { rows, from_end: text.len() - end };
            self.count += 1;
        });
    }

    /// How near the nearest phrase is that speaks for one of `rows`.
    fn nearest(&self, rows: u64) -> Option<usize> {
        self.heard().iter().rev().find(|heard| heard.rows & rows != 0).map(|heard| heard.from_end)
    }
}

/// What is heard around candidates; what was heard last is kept, since several candidates begin at one place.
#[derive(Default)]
pub struct Hearing {
    before: Window,
    before_at: Option<usize>,
    after: Window,
    after_at: Option<usize>,
    /// The rows of every phrase in a short text.
    all: Option<u64>,
    #[cfg(test)]
    pub(super) steps: usize,
}

impl Hearing {
    /// Forgets what was heard: another text comes.
    pub fn forget(&mut self) {
        (self.before_at, self.after_at, self.all) = (None, None, None);
    }

    /// The rows that any word of a short text, or of the column's name, may speak for or against; of all others the weight is nothing.
    /// In a longer text that may be all: to hear all of it would cost more than what it spares.
    pub fn may_be_heard(&mut self, around: &Surroundings<'_>) -> u64 {
        if around.text.len() > SHORT_BYTES_MAX {
            return u64::MAX;
        }
        let header = around.header.rows;
        *self.all.get_or_insert_with(|| {
            let mut all = header;
            hear(around.text, |rows, _| all |= rows);
            all
        })
    }

    /// What the words around the piece from `start` to `end` add to its score as one of `row`.
    pub fn weight(&mut self, around: &Surroundings<'_>, start: usize, end: usize, row: usize) -> f32 {
        if self.may_be_heard(around) & (1 << row | AGAINST_BIT) == 0 {
            return 0.0;
        }
        if self.before_at != Some(start) {
            self.before.read(around.before(start));
            #[cfg(test)]
            {
                self.steps += BEFORE_CHARACTERS;
            }
            self.before_at = Some(start);
        }
        let nearest = self.before.nearest(1 << row);
        let against = self.before.nearest(AGAINST_BIT).filter(|against| *against <= CONTRARY_BYTES);
        let mut weight = nearest.map_or(0.0, |bytes| WORD_BEFORE - PER_BYTE * bytes as f32);
        if around.header.is_for(row) {
            weight = weight.max(WORD_OF_HEADER);
        } else if against.is_some_and(|against| nearest.is_none_or(|nearest| against < nearest)) {
            // `NHS number ref`: a word that speaks for it and stands before one against it is weighed less.
            weight = if nearest.is_some() { weight - AGAINST / 3.0 } else { -AGAINST };
        } else if nearest.is_none() && around.header.rows & AGAINST_BIT != 0 {
            weight = -AGAINST;
        }
        if weight <= 0.0 {
            if self.after_at != Some(end) {
                self.after.read(around.after(end));
                #[cfg(test)]
                {
                    self.steps += AFTER_CHARACTERS;
                }
                self.after_at = Some(end);
            }
            if self.after.nearest(1 << row).is_some() {
                weight = weight.max(0.0) + WORD_BEHIND;
            }
        }
        weight
    }
}

impl Surroundings<'_> {
    /// The text before `start`, whole words of it.
    fn before(&self, start: usize) -> &[u8] {
        let mut from = start.saturating_sub(BEFORE_CHARACTERS);
        // Most texts have a byte for each character.
        if !self.text[from..start].is_ascii() {
            let mut begins = (0..start).rev().filter(|at| begins_a_sign(self.text[*at]));
            from = begins.nth(BEFORE_CHARACTERS - 1).unwrap_or(0);
        }
        while from > 0 && from < start && self.text[from - 1].is_ascii_alphanumeric() {
            from += 1;
        }
        &self.text[from..start]
    }

    /// The same behind `end`.
    fn after(&self, end: usize) -> &[u8] {
        let mut to = self.text.len().min(end + AFTER_CHARACTERS);
        if !self.text[end..to].is_ascii() {
            let mut begins = (end..self.text.len()).filter(|at| begins_a_sign(self.text[*at]));
            to = begins.nth(AFTER_CHARACTERS).unwrap_or(self.text.len());
        }
        while to > end && to < self.text.len() && self.text[to].is_ascii_alphanumeric() {
            to -= 1;
        }
        &self.text[end..to]
    }
}

/// Whether a byte is the first of its sign of UTF-8.
fn begins_a_sign(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str) -> usize {
        RECOGNISERS.iter().position(|row| row.id == id).expect("a row")
    }

    #[test]
    fn reads_the_words_of_a_column_however_it_is_written() {
        for name in ["NhsNumber", "nhs_number", "customer.nhs-number", "NHS Number", "NHSno NHS"] {
            assert!(Header::new(name).is_for(row("nhs_number")), "{name}");
            assert!(!Header::new(name).is_for(row("sort_code")), "{name}");
        }
        assert!(Header::new("customer.FullName").is_of_names() && !Header::new("company contact name").is_of_names());
        assert_eq!(words_of("customer.NhsNumber[].x"), "customer nhs number x");
    }

    #[test]
    fn a_column_of_sentences_speaks_neither_for_a_number_nor_against_it() {
        for name in ["text", "full_text", "case_notes", "OrderDescription", "session.message"] {
            assert!(Header::new(name).is_silent(), "{name}");
        }
        assert!(!Header::new("order").is_silent() && Header::new("text_phone").is_for(row("phone_uk")));
    }

    /// A text that has digits and no capitals.
    fn in_small_letters<'a>(text: &'a str, header: &'a Header) -> Surroundings<'a> {
        Surroundings { text: text.as_bytes(), header, has_digit: true, has_capital: false, has_small: true }
    }

    #[test]
    fn hears_as_many_characters_whatever_bytes_they_have() {
        let header = Header::none();
        for (before, behind) in [(BEFORE_CHARACTERS, AFTER_CHARACTERS), (BEFORE_CHARACTERS - 1, AFTER_CHARACTERS - 1)] {
            for sign in ["-", "\u{eb}", "\u{20ac}", "\u{1f600}"] {
                let text = format!("utr{}#{}utr", sign.repeat(before - 3), sign.repeat(behind - 3));
                let start = text.find('#').expect("a place");
                let around = in_small_letters(&text, &header);
                assert!(
                    around.before(start).starts_with(b"utr") && around.after(start + 1).ends_with(b"utr"),
                    "{text}"
                );
            }
        }
        let far = format!("utr{}#{}utr", " ".repeat(BEFORE_CHARACTERS), " ".repeat(AFTER_CHARACTERS));
        let around = in_small_letters(&far, &header);
        let start = far.find('#').expect("a place");
        assert!(!around.before(start).contains(&b'u') && !around.after(start + 1).contains(&b'u'));
    }

    #[test]
    fn no_word_of_a_phrase_has_a_digit() {
        let phrases = RECOGNISERS.iter().flat_map(|row| row.words).chain(CONTRARY);
        assert!(
            phrases.flat_map(|phrase| phrase.split(' ')).all(|word| !word.contains(|sign: char| sign.is_ascii_digit()))
        );
    }

    #[test]
    fn weighs_the_nearer_word_more_and_words_against_less_than_nothing() {
        let header = Header::none();
        let weight = |text: &str, id: &str| {
            let start = text.find('#').expect("a place");
            let around = in_small_letters(text, &header);
            Hearing::default().weight(&around, start, start + 1, row(id))
        };
        assert!(
            weight("sort code then account #", "bank_account") > weight("account then sort code #", "bank_account")
        );
        assert!(weight("order number #", "nhs_number") < 0.0);
        assert!(weight("order for the NHS number #", "nhs_number") > 0.0);
        assert!(weight("# (account number)", "bank_account") > 0.0);
        assert_eq!(weight("bordering on #", "nhs_number"), 0.0);
    }
}
