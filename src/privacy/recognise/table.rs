//! The recognisers, a row each. Patterns are over ASCII, in any case, and begin where a token begins.

use super::judge::{self, Candidate, Evidence};
use super::kinds::Kind;

/// How one kind of number looks in one of its writings.
pub struct Recogniser {
    /// Its name.
    pub id: &'static str,
    /// What it finds.
    pub kind: Kind,
    /// The shape, as a regular expression.
    pub pattern: &'static str,
    /// What speaks for a candidate of the shape.
    pub check: fn(&Candidate<'_>) -> Evidence,
    /// Words nearby, or in a column's name, that say what it is; small letters, words divided by one blank.
    pub words: &'static [&'static str],
    /// Texts in which it is found.
    pub examples: &'static [&'static str],
    /// Texts in which nothing of its kind is found.
    pub counter_examples: &'static [&'static str],
    /// Where the shape is laid down.
    pub source: &'static str,
}

impl Recogniser {
    /// Whether its check never gives more than [`Evidence::Shape`]: without a word nearby it finds nothing.
    pub fn needs_word(&self) -> bool {
        matches!(
            self.id,
            "trn"
                | "driving_licence_ni"
                | "passport"
                | "vat_number_bare"
                | "mprn"
                | "vehicle_registration_spaced"
                | "vehicle_registration_older"
                | "electoral_roll"
                | "date_of_birth"
                | "date_of_birth_welsh"
                | "date_of_birth_in_brackets"
                | "date_of_birth_and_time"
                | "mac_bare"
        )
    }
}

const NINO: &[&str] =
    &["nino", "national insurance", "ni no", "ni number", "ni", "nat ins", "insurance number", "n i number", "ni num"];
const NHS: &[&str] = &[
    "nhs",
    "patient",
    "chi",
    "h c number",
    "hcn",
    "health and care",
    "health service",
    "nhs no",
    "nhs number",
    "chi number",
];
const UTR: &[&str] = &[
    "utr",
    "taxpayer",
    "tax reference",
    "tax ref",
    "self assessment",
    "unique taxpayer reference",
    "hmrc reference",
    "hmrc",
    "tax id",
    "sa reference",
];
const VAT: &[&str] = &["vat", "vat no", "vat number", "vat registration", "vat reg", "vrn vat"];
const PASSPORT: &[&str] = &[
    "passport",
    "passports",
    "passport no",
    "passport number",
    "hmpo",
    "travel document",
    "pp no",
    "pp number",
    "ppt no",
];
const LICENCE: &[&str] = &[
    "driving licence",
    "driver licence",
    "drivers licence",
    "driver s licence",
    "licence number",
    "licence no",
    "licence",
    "driving license",
    "driver license",
    "drivers license",
    "license number",
    "dvla",
    "dva",
    "dl",
];
const ROLL: &[&str] = &[
    "electoral roll",
    "electoral number",
    "elector number",
    "electoral register",
    "electoral",
    "elector",
    "roll number",
    "polling number",
    "poll no",
    "poll number",
    "elector no",
];
const POSTCODE: &[&str] = &["postcode", "post code", "postal code", "address", "zip", "zipcode", "pcode", "pc"];
const PHONE: &[&str] = &[
    "tel",
    "phone",
    "telephone",
    "mobile",
    "mob",
    "cell",
    "call",
    "ring",
    "rang",
    "number is",
    "contact number",
    "contact",
    "fax",
    "text",
    "sms",
    "whatsapp",
    "landline",
    "msisdn",
    "called",
    "reach",
    "reached",
    "phone number",
    "ph",
    "dial",
    "call back",
    "helpline",
    "extension",
];
const SORT: &[&str] = &["sort code", "sortcode", "sort", "sc", "s c", "bank sort code", "sort codes"];
const ACCOUNT: &[&str] = &[
    "account",
    "account number",
    "account no",
    "acc",
    "acct",
    "a c",
    "acc no",
    "account num",
    "ac",
    "bank account",
    "acct no",
    "acc number",
    "bank ac",
];
const CARD: &[&str] =
    &["card", "credit", "debit", "visa", "mastercard", "amex", "pan", "card number", "maestro", "payment card", "cc"];
