//! Digits -> where a number may begin -> one automaton over all patterns -> candidates.
//!
//! Most of a text is no number, so only where a digit stands is anything tried. What begins there may have begun earlier: with the letters
//! of the same word, with a short word before it (`AB 12 34 56 C`), with `+` or `(`, with groups that have no digit (`ab-cd-ef-01-02-03`).
//! From each such place the automaton, which holds every pattern of the table, is walked once. Of short texts that differ in their digits
//! alone one is walked for all, where nothing comes of it.

use super::blocks::position;
use super::context::{Hearing, Surroundings};
use super::normal::look;
use super::patterns::{PIECE_BYTES_MAX, Patterns, Walk};
use super::skeleton::{Known, Skeleton, Skeletons};
use super::{Finding, Scored, is_among};
use crate::privacy::recognise::{Candidate, Evidence, Kind, Pair, RECOGNISERS, Recogniser, pair};

/// Letters and digits of one word before a digit, at most: a longer one is no identifier.
pub(super) const WORD_BYTES_MAX: usize = 24;
/// Letters of a word of its own that a number may begin with; names of months may be longer.
const PREFIX_BYTES_MAX: usize = 5;
const MONTH_BYTES_MAX: usize = 9;
/// Letters and digits of one group of an address, and groups of one, at most.
const HEX_GROUP_BYTES_MAX: usize = 4;
const HEX_GROUPS_MAX: usize = 8;
/// Bytes between a sort code and its account number, at most.
const PAIR_BYTES_MAX: usize = 40;
/// Bytes between both where nothing else can be meant by the one behind, at most; and candidates that begin between, as far as is looked.
const NEAR_BYTES_MAX: usize = 3;
const NEAR_CANDIDATES_MAX: usize = 8;
/// Bytes of both, at least.
const PAIR_BYTES_MIN: usize = 14;

/// What the parts of evidence come to.
const SHAPE: f32 = 0.3;
const LIKELY: f32 = 0.6;
const PROVEN: f32 = 0.85;
/// What words must add to a reading to speak for it, and what a reading loses beside one that they speak for.
const NAMED: f32 = 0.2;
const UNNAMED: f32 = 0.4;
/// What a pair of sort code and account adds to both.
const PAIRED: f32 = 0.35;

/// Every pattern of the table at once.
pub struct Automaton {
    table: Patterns,
    of_any_digit: Patterns,
    /// Rows that need a word nearby; and those of them that may be a pair: of sort codes, of accounts.
    in_need: u64,
    pair: [u64; 2],
}

/// What one thread needs to look.
pub struct Work {
    walk: Walk,
    /// The same for patterns of any digit, and what they told.
    of_any_digit: Walk,
    skeletons: Skeletons,
    hearing: Hearing,
    pub(super) scored: Vec<Scored>,
    /// Room for findings.
    pub found: Vec<Finding>,
}

#[cfg(test)]
impl Work {
    /// Walks every text, whatever its like told.
    pub fn forget_skeletons(&mut self) {
        self.skeletons = Skeletons::none();
    }

    /// Whether nothing came of the like of the text, which was looked at just now.
    pub fn is_quiet(&mut self, text: &str) -> bool {
        matches!(self.skeletons.ask(text.as_bytes()), Known::Quiet(true))
    }

    /// Bytes that patterns were tried over and in which words were heard, since this was last asked.
    pub fn take_steps(&mut self) -> usize {
        let walked = std::mem::take(&mut self.walk.steps) + std::mem::take(&mut self.of_any_digit.steps);
        walked + std::mem::take(&mut self.hearing.steps)
    }
}

impl Automaton {
    /// Compiles the patterns.
    pub fn new() -> Option<Self> {
        let rows = |are: fn(&Recogniser) -> bool| {
            RECOGNISERS.iter().enumerate().filter(|(_, row)| are(row)).fold(0, |rows, (place, _)| rows | 1 << place)
        };
        let pair = [rows(|row| row.kind == Kind::SortCode), rows(|row| row.kind == Kind::BankAccount)];
        let (table, of_any_digit) = (Patterns::of_table()?, Patterns::of_any_digit()?);
        Some(Automaton { table, of_any_digit, in_need: rows(Recogniser::needs_word), pair })
    }

