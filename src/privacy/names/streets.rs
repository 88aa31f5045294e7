//! A number and a street's name: `Flat 3, 12 High Street`, `12/4 Leith Walk`, `64 Hooper Manor`, `Rose Cottage, Mill Lane`, `PO Box 12`.

use super::lexicon::{Is, Lexicon};
use crate::privacy::engine::{Scored, Surroundings, ends_with, position};
use crate::privacy::recognise::{Kind, RECOGNISERS, month};

/// Words of a street's name before its end, at most.
const WORDS_MAX: usize = 4;
/// Letters of a word, at most.
const WORD_BYTES_MAX: usize = 24;
/// Digits of a house's number, at most.
const NUMBER_DIGITS_MAX: usize = 4;
/// Digits of the number of a box of the post, at most.
const BOX_DIGITS_MAX: usize = 6;
/// Digits of a flat's number behind a stroke, at most.
const FLAT_DIGITS_MAX: usize = 2;
/// Bytes of a flat's number and of a house's before a name, at most.
const NUMBER_BYTES_MAX: usize = 4;
/// Words that say on which floor, at most.
const FLOOR_WORDS_MAX: usize = 3;

const NUMBERED: f32 = 0.8;
const SMALL: f32 = 0.65;
const NAMED: f32 = 0.6;

/// Finds addresses.
pub fn find(lexicon: &Lexicon, around: &Surroundings<'_>, scored: &mut Vec<Scored>) {
    let text = around.text;
    let search = Search { lexicon, text, is_loose: !(around.has_capital && around.has_small) };
    let mut at = 0;
    if around.has_digit {
        while let Some(start) = position(text, at, b'0'..=b'9', |byte| byte.is_ascii_digit()) {
            let digits = text[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            at = start + digits;
            if digits <= BOX_DIGITS_MAX
                && let Some(address) = search.numbered(start, at, false)
            {
                at = at.max(address.end);
                scored.push(address);
            }
        }
    }
    if around.has_capital && around.has_small {
        search.named(scored);
    }
}

/// Words that streets of Wales begin with.
const OF_WALES: &[&[u8]] = &[
    b"heol",
    b"ffordd",
    b"lon",
    "l\u{f4}n".as_bytes(),
    b"stryd",
    b"clos",
    b"maes",
    b"rhodfa",
    b"rhiw",
    b"cilgant",
    b"llwyn",
    b"tan",
    b"pen",
    b"bro",
    b"parc",
    b"erw",
    b"bryn",
    b"cae",
    b"cwrt",
    b"rhes",
    b"plas",
    b"trem",
    b"gerddi",
];

/// Those of them that are nothing else: a number may stand behind such a street, too.
const OF_WALES_SURELY: &[&[u8]] = &[b"heol", b"ffordd", "l\u{f4}n".as_bytes(), b"stryd", b"rhodfa", b"cilgant"];

/// Ends of streets' names in Scotland, where a house and a flat are told by one number: `12/4 Kirk Wynd`.
const OF_SCOTLAND: &[&[u8]] = &[b"wynd", b"gait", b"loan", b"brae", b"quay", b"path"];

/// What stands before the word box where it is one of the post's.
const OF_POST: &[&[u8]] = &[b"p.o.", b"p. o.", b"p.o", b"po", b"p o", b"post office"];

/// What may stand behind the end of a street's name.
const DIRECTIONS: &[&[u8]] = &[b"east", b"west", b"north", b"south"];

/// Words before `Estate`, `Park` or `Centre` behind the end of a street's name.
const OF_ESTATES: &[&[u8]] =
    &[b"industrial", b"ind", b"trading", b"business", b"retail", b"enterprise", b"technology", b"science"];

/// Ends of the name of a row or a block of houses, which stands in a street of its own: `1 Rose Cottages, Ivy Lane`.
const ROWS: &[&[u8]] = &[b" cottages", b" villas", b" buildings", b" mansions", b" mews", b" terrace", b" court"];

/// Words before a flat's number; others are before the number of a part of any building.
const HOMES: &[&[u8]] = &[b"flat", b"apartment", b"apt", b"maisonette", b"penthouse", b"studio"];

/// Words before the word for a flat that say where in the house it is.
const FLOORS: &[&[u8]] = &[
    b"ground",
    b"first",
    b"second",
    b"third",
    b"fourth",
    b"fifth",
    b"1st",
    b"2nd",
    b"3rd",
    b"4th",
    b"5th",
    b"top",
    b"basement",
    b"garden",
    b"attic",
    b"lower",
    b"upper",
    b"front",
    b"rear",
    b"floor",
];

/// Streets of one word in more than one town.
const OF_ONE_WORD: &[&[u8]] =
    &[b"cheapside", b"piccadilly", b"haymarket", b"kingsway", b"strand", b"westgate", b"cornhill"];

/// Words before a day, behind which `12/4` is one and no flat.
const BEFORE_DAYS: &[&[u8]] = &[b"on", b"by", b"until", b"till", b"since", b"before", b"after", b"due", b"dated"];

/// Words before a year.
const BEFORE_YEARS: &[&[u8]] = &[b"in", b"during", b"since", b"until", b"by", b"before", b"after", b"copyright", b"c)"];

/// What a number counts that stands behind it, and no houses.
const COUNTED: &[&[u8]] = &[
    b"chapter",
    b"section",
    b"part",
    b"step",
    b"phase",
    b"stage",
    b"figure",
    b"fig",
    b"table",
    b"page",
    b"version",
    b"volume",
    b"vol",
    b"episode",
    b"season",
    b"scene",
    b"act",
    b"lesson",
    b"appendix",
    b"annex",
    b"schedule",
    b"clause",
    b"article",
    b"rule",
    b"question",
    b"task",
    b"item",
    b"period",
    b"week",
    b"round",
    b"paragraph",
];

/// What a number counts that stands before it, and no street is called by.
const MEASURES: &[&[u8]] = &[
    b"mw", b"gw", b"kw", b"mwh", b"gwh", b"kwh", b"mva", b"kva", b"kv", b"gb", b"tb", b"mb", b"kb", b"ghz", b"mhz",
    b"km", b"kg", b"mm", b"cm", b"ml", b"hrs", b"hour", b"hours", b"min", b"mins", b"minute", b"minutes", b"month",
    b"months", b"weeks", b"days", b"years", b"miles", b"metre", b"metres", b"meters", b"percent",
];

/// Words before `Farm` that make it no house, and before `Park` that make it no street.
const OF_SITES: &[&[u8]] = &[b"wind ", b"solar ", b"battery ", b"offshore ", b"onshore ", b"energy ", b"storage "];

fn address(start: usize, end: usize, score: f32) -> Scored {
    // Before names, of which streets have many.
    Scored { start, end, kind: Kind::Address, score: score + 0.3, row: RECOGNISERS.len(), is_named: false }
}

struct Search<'a> {
    lexicon: &'a Lexicon,
    text: &'a [u8],
    is_loose: bool,
}

