//! Invented people. Addresses end in `example.org`, numbers are Ofcom's for drama (07700 900xxx), postcodes of no place (ZZ98,
//! ZZ99), addresses of machines from the blocks for documents (RFC 5737, RFC 3849), sort codes of no bank (00-00).

use super::cell::Cell;
use super::random::Draw;

const FIRST: [&str; 16] = [
    "Gwen", "Tobias", "Siân", "Ines", "Rafi", "Maud", "Callum", "Zofia", "Dev", "Patrin", "Ailsa", "Bram", "Øyvind",
    "Łucja", "Noé", "Asha",
];
const LAST: [&str; 16] = [
    "Mercer",
    "Ashdown",
    "Pryce-Holloway",
    "Carrowby",
    "Okonje-Lund",
    "Tenterfell",
    "Brae-Wick",
    "Halmarsh",
    "Sundarell",
    "O'Neve",
    "Fenwicke",
    "Yewdale",
    "Linden",
    "Quill",
    "Tarnbeck",
    "Garrowmoor",
];
const JOBS: [&str; 8] = [
    "Director",
    "Company Secretary",
    "Operations Lead",
    "Site Manager",
    "Finance Director",
    "Settlement Analyst",
    "Contract Manager",
    "Head of Trading, Wholesale",
];
const POSTCODES: [&str; 6] = ["ZZ98 1AB", "ZZ99 2CD", "zz99 3gh", "ZZ98 7EF", "ZZ99 9XX", "ZZ981AB"];
const LOGINS: [&str; 3] = ["asha.linden", "b.quill", "settlement.batch"];

/// Somebody, always the same for the same number.
pub struct Person {
    /// Given and family name.
    pub name: String,
    /// The address in its plain form.
    email: String,
    number: u64,
}

/// Person `number`.
pub fn person(seed: u64, number: u64) -> Person {
    let mut draw = Draw::of(seed, "person", number);
    let (first, last) = (draw.pick(&FIRST), draw.pick(&LAST));
    let plain = |name: &str| name.chars().filter_map(plain).collect::<String>();
    Person {
        name: format!("{first} {last}"),
        email: format!("{}.{}.{number}@example.org", plain(first), plain(last)),
        number,
    }
}

impl Person {
    /// The address in one of the spellings that people type.
    pub fn email(&self, draw: &mut Draw) -> String {
        match draw.below(6) {
            0 => self.email.to_uppercase(),
            1 => self.email.replace("example.org", "Example.Org"),
            2 => format!("  {} ", self.email),
            _ => self.email.clone(),
        }
    }

    /// A mobile number in one of three spellings, or none.
    pub fn phone(&self, draw: &mut Draw) -> Option<String> {
        let digits = self.number % 1000;
        match draw.below(8) {
            0 => None,
            1 | 2 => Some(format!("+44 7700 900{digits:03}")),
            3 | 4 => Some(format!("+44 (0)7700 900{digits:03}")),
            _ => Some(format!("07700 900{digits:03}")),
        }
    }

    /// A note that tells what nobody should read in a warehouse, or none.
    pub fn note(&self, draw: &mut Draw) -> Option<String> {
        let phone = self.number % 1000;
        match draw.below(6) {
            0 => Some(format!(
                "{} ({}) rang on 07700 900{phone:03} about the \"longstop\" date,\nsee file",
                self.name, self.email
            )),
            1 => Some(format!("Prefers {}; call after 10, \"not Fridays\"", self.email)),
            2 => Some("Back-slash \\ and\ttab, naïve café".to_owned()),
            _ => None,
        }
    }
}

/// A date of birth, some before 1970, or none.
pub fn born(draw: &mut Draw) -> Cell {
    Cell::Date(draw.between(-5_400, 11_300) as i32).or_null(draw.once_in(9))
}

/// A job, or none.
pub fn job(draw: &mut Draw) -> Cell {
    Cell::from(draw.pick(&JOBS)).or_null(draw.once_in(7))
}

/// A postcode, or none.
pub fn postcode(draw: &mut Draw) -> Cell {
    Cell::from(draw.pick(&POSTCODES)).or_null(draw.once_in(8))
}

/// Who changed a row last, or none.
pub fn login(draw: &mut Draw) -> Cell {
    Cell::from(draw.pick(&LOGINS)).or_null(draw.once_in(5))
}

/// An address of a machine, or none.
pub fn ip(draw: &mut Draw) -> Cell {
    match draw.below(6) {
        0 => Cell::Null,
        1 => format!("2001:db8::{:x}", draw.below(65_536)).into(),
        _ => format!("192.0.2.{}", draw.below(256)).into(),
    }
}

/// A sort code that no bank has.
pub fn sort_code(draw: &mut Draw) -> String {
    format!("00-00-{:02}", draw.below(100))
}

/// An account's number.
pub fn account_number(draw: &mut Draw) -> String {
    format!("{:08}", draw.below(100_000))
}

fn plain(letter: char) -> Option<char> {
    match letter.to_ascii_lowercase() {
        'â' => Some('a'),
        'é' => Some('e'),
        'Ø' => Some('o'),
        'Ł' => Some('l'),
        letter => letter.is_ascii_alphanumeric().then_some(letter),
    }
}