    /// For one thread.
    pub fn work(&self) -> Work {
        Work {
            walk: self.table.begin(),
            of_any_digit: self.of_any_digit.begin(),
            skeletons: Skeletons::default(),
            hearing: Hearing::default(),
            scored: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Candidates that begin anywhere in the text.
    pub fn find(&self, context: &Surroundings<'_>, work: &mut Work, scored: &mut Vec<Scored>) {
        work.hearing.forget();
        if self.is_quiet(context, work) {
            return;
        }
        each_begin(context.text, |start| {
            self.table.walk(context.text, start, &mut work.walk);
            self.judge(context, start, work, scored)
        });
    }

    /// Whether nothing can come of a text, whatever its digits are, as is known of its skeleton.
    fn is_quiet(&self, context: &Surroundings<'_>, work: &mut Work) -> bool {
        // What speaks for a row lets more come of it.
        if !context.header.is_silent() {
            return false;
        }
        match work.skeletons.ask(context.text) {
            Known::Quiet(is_quiet) => is_quiet,
            Known::Nothing => false,
            Known::New(skeleton) => {
                let is_quiet = self.is_quiet_skeleton(context, &skeleton, work);
                work.skeletons.keep(skeleton, is_quiet);
                is_quiet
            }
        }
    }

    /// No pattern matches but those of which nothing can come. What is heard and where numbers may begin hangs on no digit.
    fn is_quiet_skeleton(&self, context: &Surroundings<'_>, skeleton: &Skeleton, work: &mut Work) -> bool {
        let (bytes, length) = skeleton.text();
        let context = Surroundings { text: &bytes[..length], ..*context };
        let mut matching = 0;
        each_begin(context.text, |start| {
            self.of_any_digit.walk(context.text, start, &mut work.of_any_digit);
            matching |= work.of_any_digit.ends.iter().fold(0, |rows, (row, _)| rows | 1 << row);
            0
        });
        // One without the other is no pair.
        let lonely = if self.pair.iter().all(|one| matching & one != 0) { 0 } else { self.pair[0] | self.pair[1] };
        let heard = work.hearing.may_be_heard(&context);
        let pointless = self.pointless(&context, &mut work.hearing) | lonely & !heard;
        matching & !pointless == 0
    }

    /// Candidates among what matches from `start`; gives the end of one that nothing can better, or 0.
    fn judge(&self, context: &Surroundings<'_>, start: usize, work: &mut Work, scored: &mut Vec<Scored>) -> usize {
        let (mut certain, first) = (0, scored.len());
        // By pattern, the longest first.
        work.walk.ends.sort_unstable_by_key(|(row, end)| (*row, usize::MAX - end));
        let mut taken = usize::MAX;
        let pointless = if work.walk.ends.is_empty() { 0 } else { self.pointless(context, &mut work.hearing) };
        for index in 0..work.walk.ends.len() {
            let (row, end) = work.walk.ends[index];
            if row == taken || pointless >> row & 1 == 1 {
                continue;
            }
            let recogniser = &RECOGNISERS[row];
            let evidence = (recogniser.check)(&Candidate { text: context.text, start, end });
            let base = match evidence {
                Evidence::None => continue,
                Evidence::Shape => SHAPE,
                Evidence::Likely => LIKELY,
                Evidence::Proven => PROVEN,
            };
            debug_assert!(evidence <= Evidence::Shape || !recogniser.needs_word());
            taken = row;
            let weight = work.hearing.weight(context, start, end, row);
            let score = base + weight;
            scored.push(Scored { start, end, kind: recogniser.kind, score, row, is_named: weight >= NAMED });
            if evidence == Evidence::Proven && score >= PROVEN {
                certain = certain.max(end);
            }
        }
        prefer_named(&mut scored[first..]);
        certain
    }

    /// Rows of which nothing can come: they need a word, and there is none.
    fn pointless(&self, context: &Surroundings<'_>, hearing: &mut Hearing) -> u64 {
        let heard = hearing.may_be_heard(context);
        // A sort code and an account number may speak for one another: where one is written with hyphens, or a word says what one is.
        let pair = self.pair[0] | self.pair[1];
        let is_silent = || heard & pair == 0 && !context.text.contains(&b'-') && !holds_word_of_bank(context.text);
        let is_no_pair = context.text.len() < PAIR_BYTES_MIN || is_silent();
        (self.in_need | if is_no_pair { pair } else { 0 }) & !heard
    }

    /// Rows whose pattern is the whole text, and whether their check holds.
    pub fn whole(&self, text: &[u8], work: &mut Work, told: &mut dyn FnMut(usize, bool)) {
        if text.is_empty() || text.len() > PIECE_BYTES_MAX || !look(text).has_digit {
            return;
        }
        self.table.walk(text, 0, &mut work.walk);
        for (row, _) in work.walk.ends.iter().filter(|(_, end)| *end == text.len()) {
            let candidate = Candidate { text, start: 0, end: text.len() };
            told(*row, (RECOGNISERS[*row].check)(&candidate) != Evidence::None);
        }
    }
}

/// Of two readings of one piece, or of a piece and its front, the one that a word speaks for: it says more than a check digit.
fn prefer_named(readings: &mut [Scored]) {
    for place in 0..readings.len() {
        let end = readings[place].end;
        if !readings[place].is_named && readings.iter().any(|other| other.is_named && other.end >= end) {
            readings[place].score -= UNNAMED;
        }
    }
}

/// Tries every place of a text where a number may begin; `tried` gives the end of what nothing can better, or 0.
fn each_begin(text: &[u8], mut tried: impl FnMut(usize) -> usize) {
    let (mut at, mut hex_end, mut word_before, mut is_long_row) = (0, 0, None, false);
    while let Some(digit) = position(text, at, b'0'..=b'9', |byte| byte.is_ascii_digit()) {
        let word = begin_of_word(text, digit);
        let digits =
            text[digit..].iter().position(|byte| !byte.is_ascii_digit()).map_or(text.len(), |next| digit + next);
        let mut end = digits;
        let mut starts = [word; 7];
        let mut count = 0;
        // A word of letters and digits in turn is tried once, and not again for each run of its digits.
        if digit - word < WORD_BYTES_MAX && word_before != Some(word) {
            word_before = Some(word);
            count = 1;
            // A row of groups is tried from its front once, and not again from there for each of its groups.
            let (hex, is_inside) = if word >= hex_end { begin_of_hex(text, word) } else { (None, false) };
            if hex.is_some() || is_inside {
                hex_end = end_of_hex(text, word);
                is_long_row = hex_end - word >= PIECE_BYTES_MAX;
            }
            // A row longer than any address has none in it, and its groups begin nothing else.
            if is_long_row && word < hex_end && end - word <= HEX_GROUP_BYTES_MAX {
                at = end;
                continue;
            }
            let [plus, bracket] = begin_with_sign(text, word);
            let prefix = begin_with_prefix(text, word);
            let others = [prefix, begin_of_boxes(text, word), plus, bracket, hex, begin_of_groups(text, word)];
            for other in others.into_iter().flatten() {
                starts[count] = other;
                count += 1;
            }
        }
        for start in &starts[..count] {
            end = end.max(tried(*start));
        }
        // The other digits of this word begin nothing: a number that holds them has been tried from the word's front.
        let end_of_word = text[digits..].iter().position(|byte| !byte.is_ascii_alphanumeric());
        at = end.max(end_of_word.map_or(text.len(), |next| digits + next));
    }
}

/// Where the word that holds a digit begins.
pub(super) fn begin_of_word(text: &[u8], digit: usize) -> usize {
    let from = digit.saturating_sub(WORD_BYTES_MAX);
    text[from..digit].iter().rposition(|byte| !byte.is_ascii_alphanumeric()).map_or(from, |before| from + before + 1)
}

/// Where a short word of letters before it begins, with one sign between.
fn begin_with_prefix(text: &[u8], word: usize) -> Option<usize> {
    let end = word.checked_sub(1).filter(|end| b" .-/".contains(&text[*end]))?;
    let from = end.saturating_sub(MONTH_BYTES_MAX + 1);
    let start =
        text[from..end].iter().rposition(|byte| !byte.is_ascii_alphabetic()).map_or(from, |before| from + before + 1);
    let is_apart = start == 0 || !(text[start - 1].is_ascii_alphanumeric() || text[start - 1] >= 0x80);
    let length = end - start;
    let is_month = length >= 3 && b"jfmasond".contains(&text[start].to_ascii_lowercase());
    (is_apart && length > 0 && (length <= PREFIX_BYTES_MAX || length <= MONTH_BYTES_MAX && is_month)).then_some(start)
}

/// Where two letters before it begin that are words of their own, as in the boxes of a form: `M M 4 7 1 2 0 9 C`.
fn begin_of_boxes(text: &[u8], word: usize) -> Option<usize> {
    match &text[..word] {
        [front @ .., one, b' ', two, b' '] if one.is_ascii_alphabetic() && two.is_ascii_alphabetic() => {
            let is_apart = !front.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80);
            is_apart.then_some(front.len())
        }
        _ => None,
    }
}

/// Where `+` before it begins, and where `(` before that.
fn begin_with_sign(text: &[u8], word: usize) -> [Option<usize>; 2] {
    match text[..word] {
        [.., b'(', b'+'] => [Some(word - 1), Some(word - 2)],
        [.., b'+'] | [.., b'('] => [Some(word - 1), None],
        [.., b'(', b' '] | [.., b'+', b' '] => [Some(word - 2), None],
        _ => [None, None],
    }
}

/// Where a row of groups with colons before it begins, and whether it goes back further than any address.
fn begin_of_hex(text: &[u8], word: usize) -> (Option<usize>, bool) {
    if !text[..word].ends_with(b":") {
        return (None, false);
    }
    let from = word.saturating_sub(PIECE_BYTES_MAX);
    let is_hex = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b':';
    let before = text[from..word].iter().rposition(|byte| !is_hex(byte)).map(|before| from + before + 1);
    let start = before.unwrap_or(from);
    let is_begin = start == 0 || !text[start - 1].is_ascii_alphanumeric();
    (is_begin.then_some(start), before.is_none() && word >= PIECE_BYTES_MAX)
}

/// Where a row of groups without a digit before it begins, pairs or fours: `ab-cd-ef-01-02-03`, `aabb.ccdd.0011`. One group alone is a
/// prefix.
fn begin_of_groups(text: &[u8], word: usize) -> Option<usize> {
    let sign = *text.get(word.checked_sub(1)?)?;
    let length = match sign {
        b'-' | b' ' => 2,
        b'.' => HEX_GROUP_BYTES_MAX,
        _ => return None,
    };
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() && byte.is_ascii_hexdigit();
    let (mut start, mut groups) = (word, 0);
    while groups < HEX_GROUPS_MAX
        && let Some(from) = start.checked_sub(length + 1)
        && text[start - 1] == sign
        && text[from..from + length].iter().all(is_letter)
        && !(from > 0 && text[from - 1].is_ascii_alphanumeric())
    {
        (start, groups) = (from, groups + 1);
    }
    (groups > 1).then_some(start)
}

/// Where a row of groups with colons ends, as far as is looked.
fn end_of_hex(text: &[u8], word: usize) -> usize {
    let limit = text.len().min(word + PIECE_BYTES_MAX);
    let is_hex = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b':';
    text[word..limit].iter().position(|byte| !is_hex(byte)).map_or(limit, |next| word + next)
}

/// Whether nothing but a blank, a comma or a stroke divides two pieces.
fn is_near(text: &[u8], end: usize, start: usize) -> bool {
    let between = text.get(end..start);
    between.is_some_and(|between| between.len() <= NEAR_BYTES_MAX && between.iter().all(|byte| b" ,/".contains(byte)))
}

/// Whether six digits in groups and an account stand side by side: `11-02-68 and 00937415`.
fn is_side_by_side(text: &[u8], sort_code: &Scored, account: &Scored) -> bool {
    let (end, start) =
        if account.start < sort_code.start { (account.end, sort_code.start) } else { (sort_code.end, account.start) };
    let is_joined = is_near(text, end, start) || matches!(text.get(end..start), Some(b" and " | b" & "));
    is_joined && text[sort_code.start..sort_code.end].iter().any(|byte| b" -".contains(byte))
}

/// Whether a word says of numbers behind it that they are of a bank: a mistyped one of a pair, which the banks' check refuses, is
/// somebody's all the same.
fn is_of_bank(before: &[u8]) -> bool {
    holds_word_of_bank(&before[before.len().saturating_sub(PAIR_BYTES_MAX)..])
}

/// Whether a word of a bank is in a text.
fn holds_word_of_bank(text: &[u8]) -> bool {
    const WORDS: &[&[u8]] = &[b"bank", b"bacs", b"chaps", b"payee", b"debit", b"wages", b"salary", b"iban"];
    let mut words = text.split(|byte| !byte.is_ascii_alphabetic());
    words.any(|word| is_among(WORDS, word))
}

/// Whether six digits may be a day, in any order of its parts.
fn may_be_day(digits: &[u8]) -> bool {
    let pairs = digits.as_chunks::<2>().0;
    let [one, two, three] = pairs else { return false };
    let [one, two, three] = [one, two, three].map(|pair| 10 * pair[0] + pair[1]);
    two <= 12 && (one <= 31 || three <= 31) || one <= 12 && two <= 31
}

/// A sort code and an account number behind it speak for one another, where the banks' check does not say that they are no pair.
pub fn pair_accounts(text: &[u8], scored: &mut [Scored]) {
    let of = |kind: Kind| move |one: &(usize, &Scored)| one.1.kind == kind;
    let digits = |one: &Scored| -> Vec<u8> {
        text[one.start..one.end].iter().filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0').collect()
    };
    let mut pairs = Vec::new();
    for (place, sort_code) in scored.iter().enumerate().filter(of(Kind::SortCode)) {
        let behind = scored.iter().enumerate().skip(place);
        let behind = behind.take_while(|(_, account)| account.start < sort_code.end + PAIR_BYTES_MAX);
        let nearest = behind.filter(of(Kind::BankAccount)).find(|(_, account)| account.start >= sort_code.end);
        let has_hyphens = text[sort_code.start..sort_code.end].contains(&b'-');
        let is_pair = |account: &Scored| {
            // Two bare numbers are a pair where a word says what one of them is, or the first is written as sort codes are.
            let is_written = has_hyphens || sort_code.score > SHAPE || account.score > SHAPE;
            let first = sort_code.start.min(account.start);
            is_written && pair(&digits(sort_code), &digits(account)) != Pair::Invalid
                || is_side_by_side(text, sort_code, account) && is_of_bank(&text[..first])
        };
        let behind = nearest.filter(|(_, account)| is_pair(account)).map(|(account, _)| account);
        let account = behind.or_else(|| {
            // `80217745 12-34-71`: the account first; a day stands behind any number.
            if !has_hyphens || may_be_day(&digits(sort_code)) {
                return None;
            }
            let before = scored[..place].iter().enumerate().rev().take(NEAR_CANDIDATES_MAX);
            let mut before = before.filter(of(Kind::BankAccount));
            before.find(|(_, one)| is_near(text, one.end, sort_code.start) && is_pair(one)).map(|(account, _)| account)
        });
        pairs.extend(account.map(|account| (place, account)));
    }
    for (sort_code, account) in pairs {
        // `sort code 12-34-71 80217745`: the word `code`, which speaks against other numbers, is said of the first.
        if scored[sort_code].is_named && is_near(text, scored[sort_code].end, scored[account].start) {
            scored[account].score = scored[account].score.max(SHAPE);
        }
        scored[sort_code].score += PAIRED;
        scored[account].score += PAIRED;
    }
}
