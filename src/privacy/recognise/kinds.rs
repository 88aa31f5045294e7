//! The kinds of personal data: our names, which schema files use too, and what Presidio calls them.

/// A kind of personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "each says what it is in `KINDS`")]
pub enum Kind {
    Email,
    Phone,
    PersonName,
    Address,
    Postcode,
    DateOfBirth,
    Nino,
    NhsNumber,
    Utr,
    VatNumber,
    Passport,
    DrivingLicence,
    ElectoralRoll,
    Upn,
    SortCode,
    BankAccount,
    Iban,
    Card,
    VehicleRegistration,
    Mpan,
    Mprn,
    IpAddress,
    MacAddress,
    Imei,
    Credential,
}

/// Every kind: our id, Presidio's name where it has one, and what it is.
pub const KINDS: &[(Kind, &str, Option<&str>, &str)] = &[
    (Kind::Email, "email", Some("EMAIL_ADDRESS"), "e-mail address"),
    (Kind::Phone, "phone", Some("PHONE_NUMBER"), "telephone number"),
    (Kind::PersonName, "person_name", Some("PERSON"), "name of a person"),
    (Kind::Address, "address", Some("LOCATION"), "street address"),
    (Kind::Postcode, "postcode", Some("UK_POSTCODE"), "UK postcode or BFPO number"),
    (Kind::DateOfBirth, "date_of_birth", Some("DATE_TIME"), "date of birth"),
    (Kind::Nino, "nino", Some("UK_NINO"), "National Insurance number or temporary reference number"),
    (
        Kind::NhsNumber,
        "nhs_number",
        Some("UK_NHS"),
        "NHS number (England, Wales), CHI number (Scotland), H&C number (NI)",
    ),
    (Kind::Utr, "utr", None, "Unique Taxpayer Reference"),
    (Kind::VatNumber, "vat_number", None, "VAT registration number, which is personal where a sole trader has it"),
    (Kind::Passport, "passport", Some("UK_PASSPORT"), "passport number"),
    (Kind::DrivingLicence, "driving_licence", Some("UK_DRIVING_LICENCE"), "driving licence number"),
    (Kind::ElectoralRoll, "electoral_roll", None, "electoral roll number"),
    (Kind::Upn, "upn", None, "Unique Pupil Number"),
    (Kind::SortCode, "sort_code", None, "sort code of a bank account"),
    (Kind::BankAccount, "bank_account", None, "number of a bank account"),
    (Kind::Iban, "iban", Some("IBAN_CODE"), "International Bank Account Number"),
    (Kind::Card, "card", Some("CREDIT_CARD"), "payment card number"),
    (Kind::VehicleRegistration, "vehicle_registration", Some("UK_VEHICLE_REGISTRATION"), "vehicle registration mark"),
    (Kind::Mpan, "mpan", None, "electricity meter point (MPAN)"),
    (Kind::Mprn, "mprn", None, "gas meter point (MPRN)"),
    (Kind::IpAddress, "ip_address", Some("IP_ADDRESS"), "IP address"),
    (Kind::MacAddress, "mac_address", Some("MAC_ADDRESS"), "hardware address of a network card"),
    (Kind::Imei, "imei", None, "IMEI of a mobile device"),
    (Kind::Credential, "credential", None, "password, key or token"),
];

impl Kind {
    /// Our id, as schema files write it.
    pub fn id(self) -> &'static str {
        KINDS[self as usize].1
    }

    /// The kind that a schema file's `kind` means.
    pub fn parse(id: &str) -> Option<Self> {
        let id = if id == "payment_card" { "card" } else { id };
        KINDS.iter().find(|(_, known, ..)| *known == id).map(|(kind, ..)| *kind)
    }

    /// Whether a column of numbers may hold it.
    pub fn may_be_number(self) -> bool {
        !matches!(self, Kind::PersonName | Kind::Address | Kind::Email)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_in_the_order_of_the_kinds() {
        for (place, (kind, id, ..)) in KINDS.iter().enumerate() {
            assert_eq!((*kind as usize, Kind::parse(id)), (place, Some(*kind)), "{id}");
        }
    }
}