impl Search<'_> {
    /// The address whose number is there. The one inside of another looks for none in itself, so that a row of them costs no more.
    fn numbered(&self, start: usize, digits_end: usize, is_inner: bool) -> Option<Scored> {
        if let Some(address) = self.boxed(start, digits_end) {
            return Some(address);
        }
        let text = self.text;
        let is_apart = start == 0 || !(text[start - 1].is_ascii_alphanumeric() || b"./-:_#".contains(&text[start - 1]));
        if !is_apart || digits_end - start > NUMBER_DIGITS_MAX {
            return None;
        }
        self.before_a_street(start, digits_end, is_inner).or_else(|| self.behind_a_street(start, digits_end))
    }

    /// `PO Box 12`, whose number is there.
    fn boxed(&self, start: usize, end: usize) -> Option<Scored> {
        const BOX: &[u8] = b"box ";
        let text = self.text;
        if !ends_with(&text[..start], BOX) {
            return None;
        }
        let front = &text[..start - BOX.len()];
        let front = front.strip_suffix(b" ").unwrap_or(front);
        let begin = front.len() - OF_POST.iter().find(|post| ends_with(front, post))?.len();
        (begin == 0 || !text[begin - 1].is_ascii_alphanumeric()).then(|| address(begin, end, NAMED))
    }

    /// The address whose number is there, before the street's name.
    fn before_a_street(&self, start: usize, digits_end: usize, is_inner: bool) -> Option<Scored> {
        let text = self.text;
        let (end, is_parted) = self.end_of_number(digits_end);
        let (before, unit) = self.word_before(start);
        let is_unit = unit.is(Is::Unit);
        let rest = &text[end..];
        let gap = rest.iter().take(3).take_while(|byte| matches!(byte, b' ' | b',' | b'\n')).count();
        let is_gap = gap > 0 && (is_unit || !rest[..gap].contains(&b'\n'));
        if !is_gap {
            return None;
        }
        let from = if is_unit { self.with_floor_before(before) } else { start };
        let street_start = end + gap;
        // `Flat 3, 12 High Street`, `3/1, 12 High Street`: the house's own number comes next.
        let digits = self.digits_at(street_start);
        if (is_unit || is_parted) && digits > 0 {
            let inner = if is_inner { None } else { self.numbered(street_start, street_start + digits, true) };
            let inner = inner.or_else(|| self.of_one_word(before, street_start, street_start + digits))?;
            let is_dated = is_parted && self.counts_else(before, start, is_parted);
            return (!is_dated).then_some(Scored { start: from.min(inner.start), ..inner });
        }
        // `4 May 2019, Robin Lane`.
        if rest[..gap].contains(&b',') && self.is_year(start) {
            return None;
        }
        let (street_end, score) = self.street(street_start, is_unit)?;
        if self.counts_else(before, start, is_parted) || is_parted && !self.may_be_parted(street_start, street_end) {
            return None;
        }
        if !is_inner && text[street_end..].starts_with(b", ") {
            let next = street_end + 2;
            let digits = self.digits_at(next);
            // `Flat 2, Rose House, 12 Mill Lane`.
            if is_unit
                && digits > 0
                && let Some(inner) = self.numbered(next, next + digits, true)
            {
                return Some(Scored { start: from, ..inner });
            }
            // `1 Rose Cottages, Ivy Lane`.
            if ROWS.iter().any(|row| ends_with(&text[..street_end], row))
                && let Some((behind, score)) = self.street_with_capitals(next)
            {
                return Some(address(self.with_unit_before(from), behind, score));
            }
        }
        Some(address(self.with_unit_before(from), street_end, score))
    }

    /// Where a number ends whose digits end there, `12a`, `12-14`, and whether a stroke parts it: `12/4`, a house and a flat.
    fn end_of_number(&self, digits_end: usize) -> (usize, bool) {
        let text = self.text;
        let mut end = digits_end;
        if text.get(end).is_some_and(u8::is_ascii_alphabetic)
            && !text.get(end + 1).is_some_and(u8::is_ascii_alphanumeric)
        {
            end += 1;
        }
        match text[end..] {
            [b'-', digit, ..] if digit.is_ascii_digit() => {
                (end + 1 + text[end + 1..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count(), false)
            }
            [b'/', ..] if (1..=FLAT_DIGITS_MAX).contains(&self.digits_at(end + 1)) => {
                (end + 1 + self.digits_at(end + 1), true)
            }
            _ => (end, false),
        }
    }

    /// Whether the word before a number says that it counts no houses: `Figure 3 Flow Path`, `in 2024 Mill Lane`, `on 12/4 Mill Lane`.
    fn counts_else(&self, before: usize, start: usize, is_parted: bool) -> bool {
        let word = &self.text[before..start];
        let Some(letters) = word.strip_suffix(b" ") else { return false };
        let letters = letters.strip_suffix(b".").unwrap_or(letters);
        is_among(COUNTED, letters)
            || is_parted && is_among(BEFORE_DAYS, letters)
            || self.is_year(start) && (is_among(BEFORE_YEARS, letters) || month(letters).is_some())
    }

    /// Whether the number there may be a year.
    fn is_year(&self, start: usize) -> bool {
        let begins = matches!(self.text[start..], [b'1', b'9', ..] | [b'2', b'0', ..]);
        begins && self.digits_at(start) == NUMBER_DIGITS_MAX
    }

    /// Whether a number with a stroke may stand before that street: behind a day comes what somebody did on it, behind a fraction anything.
    fn may_be_parted(&self, start: usize, end: usize) -> bool {
        let first = &self.text[start..self.end_of_word(start)];
        let word = self.lexicon.look(first);
        let is_done = word.is(Is::CueBehind) || word.is(Is::Does) || first.len() > 4 && ends_with(first, b"ed");
        let last = |end: usize| &self.text[self.begin_of_word(end, u8::is_ascii_alphabetic)..end];
        let end = if is_among(DIRECTIONS, last(end)) { end - last(end).len() - 1 } else { end };
        let is_sure = self.lexicon.look(last(end)).is(Is::StreetSurely) || is_among(OF_SCOTLAND, last(end));
        is_capital(first) && !is_done && is_sure
    }

    /// `200 Deansgate` behind a flat's number: of one word that is no other. `digits_end` is where its number's digits end.
    fn of_one_word(&self, before: usize, start: usize, digits_end: usize) -> Option<Scored> {
        let text = self.text;
        let home = &text[before..self.end_of_word(before)];
        if digits_end - start > NUMBER_DIGITS_MAX || !is_among(HOMES, home) {
            return None;
        }
        let (number_end, _) = self.end_of_number(digits_end);
        let begin = number_end + 1;
        let end = self.end_of_word(begin);
        let letters = text.get(begin..end).filter(|letters| text[number_end] == b' ' && is_capital(letters))?;
        let word = self.lexicon.look(letters);
        let is_other = word.is(Is::Stop) || word.ordinary() > 0 || word.is(Is::Place);
        let is_street = self.is_of_one_word(letters) || !is_other;
        (is_street && self.is_over(end)).then(|| address(start, end, NAMED))
    }

    /// Whether a word may be a street's whole name: `Cheapside`, `Eastgate`.
    fn is_of_one_word(&self, letters: &[u8]) -> bool {
        let is_gate = || {
            let word = self.lexicon.look(letters);
            let is_other = word.ordinary() > 0 || word.surname() > 0 || word.is(Is::Place);
            letters.len() > 6 && ends_with(letters, b"gate") && !is_other
        };
        is_among(OF_ONE_WORD, letters) || is_gate()
    }

    /// Whether a name that ends there goes on in no other word.
    fn is_over(&self, end: usize) -> bool {
        self.text.get(end).is_none_or(|next| matches!(next, b',' | b'\n' | b'.' | b';' | b'"'))
    }

    /// The address whose number is there, behind the street's name, as some in Wales write it: `Stryd Fawr 14`.
    fn behind_a_street(&self, start: usize, digits_end: usize) -> Option<Scored> {
        let text = self.text;
        let (end, is_parted) = self.end_of_number(digits_end);
        let goes_on = match text[end..] {
            [b' ', next, ..] => !next.is_ascii_uppercase(),
            [next, ..] => !matches!(next, b',' | b'.' | b';' | b'\n' | b')' | b'"'),
            [] => false,
        };
        if goes_on || is_parted || digits_end - start >= NUMBER_DIGITS_MAX {
            return None;
        }
        let (mut begin, mut words) = (start, 0);
        while words < WORDS_MAX && begin > 0 && text[begin - 1] == b' ' {
            let last = begin - 1;
            begin = self.begin_of_word(last, |byte| byte.is_ascii_alphabetic() || *byte >= 0x80);
            let letters = &text[begin..last];
            if words > 0 && is_among(OF_WALES_SURELY, letters) {
                return Some(address(begin, end, NAMED));
            }
            if !is_capital(letters) && (words == 0 || !is_link_of_wales(letters)) {
                break;
            }
            words += 1;
        }
        None
    }

    /// Where a flat's number before the house's begins.
    fn with_unit_before(&self, start: usize) -> usize {
        let text = self.text;
        let from = start.saturating_sub(4);
        let Some(end) = text[from..start]
            .iter()
            .rposition(|byte| !matches!(byte, b' ' | b',' | b'\n'))
            .map(|last| from + last + 1)
            .filter(|end| *end < start)
        else {
            return start;
        };
        let number = self.begin_of_word(end, u8::is_ascii_alphanumeric);
        let flat = &text[number..end];
        let is_number = flat.len() <= NUMBER_BYTES_MAX && flat.iter().any(u8::is_ascii_digit) || flat.len() == 1;
        let (before, word) = self.word_before(number);
        if is_number && word.is(Is::Unit) {
            self.with_floor_before(before)
        } else if is_flat(flat) {
            number
        } else {
            start
        }
    }

    /// Where the words begin that say on which floor a flat is: `First Floor Flat`.
    fn with_floor_before(&self, start: usize) -> usize {
        let text = self.text;
        let mut start = start;
        for _ in 0..FLOOR_WORDS_MAX {
            if start == 0 || text[start - 1] != b' ' {
                break;
            }
            let begin = self.begin_of_word(start - 1, u8::is_ascii_alphanumeric);
            if !is_among(FLOORS, &text[begin..start - 1]) {
                break;
            }
            start = begin;
        }
        start
    }

    /// Where a number or a flat's number before a house's name begins.
    fn with_number_before(&self, start: usize) -> usize {
        let with_unit = self.with_unit_before(start);
        if with_unit < start || start == 0 || self.text[start - 1] != b' ' {
            return with_unit;
        }
        let begin = self.begin_of_word(start - 1, u8::is_ascii_alphanumeric);
        let is_number = start - 1 - begin < NUMBER_BYTES_MAX && self.digits_at(begin) > 0;
        let is_apart = begin == 0 || !b"./-:_#".contains(&self.text[begin - 1]);
        if is_number && is_apart { begin } else { start }
    }

    /// The end of a street's name that begins with the word for a street, as in Wales, or has an article of theirs inside: `14 Heol y
    /// Bryn`, `8 Min y Mor`.
    fn street_of_wales(&self, start: usize) -> Option<(usize, f32)> {
        let text = self.text;
        if !text.get(start).is_some_and(u8::is_ascii_uppercase) {
            return None;
        }
        let first = self.end_of_word(start);
        let is_one = is_among(OF_WALES, &text[start..first])
            || text[first..].starts_with(b" y ")
            || text[first..].starts_with(b" yr ");
        // The end of the last word that is no link.
        let (mut end, mut at, mut words) = (first, first, 0);
        while is_one && words < WORDS_MAX && text.get(at) == Some(&b' ') {
            let next = self.end_of_word(at + 1);
            let letters = &text[at + 1..next];
            if is_capital(letters) {
                end = next;
            } else if !is_link_of_wales(letters) {
                break;
            }
            (at, words) = (next, words + 1);
        }
        (end > first).then_some((end, NUMBERED))
    }

    /// The end of a street's name that begins there.
    fn street(&self, start: usize, is_unit: bool) -> Option<(usize, f32)> {
        if let Some(street) = self.street_of_wales(start) {
            return Some(street);
        }
        let (mut at, mut words, mut best) = (start, 0, None);
        let mut has_capitals = true;
        while words <= WORDS_MAX {
            let end = self.end_of_word(at);
            if end == at {
                break;
            }
            let letters = &self.text[at..end];
            let word = self.lexicon.look(letters);
            let is_capital = is_capital(letters);
            let is_first = words == 0;
            if !is_first && self.is_end(at, letters, word, has_capitals) {
                best = Some((end, if has_capitals && !self.is_loose { NUMBERED } else { SMALL }));
            } else if is_first
                && (letters.eq_ignore_ascii_case(b"broadway")
                    || (is_capital || self.is_loose && word.ordinary() == 0)
                        && self.is_over(end)
                        && self.is_of_one_word(letters))
            {
                best = Some((end, NUMBERED));
            }
            let is_article =
                is_first && letters.eq_ignore_ascii_case(b"the") && (is_capital || self.is_behind_article(end));
            let is_link =
                !is_first && (letters == b"of" || letters == b"the" || letters == b"and" || letters == b"upon");
            if is_first && !is_capital && !is_article && word.is(Is::Between)
                || !is_link && !is_article && !is_capital && best.is_none() && word.is(Is::Between)
            {
                break;
            }
            if !is_capital && !is_link && !word.is(Is::Street) {
                has_capitals = false;
                // In a text with capitals a street's name has them; a typist may leave them out of all of it.
                if !self.is_loose && words > 0 && best.is_none() && self.text[start].is_ascii_uppercase() {
                    break;
                }
            }
            words += 1;
            at = match self.text[end..] {
                [b' ', ..] => end + 1,
                [b'.', b' ', ..] if end - at <= 2 => end + 2,
                _ => break,
            };
            // A street's name ends with its end, unless another end follows: `Mill Lane Close`.
            if best.is_some() && !self.next_is_street(at) {
                break;
            }
        }
        let first = &self.text[start..self.end_of_word(start)];
        best.filter(|(_, score)| *score > SMALL || is_unit || words <= 3 || self.is_loose)
            .filter(|_| !is_among(MEASURES, first))
            .map(|(end, score)| (self.with_ending(end), score))
    }

    /// The same where its words have capitals and others have none.
    fn street_with_capitals(&self, start: usize) -> Option<(usize, f32)> {
        self.street(start, false).filter(|(_, score)| *score >= NUMBERED)
    }

    /// Whether a word is the end of a street's name: with a capital as the words before it, or surely.
    fn is_end(&self, at: usize, letters: &[u8], word: super::Word, has_capitals: bool) -> bool {
        let is_written = has_capitals && is_capital(letters) || word.is(Is::StreetSurely);
        let is_short = || {
            letters.eq_ignore_ascii_case(b"est") && {
                let before = self.word_before(at).0;
                is_among(OF_ESTATES, &self.text[before..self.end_of_word(before)])
            }
        };
        // `12 Solar Park`, `3 Parks and Gardens`.
        let is_no_name =
            || letters.eq_ignore_ascii_case(b"park") && self.is_of_site(at) || ends_with(&self.text[..at], b" and ");
        is_written && (word.is(Is::Street) && !is_no_name() || is_short())
    }

    /// `the mews`: a street without a name of its own and without capitals, and no other word behind it.
    fn is_behind_article(&self, article_end: usize) -> bool {
        let end = self.end_of_word(article_end + 1);
        let word = self.text.get(article_end + 1..end).map(|letters| self.lexicon.look(letters)).unwrap_or_default();
        self.text[article_end..].starts_with(b" ")
            && word.is(Is::StreetSurely)
            && word.ordinary() < 3
            && self.is_over(end)
    }

    /// Where what stands behind a street's end ends: `Smith Crescent East`, `Mill Lane Ind. Est.`.
    fn with_ending(&self, end: usize) -> usize {
        let text = self.text;
        let begin = end + 1;
        let last = self.end_of_word(begin);
        let Some(letters) = text.get(begin..last).filter(|_| text[end] == b' ') else { return end };
        if !self.is_loose && !is_capital(letters) {
            return end;
        }
        if is_among(DIRECTIONS, letters) {
            // `Smith Street, East Midlands` without its comma.
            let goes_on = match text[last..] {
                [b' ', next, ..] => next.is_ascii_uppercase() || self.is_loose && next.is_ascii_alphabetic(),
                [next, ..] => next.is_ascii_alphanumeric(),
                [] => false,
            };
            return if goes_on { end } else { last };
        }
        if matches!(letters, b"E" | b"W" | b"N" | b"S") && matches!(text[last..], [] | [b',' | b'\n', ..]) {
            return last;
        }
        let next = match text[last..] {
            [b'.', b' ', ..] => last + 2,
            [b' ', ..] => last + 1,
            _ => return end,
        };
        let estate_end = self.end_of_word(next);
        let is_estate = || {
            let estate = &text[next..estate_end];
            self.lexicon.look(estate).is(Is::Street) || estate.eq_ignore_ascii_case(b"est")
        };
        if is_among(OF_ESTATES, letters) && is_estate() { estate_end } else { end }
    }

    /// Whether the word that begins there is of a place that makes power: `Solar Park`, `Wind Farm`.
    fn is_of_site(&self, at: usize) -> bool {
        OF_SITES.iter().any(|site| ends_with(&self.text[..at], site))
    }

    fn next_is_street(&self, at: usize) -> bool {
        let Some(letters) = self.text.get(at..self.end_of_word(at)) else { return false };
        letters.first().is_some_and(u8::is_ascii_uppercase) && self.lexicon.look(letters).is(Is::StreetSurely)
    }

    /// Streets without a number: behind a word that says that somebody lives there, or behind a house that has a name.
    fn named(&self, scored: &mut Vec<Scored>) {
        let text = self.text;
        let mut at = 0;
        let (mut row, mut words) = (None, 0);
        let mut row_end = 0;
        while let Some(begin) = position(text, at, b'A'..=b'Z', |byte| byte.is_ascii_uppercase()) {
            at = begin;
            let end = self.end_of_word(at);
            let letters = &text[at..end];
            // A row goes on behind one blank; a comma ends a house's name.
            if at != row_end + 1 || text[row_end] != b' ' {
                row = None;
            }
            row_end = end;
            let start = *row.get_or_insert_with(|| {
                words = 0;
                at
            });
            words += 1;
            if (2..=WORDS_MAX).contains(&words) {
                let word = self.lexicon.look(letters);
                if word.is(Is::House) && !self.is_of_site(at) && text[end..].starts_with(b", ") {
                    if let Some(street) = self.street_of_house(end + 2) {
                        at = street.end;
                        row = None;
                        scored.push(Scored { start: self.with_number_before(start), ..street });
                        continue;
                    }
                } else if word.is(Is::StreetSurely) && !self.next_is_street(end + 1) && self.is_lived_in(start) {
                    scored.push(address(start, end, NAMED));
                }
            }
            at = end.max(at + 1);
        }
    }

    /// The street behind a house's name, with the house's number or without: `Rose Cottage, 4 Mill Lane`.
    fn street_of_house(&self, start: usize) -> Option<Scored> {
        match self.digits_at(start) {
            0 if self.text.get(start).is_some_and(u8::is_ascii_uppercase) => {
                self.street_with_capitals(start).map(|(end, _)| address(start, end, NAMED))
            }
            0 => None,
            digits => self.numbered(start, start + digits, true),
        }
    }

    fn is_lived_in(&self, start: usize) -> bool {
        let (before, word) = self.word_before(start);
        let (_, other) = self.word_before(before);
        let is_place = |word: super::Word| word.is(Is::Lives);
        let before_word = &self.text[before..start];
        let is_link = before_word.len() <= 4;
        is_place(word) && (!is_link || is_place(other))
    }

    fn word_before(&self, start: usize) -> (usize, super::Word) {
        let from = start.saturating_sub(2);
        let end = self.text[from..start]
            .iter()
            .rposition(|byte| byte.is_ascii_alphabetic())
            .map_or(from, |last| from + last + 1);
        let begin = self.begin_of_word(end, u8::is_ascii_alphabetic);
        (begin, self.lexicon.look(&self.text[begin..end]))
    }

    /// Where the word begins that ends there, of letters of that sort.
    fn begin_of_word(&self, end: usize, is_letter: impl Fn(&u8) -> bool) -> usize {
        let low = end.saturating_sub(WORD_BYTES_MAX);
        self.text[low..end].iter().rposition(|byte| !is_letter(byte)).map_or(low, |before| low + before + 1)
    }

    /// How many digits begin there.
    fn digits_at(&self, start: usize) -> usize {
        self.text.get(start..).map_or(0, |rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).count())
    }

    /// The end of the word that begins there; one that is too long is none, and ends at once. Signs of four bytes are no letters of ours.
    fn end_of_word(&self, start: usize) -> usize {
        let is_word = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'\'' | b'-' | 0x80..0xf0);
        let rest = self.text.get(start..).unwrap_or_default();
        let length = rest.iter().take(WORD_BYTES_MAX + 1).take_while(|byte| is_word(byte)).count();
        if length > WORD_BYTES_MAX { start } else { start + length }
    }
}

