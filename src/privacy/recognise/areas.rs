//! The areas that begin UK postcodes. Source: Royal Mail, "Programmer's guide to the Postcode Address File"; BX and GIR have no place.

const AREAS: &str = " AB AL B BA BB BD BF BH BL BN BR BS BT BX CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX \
FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL \
PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE GIR ";

/// A bit for each area of one or two letters.
const BITS: [u32; 27] = {
    let (names, mut bits, mut at) = (AREAS.as_bytes(), [0; 27], 1);
    while at < names.len() {
        let mut end = at;
        while names[end] != b' ' {
            end += 1;
        }
        match end - at {
            1 => bits[26] |= 1 << (names[at] - b'A'),
            2 => bits[(names[at] - b'A') as usize] |= 1 << (names[at + 1] - b'A'),
            _ => {}
        }
        at = end + 1;
    }
    bits
};

/// Whether postcodes begin with these letters, in any case.
pub fn is_area(letters: &[u8]) -> bool {
    let place = |letter: u8| usize::from(letter.to_ascii_uppercase().wrapping_sub(b'A'));
    let has = |row: usize, letter: u8| BITS[row] >> place(letter) & 1 == 1;
    match *letters {
        [only] if only.is_ascii_alphabetic() => has(26, only),
        [first, second] if first.is_ascii_alphabetic() && second.is_ascii_alphabetic() => has(place(first), second),
        [_, _, _] => letters.eq_ignore_ascii_case(b"GIR"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_areas_and_no_parts_of_them() {
        assert_eq!(AREAS.split_whitespace().count(), 127);
        for (letters, expected) in
            [("sw", true), ("M", true), ("GIR", true), ("ZZ", false), ("SWA", false), ("", false), ("I", false)]
        {
            assert_eq!(is_area(letters.as_bytes()), expected, "{letters}");
        }
    }
}
