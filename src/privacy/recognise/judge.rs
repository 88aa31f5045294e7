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
const SIGNS_MAX: usize = 40;

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

    fn is_grouped(&self) -> bool {
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
        let is_joint = |byte: Option<&u8>| byte.is_some_and(|byte| b".-/_:".contains(byte));
        let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let (mut before, mut after) = (self.text[..self.start].iter().rev(), self.text[self.end..].iter());
        let goes_on = is_joint(after.next()) && is_digit(after.next());
        let (first, second) = (before.next(), before.next());
        // `ref:123`, `id-123` and `/123` are how logs write; digits on both sides of a joint are one number.
        let comes_from = is_joint(first) && second.is_some_and(u8::is_ascii_digit);
        (!goes_on || self.ends_a_sentence()) && !comes_from && first != Some(&b'_')
    }

    /// `12345678.Next`: a full stop that nobody put a blank behind.
    fn ends_a_sentence(&self) -> bool {
        matches!(self.text[self.end..], [b'.' | b':' | b'/', letter, ..] if letter.is_ascii_alphabetic())
    }

    fn is_money(&self) -> bool {
        let before = self.text[..self.start].trim_ascii_end();
        before.ends_with(b"\xc2\xa3") || before.ends_with(b"$") || before.ends_with(b"\xe2\x82\xac")
    }
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

fn if_(holds: bool, evidence: Evidence) -> Evidence {
    if holds { evidence } else { Evidence::None }
}

/// Digits all the same, or each one more than the last: what people type where they must type something.
fn is_dummy(digits: &[u8]) -> bool {
    let steps = |by: u8| digits.windows(2).all(|pair| pair[1] == (pair[0] + by) % 10);
    steps(0) || steps(1)
}

