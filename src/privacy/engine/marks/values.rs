//! Where a secret begins and ends, and what stands there that is none: a placeholder, code, a day, a version, a reference.

use super::issued::KEY_BYTES_MIN;
use super::{FIELD_BYTES_MAX, is_key, is_letter, one};
use crate::privacy::engine::{Scored, emails, is_among};
use crate::privacy::recognise::Kind;

/// Letters of a secret behind a word that names it, at most.
const PASSWORD_BYTES_MAX: usize = 1024;
/// Fewest letters of a password that is told from a word.
const PASSWORD_BYTES_MIN: usize = 6;
/// Letters of a password in a sentence, at most.
pub(super) const SAID_BYTES_MAX: usize = 64;
/// Numbers of a version, at most.
const GROUPS_MAX: usize = 4;

const PASSWORD: f32 = 0.8;

/// How one says who one is to a server, behind which a secret stands. Source: RFC 9110, 11.6.2; RFC 6750; RFC 7617.
const SCHEMES: &[&[u8]] = &[b"bearer ", b"basic ", b"token "];

/// What stands where a secret was.
const PLACEHOLDERS: &[&[u8]] = &[
    b"null",
    b"none",
    b"true",
    b"false",
    b"redacted",
    b"hidden",
    b"changed",
    b"required",
    b"expired",
    b"invalid",
    b"disabled",
    b"enabled",
    b"missing",
    b"unknown",
    b"revoked",
    b"rotated",
    b"removed",
    b"withheld",
    b"masked",
    b"omitted",
    b"deleted",
];

/// Where programs keep what they were told: `os.environ`, `settings.API_KEY`. What stands behind a full stop there is a name.
const ROOTS: &[&[u8]] = &[
    b"os",
    b"process",
    b"env",
    b"environ",
    b"config",
    b"settings",
    b"self",
    b"this",
    b"args",
    b"params",
    b"secrets",
    b"vault",
    b"var",
    b"req",
    b"request",
    b"ctx",
    b"cfg",
    b"conf",
    b"opts",
    b"options",
];

/// Names of what has a number in it, and units and the like behind a number: no secrets, though they have letters and digits.
const NUMBERED: &[&[u8]] = &[
    b"sha",
    b"md",
    b"argon",
    b"pbkdf",
    b"base",
    b"oauth",
    b"office",
    b"windows",
    b"win",
    b"wpa",
    b"microsoft",
    b"sharepoint",
    b"exchange",
    b"outlook",
    b"tls",
    b"ntlmv",
    b"iphone",
    b"android",
    b"sql",
    b"fido",
    b"ipv",
];
const UNITS: &[&[u8]] = &[
    b"day", b"char", b"digit", b"bit", b"min", b"hour", b"hr", b"month", b"week", b"year", b"time", b"sec", b"attempt",
    b"user", b"letter", b"byte", b"th", b"st", b"nd", b"rd",
];
const MONTHS: &[&[u8]] = &[
    b"january",
    b"february",
    b"march",
    b"april",
    b"may",
    b"june",
    b"july",
    b"august",
    b"september",
    b"october",
    b"november",
    b"december",
];

/// The secret that begins there, behind quotes and the like.
pub(super) fn secret_at(text: &[u8], from: usize) -> Option<Scored> {
    secret_from(text, begin_at(text, from))
}

/// Behind quotes, the like and a scheme.
pub(super) fn begin_at(text: &[u8], from: usize) -> usize {
    let start = begin_of_secret(text, from);
    behind_scheme(text, start).unwrap_or(start)
}

/// What may be looked at in vain in one text: labels that stand close to one another have what is behind them in common.
pub(super) struct Patience {
    left: usize,
}

impl Patience {
    /// More than any text needs that people or programs write.
    pub(super) fn over(text: &[u8]) -> Self {
        Patience { left: 4 * text.len() + 4 * PASSWORD_BYTES_MAX }
    }

