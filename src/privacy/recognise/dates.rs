//! Days as people write them: `03/04/1985`, `1985-04-03`, `3rd April 1985`, `April 3, 1985`, `03APR1985`.

const MONTHS: [&[u8]; 12] =
    [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];

/// The months in Welsh, as statutory forms of Wales have them.
const WELSH_MONTHS: [&[u8]; 12] = [
    b"ionawr",
    b"chwefror",
    b"mawrth",
    b"ebrill",
    b"mai",
    b"mehefin",
    b"gorffennaf",
    b"awst",
    b"medi",
    b"hydref",
    b"tachwedd",
    b"rhagfyr",
];

/// Years in which people who live were born, and the next one for those who are expected.
const YEARS: std::ops::RangeInclusive<u32> = 1900..=2030;

/// The month that a word names.
pub fn month(word: &[u8]) -> Option<u32> {
    let front = word.get(..3)?;
    MONTHS.iter().position(|month| front.eq_ignore_ascii_case(month)).map(|place| place as u32 + 1)
}

fn is_day_of_month(day: u32, month: u32) -> bool {
    let longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    (1..=12).contains(&month) && (1..=longest[month as usize - 1]).contains(&day)
}

/// The same of a day, a month in Welsh and a year: `3 Mawrth 1960`.
pub fn is_welsh_birthday(text: &[u8]) -> bool {
    let mut words = text.split(|byte| !byte.is_ascii_alphabetic());
    let month = words.find_map(|word| WELSH_MONTHS.iter().position(|month| word.eq_ignore_ascii_case(month)));
    let number = |digits: &[u8]| digits.iter().fold(0u32, |number, byte| number * 10 + u32::from(byte - b'0'));
    let runs = text.split(|byte| !byte.is_ascii_digit()).filter(|digits| (1..=4).contains(&digits.len()));
    let mut numbers = runs.map(number);
    match (numbers.next(), month, numbers.next()) {
        (Some(day), Some(month), Some(year)) => YEARS.contains(&year) && is_day_of_month(day, month as u32 + 1),
        _ => false,
    }
}

/// Whether a text of the shape of a date is a day on which somebody may have been born. A day and a month may stand in either order.
pub fn is_birthday(text: &[u8]) -> bool {
    let mut numbers: [(u32, usize); 3] = [(0, 0); 3];
    let (mut count, mut named) = (0, None);
    for run in text.chunk_by(|one, next| one.is_ascii_digit() == next.is_ascii_digit()) {
        if !run.iter().all(u8::is_ascii_digit) {
            // `rd of April, `: an ordinal's letters are no month.
            named = named.or_else(|| run.split(|byte| !byte.is_ascii_alphabetic()).find_map(month));
        } else if count < numbers.len() {
            let number =
                run.iter().fold(0u32, |number, byte| number.saturating_mul(10).saturating_add(u32::from(byte - b'0')));
            numbers[count] = (number, run.len());
            count += 1;
        }
    }
    let year = |(number, digits): (u32, usize)| match digits {
        4 => YEARS.contains(&number),
        2 => true,
        _ => false,
    };
    match (named, count, numbers) {
        (Some(month), 2, [first, second, _]) if first.1 == 4 => year(first) && is_day_of_month(second.0, month),
        (Some(month), 2, [first, second, _]) => year(second) && is_day_of_month(first.0, month),
        (None, 3, [first, second, third]) if first.1 == 4 => year(first) && is_day_of_month(third.0, second.0),
        (None, 3, [first, second, third]) => {
            year(third) && (is_day_of_month(first.0, second.0) || is_day_of_month(second.0, first.0))
        }
        // 030485.
        (None, 1, [(number, 6), ..]) => is_day_of_month(number / 10_000, number / 100 % 100),
        (None, 1, [(number, 8), ..]) => {
            // 19850403, or 03041985.
            let compact = |year: u32, month: u32, day: u32| YEARS.contains(&year) && is_day_of_month(day, month);
            compact(number / 10_000, number / 100 % 100, number % 100)
                || compact(number % 10_000, number / 10_000 % 100, number / 1_000_000)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_days_in_every_writing() {
        for text in [
            "03/04/1985",
            "3.4.85",
            "1985-04-03",
            "3 April 1985",
            "3rd of April, 1985",
            "April 3, 1985",
            "12 31 1985",
            "29-Feb-1984",
            "19850403",
            "03041985",
            "3rd Sept 1985",
            "03APR1985",
            "3April85",
            "030485",
        ] {
            assert!(is_birthday(text.as_bytes()), "{text}");
        }
        for text in [
            "31/04/1785",
            "45/45/1985",
            "3 April 985",
            "30 Feb 1984",
            "13/13/1985",
            "1985",
            "99999999",
            "450485",
            "031385",
        ] {
            assert!(!is_birthday(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn knows_the_months_of_welsh() {
        for text in ["3 Mawrth 1960", "1af o Ionawr 2001", "31 rhagfyr 1999", "29 Chwefror 1984"] {
            assert!(is_welsh_birthday(text.as_bytes()), "{text}");
        }
        for text in ["30 Chwefror 1984", "3 March 1960", "3 Mawrth 1785", "Mawrth 1960"] {
            assert!(!is_welsh_birthday(text.as_bytes()), "{text}");
        }
    }
}
