//! A column's name and type -> how delicate its values may be, and what they are about. From words alone: no value is looked at.
//!
//! A guess is for a person to look at: nothing runs until somebody did. In doubt it is the more delicate one.
//!
//! Pure.

use crate::data::{Class, ColumnType};

/// What a column may be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guess {
    /// How delicate.
    pub class: Class,
    /// What about.
    pub kind: Option<&'static str>,
}

/// Which types a word means something in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    /// Text.
    Text,
    /// Text, and text that says which one of something it is: `contact_id` is about no contact's name.
    Named,
    /// Text and whole numbers: telephone and account numbers.
    Number,
    /// Text, dates and years.
    Date,
    /// Anything but a yes or no.
    Any,
}

/// Words of a name, what they are about, how delicate that is, and in which types. The first that fits counts.
const WORDS: &[(&str, &str, Class, Of)] = &[
    ("date_of_birth dob birth birthday birthdate born", "date_of_birth", Class::Sensitive, Of::Date),
    ("iban", "iban", Class::Sensitive, Of::Text),
    ("account_number account_no account_num bank_account acc_no", "bank_account", Class::Sensitive, Of::Number),
    ("card_number card_no card_pan cvv", "payment_card", Class::Sensitive, Of::Number),
    ("nino national_insurance ni_number", "nino", Class::Sensitive, Of::Text),
    ("nhs passport licence_number driving_licence ssn utr tax_id", "identity_number", Class::Sensitive, Of::Number),
    (
        "health medical disability diagnosis religion ethnicity ethnic gender sex sexual political trade_union conviction criminal biometric",
        "special_category",
        Class::Sensitive,
        Of::Any,
    ),
    ("password passwd pwd secret token api_key credential credentials", "credential", Class::Sensitive, Of::Text),
    ("signature", "signature", Class::Sensitive, Of::Any),
    ("salary wage pension", "pay", Class::Sensitive, Of::Any),
    ("email e_mail emails mail", "email", Class::Personal, Of::Text),
    ("phone telephone mobile tel fax msisdn phone_number", "phone", Class::Personal, Of::Number),
    ("sort_code sortcode", "sort_code", Class::Personal, Of::Number),
    ("postcode post_code postal_code zip zipcode", "postcode", Class::Personal, Of::Text),
    ("ip ip_address mac_address user_agent device", "ip_address", Class::Personal, Of::Named),
    ("job_title", "job_title", Class::Personal, Of::Text),
    (
        "username user_name login login_name created_by updated_by modified_by approved_by entered_by changed_by signed_by",
        "user_name",
        Class::Personal,
        Of::Named,
    ),
    (
        "surname forename firstname lastname fullname first_name last_name full_name given_name family_name middle_name maiden_name initials account_name holder_name contact_name person_name signatory_name display_name contact signatory person holder",
        "person_name",
        Class::Personal,
        Of::Named,
    ),
    ("address addr street house_number address1 address2 address3", "address", Class::Personal, Of::Named),
    ("nationality marital_status next_of_kin", "person", Class::Personal, Of::Text),
    (
        "notes note comment comments remark remarks memo free_text message narrative correspondence",
        "free_text",
        Class::Personal,
        Of::Named,
    ),
];

/// Words of a table whose `name` is a person's.
const PEOPLE: &str = "person people contact contacts customer customers employee employees staff user users member members signatory signatories director directors";

/// What the column `name` of `table`, both in snake_case, may be about.
pub fn guess(table: &str, name: &str, column_type: ColumnType) -> Guess {
    let found = WORDS.iter().find(|(words, _, _, of)| has_word(name, words) && takes(*of, name, column_type));
    if let Some((_, kind, class, _)) = found {
        return Guess { class: *class, kind: Some(kind) };
    }
    if has_word(name, "name title") && has_word(table, PEOPLE) && column_type.is_text() {
        return Guess { class: Class::Personal, kind: Some("person_name") };
    }
    match is_one_value(column_type) {
        true => Guess { class: Class::Internal, kind: None },
        // It may hold anything.
        false => Guess { class: Class::Personal, kind: Some("document") },
    }
}

