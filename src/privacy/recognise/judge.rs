//! A candidate of some shape -> what speaks for its being what the shape is of, apart from the words around it.

use super::areas::is_area;
use super::{checks, dates};
use core::net::{Ipv4Addr, Ipv6Addr};

/// What speaks for a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// It is something else.
    None,
    /// Its shape and nothing else: a word nearby must say what it is.
    Shape,
    /// A shape that little else has.
    Likely,
    /// A check digit, or a writing of its own.
    Proven,
}

pub use super::phones::{phone_abroad, phone_america, phone_uk, phone_without_zero};
use Evidence::{Likely, Proven, Shape};

/// A piece of a text that has a recogniser's shape.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The text that it is a piece of, in ASCII where it matters.
    pub text: &'a [u8],
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

/// Most letters and digits that a check looks at.
pub(super) const SIGNS_MAX: usize = 40;

impl<'a> Candidate<'a> {
    /// The piece itself.
    pub fn piece(&self) -> &'a [u8] {
        &self.text[self.start..self.end]
    }

    /// Its digits, as numbers.
    pub fn digits(&self) -> Signs {
        Signs::of(self.piece().iter().filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0'))
    }

    /// Its letters, in capitals, and digits.
    pub fn signs(&self) -> Signs {
        Signs::of(self.piece().iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_uppercase))
    }

    pub(super) fn is_grouped(&self) -> bool {
        self.piece().iter().any(|byte| !byte.is_ascii_alphanumeric())
    }

    /// Whether all that divides its groups is the same sign.
    fn is_evenly_divided(&self) -> bool {
        let mut divided = self.piece().iter().filter(|byte| !byte.is_ascii_alphanumeric());
        let first = divided.next();
        divided.all(|sign| Some(sign) == first)
    }

    fn has_capitals_only(&self) -> bool {
        !self.piece().iter().any(u8::is_ascii_lowercase)
    }

    /// Whether it is no piece of a longer row of numbers, such as a decimal fraction, a date or a UUID.
    pub fn is_apart(&self) -> bool {
        self.begins_apart() && self.ends_apart()
    }

    pub(super) fn begins_apart(&self) -> bool {
        let mut before = self.text[..self.start].iter().rev();
        let (first, second) = (before.next(), before.next());
        // `ref:123`, `id-123` and `/123` are how logs write; digits on both sides of a joint are one number.
        let comes_from = first.is_some_and(is_joint) && second.is_some_and(u8::is_ascii_digit);
        !comes_from && first != Some(&b'_')
    }

    pub(super) fn ends_apart(&self) -> bool {
        let mut after = self.text[self.end..].iter();
        let goes_on = after.next().is_some_and(is_joint) && after.next().is_some_and(u8::is_ascii_alphanumeric);
        !goes_on || self.ends_a_sentence()
    }

    /// `12345678.Next`: a full stop that nobody put a blank behind; `07700 900123-ask for Wren`: a dash.
    fn ends_a_sentence(&self) -> bool {
        match &self.text[self.end..] {
            [b'.' | b':' | b'/', letter, ..] => letter.is_ascii_alphabetic(),
            [b'-', rest @ ..] => begins_with_a_word(rest),
            _ => false,
        }
    }

    pub(super) fn is_money(&self) -> bool {
        let before = self.text[..self.start].trim_ascii_end();
        before.ends_with(b"\xc2\xa3") || before.ends_with(b"$") || before.ends_with(b"\xe2\x82\xac")
    }
}

/// Whether what stands on its both sides may be one number.
pub(super) fn is_joint(byte: &u8) -> bool {
    b".-/_:".contains(byte)
}

/// Letters of a word that is looked at behind a dash, at most.
const WORD_BYTES_MAX: usize = 24;

/// Whether a text begins with a word, and not with another group of a reference: a UUID's groups have letters up to `f`, and what ends
/// other references is a single letter or of capitals.
fn begins_with_a_word(text: &[u8]) -> bool {
    let length = text.iter().take(WORD_BYTES_MAX).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (word, behind) = text.split_at(length);
    length > 1
        && word[length - 1].is_ascii_lowercase()
        && word.iter().any(|byte| !byte.is_ascii_hexdigit())
        && !behind.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// Letters or digits, few of them.
pub struct Signs {
    signs: [u8; SIGNS_MAX],
    count: usize,
}

impl Signs {
    fn of(all: impl Iterator<Item = u8>) -> Self {
        let mut signs = Signs { signs: [0; SIGNS_MAX], count: 0 };
        for sign in all.take(SIGNS_MAX) {
            signs.signs[signs.count] = sign;
            signs.count += 1;
        }
        signs
    }
}

impl std::ops::Deref for Signs {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.signs[..self.count]
    }
}

pub(super) fn if_(holds: bool, evidence: Evidence) -> Evidence {
    if holds { evidence } else { Evidence::None }
}

/// Digits all the same, or each one more than the last: what people type where they must type something.
pub(super) fn is_dummy(digits: &[u8]) -> bool {
    let steps = |by: u8| digits.windows(2).all(|pair| pair[1] == (pair[0] + by) % 10);
    steps(0) || steps(1)
}

/// Bytes before a candidate in which a check looks for words.
const NEAR_BYTES: usize = 48;
/// Signs between a word and what it is right before, at most.
const SIGNS_BETWEEN_MAX: usize = 4;