/// Whether a word is one of a list, in any case.
fn is_among(list: &[&[u8]], word: &[u8]) -> bool {
    list.iter().any(|other| word.eq_ignore_ascii_case(other))
}

/// Whether a word begins with a capital; of letters beyond ASCII that is not asked.
fn is_capital(letters: &[u8]) -> bool {
    letters.first().is_some_and(|first| first.is_ascii_uppercase() || *first >= 0xc3)
}

/// Articles inside of the names of streets of Wales.
fn is_link_of_wales(letters: &[u8]) -> bool {
    letters == b"y" || letters == b"yr"
}

/// Whether that is how a flat of Scotland is told: `2F1`, on the second floor, or `GF2`.
fn is_flat(text: &[u8]) -> bool {
    let is_number = |part: &[u8]| (1..=FLAT_DIGITS_MAX).contains(&part.len()) && part.iter().all(u8::is_ascii_digit);
    let mut parts = text.splitn(2, |byte| matches!(byte, b'F' | b'f'));
    let (Some(floor), Some(door)) = (parts.next(), parts.next()) else { return false };
    let is_side = matches!(door, b"L" | b"R" | b"l" | b"r");
    is_number(floor) && (is_number(door) || is_side) || matches!(floor, b"G" | b"P" | b"T" | b"B") && is_number(door)
}
