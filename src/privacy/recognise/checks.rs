//! Check digits. Each takes digits (0 to 9) or letters in capitals, and says whether they agree; none knows a text.

/// ISO/IEC 7812-1, annex B (Luhn): every second digit from the right is doubled.
pub fn luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u32| digit * 2 / 10 + digit * 2 % 10;
    let of = |(place, digit): (usize, &u8)| if place % 2 == 0 { u32::from(*digit) } else { doubled((*digit).into()) };
    digits.iter().rev().enumerate().map(of).sum::<u32>().is_multiple_of(10)
}

/// The sum of each digit by its weight.
fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum()
}

/// NHS, CHI and H&C numbers: weights 10 to 2, modulus 11. Source: NHS Data Dictionary, "NHS NUMBER".
pub fn nhs(digits: &[u8]) -> bool {
    digits.len() == 10
        && match 11 - weighted(digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11 {
            11 => digits[9] == 0,
            10 => false,
            check => u32::from(digits[9]) == check,
        }
}

/// Unique Taxpayer References: the first digit checks the other nine. Source: HMRC, "Design of UTR check digit".
pub fn utr(digits: &[u8]) -> bool {
    const CHECK: &[u8] = b"21987654321";
    digits.len() == 10 && CHECK[weighted(&digits[1..], &[6, 7, 8, 9, 10, 5, 4, 3, 2]) as usize % 11] == b'0' + digits[0]
}

/// VAT registration numbers of nine digits, by either of HMRC's two ways; remainders of 55 are issued too. Source: HMRC reference notice 700
/// "VAT registration numbers"; stdnum.gb.vat of python-stdnum.
pub fn vat(digits: &[u8]) -> bool {
    let sum = weighted(digits, &[8, 7, 6, 5, 4, 3, 2, 10, 1]) % 97;
    digits.len() == 9 && digits[..7].iter().any(|digit| *digit != 0) && matches!(sum, 0 | 42 | 55)
}

/// MPAN cores: thirteen digits, weights that are primes, modulus 11 and then 10. Source: MRA Agreed Procedure 3, "MPAN check digit".
pub fn mpan(digits: &[u8]) -> bool {
    digits.len() == 13
        && weighted(digits, &[3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43]) % 11 % 10 == u32::from(digits[12])
}

/// MPRNs: six to ten digits, of which the last two are the rest of a weighted sum by 11. Source: Uniform Network Code, "MPRN check digits".
pub fn mprn(digits: &[u8]) -> bool {
    let Some(length) = digits.len().checked_sub(2).filter(|length| (4..=8).contains(length)) else { return false };
    let sum: u32 =
        digits[..length].iter().zip((1..=length as u32).rev()).map(|(digit, by)| u32::from(*digit) * by).sum();
    sum % 11 == u32::from(digits[length]) * 10 + u32::from(digits[length + 1])
}

/// Unique Pupil Numbers: a letter that is the weighted sum of twelve digits (the last may be a letter where the number is temporary)
/// by 23. Source: Department for Education, "Unique pupil numbers: guide", annex.
pub fn upn(signs: &[u8]) -> bool {
    const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRTUVWXYZ";
    let value = |sign: &u8| match sign {
        b'0'..=b'9' => Some(usize::from(sign - b'0')),
        letter => LETTERS.iter().position(|one| one == letter),
    };
    if signs.len() != 13 {
        return false;
    }
    let sum: Option<usize> = signs[1..].iter().enumerate().map(|(place, sign)| Some((place + 2) * value(sign)?)).sum();
    sum.is_some_and(|sum| LETTERS[sum % 23] == signs[0])
}

/// ISO 7064 mod 97-10 over the rearranged letters (in capitals) and digits of an IBAN.
pub fn iban(signs: &[u8]) -> bool {
    let rearranged = signs.iter().skip(4).chain(signs.iter().take(4));
    let remainder = rearranged.fold(0u32, |remainder, sign| match sign {
        b'0'..=b'9' => (remainder * 10 + u32::from(sign - b'0')) % 97,
        letter => (remainder * 100 + u32::from(letter.to_ascii_uppercase().saturating_sub(b'A')) + 10) % 97,
    });
    signs.len() > 4 && remainder == 1 && has_form(signs)
}

/// Whether letters and digits stand where a country's banks have them; countries that allow either everywhere are not listed.
/// Source: the IBAN registry of ISO 13616-1 (SWIFT), "BBAN structure".
fn has_form(signs: &[u8]) -> bool {
    let country = [signs[0].to_ascii_uppercase(), signs[1].to_ascii_uppercase()];
    let are = |from: usize, to: usize, is: fn(&u8) -> bool| signs.get(from..to).is_some_and(|some| some.iter().all(is));
    match &country {
        b"GB" | b"IE" | b"NL" => are(4, 8, u8::is_ascii_alphabetic) && are(8, signs.len(), u8::is_ascii_digit),
        b"BG" => are(4, 8, u8::is_ascii_alphabetic) && are(8, 14, u8::is_ascii_digit),
        b"GI" | b"RO" | b"LV" | b"MT" | b"PK" | b"QA" | b"KW" | b"JO" | b"BH" | b"AZ" | b"SC" | b"LC" | b"VG"
        | b"SV" => are(4, 8, u8::is_ascii_alphabetic),
        b"AT" | b"BE" | b"CZ" | b"DE" | b"DK" | b"EE" | b"ES" | b"FI" | b"HR" | b"HU" | b"IS" | b"LT" | b"NO"
        | b"PL" | b"PT" | b"RS" | b"SE" | b"SI" | b"SK" => are(4, signs.len(), u8::is_ascii_digit),
        _ => true,
    }
}

/// The check digits of a machine-readable zone: weights 7, 3 and 1, modulus 10. Source: ICAO Doc 9303, part 3, 4.9.
pub fn machine_readable(signs: &[u8], check: u8) -> bool {
    let value = |sign: &u8| match sign {
        b'0'..=b'9' => u32::from(sign - b'0'),
        b'A'..=b'Z' => u32::from(sign - b'A') + 10,
        _ => 0,
    };
    let sum: u32 = signs.iter().zip([7, 3, 1].iter().cycle()).map(|(sign, by)| value(sign) * by).sum();
    u32::from(check.wrapping_sub(b'0')) == sum % 10
}

/// Letters and digits of an IBAN by its country. Source: the IBAN registry of ISO 13616-1 (SWIFT).
const IBAN_SIGNS: &[(usize, &str)] = &[
    (15, "NO"),
    (16, "BE"),
    (18, "DK FO FI GL NL SD"),
    (19, "MK SI"),
    (20, "AT BA EE KZ LT LU XK"),
    (21, "CH HR LI LV"),
    (22, "BG BH CR DE GB GE IE ME RS VA"),
    (23, "AE GI IL IQ OM SO TL"),
    (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
    (25, "LY PT ST"),
    (26, "IS TR"),
    (27, "BI DJ FR GR IT MC MR SM"),
    (28, "AL AZ BY CY DO GT HU LB NI PL SV"),
    (29, "BR EG PS QA UA"),
    (30, "JO KW MU"),
    (31, "MT SC"),
    (32, "LC"),
    (33, "RU"),
];

/// The same by two letters, 0 where no country has them.
const IBAN_LENGTHS: [[u8; 26]; 26] = {
    let (mut lengths, mut row) = ([[0; 26]; 26], 0);
    while row < IBAN_SIGNS.len() {
        let (length, countries) = (IBAN_SIGNS[row].0, IBAN_SIGNS[row].1.as_bytes());
        let mut at = 0;
        while at < countries.len() {
            lengths[(countries[at] - b'A') as usize][(countries[at + 1] - b'A') as usize] = length as u8;
            at += 3;
        }
        row += 1;
    }
    lengths
};

/// How many letters and digits an IBAN of that country has.
pub fn iban_length(country: [u8; 2]) -> Option<usize> {
    let [first, second] = country.map(|letter| usize::from(letter.to_ascii_uppercase().wrapping_sub(b'A')));
    let length = *IBAN_LENGTHS.get(first)?.get(second)?;
    (length > 0).then_some(usize::from(length))
}

/// Whether a number has the check digits of any kind that a column is taken for by its values alone: NHS numbers, cards and IMEIs, MPANs.
pub fn has_check(number: i128) -> bool {
    // Longer ones are rare, and dividing 128 bits is slow.
    let Ok(mut rest) = u64::try_from(number.unsigned_abs()) else { return true };
    let (mut digits, mut from) = ([0; 20], 20);
    while rest > 0 {
        // Two at a time: each division waits for the one before it.
        let pair = (rest % 100) as u8;
        rest /= 100;
        from -= 2;
        (digits[from], digits[from + 1]) = (pair / 10, pair % 10);
    }
    from += usize::from(digits[from..].first() == Some(&0));
    let digits = &digits[from..];
    match digits.len() {
        0..10 => false,
        10 => nhs(digits),
        // A full MPAN has eight digits before its core.
        11..=19 => luhn(digits) || mpan(digits),
        _ => true,
    }
}

/// Whether an issuer has numbers that begin and are as long as this, and Luhn's sum holds. Source: ISO/IEC 7812-1; the ranges that
/// Visa, Mastercard, American Express, Diners Club, Discover, JCB, UnionPay and Maestro publish.
pub fn card(digits: &[u8]) -> bool {
    let front = |length: usize| digits.iter().take(length).fold(0, |number, digit| number * 10 + u32::from(*digit));
    let is_issued = matches!(
        (digits.len(), front(2), front(4)),
        (13 | 16 | 19, 40..=49, _)
            | (16, 51..=55, _)
            | (16, _, 2221..=2720)
            | (15, 34 | 37, _)
            | (15, _, 1800 | 2131)
            | (14, 36 | 38 | 39, _)
            | (14, _, 3000..=3059)
            | (16..=19, 62 | 65, _)
            | (16..=19, _, 6011 | 6440..=6499 | 3528..=3589)
            | (12..=19, _, 5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763 | 6767)
    );
    is_issued && luhn(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same by the number's digits as they are written.
    fn by_its_writing(number: u64) -> bool {
        let digits: Vec<u8> = number.to_string().bytes().map(|sign| sign - b'0').collect();
        match digits.len() {
            0..10 => false,
            10 => nhs(&digits),
            11..=19 => luhn(&digits) || mpan(&digits),
            _ => true,
        }
    }

    #[test]
    fn a_number_has_the_check_of_its_digits_however_many_they_are() {
        for places in 0..20 {
            let ten = 10u64.pow(places);
            for number in (0..2_000).flat_map(|step| [ten - 1 + step, ten.saturating_mul(9).saturating_add(step * 7)]) {
                assert_eq!(has_check(number.into()), by_its_writing(number), "{number}");
            }
        }
        assert!(has_check(u64::MAX.into()) && has_check(i128::MAX) && !has_check(0));
        assert!(has_check(378_282_246_310_005) && !has_check(378_282_246_310_006));
    }
}