/// Whether a word is one of a list, whatever its case.
fn is_one(word: &[u8], list: &[&str]) -> bool {
    list.iter().any(|one| word.eq_ignore_ascii_case(one.as_bytes()))
}

/// The word that a text ends with but for a few signs; empty where digits stand there.
fn last_word(text: &[u8]) -> &[u8] {
    let signs = text.iter().rev().take(SIGNS_BETWEEN_MAX).take_while(|byte| !byte.is_ascii_alphanumeric()).count();
    let text = &text[..text.len() - signs];
    let length = text.iter().rev().take(WORD_BYTES_MAX).take_while(|byte| byte.is_ascii_alphabetic()).count();
    &text[text.len() - length..]
}

/// The last words of a text, the last first.
fn words_before(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let near = &text[text.len().saturating_sub(NEAR_BYTES)..];
    near.rsplit(|byte| !byte.is_ascii_alphabetic()).filter(|word| !word.is_empty())
}

/// With its last letter hardly anything else looks so; without it much does.
pub fn nino(seen: &Candidate<'_>) -> Evidence {
    let signs = seen.signs();
    let prefix = [signs[0], signs[1]];
    let is_issued = ![*b"BG", *b"GB", *b"KN", *b"NK", *b"NT", *b"TN", *b"ZZ"].contains(&prefix);
    let evidence = if signs.len() == 9 { Proven } else { Shape };
    if_(is_issued && seen.is_apart(), evidence)
}

/// The same as forms with a box for each sign have it: `M M 4 7 1 2 0 9 C`. A longer row of boxes is something else.
pub fn nino_boxes(seen: &Candidate<'_>) -> Evidence {
    let is_sign = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let goes_on =
        matches!(&seen.text[seen.end..], [b' ', sign, rest @ ..] if is_sign(Some(sign)) && !is_sign(rest.first()));
    let comes_from =
        matches!(&seen.text[..seen.start], [front @ .., sign, b' '] if is_sign(Some(sign)) && !is_sign(front.last()));
    match nino(seen) {
        Evidence::None => Evidence::None,
        Proven if seen.has_capitals_only() && !goes_on && !comes_from => Likely,
        _ => Shape,
    }
}

/// A temporary reference: a digit, and a letter in its third place.
pub fn temporary(seen: &Candidate<'_>) -> Evidence {
    if_(seen.is_apart(), Shape)
}

/// The check digit holds for one number in eleven: groups of 3, 3 and 4, or a range that is issued, must speak for it too.
pub fn nhs(seen: &Candidate<'_>) -> Evidence {
    let digits = seen.digits();
    if !checks::nhs(&digits) || is_dummy(&digits) || !seen.is_apart() || !seen.is_evenly_divided() {
        return Evidence::None;
    }
    let front = digits[..3].iter().fold(0, |number, digit| number * 10 + u32::from(*digit));
    let day = digits[0] * 10 + digits[1];
    let is_chi = front <= 311 && (1..=31).contains(&day) && (1..=12).contains(&(digits[2] * 10 + digits[3]));
    let is_range = is_chi || matches!(front, 320..=499 | 600..=799 | 900..=999);
    if seen.is_grouped() || is_range { Likely } else { Shape }
}

/// One number in eleven passes, and the numbers of much else have ten digits: only `K` at its end speaks for itself.
pub fn utr(seen: &Candidate<'_>) -> Evidence {
    let has_letter = seen.piece().last().is_some_and(|byte| byte.eq_ignore_ascii_case(&b'k'));
    if_(checks::utr(&seen.digits()) && seen.is_apart(), if has_letter { Likely } else { Shape })
}

/// `GB` and a check digit are enough; government departments (`GD`) and health authorities (`HA`) have none.
pub fn vat(seen: &Candidate<'_>) -> Evidence {
    let (signs, digits) = (seen.signs(), seen.digits());
    let has_country = signs.starts_with(b"GB") || signs.starts_with(b"XI");
    let holds = matches!(digits.len(), 9 | 12) && checks::vat(&digits[..9]);
    if_(holds && seen.is_apart(), if has_country { Proven } else { Shape })
}

/// Nothing but a shape.
pub fn shape(seen: &Candidate<'_>) -> Evidence {
    if_(seen.is_apart() && !seen.is_money(), Shape)
}

/// Words that a passport's letters and digits stand behind where a blank divides them.
const PASSPORT_WORDS: &[&str] = &["passport", "passports", "document", "pp", "ppt", "hmpo"];
/// What is no letters of a passport there: `PASSPORT NO 1234567`.
const NO_LETTERS: &[&str] = &["no", "nr", "id", "is"];

/// Nothing but a shape; a blank between letters and digits behind a word alone.
pub fn passport(seen: &Candidate<'_>) -> Evidence {
    let piece = seen.piece();
    let letters = piece.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let is_divided = letters > 0 && piece.get(letters) == Some(&b' ');
    let is_written = || {
        let mut words = words_before(&seen.text[..seen.start]);
        seen.has_capitals_only()
            && !is_one(&piece[..letters], NO_LETTERS)
            && words.any(|word| is_one(word, PASSPORT_WORDS))
    };
    if_(!is_divided || is_written(), shape(seen))
}