const VEHICLE: &[&str] = &[
    "reg",
    "registration",
    "vrn",
    "vrm",
    "plate",
    "number plate",
    "vehicle",
    "car",
    "van",
    "reg no",
    "registration number",
    "licence plate",
    "license plate",
    "parked",
    "driving",
    "lorry",
    "motorbike",
    "motorcycle",
    "motor cycle",
    "m cycle",
    "bike",
    "taxi",
    "hgv",
    "truck",
];
const UPN: &[&str] = &["upn", "pupil", "unique pupil number", "pupil number"];
const MPAN: &[&str] = &[
    "mpan",
    "supply number",
    "meter point",
    "electricity meter",
    "electricity supply",
    "s number",
    "mpan core",
    "import",
    "export",
    "dno",
];
const MPRN: &[&str] = &[
    "mprn",
    "gas meter",
    "meter point reference",
    "meter point ref",
    "meter point number",
    "meter point no",
    "gas supply",
    "m number",
    "gas",
];
const BORN: &[&str] = &[
    "dob",
    "d o b",
    "date of birth",
    "born",
    "birth",
    "birthday",
    "birthdate",
    "birth date",
    "born on",
    "date birth",
    "bday",
    "b day",
    // `DoB`, as a hump divides it.
    "do b",
    "dateofbirth",
    "d of b",
    // Of forms in Welsh.
    "dyddiad geni",
    "ganwyd",
    "ganed",
];
/// Behind a name and a bracket.
const BORN_SHORT: &[&str] = &["b"];
const IP: &[&str] = &[
    "ip",
    "ip address",
    "client",
    "host",
    "remote addr",
    "addr",
    "from",
    "login from",
    "src",
    "source ip",
    "gateway",
    "remote",
];
const MAC: &[&str] = &["mac", "mac address", "hwaddr", "ether", "bssid"];
const IMEI: &[&str] = &["imei", "handset", "device"];

macro_rules! row {
    ($id:literal $kind:ident $pattern:literal $check:ident $words:ident [$($yes:literal),* $(,)?] [$($no:literal),* $(,)?] $source:literal) => {
        Recogniser { id: $id, kind: Kind::$kind, pattern: $pattern, check: judge::$check, words: $words,
            examples: &[$($yes),*], counter_examples: &[$($no),*], source: $source }
    };
}