/// Types carried as text that hold one value of one meaning.
const PRINTED: &[&str] =
    &["numeric", "interval", "timetz", "bit", "varbit", "enum", "citext", "name", "ltree", "pg_lsn", "tid"];

/// Whether a type holds one value of one meaning, and no document of whatever.
pub fn is_one_value(column_type: ColumnType) -> bool {
    if let ColumnType::Printed(printed) = column_type {
        return !printed.is_array() && PRINTED.contains(&printed.word());
    }
    use ColumnType::{Bigint, Boolean, Char, Date, Double, Integer, Numeric, Real, Smallint, Text};
    use ColumnType::{Time, Timestamp, Timestamptz, Uuid, Varchar};
    matches!(
        column_type,
        Smallint
            | Integer
            | Bigint
            | Numeric { .. }
            | Real
            | Double
            | Boolean
            | Text
            | Varchar(_)
            | Char(_)
            | Uuid
            | Date
            | Time
            | Timestamp
            | Timestamptz
    )
}

/// Whether one of `words` is a word, or words in a row, of `name`.
fn has_word(name: &str, words: &str) -> bool {
    let name = format!("_{name}_");
    words.split(' ').any(|word| name.contains(&format!("_{word}_")))
}

fn takes(of: Of, name: &str, column_type: ColumnType) -> bool {
    use ColumnType::{Bigint, Boolean, Date, Integer, Smallint, Timestamp, Timestamptz};
    let is_whole = matches!(column_type, Smallint | Integer | Bigint);
    let is_dated = matches!(column_type, Date | Timestamp | Timestamptz);
    let is_text = column_type.is_text() && column_type != ColumnType::Uuid;
    match of {
        Of::Text => is_text,
        Of::Named => is_text && !has_word(name, "id key ref type code"),
        Of::Number => is_text || is_whole || matches!(column_type, ColumnType::Numeric { scale: 0, .. }),
        Of::Date => is_text || is_dated || is_whole,
        Of::Any => column_type != Boolean || has_word(name, "health medical disability conviction criminal"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(table: &str, name: &str, word: &str) -> (Class, Option<&'static str>) {
        let guess = guess(table, name, ColumnType::parse(word).expect("a type"));
        (guess.class, guess.kind)
    }

    #[test]
    fn takes_what_sounds_like_a_person_for_personal() {
        for (name, word, class, kind) in [
            ("email", "text", Class::Personal, "email"),
            ("contact_email_address", "varchar(80)", Class::Personal, "email"),
            ("mobile_no", "bigint", Class::Personal, "phone"),
            ("last_name", "text", Class::Personal, "person_name"),
            ("date_of_birth", "date", Class::Sensitive, "date_of_birth"),
            ("born_on", "date", Class::Sensitive, "date_of_birth"),
            ("account_number", "varchar(12)", Class::Sensitive, "bank_account"),
            ("sort_code", "char(8)", Class::Personal, "sort_code"),
            ("nino", "char(9)", Class::Sensitive, "nino"),
            ("notice_postcode", "varchar(8)", Class::Personal, "postcode"),
            ("address_line_1", "text", Class::Personal, "address"),
            ("last_login_ip", "text", Class::Personal, "ip_address"),
            ("updated_by", "text", Class::Personal, "user_name"),
            ("notes", "text", Class::Personal, "free_text"),
            ("details", "jsonb", Class::Personal, "document"),
            ("disability", "boolean", Class::Sensitive, "special_category"),
        ] {
            assert_eq!(of("invoice", name, word), (class, Some(kind)), "{name} {word}");
        }
        assert_eq!(of("contact", "name", "text"), (Class::Personal, Some("person_name")));
    }

    #[test]
    fn takes_numbers_days_and_yes_or_no_for_what_they_are() {
        for (name, word) in [
            ("email_verified", "boolean"),
            ("email_sent_at", "timestamptz"),
            ("contact_id", "bigint"),
            ("contact_id", "text"),
            ("address_id", "uuid"),
            ("unit_name", "text"),
            ("name", "text"),
            ("stubborn", "text"),
            ("amount", "numeric(14,2)"),
            ("settlement_date", "date"),
            ("notes_count", "integer"),
        ] {
            assert_eq!(of("unit", name, word), (Class::Internal, None), "{name} {word}");
        }
    }
}