/// Digits of an account's number, and those of older accounts of building societies.
const ACCOUNT_DIGITS: usize = 8;
const SHORT_ACCOUNT_DIGITS: usize = 7;
/// Pairs of digits of a sort code and of an account.
const SORT_CODE_PAIRS: usize = 3;
const ACCOUNT_PAIRS: usize = 4;

/// Words right before a sort code.
const SORT_CODE_WORDS: &[&str] = &["code", "codes", "sortcode", "sc", "sort"];
/// Words behind `sort` with which it speaks of an order.
const ORDERS: &[&str] =
    &["order", "orders", "by", "key", "keys", "field", "fields", "column", "columns", "index", "position"];
/// Words behind `sort` with which it speaks of one where a word of [`ORDERED`] follows, and as many words at most: `sort out the payment`
/// is none.
const ORDERS_OF: &[&str] = &["out", "of", "the", "them", "these", "all"];
const ORDERED: &[&str] = &["date", "dates", "column", "columns"];
const ORDER_WORDS_MAX: usize = 5;
/// Bytes between a sort code and an account that stands behind it, at most, as far as is looked here.
const ACCOUNT_BEHIND_MAX: usize = 12;
/// Words near `SC 123456` that make it a number of a Scottish charity or company, and words that do not let it be one.
const REGISTERS: &[&str] = &["charity", "charities", "charitable", "oscr", "company", "companies", "registered"];
const BANKS: &[&str] = &["sort", "bank", "account", "acc", "acct", "pay", "paid", "payment"];

/// Pairs of digits with blanks between that go on before a piece and behind it, as far as matters.
fn pairs_around(seen: &Candidate<'_>) -> (usize, usize) {
    let (mut before, mut behind) = (0, 0);
    let mut rest = &seen.text[..seen.start];
    while before <= ACCOUNT_PAIRS
        && let [front @ .., one, two, b' '] = rest
        && one.is_ascii_digit()
        && two.is_ascii_digit()
        && !front.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || is_joint(byte))
    {
        (before, rest) = (before + 1, front);
    }
    let mut rest = &seen.text[seen.end..];
    while behind <= ACCOUNT_PAIRS
        && let [b' ', one, two, after @ ..] = rest
        && one.is_ascii_digit()
        && two.is_ascii_digit()
        && !after.first().is_some_and(u8::is_ascii_alphanumeric)
    {
        (behind, rest) = (behind + 1, after);
    }
    (before, behind)
}

/// Whether a sort code's shape is a piece of an account in pairs, which may stand behind a sort code: `61 28 40 17`.
fn is_of_account(seen: &Candidate<'_>) -> bool {
    if !matches!(seen.piece(), [_, _, b' ', _, _, b' ', ..]) {
        return false;
    }
    let (before, behind) = pairs_around(seen);
    let pairs = before + SORT_CODE_PAIRS + behind;
    let is_labelled = before == 0 && is_one(last_word(&seen.text[..seen.start]), SORT_CODE_WORDS);
    !is_labelled && (pairs == ACCOUNT_PAIRS || pairs == SORT_CODE_PAIRS + ACCOUNT_PAIRS && before > 0)
}

/// Whether eight digits stand a few bytes behind, in one piece, in fours or in pairs: what is before them is a sort code.
fn has_account_behind(seen: &Candidate<'_>) -> bool {
    let behind = &seen.text[seen.end..];
    let between = behind.iter().take(ACCOUNT_BEHIND_MAX + 1).take_while(|byte| !byte.is_ascii_digit()).count();
    if between == 0 || between > ACCOUNT_BEHIND_MAX {
        return false;
    }
    let mut rest = &behind[between..];
    let (length, mut digits) = (digits_at_front(rest), 0);
    while length > 0 && digits < ACCOUNT_DIGITS && digits_at_front(rest) == length {
        digits += length;
        rest = &rest[length..];
        if digits < ACCOUNT_DIGITS {
            rest = match rest {
                [b' ', rest @ ..] => rest,
                [b'-', rest @ ..] if length > 2 => rest,
                _ => break,
            };
        }
    }
    digits == ACCOUNT_DIGITS && !rest.first().is_some_and(u8::is_ascii_alphanumeric)
}

/// Whether the nearest word that may speak for a sort code speaks of an order: `sort order 10-20-30`.
fn is_order(seen: &Candidate<'_>) -> bool {
    let mut behind: &[u8] = b"";
    let mut is_ordered = false;
    for (place, word) in words_before(&seen.text[..seen.start]).enumerate() {
        if is_one(word, &["sort"]) {
            let is_order_of = is_ordered && place <= ORDER_WORDS_MAX && is_one(behind, ORDERS_OF);
            return (is_one(behind, ORDERS) || is_order_of) && !has_account_behind(seen);
        }
        if is_one(word, SORT_CODE_WORDS) {
            return false;
        }
        is_ordered |= is_one(word, ORDERED);
        behind = word;
    }
    false
}

/// Whether it is the number of a Scottish charity or company: `charity no. 1144718 (SC 038262)`.
fn is_of_register(seen: &Candidate<'_>) -> bool {
    let [front @ .., b's' | b'S', b'c' | b'C', b' '] = &seen.text[..seen.start] else { return false };
    let behind = &seen.text[seen.end..seen.text.len().min(seen.end + NEAR_BYTES)];
    let has = |list: &[&str]| words_before(front).chain(words_before(behind)).any(|word| is_one(word, list));
    !seen.is_grouped() && has(REGISTERS) && !has(BANKS) && !has_account_behind(seen)
}

