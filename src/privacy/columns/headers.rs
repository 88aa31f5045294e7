//! Words of a column's name -> the kind of personal data that people keep under such a name.

use crate::privacy::engine::words_of;
use crate::privacy::recognise::Kind;

/// Phrases, the first that fits counts. A phrase fits where its words stand in a row in the name.
const PHRASES: &[(Kind, &str)] = &[
    (
        Kind::DateOfBirth,
        "date of birth|dob|birth date|birthdate|birthday|born|born on|d o b|dateofbirth|birth dt|date birth|day of birth",
    ),
    (
        Kind::Nino,
        "nino|national insurance|national insurance number|ni number|ni no|nat ins no|ni num|ninumber|insurance number",
    ),
    (Kind::NhsNumber, "nhs|nhs number|nhs no|nhsnumber|chi number|chi no|chi|health and care number|hcn|nhs num"),
    (
        Kind::Utr,
        "utr|unique taxpayer reference|unique taxpayer ref|taxpayer ref|tax payer reference|tax reference|taxpayer reference|utr number|sa utr|tax ref",
    ),
    (
        Kind::VatNumber,
        "vat number|vat no|vat reg|vat registration|vat registration number|vatnumber|vat num|vat id|vat",
    ),
    (Kind::Passport, "passport|passport number|passport no|passportnumber|travel document number"),
    (
        Kind::DrivingLicence,
        "driving licence|driving licence number|driving licence no|driver licence|drivers licence|driving license|driver license|dl number|licence number|license number|driver number|licence no|dvla number",
    ),
    (
        Kind::ElectoralRoll,
        "electoral roll|electoral roll number|electoral number|elector number|electoral register number|electoral",
    ),
    (Kind::Upn, "upn|unique pupil number|pupil number"),
    (Kind::SortCode, "sort code|sortcode|bank sort code|sort cd"),
    (Kind::Iban, "iban"),
    (
        Kind::BankAccount,
        "account number|account no|bank account|bank account number|acc no|acct no|account num|acc number|acct number|accountnumber|bank acc|acct num|bank acct",
    ),
    (
        Kind::Card,
        "card number|card no|cardnumber|pan|credit card|debit card|credit card number|payment card|card num|ccn|cc number",
    ),
    (Kind::Imei, "imei|imei number|handset imei"),
    (Kind::Mpan, "mpan|mpan core|electricity meter point|supply number"),
    (Kind::Mprn, "mprn|gas meter point|meter point reference|meter point reference number"),
    (
        Kind::VehicleRegistration,
        "vehicle registration|registration mark|vrm|vrn|number plate|numberplate|reg number|registration plate|vehicle reg|car reg|car registration|licence plate|license plate|reg no|plate|vehicle registration number|registration number|reg plate",
    ),
    (Kind::MacAddress, "mac|mac address|hardware address|macaddress|bssid"),
    (
        Kind::IpAddress,
        "ip|ip address|ipaddress|ip addr|client ip|remote addr|source ip|login ip|ipv4|ipv6|remote ip|ip v4|ip v6",
    ),
    (Kind::Email, "email|e mail|email address|mail|emails|emailaddress|mail address|contact email"),
    (
        Kind::Phone,
        "phone|telephone|tel|mobile|cell|fax|phone number|mobile number|landline|msisdn|contact number|telephone number|phone no|tel no|mobile no|telno|mob|home phone|work phone|cellphone|contact no|daytime number|whatsapp",
    ),
    (Kind::Postcode, "postcode|post code|postal code|zip|zipcode|zip code|pcode|postalcode|post cd"),
    (
        Kind::Credential,
        "password|passwd|pwd|secret|api key|apikey|access key|access token|api token|auth token|private key|client secret|secret key",
    ),
    (
        Kind::Address,
        "address|address line|street|street address|address 1|address1|address line 1|addr|home address|addr1|addr 1|postal address|residential address|street name|address2|address 2|correspondence address|delivery address|house|premises",
    ),
    (
        Kind::PersonName,
        "full name|fullname|first name|firstname|last name|lastname|surname|forename|forenames|given name|family name|middle name|maiden name|person name|contact name|customer name|client name|patient name|employee name|tenant name|holder name|cardholder name|applicant name|signatory name|next of kin|contact person|account name|payee name|beneficiary name|owner name|manager name|staff name|member name|student name|pupil name|gp name|author|signed by|line manager|fname|lname|account holder|cardholder|agent name|guardian name|driver name|caller name|emergency contact|display name|signatory|contact|name|created by|updated by|approved by|assigned to|assignee|manager|customer|employee|patient|tenant|driver|owner|doctor|consultant|handler|case worker|case handler|key contact|director|secretary name|landlord|witness|caller|attendee|claimant",
    ),
];

