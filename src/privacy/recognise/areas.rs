//! The areas that begin UK postcodes. Source: Royal Mail, "Programmer's guide to the Postcode Address File"; BX and GIR have no place.

const AREAS: &str = " AB AL B BA BB BD BF BH BL BN BR BS BT BX CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX \
FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL \
PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE GIR ";

/// Whether postcodes begin with these letters, in any case.
pub fn is_area(letters: &[u8]) -> bool {
    let mut wanted = [b' '; 5];
    if letters.is_empty() || letters.len() > 3 {
        return false;
    }
    wanted[1..=letters.len()].copy_from_slice(letters);
    wanted.make_ascii_uppercase();
    AREAS.as_bytes().windows(letters.len() + 2).any(|area| area == &wanted[..letters.len() + 2])
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