/// Two digits thrice; an account may stand behind a stroke: `20-00-00/55779911`. With dots right behind a word alone.
pub fn sort_code(seen: &Candidate<'_>) -> Evidence {
    let has_account = matches!(&seen.text[seen.end..], [b'/', rest @ ..] if digits_at_front(rest) == ACCOUNT_DIGITS);
    let is_apart = seen.begins_apart() && (has_account || seen.ends_apart());
    let before = &seen.text[..seen.start];
    let is_written = !seen.piece().contains(&b'.') || is_one(last_word(before), SORT_CODE_WORDS);
    let is_other = || is_of_account(seen) || is_order(seen) || is_of_register(seen);
    if_(is_apart && is_written && !seen.is_money() && !is_other(), Shape)
}

/// Whether it may be an account by how it is written: seven digits right behind the words alone, and four pairs that are no piece of a
/// longer row, nor one that counts.
fn is_written_as_account(seen: &Candidate<'_>) -> bool {
    let piece = seen.piece();
    match piece {
        [_, _, b' ', ..] => {
            let pair = |at: usize| 10 * (piece[at] - b'0') + (piece[at + 1] - b'0');
            let step = |at: usize| pair(at + 3).wrapping_sub(pair(at));
            let counts = step(0) == step(3) && step(3) == step(6);
            let (before, behind) = pairs_around(seen);
            !counts && (before == 0 || before == SORT_CODE_PAIRS) && behind == 0
        }
        _ if piece.len() == SHORT_ACCOUNT_DIGITS => {
            let before = &seen.text[..seen.start];
            let mut words = words_before(before);
            let is_number = is_one(last_word(before), &["no", "number", "num"]) && words.next().is_some();
            match (words.next(), words.next()) {
                (Some(b"c" | b"C"), Some(b"a" | b"A")) => is_number,
                (Some(word), _) => is_number && is_one(word, &["account", "acc", "acct", "ac"]),
                _ => false,
            }
        }
        _ => true,
    }
}

/// Words for an account, and what may stand before one of them: `balance of my account`.
const ACCOUNTS: &[&str] = &["account", "acc", "acct", "ac"];
const OWNERS: &[&str] = &["the", "my", "her", "his", "your", "our", "this"];

/// Whether what stands behind is a sum: `the balance of the account was 12345678 pence`, `account balance of 12345678`. Of an account
/// that is named apart from the balance, or by its number, it is the number.
fn is_sum(before: &[u8]) -> bool {
    if !is_one(last_word(before), &["is", "of", "was"]) {
        return false;
    }
    let mut words = words_before(before).skip(1).enumerate();
    while let Some((place, word)) = words.next() {
        let mut next = || words.next().map_or(&b""[..], |(_, word)| word);
        if place == 0 && is_one(word, &["number", "no", "num"]) {
            return false;
        }
        if is_one(word, &["balance"]) {
            return place == 0 && is_one(next(), ACCOUNTS);
        }
        if is_one(word, ACCOUNTS) {
            let front = next();
            let front = if is_one(front, OWNERS) { next() } else { front };
            return is_one(front, &["of"]) && is_one(next(), &["balance"]);
        }
    }
    false
}

/// Eight digits; a sort code and a stroke may stand before them.
pub fn bank_account(seen: &Candidate<'_>) -> Evidence {
    let has_sort_code = match &seen.text[..seen.start] {
        [front @ .., one, two, b'-', three, four, b'-', five, six, b'/'] => {
            let are_digits = [one, two, three, four, five, six].iter().all(|byte| byte.is_ascii_digit());
            are_digits && !front.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || is_joint(byte))
        }
        _ => false,
    };
    let is_apart = (has_sort_code || seen.begins_apart()) && seen.ends_apart();
    let is_sum = || is_sum(&seen.text[..seen.start]);
    if_(is_apart && !seen.is_money() && is_written_as_account(seen) && !is_sum(), Shape)
}

/// How many digits a text begins with, as far as is looked.
pub(super) fn digits_at_front(text: &[u8]) -> usize {
    text.iter().take(SIGNS_MAX).take_while(|byte| byte.is_ascii_digit()).count()
}

/// A district's letters and a number. Apart from its letters, which are capitals then, it is no year: `on the roll in 2019`.
pub fn electoral_roll(seen: &Candidate<'_>) -> Evidence {
    let piece = seen.piece();
    let is_year = matches!(piece, [.., b' ', b'1', b'9', _, _] | [.., b' ', b'2', b'0', _, _]);
    let is_written = !piece.contains(&b' ') || seen.has_capitals_only() && !is_year;
    if_(is_written, shape(seen))
}

/// The second line of a passport's machine-readable zone: the number, the birthday and the day of expiry have check digits.
pub fn machine_readable(seen: &Candidate<'_>) -> Evidence {
    let line = seen.piece();
    let holds = |from: usize, to: usize| checks::machine_readable(&line[from..to], line[to]);
    if_(line.len() == 44 && holds(0, 9) && holds(13, 19) && holds(21, 27), Proven)
}