    /// The secret that begins there, where `is_secret` says so of it. Whoever has tried all patience gets what stands there for a secret.
    pub(super) fn secret_from(
        &mut self,
        text: &[u8],
        start: usize,
        is_secret: impl Fn(&Scored) -> bool,
    ) -> Option<Scored> {
        let found = if self.left > 0 { secret_from(text, start).filter(is_secret) } else { None };
        if found.is_some() {
            return found;
        }
        let length = end_of_secret(text, start).saturating_sub(start);
        let is_taken = self.left == 0 && length >= PASSWORD_BYTES_MIN;
        self.left = self.left.saturating_sub(length);
        is_taken.then(|| one(Kind::Credential, start, start + length, PASSWORD))
    }
}

/// Behind quotes and the like.
pub(super) fn begin_of_secret(text: &[u8], from: usize) -> usize {
    let is_before = |byte: &&u8| matches!(**byte, b'"' | b'\'' | b' ' | b'`' | b':' | b'=' | b'>');
    from + text[from..].iter().take_while(is_before).count()
}

/// Behind a scheme that begins there, in any case.
pub(super) fn behind_scheme(text: &[u8], start: usize) -> Option<usize> {
    let rest = &text[start..];
    let begins = |scheme: &&&[u8]| rest.get(..scheme.len()).is_some_and(|front| front.eq_ignore_ascii_case(scheme));
    SCHEMES.iter().find(begins).map(|scheme| start + scheme.len())
}

/// Where the secret ends that begins there.
fn end_of_secret(text: &[u8], start: usize) -> usize {
    let start = start.min(text.len());
    let limit = text.len().min(start + PASSWORD_BYTES_MAX);
    let is_over = |at: &usize| match text[*at] {
        // A password may have it; in the address of a page another field comes.
        b'&' => begins_with_a_field(&text[at + 1..limit]),
        byte => byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b',' | b';' | b')' | b'}' | b'<'),
    };
    let mut end = (start..limit).find(is_over).unwrap_or(limit);
    while end > start && matches!(text[end - 1], b'.' | b']') {
        end -= 1;
    }
    end
}

/// The secret that begins there.
pub(super) fn secret_from(text: &[u8], start: usize) -> Option<Scored> {
    let start = start.min(text.len());
    let end = end_of_secret(text, start);
    let value = &text[start..end];
    if value.len() < PASSWORD_BYTES_MIN {
        return None;
    }
    let is_word = value.iter().all(|byte| byte.is_ascii_lowercase())
        || value.first().is_some_and(u8::is_ascii_uppercase) && value[1..].iter().all(|byte| byte.is_ascii_lowercase());
    let is_placeholder =
        value.iter().all(|byte| b"*xX.-_#".contains(byte)) || is_template(value, text.get(end) == Some(&b'}'));
    let is_told = is_among(PLACEHOLDERS, value);
    (!is_word && !is_placeholder && !is_told && !is_code(text, start, end))
        .then(|| one(Kind::Credential, start, end, PASSWORD))
}

/// Whether it is what a secret is to be put in the place of: `${TOKEN}`, `%(password)s`, `__PASSWORD__`, `your-api-key`, `[REDACTED]`.
/// Whether a curly bracket closes behind it, which is left out of it, tells a name in brackets from a password that begins with one.
fn is_template(value: &[u8], is_closed: bool) -> bool {
    let begins = |front: &&[u8]| value.get(..front.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(front));
    let is_in_brackets = match value {
        // The bracket that closes was left out already, or stands behind another word.
        [b'[' | b'(', inner @ ..] => inner.iter().all(|byte| byte.is_ascii_alphabetic() || b"-_]".contains(byte)),
        _ => false,
    };
    let is_variable = match value {
        [b'$', b'{' | b'(', ..] => true,
        [b'$', name @ ..] => name.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'_'),
        // `{token}`, and the first field of an object: `{name: ..`.
        [b'{', name @ ..] => {
            let is_name = |byte: &u8| byte.is_ascii_alphabetic() || b"{_-.:".contains(byte);
            name.iter().all(is_name) && (is_closed || name.contains(&b':'))
        }
        _ => false,
    };
    let fronts: [&[u8]; 5] = [b"#{", b"%{", b"%(", b"your_", b"your-"];
    is_in_brackets || is_variable || fronts.iter().any(begins) || value.starts_with(b"__") && value.ends_with(b"__")
}