/// Words that make a column one of something else, whatever else its name says.
const OTHERS: &str = " id ids type status count code hash flag verified valid consent opt preference sent at on created updated format region country is has num length size order ";

/// Words whose names are not people's.
const NO_PEOPLE: &str = " company unit product site project file table business organisation organization team department plant station supplier generator counterparty bank \
branch brand item category school hospital practice surgery trust client firm employer event system service host user domain field column city town county street road place building \
house model make scheme contract tariff job role group region district ward ship vessel course account channel campaign vendor manufacturer merchant legal trading registered ";

/// What a column's name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Nothing of a person.
    Nothing,
    /// It is of something else: a count, a flag, an id.
    Other,
    /// It may be of that kind; `name` alone says little.
    Perhaps(Kind),
    /// It is of that kind.
    Surely(Kind),
}

/// What a column's name says.
pub fn said(name: &str) -> Said {
    let words = words_of(name);
    let last = words.rsplit(' ').next().unwrap_or_default();
    let padded = format!(" {words} ");
    let has = |phrase: &str| padded.contains(&format!(" {phrase} "));
    // Of a kind's phrases the longest that fits: `born on` before `born`.
    let phrase_of =
        |phrases: &'static str| phrases.split('|').filter(|phrase| has(phrase)).max_by_key(|phrase| phrase.len());
    let found = PHRASES.iter().find_map(|(kind, phrases)| phrase_of(phrases).map(|phrase| (*kind, phrase)));
    let Some((kind, phrase)) = found else { return Said::Nothing };
    // `email_verified`, `address_id`: what is asked of a kind is not of it. `born_on` and `address_1` are.
    let is_other = OTHERS.contains(&format!(" {last} ")) && !phrase.ends_with(last) && last.parse::<u32>().is_err();
    if is_other {
        return Said::Other;
    }
    // `account_holder`: what the phrase itself has is not held against it.
    let is_of_phrase = |word: &str| phrase.split(' ').any(|of| of == word);
    let is_of_others = words.split(' ').any(|word| NO_PEOPLE.contains(&format!(" {word} ")) && !is_of_phrase(word));
    match kind {
        Kind::PersonName if is_of_others && !phrase.contains("contact") => Said::Other,
        Kind::PersonName
            if !phrase.contains(' ')
                && !["surname", "forename", "forenames", "fullname", "firstname", "lastname", "fname", "lname"]
                    .contains(&phrase) =>
        {
            Said::Perhaps(kind)
        }
        _ => Said::Surely(kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_as_people_write_them() {
        for (name, expected) in [
            ("NI_Number", Said::Surely(Kind::Nino)),
            ("customer.dateOfBirth", Said::Surely(Kind::DateOfBirth)),
            ("born_on", Said::Surely(Kind::DateOfBirth)),
            ("contact_email", Said::Surely(Kind::Email)),
            ("email_verified", Said::Other),
            ("address_id", Said::Other),
            ("address_line_1", Said::Surely(Kind::Address)),
            ("unit_name", Said::Other),
            ("name", Said::Perhaps(Kind::PersonName)),
            ("surname", Said::Surely(Kind::PersonName)),
            ("company_contact_name", Said::Surely(Kind::PersonName)),
            ("bank_sort_code", Said::Surely(Kind::SortCode)),
            ("Account Holder", Said::Surely(Kind::PersonName)),
            ("unique_taxpayer_ref", Said::Surely(Kind::Utr)),
            ("settlement_date", Said::Nothing),
            ("strike_price", Said::Nothing),
        ] {
            assert_eq!(said(name), expected, "{name}");
        }
    }
}
