//! What speaks for a sort code and for an account: how their pairs of digits are written, and no order, no sum and no register's number.

use super::judge::Evidence::{self, Shape};
use super::judge::{Candidate, NEAR_BYTES, digits_at_front, if_, is_joint, last_word, words_before};
use crate::privacy::engine::is_among;

/// Digits of an account's number, and those of older accounts of building societies.
const ACCOUNT_DIGITS: usize = 8;
const SHORT_ACCOUNT_DIGITS: usize = 7;
/// Pairs of digits of a sort code and of an account.
const SORT_CODE_PAIRS: usize = 3;
const ACCOUNT_PAIRS: usize = 4;

/// Words right before a sort code.
const SORT_CODE_WORDS: &[&[u8]] = &[b"code", b"codes", b"sortcode", b"sc", b"sort"];
/// Words behind `sort` with which it speaks of an order.
const ORDERS: &[&[u8]] =
    &[b"order", b"orders", b"by", b"key", b"keys", b"field", b"fields", b"column", b"columns", b"index", b"position"];
/// Words behind `sort` with which it speaks of one where a word of [`ORDERED`] follows, and as many words at most: `sort out the payment`
/// is none.
const ORDERS_OF: &[&[u8]] = &[b"out", b"of", b"the", b"them", b"these", b"all"];
const ORDERED: &[&[u8]] = &[b"date", b"dates", b"column", b"columns"];
const ORDER_WORDS_MAX: usize = 5;
/// Words for an account, and for its number.
const ACCOUNTS: &[&[u8]] = &[b"account", b"acc", b"acct", b"ac"];
const NUMBERS: &[&[u8]] = &[b"no", b"number", b"num"];
/// Bytes between a sort code and an account that stands behind it, at most, as far as is looked here.
const ACCOUNT_BEHIND_MAX: usize = 12;
/// Words near `SC 123456` that make it a number of a Scottish charity or company, and words that do not let it be one.
const REGISTERS: &[&[u8]] =
    &[b"charity", b"charities", b"charitable", b"oscr", b"company", b"companies", b"registered"];
const BANKS: &[&[u8]] = &[b"sort", b"bank", b"account", b"acc", b"acct", b"pay", b"paid", b"payment"];

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
    let is_labelled = before == 0 && is_among(SORT_CODE_WORDS, last_word(&seen.text[..seen.start]));
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
        if is_among(&[b"sort"], word) {
            let is_order_of = is_ordered && place <= ORDER_WORDS_MAX && is_among(ORDERS_OF, behind);
            return (is_among(ORDERS, behind) || is_order_of) && !has_account_behind(seen);
        }
        if is_among(SORT_CODE_WORDS, word) {
            return false;
        }
        is_ordered |= is_among(ORDERED, word);
        behind = word;
    }
    false
}

/// Whether it is the number of a Scottish charity or company: `charity no. 1144718 (SC 038262)`.
fn is_of_register(seen: &Candidate<'_>) -> bool {
    let [front @ .., b's' | b'S', b'c' | b'C', b' '] = &seen.text[..seen.start] else { return false };
    let behind = &seen.text[seen.end..seen.text.len().min(seen.end + NEAR_BYTES)];
    let has = |list: &[&[u8]]| words_before(front).chain(words_before(behind)).any(|word| is_among(list, word));
    !seen.is_grouped() && has(REGISTERS) && !has(BANKS) && !has_account_behind(seen)
}

/// Two digits thrice; an account may stand behind a stroke: `20-00-00/55779911`. With dots right behind a word alone.
pub fn sort_code(seen: &Candidate<'_>) -> Evidence {
    let has_account = matches!(&seen.text[seen.end..], [b'/', rest @ ..] if digits_at_front(rest) == ACCOUNT_DIGITS);
    let is_apart = seen.begins_apart() && (has_account || seen.ends_apart());
    let before = &seen.text[..seen.start];
    let is_written = !seen.piece().contains(&b'.') || is_among(SORT_CODE_WORDS, last_word(before));
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
            let is_number = is_among(NUMBERS, last_word(before)) && words.next().is_some();
            match (words.next(), words.next()) {
                (Some(b"c" | b"C"), Some(b"a" | b"A")) => is_number,
                (Some(word), _) => is_number && is_among(ACCOUNTS, word),
                _ => false,
            }
        }
        _ => true,
    }
}

/// What may stand before a word for an account: `balance of my account`.
const OWNERS: &[&[u8]] = &[b"the", b"my", b"her", b"his", b"your", b"our", b"this"];

/// Whether what stands behind is a sum: `the balance of the account was 12345678 pence`, `account balance of 12345678`. Of an account
/// that is named apart from the balance, or by its number, it is the number.
fn is_sum(before: &[u8]) -> bool {
    if !is_among(&[b"is", b"of", b"was"], last_word(before)) {
        return false;
    }
    let mut words = words_before(before).skip(1).enumerate();
    while let Some((place, word)) = words.next() {
        let mut next = || words.next().map_or(&b""[..], |(_, word)| word);
        if place == 0 && is_among(NUMBERS, word) {
            return false;
        }
        if is_among(&[b"balance"], word) {
            return place == 0 && is_among(ACCOUNTS, next());
        }
        if is_among(ACCOUNTS, word) {
            let front = next();
            let front = if is_among(OWNERS, front) { next() } else { front };
            return is_among(&[b"of"], front) && is_among(&[b"balance"], next());
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