/// Whether it is how a program gets a secret: `getpass()`, `os.environ[".."]`, `config.get("..")`. What stands in quotes is none.
fn is_code(text: &[u8], start: usize, end: usize) -> bool {
    if start > 0 && matches!(text[start - 1], b'"' | b'\'' | b'`') {
        return false;
    }
    let is_path = |part: &[u8]| {
        part.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_')
            && part.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.:".contains(byte))
    };
    let value = &text[start..end];
    let bracket = value.iter().position(|byte| matches!(byte, b'(' | b'['));
    let front = &value[..bracket.unwrap_or(value.len())];
    if !is_path(front) {
        return false;
    }
    let stop = front.iter().position(|byte| *byte == b'.');
    let last = front.rsplit(|byte| *byte == b'.').next().unwrap_or(front);
    let is_of_root = |stop: usize| is_among(ROOTS, &front[..stop]) && (bracket.is_some() || !is_mixed_name(last));
    if stop.is_some_and(is_of_root) {
        return true;
    }
    let Some(bracket) = bracket else { return false };
    let inside = &value[bracket + 1..];
    let inside = inside.strip_suffix(b"=").unwrap_or(inside);
    let is_over = match text.get(end) {
        Some(b'"' | b'\'' | b'`') => true,
        Some(b')' | b']') => text.get(end + 1).is_none_or(|next| !next.is_ascii_alphanumeric()),
        Some(b',') => front.iter().any(|byte| matches!(byte, b'.' | b'_')),
        _ => false,
    };
    is_over && (inside.is_empty() || is_path(inside))
}

/// `Kestrel77`: what has a capital and a digit is seldom a name in a program, unless it is a constant (`OAUTH2_SECRET`).
fn is_mixed_name(name: &[u8]) -> bool {
    let is_constant = name.contains(&b'_') && !name.iter().any(u8::is_ascii_lowercase);
    name.iter().any(u8::is_ascii_uppercase) && name.iter().any(u8::is_ascii_digit) && !is_constant
}

/// Whether it is a day, with a time or without, a time of day, a version or a fraction: `2026-11-25T10:00:00Z`, `25/11/2026`, `10:30:00`,
/// `v2.14.1003`.
pub(super) fn is_day_or_version(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"v").unwrap_or(value);
    let (front, time) = value.split_at(value.iter().position(|byte| *byte == b'T').unwrap_or(value.len()));
    let Some(sign) = front.iter().find(|byte| !byte.is_ascii_digit()) else { return false };
    // How many digits each group has, and what they say.
    let (mut groups, mut count) = ([(0, 0); GROUPS_MAX], 0);
    for group in front.split(|byte| byte == sign) {
        let is_number = (1..=4).contains(&group.len()) && group.iter().all(u8::is_ascii_digit);
        if !is_number || count == GROUPS_MAX {
            return false;
        }
        groups[count] = (group.len(), group.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')));
        count += 1;
    }
    let is_time = time.iter().skip(1).all(|byte| byte.is_ascii_digit() || b":.+-Z".contains(byte));
    match (sign, &groups[..count]) {
        (b'.', _) => time.is_empty(),
        (b':', of_time) => time.is_empty() && of_time.iter().all(|(digits, number)| *digits <= 2 && *number < 60),
        (b'-' | b'/', [(4, _), month, day] | [month, day, (2 | 4, _)]) => {
            let (less, more) = (month.1.min(day.1), month.1.max(day.1));
            is_time && (1..=12).contains(&less) && more <= 31
        }
        _ => false,
    }
}

/// `name=`, as in the address of a page.
fn begins_with_a_field(text: &[u8]) -> bool {
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'_' | b'-' | b'.');
    let length = text.iter().take(FIELD_BYTES_MAX).take_while(is_name).count();
    length > 0 && text.get(length) == Some(&b'=')
}