/// With its last letter hardly anything else looks so; without it much does.
pub fn nino(seen: &Candidate<'_>) -> Evidence {
    let signs = seen.signs();
    let prefix = [signs[0], signs[1]];
    let is_issued = ![*b"BG", *b"GB", *b"KN", *b"NK", *b"NT", *b"TN", *b"ZZ"].contains(&prefix);
    let evidence = if signs.len() == 9 { Proven } else { Shape };
    if_(is_issued && seen.is_apart(), evidence)
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

/// A number of the UK's plan: 01 and 02 with an area's code, 03, 07, 08 and 09, of ten digits behind the zero (some areas nine).
/// Source: Ofcom, National Telephone Numbering Plan.
pub fn phone_uk(seen: &Candidate<'_>) -> Evidence {
    let piece = seen.piece();
    let digits = seen.digits();
    let is_international =
        piece.iter().find(|byte| **byte != b'(').is_some_and(|byte| *byte == b'+') || digits.starts_with(&[0, 0]);
    let national: &[u8] = match &digits[..] {
        [0, 0, 4, 4, rest @ ..] | [4, 4, rest @ ..] => rest.strip_prefix(&[0]).unwrap_or(rest),
        [0, rest @ ..] => rest,
        _ => return Evidence::None,
    };
    let is_national = !is_international && digits[0] == 0;
    let fits = match (national.first(), national.len()) {
        (Some(1), 9 | 10) => national[1..4].iter().any(|digit| *digit != 0),
        (Some(2), 10) => matches!(national[1], 0 | 3 | 4 | 8 | 9),
        // A digit short, as typists leave them.
        (Some(2), 9) => matches!(national[1], 0 | 3 | 4 | 8 | 9) && (seen.is_grouped() || is_international),
        (Some(3), 10) => matches!(national[1], 0 | 3 | 4 | 7),
        (Some(7), 10) => national[1] != 0 || national[2] != 0,
        (Some(8), 10) => matches!(national[1], 0 | 4 | 7),
        (Some(8), 9) => national.starts_with(&[8, 0, 0]),
        (Some(9), 10) => matches!(national[1], 0 | 1 | 8),
        _ => false,
    };
    let opens = piece.iter().filter(|byte| **byte == b'(').count();
    let closes = piece.iter().filter(|byte| **byte == b')').count();
    if !fits || opens != closes || !seen.is_apart() || seen.is_money() || is_like_a_date(piece) {
        return Evidence::None;
    }
    match (is_international, is_national, national[0], seen.is_grouped()) {
        (true, ..) => Proven,
        (_, _, 2, _) if national.len() == 9 => Shape,
        (_, true, 7, _) if national.len() == 10 => Proven,
        (_, true, _, true) => Proven,
        (_, true, _, false) if national.len() == 10 => Likely,
        (_, false, 7, _) => Likely,
        _ => Shape,
    }
}

/// `01/02/2024 10`: groups as of a date, and a time behind it.
fn is_like_a_date(piece: &[u8]) -> bool {
    let mut groups = piece.split(|byte| !byte.is_ascii_digit()).map(<[u8]>::len);
    let slashes = piece.iter().filter(|byte| matches!(byte, b'/' | b'.' | b'-')).count();
    slashes >= 2 && matches!((groups.next(), groups.next(), groups.next()), (Some(2 | 4), Some(2), Some(2 | 4)))
}

/// A number with its country's code, which E.164 allows fifteen digits.
pub fn phone_abroad(seen: &Candidate<'_>) -> Evidence {
    let digits = seen.digits();
    let is_uk = digits.starts_with(&[4, 4]) || digits.starts_with(&[0, 0, 4, 4]);
    // `00481275` is a customer's number: dialled by zeros a number is longer, or its groups are apart.
    let is_long = !digits.starts_with(&[0, 0]) || digits.len() >= 11 || seen.is_grouped();
    let is_bare = digits.starts_with(&[0, 0]) && !seen.is_grouped();
    let is_country = seen.piece().starts_with(b"+") || is_dialled(seen.piece());
    if_(
        (8..=15).contains(&digits.len()) && is_long && is_country && !is_uk && !is_dummy(&digits) && seen.is_apart(),
        if is_bare { Shape } else { Likely },
    )
}

/// Whether what stands behind `00` may be a country: `002-334-118` and `001788120394` are references. A country's number has one digit
/// for 1 and 7, two or three else; North America's ten digits behind it begin with none below 2, and nobody's is shorter than eight.
fn is_dialled(piece: &[u8]) -> bool {
    let Some(rest) = piece.strip_prefix(b"00") else { return true };
    let digits: Vec<u8> = rest.iter().copied().filter(u8::is_ascii_digit).collect();
    let group = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match digits.first() {
        Some(b'1') => digits.len() == 11 && digits[1] > b'1' && digits[4] > b'1',
        Some(b'7') => digits.len() == 11,
        Some(_) => group != 1 && digits.len() >= 8,
        None => false,
    }
}

/// A number as it is written in North America.
pub fn phone_america(seen: &Candidate<'_>) -> Evidence {
    let (digits, piece) = (seen.digits(), seen.piece());
    let national = digits.strip_prefix(&[1]).unwrap_or(&digits);
    let fits = national.len() == 10 && national[0] > 1 && national[3] > 1;
    if_(fits && seen.is_apart(), if piece.contains(&b'(') { Likely } else { Shape })
}

/// A day on which somebody may have been born.
pub fn birthday(seen: &Candidate<'_>) -> Evidence {
    let (before, after) = (&seen.text[..seen.start], &seen.text[seen.end..]);
    let goes_on = matches!(after, [b'-' | b'/' | b'.', digit, ..] if digit.is_ascii_digit());
    let comes_from = matches!(before, [.., digit, b'-' | b'/' | b'.'] if digit.is_ascii_digit());
    if_(dates::is_birthday(seen.piece()) && !goes_on && !comes_from, Shape)
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

/// An issuer's number with Luhn's sum. Numbers of thirteen digits are those of goods and of moments too.
pub fn card(seen: &Candidate<'_>) -> Evidence {
    let digits = seen.digits();
    let fits = checks::card(&digits) && !is_dummy(&digits) && seen.is_evenly_divided() && seen.is_apart();
    if_(fits && !seen.is_money(), if digits.len() < 14 { Shape } else { Proven })
}

/// Two letters, a half-year and three letters, as issued since 2001. Source: DVLA INF104, "Vehicle registration numbers".
pub fn vehicle(seen: &Candidate<'_>) -> Evidence {
    let signs = seen.signs();
    let age = (signs[2] - b'0') * 10 + signs[3] - b'0';
    let is_issued =
        matches!(age, 2..=29 | 51..=79) && !signs.iter().any(|sign| b"IQ".contains(sign)) && signs[0] != b'Z';
    match (seen.is_apart(), seen.has_capitals_only()) {
        (false, _) => Evidence::None,
        (true, true) if is_issued => Likely,
        (true, _) => Shape,
    }
}

/// Marks of other years look like much else: in capitals only.
pub fn vehicle_older(seen: &Candidate<'_>) -> Evidence {
    // No mark's number begins with a nought: `FOR 0600` is a time.
    let number = seen.piece().iter().position(u8::is_ascii_digit).map_or(b'0', |first| seen.piece()[first]);
    if_(seen.has_capitals_only() && number != b'0' && seen.is_apart(), Shape)
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

/// Four numbers up to 255.
pub fn ip_v4(seen: &Candidate<'_>) -> Evidence {
    let address = std::str::from_utf8(seen.piece()).ok().and_then(|piece| piece.parse::<Ipv4Addr>().ok());
    let goes_on = matches!(seen.text[seen.end..], [b'.' | b'-', digit, ..] if digit.is_ascii_digit());
    let comes_from = matches!(seen.text[..seen.start], [.., b'.' | b'-' | b'_']);
    if_(address.is_some_and(|address| !address.is_unspecified()) && !goes_on && !comes_from, Likely)
}

/// Eight groups, or fewer and `::`.
pub fn ip_v6(seen: &Candidate<'_>) -> Evidence {
    let piece = seen.piece();
    let has_shape =
        piece.iter().filter(|byte| **byte == b':').count() == 7 || piece.windows(2).any(|pair| pair == b"::");
    let address =
        std::str::from_utf8(piece).ok().filter(|_| has_shape).and_then(|piece| piece.parse::<Ipv6Addr>().ok());
    let goes_on = seen.text.get(seen.end).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b':');
    if_(address.is_some_and(|address| !address.is_unspecified()) && !goes_on, Proven)
}

/// Six pairs and no more: a certificate's serial number has twenty.
pub fn mac(seen: &Candidate<'_>) -> Evidence {
    let goes_on = matches!(seen.text[seen.end..], [b':' | b'-', digit, ..] if digit.is_ascii_hexdigit());
    let comes_from = matches!(seen.text[..seen.start], [.., digit, b':' | b'-'] if digit.is_ascii_hexdigit());
    if_(!goes_on && !comes_from && seen.is_apart(), Proven)
}

/// Luhn's sum; in groups of 2, 6, 6 and 1 it speaks for itself.
pub fn imei(seen: &Candidate<'_>) -> Evidence {
    let digits = seen.digits();
    let fits = digits.len() == 15 && checks::luhn(&digits) && !is_dummy(&digits) && seen.is_apart();
    if_(fits, if seen.is_grouped() { Likely } else { Shape })
}