/// Every recogniser. Of candidates that are as good as one another the first row counts.
pub const RECOGNISERS: &[Recogniser] = &[
    row!("nino" Nino r"(?:[a-ceghj-prstw-z][a-ceghj-nprstw-z]|qq)[ .\-/]?\d{2}[ .\-/]?\d{2}[ .\-/]?\d{2}(?:[ .\-/]?[a-d])?" nino NINO
        ["QQ 12 34 56 C", "ab123456c", "NI: AB-12-34-56-D", "NINO AB123456"]
        ["TN 12 34 56 C", "AB123456", "DA 12 34 56 A", "AB 12 34 56 E"] "HMRC NIM39110"),
    row!("nino_boxes" Nino r"[a-ceghj-prstw-z] ?[a-ceghj-nprstw-z] (?:\d(?: \d){5}|\d{2} ?\d{2} ?\d{2})(?: ?[a-d])?" nino_boxes NINO
        ["M M 4 7 1 2 0 9 C", "C E 55 12 08 B", "NI no: c e 55 12 08 b", "NINO M M 4 7 1 2 0 9"]
        ["m m 4 7 1 2 0 9 c", "A B 12 34 56", "A B 1 2 3 4 5 6 C D", "T N 1 2 3 4 5 6 C"] "HMRC NIM39110, a box for each sign"),
    row!("nino_made_up" Nino r"zz ?\d{2} ?\d{2} ?\d{2} ?t" likely NINO ["ZZ 12 34 56 T"] ["ZZ 12 34 56 C"] "numbers of test data, which no prefix of HMRC has"),
    row!("trn" Nino r"\d{2} ?[a-z] ?\d ?\d{2} ?\d{2}" temporary NINO ["national insurance (temporary) 11 a1 11 11"] ["11a11111"] "HMRC NIM39110"),
    row!("card" Card r"(?:(?:3[47]\d{2}|1800|2131)[ .\-]?\d{6}[ .\-]?\d{5}|3\d{3}[ .\-]?\d{6}[ .\-]?\d{4}|[2-6]\d{3}(?:[ .\-]?\d{4}){2}[ .\-]?\d{1,4}(?:[ .\-]?\d{1,3})?|[56]\d{11}|\d{6}[ \-]\d{10,13})" card CARD
        ["4111 1111 1111 1111", "378282246310005", "3056 930902 5904", "5555-5555-5555-4444", "6011111111111117"]
        ["4111 1111 1111 1112", "1234 5678 9012 3456", "2345.678901234567"] "ISO/IEC 7812-1"),
    row!("iban" Iban r"[a-z]{2}\d{2}(?:[ .\-/]?[a-z0-9]{4}){2,7}(?:[ .\-/]?[a-z0-9]{1,3})?" iban CARD
        ["GB29 NWBK 6016 1331 9268 19", "gb82-west-1234-5698-7654-32", "DE89370400440532013000 paid"]
        ["GB29 NWBK 6016 1331 9268 18", "GB12 3456 7890"] "ISO 13616-1"),
    row!("iban_grouped" Iban r"[a-z]{2} ?\d{2}(?:[ .\-]?\d){11,27}" iban_grouped CARD
        ["NO 39 7874 0597 506", "NO71.4202.47.14777"]
        ["no 39 7874 0597 506", "NO 39 7874 0597 507"] "ISO 13616-1, groups as banks of each country write them"),
    row!("iban_of_sort_code" Iban r"[a-z]{2}[ .\-]?\d{2}[ .\-]?[a-z]{4}[ .\-]?\d{2}(?:[ .\-]?\d{2}){2}[ .\-]?\d{4}[ .\-]?\d{4}" iban_of_sort_code CARD
        ["GB29 NWBK 60-16-13 31926819", "gb 29 nwbk 601613 3192 6819"]
        ["GB29 NWBK 60-16-13 31926818"] "ISO 13616-1, with the sort code and the account apart"),
    row!("nhs_number" NhsNumber r"\d{3}[ .\-]?\d{3}[ .\-]?\d{4}" nhs NHS
        ["943 476 5919", "NHS no 9434765919", "401-023-2137", "CHI 0101701234 is none, NHS 4505577104 is"]
        ["943 476 5871", "000 000 0000", "111 111 1111", "order ref 9434765919"] "NHS Data Dictionary, NHS NUMBER"),
    row!("driving_licence" DrivingLicence r"[a-z][a-z9]{4}[ .\-]?\d{6}[ .\-]?[a-z9]{2}[ .\-]?[a-z0-9]{3}(?:[ .\-]?\d{2})?" driving_licence LICENCE
        ["MORGA753116SM9IJ", "MORGA 753116 SM9IJ", "morga753116sm91j 01"]
        ["MORGA799916SM9IJ", "M9RGA753116SM9IJ"] "DVLA INF45"),
    row!("driving_licence_ni" DrivingLicence r"\d{8}" shape LICENCE ["NI driving licence 12345678"] ["12345678"] "DVA Northern Ireland"),
    row!("mrz" Passport r"[a-z0-9][a-z0-9<]{8}\d[a-z<]{3}\d{7}[mf<]\d{7}[a-z0-9<]{14}[0-9<]\d" machine_readable PASSPORT
        ["L898902C36UTO7408122F1204159ZE184226B<<<<<10"] ["L898902C37UTO7408122F1204159ZE184226B<<<<<10"] "ICAO Doc 9303, part 4"),
    row!("passport" Passport r"(?:(?:gbr)?\d{9}|[a-z]{2} ?\d{7}|[a-z]\d{7,8}|\d{2}[a-z]{2}\d{5}|\d{3} \d{3} \d{3})" passport PASSPORT
        ["passport no. 502135326", "Passport: AB1234567", "passport GBR502135326", "Indian passport A3456781", "Polish passport EH 1029384", "passport number ZS 1234567", "PP no. 719203845"]
        ["502135326", "passport ABC123456", "AB 1234567", "passport no 1234567", "PASSPORT NO 1234567", "pp. 719203845"]
        "HM Passport Office; India and France as their own offices write them"),
    row!("vat_number" VatNumber r"(?:gb|xi)[ .\-]?\d(?:[ .\-]?\d){8}(?:[ .\-]?\d{3})?" vat VAT ["GB 980 7806 84", "GB980780684"] ["GB 802 3117 81"] "HMRC notice 700"),
    row!("vat_number_bare" VatNumber r"\d{3}[ .\-]?\d{3,4}[ .\-]?\d{2,3}(?:[ .\-]?\d{3})?" vat VAT ["VAT reg 980 7806 84"] ["980780684", "VAT 802311781"] "HMRC notice 700"),
    row!("vat_number_state" VatNumber r"gb[ .\-]?(?:gd[0-4]|ha[5-9])\d{2}" likely VAT ["VAT number GBGD001"] ["GBHA499"] "HMRC notice 700"),
    row!("utr" Utr r"(?:\d{5}[ \-]?\d{5}|\d{3}[ \-]\d{3}[ \-]\d{4})k?" utr UTR ["UTR: 1955839661", "tax reference 19558 39661", "UTR 195 583 9661"] ["1955839661", "UTR 2955839661"] "HMRC, check digit of UTRs"),
    row!("upn" Upn r"[a-z]\d{11}[a-z0-9]" upn UPN ["B801200005001"] ["A801200005001"] "Department for Education, UPN guide"),
    row!("mpan" Mpan r"(?:s? ?\d{2}[ \-]?\d{3}[ \-]?\d{3}[ \-]?)?\d{2}[ \-]?\d{4}[ \-]?\d{4}[ \-]?\d{3}" mpan MPAN ["22 7867 6232 781", "MPAN 2278676232781"] ["2278676232781", "22 7867 6232 782"] "MRA Agreed Procedure 3"),
    row!("mprn" Mprn r"(?:\d{6,10}|\d{4} \d{6}|\d{4} \d{3} \d{3}|\d{5} \d{5})" mprn MPRN
        ["MPRN 3938424403", "meter point ref 9747052708", "MPRN:9747 052708", "gas meter 97470 52708"] ["3938424403", "MPRN 3938424404", "9747 052708"] "Uniform Network Code"),
    row!("imei" Imei r"(?:\d{15}|\d{2}[ \-]\d{6}[ \-]\d{6}[ \-]\d|\d{6}[ \-]\d{2}[ \-]\d{6}[ \-]\d)" imei IMEI ["IMEI 490154203237518", "49-015420-323751-8"] ["490154203237518", "IMEI 490154203237519"] "3GPP TS 23.003"),
    row!("phone_uk" Phone r"(?:\(?\+ ?44\)?|\(?00 ?44\)?|44)[ .\-/]{0,2}(?:\(0\)|0)?[ .\-/]{0,2}\(?[1-357-9](?:(?:[ .\-/()]{0,2}| - )\d){8,9}" phone_uk PHONE
        ["+44 7700 900123", "0044 20 7946 0958", "00 44 7700 900123", "+44(0)1632 960 123", "(+44) 7700 900123", "+44 7700 - 900123"] ["+44 123", "447700"] "Ofcom, National Telephone Numbering Plan"),
    row!("phone_uk_national" Phone r"\(?0[ ]?[1-357-9](?:(?:[ .\-/()]{0,2}| - )\d){8,9}" phone_uk PHONE
        ["07700 900123", "(0116) 496 0123", "020 7946 0958", "01632960123", "0800 111 999", "077 0090 0123", "055 1234 5678", "07700 - 900123", "01632 960123/4"]
        ["07/12/2026 100", "0123456", "05512345678", "open 0900 - 1730 245 days", "units 01234 - 01238", "01632960123/48"] "Ofcom, National Telephone Numbering Plan"),
    row!("phone_without_zero" Phone r"7\d{3} ?\d{3} ?\d{3}" phone_without_zero PHONE
        ["mobile: 7700 900123", "phone 7700900461"] ["7700900461", "7700 900123"] "Ofcom, National Telephone Numbering Plan"),
    row!("phone_abroad" Phone r"(?:\+|00)[1-9]\d{0,2}(?:[ .\-/()]{0,2}\d){5,12}" phone_abroad PHONE ["+33 1 23 45 67 89", "+1 (202) 555-0143", "(+46 70 123 45 67)"] ["+1234", "002-334-118", "001788120394"] "ITU-T E.164"),
    row!("phone_america" Phone r"(?:1[ .\-])?(?:\(\d{3}\) ?\d{3}[ .\-]\d{4}|\d{3}[.\-]\d{3}[.\-]\d{4})" phone_america PHONE ["(202) 555-0143", "call 202-555-0143"] ["202-555-0143", "call 607-021-6512"] "North American Numbering Plan"),
    row!("postcode" Postcode r"(?:gir ?0aa|[a-pr-uwyz](?:\d{1,2}|\d[a-hjkpstuw]|[a-hk-y]\d{1,2}|[a-hk-y]\d[abehmnprv-y])[ \-]{0,2}\d[abd-hjlnp-uw-z]{2})" postcode POSTCODE
        ["SW1A 1AA", "m1 1ae", "EC1A1BB", "GIR 0AA"] ["ZZ1 4ZZ", "QX1 1AA", "E1 1CM"] "Royal Mail, Programmer's guide to the PAF"),
    row!("bfpo" Postcode r"bfpo[ \-]?\d{1,4}" likely POSTCODE ["BFPO 123"] ["BFPO"] "British Forces Post Office"),
    row!("vehicle_registration" VehicleRegistration r"[a-z]{2}\d{2}[ \-]?[a-z]{3}" vehicle VEHICLE ["AB51 DVL", "BD24XYZ", "reg ab51 dvl"] ["AB45 DVL", "ab51dvl"] "DVLA INF104"),
    row!("vehicle_registration_spaced" VehicleRegistration r"[a-z]{2} \d{2} ?[a-z]{3}" vehicle_spaced VEHICLE
        ["the van (reg. YJ 07 LMV)", "m/cycle YK 22 OBD", "reg: sf 19 uup"]
        ["YJ 07 LMV", "the van sf 19 uup", "van booked on 12 may"] "DVLA INF104"),
    row!("vehicle_registration_older" VehicleRegistration r"(?:[a-hj-np-tv-y]\d{1,3}[ \-]?[a-hj-pr-y]{3}|[a-hj-pr-y]{3}[ \-]?\d{1,3}[ \-]?[a-hj-npr-tv-y]|[a-z]{1,3}[ \-]?\d{1,4}|\d{1,4}[ \-]?[a-z]{1,3})" vehicle_older VEHICLE
        ["car reg A123 BCD", "number plate ABC 123D", "vehicle AIZ 1234", "car reg A12"]
        ["A123 BCD", "the lorry is booked FOR 0600", "11th January 2025 I was driving a van", "taxi via the M25", "VAN DUE ON 12 JAN 2025"] "DVLA INF104"),
    row!("sort_code" SortCode r"\d{2}(?:[ \-]?\d{2}[ \-]?|\.\d{2}\.)\d{2}" sort_code SORT
        ["sort code 20-00-00", "sort: 200000", "20-29-59/63748472", "sort code 12.34.71", "SC: 401722, 61 28 40 17"]
        ["20-00-00", "12-05-24", "sort by 12.05.24", "Sort order 10-20-30", "Charity no. 1144718 (SC 038262)"] "UK Finance"),
    row!("bank_account" BankAccount r"(?:\d{4}[ \-]?\d{4}|\d{2}(?: \d{2}){3}|\d{7})" bank_account ACCOUNT
        ["account number 12345678", "a/c 1234 5678", "20-29-59/63748472", "sort code 12-34-71 80217745", "pay into 80217745 12-34-71", "Acc: 61 28 40 17", "Account no: 1029384"]
        ["12345678", "company number 12345678", "1029384", "account of 1029384", "account periods 01 02 03 04", "80217745 12-05-24"] "UK Finance"),
    row!("electoral_roll" ElectoralRoll r"(?:[a-z]{1,4}[ \-]?\d{1,5}(?:[/\-]\d{1,5}){0,2}|\d{1,5}/\d{1,2})" electoral_roll ROLL
        ["electoral roll number AB1234", "poll no BB2-877", "elector number AB1-1234/1", "elector number 124/1"]
        ["AB1234", "on the electoral roll in 2019", "ELECTORAL ROLL FOR 2024"] "Electoral Commission"),
    row!("date_of_birth" DateOfBirth r"(?:\d{1,2}(?:st|nd|rd|th)?(?:[ /.\-]{1,3}\d{1,2}[ /.,\-]{1,3}|[ /.\-]{0,3}(?:of )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}[ /.,\-]{0,3})'?(?:(?:19|20)\d{2}|\d{2})|(?:19|20)\d{2}[ /.\-](?:\d{1,2}|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6})[ /.\-]\d{1,2}|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?[ ]\d{1,2}(?:st|nd|rd|th)?,? (?:19|20)\d{2}|\d{6}(?:\d{2})?)" birthday BORN
        ["DOB: 03/04/1985", "born on 3rd April 1985", "date of birth: 1985-04-03", "birthday is April 3, 1985", "born 19 / 11 / 1958", "dob 2 Dec '71", "DoB 3/4/85", "dob 03APR1985", "dob 030485", "Dyddiad geni: 03/03/1960", "birth certificate: 14/03/1960"]
        ["03/04/1985", "due 3 April 2024", "03APR1985", "dob 130485123", "birth certificate fee 12.50 from 1 April 2025", "Born digital records transferred 14/03/2024"] "ISO 8601 and custom"),
    row!("date_of_birth_welsh" DateOfBirth r"\d{1,2}(?:af|ail|il|ydd|fed|eg|ain)? (?:o )?(?:ionawr|chwefror|mawrth|ebrill|mai|mehefin|gorffennaf|awst|medi|hydref|tachwedd|rhagfyr) (?:19|20)\d{2}" birthday_welsh BORN
        ["Ganwyd 3 Mawrth 1960", "dyddiad geni: 1af o Ionawr 2001"] ["3 Mawrth 1960", "ganwyd 31 Ebrill 1960"] "custom; statutory forms in Welsh"),
    row!("date_of_birth_in_brackets" DateOfBirth r"\d{1,2}(?:[/.\-]\d{1,2}[/.\-]|(?:st|nd|rd|th)? (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6} )(?:19|20)\d{2}" birthday_in_brackets BORN_SHORT
        ["tenant (b. 23.4.1952)", "the tenant (b 3 April 1952)", "the tenant, b. 12/02/2017"] ["(23.4.1952)", "(b) 23.4.1952", "annex b 23.4.1952"] "custom"),
    row!("date_of_birth_and_time" DateOfBirth r"(?:19|20)\d{2}-\d{2}-\d{2}t\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:z|[+\-]\d{2}:?\d{2})?" birthday_and_time BORN
        ["dob=1985-04-03T00:00:00Z", "\"dateOfBirth\":\"1985-04-03T00:00:00.000+01:00\""] ["1985-04-03T00:00:00Z", "dob=1985-13-03T00:00:00Z"] "ISO 8601"),
    row!("ip_v4" IpAddress r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}" ip_v4 IP
        ["192.0.2.17", "from 203.0.113.9:443", "client 10.2.3.4", "from 10.2.3.1 to 10.2.3.9", "access.log:10.20.30.40", "section 3, 10.20.30.40", "driver of host 10.20.30.40", "8.8.4.4"]
        ["256.1.1.1", "version 10.2.3.4", "1.2.3.4.5", "Clause 14.2.3.1 and paragraph 3.1.2.2 of Schedule 2", "Sections 12.4.1.3, 12.4.1.4 and 12.4.10.2", "Upgrade from 10.2.3 to 10.4.0.1", "upgraded from 10.4.0.1", "image \"registry/app:1.18.4.2\"", "AGESA 1.2.0.7", "Table 10.1.2.3"] "RFC 791"),
    row!("ip_v6" IpAddress r"[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:\.\d{1,3}\.\d{1,3}\.\d{1,3})?" ip_v6 IP ["2001:db8::8a2e:370:7334", "fe80::1", "2001:db8:3:4::192.0.2.33"] ["12:30:45", "a::b::c", "00:1a:2b:3c:4d:5e:6f:70"] "RFC 4291"),
    row!("mac" MacAddress r"(?:[0-9a-f]{2}(?::[0-9a-f]{2}){5}(?:(?::[0-9a-f]{2}){2})?|[0-9a-f]{2}(?:-[0-9a-f]{2}){5}(?:(?:-[0-9a-f]{2}){2})?|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2,3})" mac MAC
        ["00:1A:2b:3c:4d:5e", "00-1a-2b-3c-4d-5e", "ab-cd-ef-01-02-03", "aabb.ccdd.0011", "00:1a:2b:3c:4d:5e:6f:70"]
        ["00:1A:2b:3c:4d", "12:30:45", "0a:1f:44:18:82:00:ce", "1234.5678.9012", "20-11-12-10-30-15"] "IEEE 802, EUI-48 and EUI-64"),
    row!("mac_bare" MacAddress r"(?:[0-9a-f]{12}|[0-9a-f]{2}(?: [0-9a-f]{2}){5}(?:(?: [0-9a-f]{2}){2})?)" mac_bare MAC
        ["mac 001a2b3c4d5e", "MAC address: 00 1A 2B 3C 4D 5E", "ether AB CD EF 01 02 03"] ["001a2b3c4d5e", "mac 123456789012", "mac 00 1a 2b 3c 4d 5e 6f"] "IEEE 802"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_its_own_name_and_examples_of_both_sorts() {
        for (place, row) in RECOGNISERS.iter().enumerate() {
            assert!(RECOGNISERS[..place].iter().all(|other| other.id != row.id), "{}", row.id);
            assert!(
                !row.examples.is_empty() && !row.counter_examples.is_empty() && !row.source.is_empty(),
                "{}",
                row.id
            );
        }
    }
}