/// Five signs of the surname, a birthday whose month is 50 later for women, initials. The check signs are not public.
pub fn driving_licence(seen: &Candidate<'_>) -> Evidence {
    let signs = seen.signs();
    if signs.len() < 16 {
        return Evidence::None;
    }
    let letters = signs[..5].iter().take_while(|sign| sign.is_ascii_alphabetic()).count();
    let is_filled = letters >= 1 && signs[letters..5].iter().all(|sign| *sign == b'9');
    let number = |place: usize| signs[place].wrapping_sub(b'0') * 10 + signs[place + 1].wrapping_sub(b'0');
    let (month, day) = (number(6) % 50, number(8));
    let has_initial = signs[11].is_ascii_alphabetic();
    if_(is_filled && has_initial && number(6) < 63 && (1..=12).contains(&month) && (1..=31).contains(&day), Proven)
}

/// A postcode of an area that there is. In small letters and in one piece it may be anything.
pub fn postcode(seen: &Candidate<'_>) -> Evidence {
    let piece = seen.piece();
    let letters = piece.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let signs = seen.signs();
    if !is_area(&piece[..letters]) && !signs.starts_with(b"GIR") || !seen.is_apart() {
        return Evidence::None;
    }
    match (seen.is_grouped(), seen.has_capitals_only()) {
        (true, true) => Proven,
        (true, false) => Likely,
        (false, true) if signs.len() > 5 => Likely,
        _ => Shape,
    }
}

/// What the pattern says is enough.
pub fn likely(seen: &Candidate<'_>) -> Evidence {
    if_(seen.is_apart(), Likely)
}

/// Words behind `birth` and `born` with which they speak of no day on which somebody was.
const OF_BIRTH: &[&str] = &[
    "certificate",
    "certificates",
    "digital",
    "rate",
    "rates",
    "weight",
    "registration",
    "registrations",
    "registered",
    "register",
    "registers",
    "record",
    "records",
    "control",
    "defect",
    "defects",
];
/// Words right before a day with which what is before them says it: `the birth certificate shows 14/03/1960`.
const TELLING: &[&str] =
    &["shows", "showing", "states", "stating", "says", "gives", "confirms", "confirming", "of", "as"];

/// Whether the nearest word that may speak for a birthday is said of a thing, and the day of what came of it: `birth certificate fee from
/// 1 April 2025`. Right before the day it is its label: `birth certificate: 14/03/1960`.
fn is_of_birth_only(before: &[u8]) -> bool {
    let mut behind: &[u8] = b"";
    let mut last: &[u8] = b"";
    for (place, word) in words_before(before).enumerate() {
        if is_one(word, &["birth", "born"]) {
            return place > 1 && is_one(behind, OF_BIRTH) && !is_one(last, TELLING);
        }
        if is_one(word, &["dob", "birthday", "birthdate", "bday", "geni", "ganwyd", "ganed"]) {
            return false;
        }
        if place == 0 {
            last = word;
        }
        behind = word;
    }
    false
}

/// Whether a day is no piece of a longer row of numbers.
fn is_day_apart(seen: &Candidate<'_>) -> bool {
    let (before, after) = (&seen.text[..seen.start], &seen.text[seen.end..]);
    let goes_on = matches!(after, [b'-' | b'/' | b'.', digit, ..] if digit.is_ascii_digit());
    let comes_from = matches!(before, [.., digit, b'-' | b'/' | b'.'] if digit.is_ascii_digit());
    !goes_on && !comes_from
}

/// A day on which somebody may have been born.
pub fn birthday(seen: &Candidate<'_>) -> Evidence {
    let is_day = dates::is_birthday(seen.piece()) && is_day_apart(seen);
    if_(is_day && !is_of_birth_only(&seen.text[..seen.start]), Shape)
}

/// The same with its month in Welsh.
pub fn birthday_welsh(seen: &Candidate<'_>) -> Evidence {
    if_(dates::is_welsh_birthday(seen.piece()) && is_day_apart(seen), Shape)
}

/// The same behind a name and a bracket, or a comma: `(b. 23.4.1952)`.
pub fn birthday_in_brackets(seen: &Candidate<'_>) -> Evidence {
    let before = seen.text[..seen.start].trim_ascii_end();
    let before = before.strip_suffix(b".").unwrap_or(before);
    let is_said = matches!(before, [.., b'(' | b'[', b'b' | b'B'] | [.., b',', b' ', b'b']);
    if_(is_said && dates::is_birthday(seen.piece()) && is_day_apart(seen), Shape)
}

/// The same with a time behind it, as computers write a day: `1985-04-03T00:00:00Z`.
pub fn birthday_and_time(seen: &Candidate<'_>) -> Evidence {
    let day = seen.piece().split(|byte| matches!(byte, b't' | b'T')).next();
    if_(day.is_some_and(dates::is_birthday) && seen.is_apart(), Shape)
}

/// The length of its country and the remainder of one.
pub fn iban(seen: &Candidate<'_>) -> Evidence {
    let piece = seen.piece();
    let Some(length) = checks::iban_length([piece[0], piece[1]]) else { return Evidence::None };
    // A sign between groups of four, at most.
    if !(length..=length + length / 4 + 1).contains(&piece.len()) {
        return Evidence::None;
    }
    let signs = seen.signs();
    let fits = signs.len() == length;
    if_(fits && checks::iban(&signs) && !seen.text.get(seen.end).is_some_and(u8::is_ascii_alphanumeric), Proven)
}