/// Whether what was given for a key looks like a secret: as one in a sentence does, or long, of letters and digits.
pub(super) fn is_given(value: &[u8]) -> bool {
    let is_long = value.len() >= KEY_BYTES_MIN && value.iter().all(is_key);
    looks_secret(value) || is_long && value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic)
}

/// `case-sensitive`: two words in small letters.
pub(super) fn is_two_words(value: &[u8]) -> bool {
    value.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'-')
        && value.iter().filter(|byte| **byte == b'-').count() == 1
}

/// Whether a word of a sentence looks like a secret: letters with digits, or with a sign between them, and nothing that has those too.
pub(super) fn looks_secret(word: &[u8]) -> bool {
    let is_plain = |byte: &u8| is_letter(byte) || byte.is_ascii_digit();
    let Some(first) = word.iter().position(is_plain) else { return false };
    // Signs around it may be those of the sentence.
    let last = word.iter().rposition(is_plain).unwrap_or(first);
    let core = &word[first..=last];
    let is_mixed =
        core.iter().any(is_letter) && core.iter().any(|byte| byte.is_ascii_digit() || b"!$#%*^~@&".contains(byte));
    let is_foreign = core.iter().any(|byte| b"/\\:=()[]{}|<>".contains(byte));
    is_mixed
        && !is_foreign
        && word.len() <= SAID_BYTES_MAX
        && !is_day_or_version(core)
        && !is_dated(core)
        && !is_reference(core)
        && !is_counted(core)
        && !is_file_or_host(core)
        && core.iter().position(|byte| *byte == b'@').is_none_or(|at| emails::around(core, at..at + 1).is_none())
}

/// `12Mar2025`, `12-Mar-2025`.
fn is_dated(word: &[u8]) -> bool {
    let Some(start) = word.iter().position(is_letter).filter(|start| *start > 0) else { return false };
    let length = word[start..].iter().take_while(|byte| is_letter(byte)).count();
    let (month, rest) = (&word[start..start + length], &word[start + length..]);
    let is_month = |name: &&[u8]| name.get(..length).is_some_and(|front| front.eq_ignore_ascii_case(month));
    let is_number = |part: &[u8]| part.iter().all(|byte| byte.is_ascii_digit() || b"-.,'".contains(byte));
    length > 2 && is_number(&word[..start]) && is_number(rest) && MONTHS.iter().any(is_month)
}

/// `INC0012345`, `JIRA-1234`, `sha-256`, `Windows11`: a reference, or the name of what has a number.
fn is_reference(word: &[u8]) -> bool {
    let (letters, rest) = word.split_at(word.iter().take_while(|byte| is_letter(byte)).count());
    let number = rest.strip_prefix(b"-").unwrap_or(rest);
    let is_numbered = rest.first().is_some_and(u8::is_ascii_digit) && is_among(NUMBERED, letters);
    if letters.is_empty() || number.is_empty() || is_numbered {
        return is_numbered;
    }
    let is_short = letters.len() <= 3 && number.len() >= 3 || letters.len() <= 5 && number.len() >= 5;
    number.iter().all(u8::is_ascii_digit)
        && (number.len() < rest.len() || is_short && letters.iter().all(u8::is_ascii_uppercase))
}

/// `90-day`, `2-factor`, `256bit`.
fn is_counted(word: &[u8]) -> bool {
    let (number, rest) = word.split_at(word.iter().take_while(|byte| byte.is_ascii_digit()).count());
    let unit = rest.strip_prefix(b"-").unwrap_or(rest);
    (1..=3).contains(&number.len())
        && unit.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'-')
        && (unit.len() < rest.len() || UNITS.iter().any(|front| unit.starts_with(front)))
}

/// `policy2025.pdf`, `mail2.example.org`: letters behind the last full stop.
fn is_file_or_host(word: &[u8]) -> bool {
    let Some(stop) = word.iter().rposition(|byte| *byte == b'.') else { return false };
    let ending = &word[stop + 1..];
    (2..=5).contains(&ending.len()) && ending.iter().all(u8::is_ascii_alphabetic)
}
