//! One column, one treatment -> the column an audience sees. NULL stays NULL in every treatment.
//!
//! Never in here: which treatment a column gets (`policy`), and any value in an error.

use super::bucket::bucketed;
use super::canonical::{Canonical, Writing};
use super::ff1::Ff1;
use super::fields::shown;
use super::keys::Keys;
use super::mac::{Mac, Tag};
use super::scrub::scrub;
use super::shift::{DAY_MICROS, Subject, shifted};
use super::told::Told;
use crate::data::{Alphabet, Column, ColumnType, Generalisation, Treatment};
use arrow::array::{
    Array, ArrayRef, AsArray, LargeStringArray, PrimitiveArray, PrimitiveBuilder, StringViewArray, UInt32Array,
    new_null_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::take;
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type,
    Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use chrono::{Datelike, NaiveDate};
use std::sync::Arc;

/// Digits of an HMAC that a token shows: 128 bits in hexadecimal.
const TOKEN_DIGITS: usize = 32;

/// Put before a value that is hashed as it is: a byte of no text in UTF-8, so that no canonical writing is ever the same.
const AS_IT_IS: &[u8] = &[0xff];

/// Bytes of most numbers of phones and accounts, and of a postcode's outward part.
const SHORT_BYTES: usize = 16;
const OUTWARD_BYTES: usize = 4;

/// Letters and digits of the longest postcode.
const POSTCODE_SIGNS_MAX: usize = 7;

/// Every byte in hexadecimal.
const DIGITS: [[u8; 2]; 256] = {
    let (mut pairs, mut byte) = ([[0; 2]; 256], 0);
    while byte < pairs.len() {
        pairs[byte] = [b"0123456789abcdef"[byte >> 4], b"0123456789abcdef"[byte & 15]];
        byte += 1;
    }
    pairs
};

/// What stands for a text that is no postcode.
const NO_POSTCODE: &str = "<postcode>";

/// Signs that are masked in one go, and what stands for each.
const MASKED_AT_ONCE: usize = 64;
const HIDDEN: [u8; 256] = {
    let (mut hidden, mut byte) = ([0; 256], 0);
    while byte < hidden.len() {
        hidden[byte] = if (byte as u8).is_ascii_alphanumeric() { b'*' } else { byte as u8 };
        byte += 1;
    }
    hidden
};

/// A treatment that cannot be applied to a column of this type, or lacks its key. `job` refuses such plans; this is the
/// second look.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column `{column}` ({found}) cannot take the treatment `{treatment}`")]
pub struct TreatmentFault {
    /// The column.
    pub column: String,
    /// The Arrow type that came.
    pub found: String,
    /// The treatment.
    pub treatment: String,
}

/// The type of `column` in published files once treated.
pub fn published_type(column: &Column, treatment: &Treatment) -> DataType {
    match treatment {
        Treatment::Mask { .. }
        | Treatment::Label
        | Treatment::Hmac { .. }
        | Treatment::Token { .. }
        | Treatment::Bucket { .. } => DataType::Utf8View,
        Treatment::Generalise(Generalisation::District) | Treatment::Scrub => DataType::Utf8View,
        _ => column.column_type.published(),
    }
}

/// `values` of `column`, treated and in the published type; `subject` says whose the rows are, where the treatment asks. What
/// that told of them is added to `told`.
pub fn treat(
    values: &ArrayRef,
    column: &Column,
    treatment: &Treatment,
    subject: Option<&Subject<'_>>,
    keys: &Keys,
    told: &mut Told,
) -> Result<ArrayRef, TreatmentFault> {
    let fault = || TreatmentFault {
        column: column.name.to_string(),
        found: values.data_type().to_string(),
        treatment: treatment.to_string(),
    };
    if *values.data_type() != column.column_type.arrow() {
        return Err(fault());
    }
    match treatment {
        Treatment::Keep => Ok(publish(values, column.column_type)),
        Treatment::Drop | Treatment::Null => Ok(new_null_array(&published_type(column, treatment), values.len())),
        Treatment::Mask { last } => {
            text(values, column, SHORT_BYTES, |text, out| mask(text, usize::from(*last), out)).ok_or_else(fault)
        }
        Treatment::Label => labelled(values, column, &label(column)).ok_or_else(fault),
        Treatment::Hmac { domain } => {
            let key = keys.get(domain).ok_or_else(fault)?;
            tokens(values, column, key).ok_or_else(fault)
        }
        Treatment::Token { domain } => {
            let vault = keys.vault(domain).ok_or_else(fault)?;
            let canonical = Canonical::of(column.kind.as_deref());
            let (mut written, mut is_given) = (String::new(), true);
            let tokens = text(values, column, TOKEN_DIGITS, |text, out| {
                let writing = canonical.write(text, &mut written);
                is_given &= vault.token(writing, &written, out).is_some();
            });
            tokens.filter(|_| is_given).ok_or_else(fault)
        }
        Treatment::Generalise(how) => generalise(values, column, how).ok_or_else(fault),
        Treatment::Scrub => {
            let texts = values.as_string_view_opt().ok_or_else(fault)?;
            let (scrubbed, replaced) = scrub(texts, column.name.as_str()).map_err(|_| fault())?;
            *told = std::mem::take(told).and(Told { replaced, ..Told::default() });
            Ok(scrubbed)
        }
        Treatment::Ff1 { domain, alphabet } => {
            let ff1 = keys.ff1(domain).ok_or_else(fault)?;
            permuted(values, column, ff1, *alphabet).ok_or_else(fault)
        }
        Treatment::DateShift { domain, days, .. } => {
            let key = keys.dates(domain).ok_or_else(fault)?;
            subject.and_then(|subject| shifted(values, subject, *days, key)).ok_or_else(fault)
        }
        Treatment::Fields(fields) => match column.column_type {
            ColumnType::Json | ColumnType::Jsonb => {
                let (cells, read) = shown(values, column.name.as_str(), fields, subject, keys).ok_or_else(fault)?;
                *told = std::mem::take(told).and(read);
                Ok(cells)
            }
            _ => Err(fault()),
        },
        Treatment::Bucket { edges } => bucketed(values, column.column_type, edges).ok_or_else(fault),
    }
}

/// What stands for a value of the column.
fn label(column: &Column) -> String {
    format!("<{}>", column.kind.as_deref().unwrap_or(column.class.as_str()))
}

/// Texts of the alphabet and whole numbers, each another of the same form; any other text is its label.
fn permuted(values: &ArrayRef, column: &Column, ff1: &Ff1, alphabet: Alphabet) -> Option<ArrayRef> {
    fn numbers<T: ArrowPrimitiveType>(values: &ArrayRef, ff1: &Ff1, max: u128) -> Option<ArrayRef>
    where
        T::Native: Into<i128> + TryFrom<i128>,
    {
        let numbers = values.as_primitive_opt::<T>()?;
        let changed = |number: T::Native| {
            let number: i128 = number.into();
            // A negative number of two's complement may be one larger.
            let max = if number < 0 && number.unsigned_abs() > max { number.unsigned_abs() } else { max };
            let changed = i128::try_from(ff1.number(number.unsigned_abs(), max)?).ok()?;
            T::Native::try_from(if number < 0 { -changed } else { changed }).ok()
        };
        let mut built = PrimitiveBuilder::<T>::with_capacity(numbers.len()).with_data_type(numbers.data_type().clone());
        for number in numbers {
            match number {
                Some(number) => built.append_value(changed(number)?),
                None => built.append_null(),
            }
        }
        Some(Arc::new(built.finish()))
    }
    match column.column_type {
        ColumnType::Integer => numbers::<Int32Type>(values, ff1, i32::MAX.unsigned_abs().into()),
        ColumnType::Bigint => numbers::<Int64Type>(values, ff1, i64::MAX.unsigned_abs().into()),
        ColumnType::Numeric { precision, scale: 0 } => {
            numbers::<Decimal128Type>(values, ff1, 10u128.checked_pow(precision.into())? - 1)
        }
        column_type if column_type.is_text() => text(values, column, SHORT_BYTES, |text, out| {
            if !ff1.text(text, alphabet, out) {
                out.push_str(&label(column));
            }
        }),
        _ => None,
    }
}

/// The column as it is, in the type that Delta and Power BI can hold.
fn publish(values: &ArrayRef, column_type: ColumnType) -> ArrayRef {
    match column_type {
        ColumnType::Time => {
            let times = values.as_primitive::<Time64MicrosecondType>();
            Arc::new(times.iter().map(|time| time.map(time_text)).collect::<StringViewArray>())
        }
        ColumnType::Timestamp => {
            let zoneless = values.as_primitive::<TimestampMicrosecondType>();
            Arc::new(zoneless.clone().with_timezone("UTC"))
        }
        _ => Arc::clone(values),
    }
}

fn time_text(micros: i64) -> String {
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    format!("{:02}:{:02}:{:02}.{fraction:06}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// What `write` puts behind the texts before it, for the text of every value: text as it is, whole numbers in decimal. Room is kept
/// for so many bytes of each.
fn text(
    values: &ArrayRef,
    column: &Column,
    bytes_expected: usize,
    mut write: impl FnMut(&str, &mut String),
) -> Option<ArrayRef> {
    let (mut written, mut ends) =
        (String::with_capacity(values.len() * bytes_expected), Vec::with_capacity(values.len() + 1));
    ends.push(0);
    text_of(values, column, &mut |value| {
        if let Some(value) = value {
            write(value, &mut written);
        }
        ends.push(written.len() as i64);
    })?;
    made(ends, written.into_bytes(), values)
}

/// The column of texts that lie one behind the other and end there, NULL where `values` are.
fn made(ends: Vec<i64>, texts: Vec<u8>, values: &ArrayRef) -> Option<ArrayRef> {
    let ends = OffsetBuffer::new(ends.into());
    let texts = LargeStringArray::try_new(ends, texts.into(), values.logical_nulls()).ok()?;
    Some(Arc::new(StringViewArray::from(&texts)))
}

/// Hands out the text of every value in order: text as it is, whole numbers in decimal. `None` of another type.
pub(super) fn text_of(values: &ArrayRef, column: &Column, push: &mut impl FnMut(Option<&str>)) -> Option<()> {
    match column.column_type {
        ColumnType::Smallint => numbers::<Int16Type>(values, push),
        ColumnType::Integer => numbers::<Int32Type>(values, push),
        ColumnType::Bigint => numbers::<Int64Type>(values, push),
        column_type if column_type.is_text() => values.as_string_view_opt()?.iter().for_each(push),
        _ => return None,
    }
    Some(())
}

fn numbers<T: ArrowPrimitiveType>(values: &ArrayRef, push: &mut impl FnMut(Option<&str>))
where
    T::Native: ToString,
{
    for value in values.as_primitive::<T>() {
        push(value.map(|number| number.to_string()).as_deref());
    }
}

/// `label` for every value: written once, and every cell a view of it.
fn labelled(values: &ArrayRef, column: &Column, label: &str) -> Option<ArrayRef> {
    let is_whole = matches!(column.column_type, ColumnType::Smallint | ColumnType::Integer | ColumnType::Bigint);
    if !is_whole && !column.column_type.is_text() {
        return None;
    }
    let one = StringViewArray::from_iter_values([label]);
    let all = UInt32Array::new(vec![0; values.len()].into(), values.logical_nulls());
    take(&one, &all, None).ok()
}

/// Letters and digits become `*` but the last `last` of them, and never fewer than half of them; a value with no more than
/// `last` shows none.
pub(super) fn mask(text: &str, last: usize, out: &mut String) {
    if text.len() <= MASKED_AT_ONCE && text.is_ascii() {
        return mask_short(text.as_bytes(), last, out);
    }
    let signs = text.chars().filter(|c| c.is_alphanumeric()).count();
    let hidden = hidden_of(signs, last);
    let mut seen = 0;
    for sign in text.chars() {
        if sign.is_alphanumeric() {
            seen += 1;
            out.push(if seen <= hidden { '*' } else { sign });
        } else {
            out.push(sign);
        }
    }
}

/// The same of a text as short as nearly all are, one byte a sign: all of it is hidden in one go, and from its end shown again.
fn mask_short(text: &[u8], last: usize, out: &mut String) {
    let (mut masked, mut signs) = ([0; MASKED_AT_ONCE], 0);
    for (place, sign) in masked.iter_mut().zip(text) {
        *place = HIDDEN[usize::from(*sign)];
        signs += usize::from(*place != *sign);
    }
    let mut shown = signs - hidden_of(signs, last);
    for (place, sign) in masked.iter_mut().zip(text).rev() {
        if shown == 0 {
            break;
        }
        shown -= usize::from(*place != *sign);
        *place = *sign;
    }
    push_ascii(&masked[..text.len()], out);
}

/// Appends at once what would cost more sign by sign.
fn push_ascii(signs: &[u8], out: &mut String) {
    debug_assert!(signs.is_ascii());
    out.push_str(str::from_utf8(signs).unwrap_or_default());
}

fn hidden_of(signs: usize, last: usize) -> usize {
    if signs > last { (signs - last).max(signs.div_ceil(2)) } else { signs }
}

/// The token of every value.
fn tokens(values: &ArrayRef, column: &Column, key: &Mac) -> Option<ArrayRef> {
    let canonical = Canonical::of(column.kind.as_deref());
    let (mut written, mut tags, mut count) = (String::new(), key.tags(values.len()), 0);
    let mut ends = Vec::with_capacity(values.len() + 1);
    ends.push(0);
    text_of(values, column, &mut |value| {
        if let Some(text) = value {
            tags.add(&hashed(canonical.write(text, &mut written), &written));
            count += 1;
        }
        ends.push(count * TOKEN_DIGITS as i64);
    })?;
    let digits: Vec<_> = tags.finish().into_iter().map(digits_of).collect();
    made(ends, digits.into_flattened(), values)
}

pub(super) fn token(key: &Mac, writing: Writing, written: &str, out: &mut String) {
    push_ascii(&digits_of(key.of_parts(&hashed(writing, written))), out);
}

/// What is hashed of a value.
pub(super) fn hashed(writing: Writing, written: &str) -> [&[u8]; 2] {
    match writing {
        Writing::Canonical => [b"", written.as_bytes()],
        Writing::AsItIs => [AS_IT_IS, written.as_bytes()],
    }
}

fn digits_of(tag: Tag) -> [u8; TOKEN_DIGITS] {
    let mut digits = [0; TOKEN_DIGITS];
    for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(tag) {
        *pair = DIGITS[usize::from(byte)];
    }
    digits
}

fn generalise(values: &ArrayRef, column: &Column, how: &Generalisation) -> Option<ArrayRef> {
    match how {
        Generalisation::Year => dates(values, column, |day| day.ordinal0()),
        Generalisation::Month => dates(values, column, |day| day.day0()),
        Generalisation::District => text(values, column, OUTWARD_BYTES, district),
        Generalisation::Band { width } => band(values, column.column_type, i128::from(*width)),
    }
}

/// A UK postcode's outward part: all but its last three letters and digits. Anything else is no postcode, and nothing of it
/// is shown.
pub(super) fn district(text: &str, out: &mut String) {
    let (mut signs, mut count) = ([0u8; POSTCODE_SIGNS_MAX], 0);
    for sign in text.chars().filter(|sign| !sign.is_whitespace()) {
        match signs.get_mut(count) {
            Some(place) if sign.is_ascii_alphanumeric() => *place = sign.to_ascii_uppercase() as u8,
            _ => return out.push_str(NO_POSTCODE),
        }
        count += 1;
    }
    if let Some((outward, [digit, first, second])) = signs[..count].split_last_chunk::<3>()
        && (2..=4).contains(&outward.len())
        && outward[0].is_ascii_uppercase()
        && digit.is_ascii_digit()
        && first.is_ascii_uppercase()
        && second.is_ascii_uppercase()
    {
        return push_ascii(outward, out);
    }
    out.push_str(NO_POSTCODE);
}

/// The first day of each value's year or month, `days_in` of which have gone by before the value's own. A timestamp becomes midnight UTC of
/// that day. A value outside the calendar becomes NULL.
fn dates(values: &ArrayRef, column: &Column, days_in: impl Fn(NaiveDate) -> u32) -> Option<ArrayRef> {
    let first = |day: i32| day.checked_sub_unsigned(days_in(NaiveDate::from_epoch_days(day)?));
    match column.column_type {
        ColumnType::Date => {
            let days = values.as_primitive_opt::<Date32Type>()?;
            Some(Arc::new(days.unary_opt::<_, Date32Type>(first)))
        }
        ColumnType::Timestamp | ColumnType::Timestamptz => {
            let micros = values.as_primitive_opt::<TimestampMicrosecondType>()?;
            let midnight = |micros: i64| {
                let day = i32::try_from(micros.div_euclid(DAY_MICROS)).ok()?;
                i64::from(first(day)?).checked_mul(DAY_MICROS)
            };
            Some(Arc::new(micros.unary_opt::<_, TimestampMicrosecondType>(midnight).with_timezone("UTC")))
        }
        _ => None,
    }
}

/// The lower edge of each value's band: the largest multiple of `width` that is not above it, or where the type has no such
/// number its smallest.
fn band(values: &ArrayRef, column_type: ColumnType, width: i128) -> Option<ArrayRef> {
    fn banded<T: ArrowPrimitiveType>(
        values: &ArrayRef,
        lower: impl Fn(T::Native) -> Option<T::Native>,
    ) -> Option<ArrayRef> {
        let numbers = values.as_primitive_opt::<T>()?;
        let treated: PrimitiveArray<T> = numbers.unary_opt(lower);
        Some(Arc::new(treated.with_data_type(numbers.data_type().clone())))
    }
    if width <= 0 {
        return None;
    }
    let lower = |number: i128, width: i128, least: i128| number.saturating_sub(number.rem_euclid(width)).max(least);
    match column_type {
        ColumnType::Smallint => {
            banded::<Int16Type>(values, |n| lower(n.into(), width, i16::MIN.into()).try_into().ok())
        }
        ColumnType::Integer => banded::<Int32Type>(values, |n| lower(n.into(), width, i32::MIN.into()).try_into().ok()),
        ColumnType::Bigint => banded::<Int64Type>(values, |n| lower(n.into(), width, i64::MIN.into()).try_into().ok()),
        ColumnType::Numeric { precision, scale } => {
            let width = width.checked_mul(10i128.checked_pow(u32::from(scale))?)?;
            let limit = 10i128.checked_pow(u32::from(precision))?;
            banded::<Decimal128Type>(values, |n| Some(lower(n, width, 1 - limit)))
        }
        ColumnType::Real => banded::<Float32Type>(values, |n| Some((n / width as f32).floor() * width as f32)),
        ColumnType::Double => banded::<Float64Type>(values, |n| Some((n / width as f64).floor() * width as f64)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::TEST_SECRET;
    use super::*;
    use crate::data::{Class, Name};
    use arrow::array::{Date32Array, Decimal128Array, Int32Array, Time64MicrosecondArray, TimestampMicrosecondArray};
    use proptest::prelude::*;

    fn column(column_type: &str, kind: &str) -> Column {
        let plain = Column::plain(Name::new("value").expect("a name"), ColumnType::parse(column_type).expect("a type"));
        Column { class: Class::Personal, kind: Some(kind.into()), ..plain }
    }

    fn texts(values: &[Option<&str>]) -> ArrayRef {
        Arc::new(values.iter().copied().collect::<StringViewArray>())
    }

    fn treated(values: ArrayRef, column: &Column, treatment: Treatment) -> ArrayRef {
        let keys = Keys::derive(TEST_SECRET, [Name::new("people").expect("a name")]).expect("keys");
        treat(&values, column, &treatment, None, &keys, &mut Told::default()).expect("a treated column")
    }

    fn read(values: &ArrayRef) -> Vec<Option<&str>> {
        values.as_string_view().iter().collect()
    }

    proptest! {
        #[test]
        fn a_mask_hides_from_the_left_what_is_no_punctuation(
            text in prop_oneof!["[ -~]{0,30}", "[ -~]{60,70}", "[ -~\u{e9}]{0,70}"], last in 0usize..9,
        ) {
            let (mut masked, mut hidden) = (String::new(), String::new());
            mask(&text, last, &mut masked);
            let signs = text.chars().filter(|sign| sign.is_alphanumeric()).count();
            let shown = if signs > last { last.min(signs / 2) } else { 0 };
            for (at, sign) in text.char_indices() {
                let behind = text[at..].chars().filter(|sign| sign.is_alphanumeric()).count();
                hidden.push(if sign.is_alphanumeric() && behind > shown { '*' } else { sign });
            }
            prop_assert_eq!(masked, hidden);
        }

        #[test]
        fn each_token_of_a_column_is_that_of_its_text_alone(
            texts in proptest::collection::vec(proptest::option::of("[ -~\u{e9}]{0,70}"), 0..40), from: usize,
        ) {
            let (column, domain) = (column("text", "email"), Name::new("people").expect("a name"));
            let keys = Keys::derive(TEST_SECRET, [domain.clone()]).expect("keys");
            let (canonical, mut written) = (Canonical::of(Some("email")), String::new());
            let mut alone = |text: &str| {
                let (writing, mut out) = (canonical.write(text, &mut written), String::new());
                token(keys.get(&domain).expect("a key"), writing, &written, &mut out);
                out
            };
            let expected: Vec<_> = texts.iter().map(|text| text.as_deref().map(&mut alone)).collect();
            let from = from % (texts.len() + 1);
            let all: ArrayRef = Arc::new(texts.iter().map(Option::as_deref).collect::<StringViewArray>());
            let tokens = treated(all.slice(from, texts.len() - from), &column, Treatment::Hmac { domain: domain.clone() });
            prop_assert_eq!(read(&tokens), expected[from..].iter().map(Option::as_deref).collect::<Vec<_>>());
        }
    }

    #[test]
    fn masks_all_but_the_last_and_leaves_punctuation() {
        let masked = treated(
            texts(&[Some("07700 900123"), Some("12"), Some(""), None]),
            &column("text", "phone"),
            Treatment::Mask { last: 3 },
        );
        assert_eq!(read(&masked), [Some("***** ***123"), Some("**"), Some(""), None]);
        let values = [Some("1234567"), Some("12345"), Some("1234"), Some("Zo\u{eb}Al")];
        let masked = treated(texts(&values), &column("text", "phone"), Treatment::Mask { last: 4 });
        assert_eq!(read(&masked), [Some("****567"), Some("***45"), Some("****"), Some("***Al")]);
    }

    #[test]
    fn labels_with_the_kind_and_keeps_null() {
        let labelled = treated(texts(&[Some("Wren"), None]), &column("text", "person_name"), Treatment::Label);
        assert_eq!(read(&labelled), [Some("<person_name>"), None]);
    }

    #[test]
    fn treats_what_is_carried_as_text_like_the_same_text() {
        let host =
            treated(texts(&[Some("10.20.30.41/32")]), &column("inet", "ip_address"), Treatment::Mask { last: 2 });
        assert_eq!(read(&host), [Some("**.**.**.**/32")]);
        let names = texts(&[Some("{Wren,\"Rook Ash\"}"), None]);
        assert_eq!(
            read(&treated(names, &column("text[]", "person_name"), Treatment::Label)),
            [Some("<person_name>"), None]
        );
        let token = |column_type: &str| {
            let domain = Name::new("people").expect("a name");
            treated(texts(&[Some("Wren@example.org")]), &column(column_type, "email"), Treatment::Hmac { domain })
        };
        // A pseudonym joins whatever type the two columns are of.
        assert_eq!(read(&token("citext")), read(&token("text")));
        let nothing = treated(texts(&[Some("1 mon")]), &column("interval", "age"), Treatment::Null);
        assert_eq!((nothing.null_count(), nothing.data_type()), (1, &DataType::Utf8View));
    }

    #[test]
    fn gives_one_token_for_one_person_in_any_writing() {
        let domain = Name::new("people").expect("a name");
        let tokens = treated(
            texts(&[Some("wren@example.org"), Some(" Wren@EXAMPLE.org"), Some("rook@example.org"), None]),
            &column("text", "email"),
            Treatment::Hmac { domain },
        );
        let tokens = read(&tokens);
        assert_eq!(tokens[0], tokens[1]);
        assert_ne!(tokens[0], tokens[2]);
        assert_eq!(tokens[3], None);
        // HKDF-SHA-256 and HMAC-SHA-256 of these inputs, computed with Python's hmac module.
        assert_eq!(tokens[0], Some("2cece9b4ee2e2d631e8428b08fc0ac0e"));
    }

    #[test]
    fn gives_people_without_a_number_tokens_of_their_own() {
        let domain = || Name::new("people").expect("a name");
        let column = column("text", "phone");
        let values = [Some("n/a"), Some("ask Wren Alder"), Some("?"), Some(""), Some("n/a")];
        let tokens = treated(texts(&values), &column, Treatment::Hmac { domain: domain() });
        let tokens = read(&tokens);
        assert_eq!(tokens[0], tokens[4]);
        let different: std::collections::BTreeSet<_> = tokens.iter().collect();
        assert_eq!(different.len(), 4);
    }

    #[test]
    fn generalises_dates_to_the_first_of_the_year_or_month() {
        let day = |text: &str| (text.parse::<NaiveDate>().expect("a date") - NaiveDate::default()).num_days() as i32;
        let born: ArrayRef = Arc::new(Date32Array::from(vec![Some(day("1961-07-09")), Some(day("2000-02-29")), None]));
        let years =
            treated(Arc::clone(&born), &column("date", "date_of_birth"), Treatment::Generalise(Generalisation::Year));
        assert_eq!(
            years.as_primitive::<Date32Type>(),
            &Date32Array::from(vec![Some(day("1961-01-01")), Some(day("2000-01-01")), None])
        );
        let months = treated(born, &column("date", "date_of_birth"), Treatment::Generalise(Generalisation::Month));
        assert_eq!(
            months.as_primitive::<Date32Type>(),
            &Date32Array::from(vec![Some(day("1961-07-01")), Some(day("2000-02-01")), None])
        );
    }

    #[test]
    fn generalises_moments_to_the_first_midnight_of_the_year_or_month() {
        let moment = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().expect("a moment").timestamp_micros();
        let moments = [
            ("1969-12-31T23:59:59.999999Z", "1969-01-01T00:00:00Z", "1969-12-01T00:00:00Z"),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59.999999Z", "9999-01-01T00:00:00Z", "9999-12-01T00:00:00Z"),
        ];
        // Beyond any calendar, on either side.
        let ends = [i64::MIN, i64::MAX];
        let values = moments.iter().map(|(at, ..)| moment(at)).chain(ends);
        let values: ArrayRef = Arc::new(TimestampMicrosecondArray::from_iter_values(values).with_timezone("UTC"));
        for (how, first) in [
            (Generalisation::Year, moments.map(|(_, year, _)| moment(year))),
            (Generalisation::Month, moments.map(|(.., month)| moment(month))),
        ] {
            let firsts =
                treated(Arc::clone(&values), &column("timestamptz", "date_of_birth"), Treatment::Generalise(how));
            let expected: Vec<Option<i64>> = first.into_iter().map(Some).chain(ends.map(|_| None)).collect();
            assert_eq!(firsts.as_primitive::<TimestampMicrosecondType>().iter().collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn generalises_postcodes_and_shows_nothing_of_what_is_none() {
        let districts = treated(
            texts(&[Some("zz1 4zz"), Some("ZZ99 1AB"), Some("12 Nowhere Lane"), Some("ZZ1"), None]),
            &column("text", "postcode"),
            Treatment::Generalise(Generalisation::District),
        );
        assert_eq!(read(&districts), [Some("ZZ1"), Some("ZZ99"), Some("<postcode>"), Some("<postcode>"), None]);
    }

    #[test]
    fn puts_numbers_in_bands_below_zero_too() {
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![Some(1999), Some(-1), Some(0), None]));
        let banded =
            treated(numbers, &column("integer", "salary"), Treatment::Generalise(Generalisation::Band { width: 1000 }));
        assert_eq!(banded.as_primitive::<Int32Type>(), &Int32Array::from(vec![Some(1000), Some(-1000), Some(0), None]));
        let money =
            Decimal128Array::from(vec![Some(199_999), Some(-1)]).with_precision_and_scale(8, 2).expect("decimals");
        let banded = treated(
            Arc::new(money),
            &column("numeric(8,2)", "salary"),
            Treatment::Generalise(Generalisation::Band { width: 1000 }),
        );
        assert_eq!(banded.as_primitive::<Decimal128Type>().values().to_vec(), [100_000, -100_000]);
    }

    #[test]
    fn puts_the_smallest_numbers_in_the_band_that_the_type_cuts_short() {
        let bands = || Treatment::Generalise(Generalisation::Band { width: 1000 });
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![i32::MIN, i32::MAX]));
        let banded = treated(numbers, &column("integer", "salary"), bands());
        assert_eq!(banded.as_primitive::<Int32Type>(), &Int32Array::from(vec![i32::MIN, 2_147_483_000]));
        let money = Decimal128Array::from(vec![-99_999_999, 99_999_999]).with_precision_and_scale(8, 2);
        let banded = treated(Arc::new(money.expect("decimals")), &column("numeric(8,2)", "salary"), bands());
        assert_eq!(banded.null_count(), 0);
        assert_eq!(banded.as_primitive::<Decimal128Type>().values().to_vec(), [-99_999_999, 99_900_000]);
    }

    #[test]
    fn publishes_a_time_as_text_and_a_zoneless_timestamp_as_utc() {
        let times: ArrayRef = Arc::new(Time64MicrosecondArray::from(vec![Some(86_399_000_001), None]));
        assert_eq!(read(&treated(times, &column("time", "x"), Treatment::Keep)), [Some("23:59:59.000001"), None]);
        let stamps: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![1]));
        let published = treated(stamps, &column("timestamp", "x"), Treatment::Keep);
        assert_eq!(published.data_type(), &ColumnType::Timestamptz.arrow());
    }

    #[test]
    fn refuses_a_treatment_that_the_type_cannot_take() {
        let days: ArrayRef = Arc::new(Date32Array::from(vec![0]));
        let refused =
            treat(&days, &column("date", "x"), &Treatment::Mask { last: 1 }, None, &Keys::none(), &mut Told::default());
        assert_eq!(refused.err().map(|fault| fault.treatment), Some("mask (last 1)".into()));
    }
}