/// The same of digits alone in groups of any size. Its country is in capitals: `no 12` and `at 12` are words.
pub fn iban_grouped(seen: &Candidate<'_>) -> Evidence {
    let (piece, signs) = (seen.piece(), seen.signs());
    let fits = checks::iban_length([piece[0], piece[1]]) == Some(signs.len());
    if_(fits && piece[..2].iter().all(u8::is_ascii_uppercase) && checks::iban(&signs) && seen.is_apart(), Proven)
}

/// The same in the groups of a British or Irish account: a bank's letters, a sort code and a number.
pub fn iban_of_sort_code(seen: &Candidate<'_>) -> Evidence {
    let signs = seen.signs();
    let fits = checks::iban_length([signs[0], signs[1]]) == Some(signs.len());
    if_(fits && checks::iban(&signs) && seen.is_apart(), Proven)
}

/// An issuer's number with Luhn's sum. Numbers of thirteen digits are those of goods and of moments too.
pub fn card(seen: &Candidate<'_>) -> Evidence {
    let digits = seen.digits();
    let fits = checks::card(&digits) && !is_dummy(&digits) && seen.is_evenly_divided() && seen.is_apart();
    if_(fits && !seen.is_money(), if digits.len() < 14 { Shape } else { Proven })
}

/// Words that are said of a mark alone, where they stand right before it.
const MARK_WORDS: &[&str] = &["reg", "registration", "vrm", "vrn", "plate", "no", "number", "mark"];
/// Words that look like the letters of a mark: `ON 12 DEC`.
const NO_MARKS: &[&str] = &["am", "as", "at", "by", "in", "is", "no", "of", "on", "or", "pm", "to", "up", "we"];
/// Words right before a year.
const YEAR_WORDS: &[&str] = &["by", "during", "from", "in", "of", "since", "to", "until", "year"];

fn is_behind_mark_word(seen: &Candidate<'_>) -> bool {
    is_one(last_word(&seen.text[..seen.start]), MARK_WORDS)
}

/// Whether letters, digits and letters are of a mark that was issued: a half-year, no `I` and no `Q`.
fn is_issued_mark(signs: &[u8]) -> bool {
    let age = (signs[2] - b'0') * 10 + signs[3] - b'0';
    matches!(age, 2..=29 | 51..=79) && !signs.iter().any(|sign| b"IQ".contains(sign)) && signs[0] != b'Z'
}

/// Two letters, a half-year and three letters, as issued since 2001. Source: DVLA INF104, "Vehicle registration numbers".
pub fn vehicle(seen: &Candidate<'_>) -> Evidence {
    match (seen.is_apart(), seen.has_capitals_only()) {
        (false, _) => Evidence::None,
        (true, true) if is_issued_mark(&seen.signs()) => Likely,
        (true, _) => Shape,
    }
}

/// The same with a blank before the half-year, as words and days have it too: no month, and small letters or a word's right behind a word
/// for marks alone.
pub fn vehicle_spaced(seen: &Candidate<'_>) -> Evidence {
    let signs = seen.signs();
    let is_month = dates::month(&signs[4..]).is_some();
    let is_written = match (seen.has_capitals_only(), is_one(&signs[..2], NO_MARKS)) {
        (true, false) => true,
        (false, true) => false,
        _ => is_behind_mark_word(seen),
    };
    if_(is_issued_mark(&signs) && !is_month && is_written && seen.is_apart(), Shape)
}

/// Whether a mark's shape is a year (`January 2025 I`), a day (`JAN 22`, `12 JAN`, `ON 12`) or a road (`M25`).
fn is_day_or_road(seen: &Candidate<'_>) -> bool {
    let piece = seen.piece();
    if let [b'1', b'9', _, _, b' ', rest @ ..] | [b'2', b'0', _, _, b' ', rest @ ..] = piece {
        let word = last_word(&seen.text[..seen.start]);
        return is_one(rest, &["a", "i"]) || dates::month(word).is_some() || is_one(word, YEAR_WORDS);
    }
    if matches!(digits_at_front(piece), 1 | 2) {
        return dates::month(last_word(piece)).is_some();
    }
    let (letters, behind) = piece.split_at(piece.iter().take_while(|byte| byte.is_ascii_alphabetic()).count());
    match behind {
        [b' ' | b'-', number @ ..] if number.iter().all(u8::is_ascii_digit) => {
            dates::month(letters).is_some() || is_one(letters, NO_MARKS)
        }
        number => number.iter().all(u8::is_ascii_digit) && is_one(letters, &["a", "b", "m"]),
    }
}

/// Marks of other years look like much else: in capitals only.
pub fn vehicle_older(seen: &Candidate<'_>) -> Evidence {
    // No mark's number begins with a nought: `FOR 0600` is a time.
    let number = seen.piece().iter().position(u8::is_ascii_digit).map_or(b'0', |first| seen.piece()[first]);
    let fits = seen.has_capitals_only() && number != b'0' && seen.is_apart();
    if_(fits && (is_behind_mark_word(seen) || !is_day_or_road(seen)), Shape)
}

/// The letter is the sum of the digits.
pub fn upn(seen: &Candidate<'_>) -> Evidence {
    if_(checks::upn(&seen.signs()) && seen.is_apart(), Proven)
}

/// The check digit and a distributor that there is; in one piece one number in fifty passes.
pub fn mpan(seen: &Candidate<'_>) -> Evidence {
    let digits = seen.digits();
    let Some(core) = digits.len().checked_sub(13).map(|from| &digits[from..]) else { return Evidence::None };
    let is_distributor = matches!(core[0] * 10 + core[1], 10..=31);
    let fits = checks::mpan(core) && is_distributor && seen.is_apart();
    if_(fits, if seen.is_grouped() || digits.len() == 21 { Proven } else { Shape })
}

/// Two check digits.
pub fn mprn(seen: &Candidate<'_>) -> Evidence {
    let digits = seen.digits();
    if_(checks::mprn(&digits) && !is_dummy(&digits) && seen.is_apart(), Shape)
}

/// Divisions of a document and what has versions: their numbers have dots.
const DIVISIONS: &[&str] = &[
    "annex",
    "annexe",
    "appendice",
    "appendix",
    "article",
    "chapter",
    "clause",
    "fig",
    "figure",
    "firmware",
    "para",
    "paragraph",
    "release",
    "schedule",
    "section",
    "subclause",
    "subparagraph",
    "subsection",
    "supersede",
    "version",
];
/// What a version stands behind, and addresses seldom: a word for an address speaks against it.
const VERSIONED: &[&str] = &["build", "driver", "table"];
/// What becomes another version `from` one.
const CHANGES: &[&str] = &["bumped", "changed", "go", "going", "gone", "moved", "moving", "went"];
const UPGRADES: &[&str] = &["upgrade", "upgraded", "upgrading"];
/// What an address may stand behind with a colon: `net/client:10.2.3.4` names no container image.
const HOSTS: &[&str] = &[
    "addr", "address", "client", "dst", "from", "gateway", "host", "ip", "node", "peer", "remote", "server", "source",
    "src",
];
/// A first number of so much is no division's and no version's, and most addresses have one.
const NUMBER_MAX: u8 = 100;
/// And every number of a version that nothing else speaks for is below that, and the first of one behind a path below this.
const VERSION_MAX: u8 = 20;
const VERSION_BEGIN_MAX: u8 = 10;

/// What the name of a container image and a colon right before leave of an address: nothing of `image: registry/app:1.18.4.2`. A path
/// alone may be a log's name of who wrote the line.
fn behind_image(before: &[u8], numbers: [u8; 4]) -> Evidence {
    let Some(before) = before.strip_suffix(b":") else { return Likely };
    let is_of_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'-' || **byte == b'_';
    let length = before.iter().rev().take(NEAR_BYTES).take_while(is_of_name).count();
    let (front, name) = before.split_at(before.len() - length);
    let is_path = matches!(front, [.., sign, b'/'] if sign.is_ascii_alphanumeric());
    let last = name.rsplit(|byte| !byte.is_ascii_alphanumeric()).next().unwrap_or(name);
    if length == 0 || is_one(last, HOSTS) {
        return Likely;
    }
    let is_of_path = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_/.:".contains(*byte);
    let path_length = before.iter().rev().take(NEAR_BYTES).take_while(is_of_path).count();
    let (front_of_path, path) = before.split_at(before.len() - path_length);
    let is_image = |word: &[u8]| is_one(word, &["image", "images"]);
    let is_said = is_image(last_word(front)) || is_image(last_word(front_of_path));
    let is_labelled = path.split(|byte| *byte == b':').rev().skip(1).any(is_image);
    let is_quoted = || matches!(front_of_path, [.., b'"' | b'\'' | b'`']);
    // A recipe of an image, where names have small letters only.
    let is_built = || front_of_path.ends_with(b"FROM ") && !path.iter().any(u8::is_ascii_uppercase);
    match is_path {
        _ if is_said || is_labelled => Evidence::None,
        true if is_quoted() || is_built() => Evidence::None,
        true if numbers[0] < VERSION_BEGIN_MAX => Shape,
        _ => Likely,
    }
}

/// Whether ` to ` and a dotted number begin a text: what stands before it is the version that was.
fn begins_with_next_version(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b" to ") else { return false };
    let rest = rest.strip_prefix(b"v").unwrap_or(rest);
    let length = digits_at_front(rest);
    length > 0 && matches!(rest[length..], [b'.', digit, ..] if digit.is_ascii_digit())
}

/// What speaks for an address among dotted numbers, by the words before it: nothing behind `Clauses 14.2.3.1 and`, `from 10.2.3 to` or
/// the name of an image, little behind `driver`.
fn dotted(seen: &Candidate<'_>, numbers: [u8; 4]) -> Evidence {
    let before = &seen.text[..seen.start];
    let of_image = behind_image(before, numbers);
    if of_image != Likely {
        return of_image;
    }
    let mut is_version = numbers.iter().all(|number| *number < VERSION_MAX);
    let near = &before[before.len().saturating_sub(NEAR_BYTES)..];
    let near = near.rsplit(|byte| b":;\n".contains(byte)).next().unwrap_or(near);
    let (mut is_behind_to, mut is_behind_from) = (false, false);
    for word in near.rsplit(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'.')) {
        let word = word.strip_suffix(b".").unwrap_or(word);
        let dots = word.iter().filter(|byte| **byte == b'.').count();
        if word.is_empty() || is_one(word, &["and", "or"]) {
            continue;
        }
        if word[0].is_ascii_digit() {
            // `Section 3, 10.0.0.1`: a number without a dot is none of the same row.
            if dots == 0 || !word.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') {
                return Likely;
            }
            if is_behind_to && dots == 2 {
                return Evidence::None;
            }
            (is_behind_to, is_version) = (false, true);
        } else if is_one(word, &["to"]) {
            is_behind_to = true;
        } else if is_one(word, &["from"]) {
            is_behind_from = true;
        } else if is_behind_from && is_one(word, CHANGES) {
            continue;
        } else {
            let word = word.strip_suffix(b"s").unwrap_or(word);
            return match is_one(word, UPGRADES) {
                true if is_behind_from && (is_version || begins_with_next_version(&seen.text[seen.end..])) => {
                    Evidence::None
                }
                true if is_behind_from => Likely,
                true => Shape,
                false if is_one(word, DIVISIONS) => Evidence::None,
                false if is_one(word, VERSIONED) => Shape,
                false => Likely,
            };
        }
    }
    Likely
}

/// Four numbers up to 255. Four of one digit are a version sooner than an address, unless they come in twos: `8.8.4.4`.
pub fn ip_v4(seen: &Candidate<'_>) -> Evidence {
    let address = std::str::from_utf8(seen.piece()).ok().and_then(|piece| piece.parse::<Ipv4Addr>().ok());
    let goes_on = matches!(seen.text[seen.end..], [b'.' | b'-', digit, ..] if digit.is_ascii_digit());
    let comes_from = matches!(seen.text[..seen.start], [.., b'.' | b'-' | b'_']);
    let Some(numbers) = address.filter(|address| !address.is_unspecified()).map(|address| address.octets()) else {
        return Evidence::None;
    };
    if goes_on || comes_from {
        return Evidence::None;
    }
    if numbers[0] >= NUMBER_MAX {
        return Likely;
    }
    let is_short = numbers.iter().all(|number| *number < 10);
    let is_in_twos = numbers[0] == numbers[1] && numbers[2] == numbers[3];
    match dotted(seen, numbers) {
        Likely if is_short && !is_in_twos => Shape,
        evidence => evidence,
    }
}

/// Eight groups, or fewer and `::`; the last two may be written as an address of version 4. Eight pairs are a card's hardware address.
pub fn ip_v6(seen: &Candidate<'_>) -> Evidence {
    let piece = seen.piece();
    let colons = piece.iter().filter(|byte| **byte == b':').count();
    let is_whole = colons == if piece.contains(&b'.') { 6 } else { 7 };
    let is_of_pairs = piece.split(|byte| *byte == b':').all(|group| group.len() == 2);
    let has_shape = is_whole && !is_of_pairs || piece.windows(2).any(|pair| pair == b"::");
    let address =
        std::str::from_utf8(piece).ok().filter(|_| has_shape).and_then(|piece| piece.parse::<Ipv6Addr>().ok());
    let goes_on = seen.text.get(seen.end).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b':');
    if_(address.is_some_and(|address| !address.is_unspecified()) && !goes_on, Proven)
}

/// Six pairs, or eight, and no more: a certificate's serial number has twenty. Digits alone with another sign than a colon between are
/// any number.
pub fn mac(seen: &Candidate<'_>) -> Evidence {
    let goes_on = matches!(seen.text[seen.end..], [b':' | b'-', digit, ..] if digit.is_ascii_hexdigit());
    let comes_from = matches!(seen.text[..seen.start], [.., digit, b':' | b'-'] if digit.is_ascii_hexdigit());
    let is_written = seen.piece().iter().any(|byte| byte.is_ascii_alphabetic() || *byte == b':');
    if_(!goes_on && !comes_from && seen.is_apart(), if is_written { Proven } else { Shape })
}

/// The same in one piece or with blanks between, as any hexadecimal number is written: with a letter at least.
pub fn mac_bare(seen: &Candidate<'_>) -> Evidence {
    let piece = seen.piece();
    let is_row = piece.contains(&b' ');
    let goes_on = is_row && matches!(&seen.text[seen.end..], [b' ', rest @ ..] if is_group(rest.iter()));
    let comes_from = is_row && matches!(&seen.text[..seen.start], [rest @ .., b' '] if is_group(rest.iter().rev()));
    let has_letter = piece.iter().any(u8::is_ascii_alphabetic);
    if_(has_letter && !goes_on && !comes_from && seen.is_apart(), Shape)
}

/// Whether the next word may be a group of a hexadecimal number: a pair, or more with a digit among them.
fn is_group<'a>(signs: impl Iterator<Item = &'a u8>) -> bool {
    let (mut count, mut digits) = (0, 0);
    for sign in signs.take(SIGNS_MAX).take_while(|sign| sign.is_ascii_alphanumeric()) {
        if !sign.is_ascii_hexdigit() {
            return false;
        }
        count += 1;
        digits += usize::from(sign.is_ascii_digit());
    }
    count == 2 || digits > 0
}

/// Luhn's sum; in groups of 2, 6, 6 and 1 it speaks for itself.
pub fn imei(seen: &Candidate<'_>) -> Evidence {
    let digits = seen.digits();
    let fits = digits.len() == 15 && checks::luhn(&digits) && !is_dummy(&digits) && seen.is_apart();
    if_(fits, if seen.is_grouped() { Likely } else { Shape })
}
