//! The engine, cell by cell; `vectors.rs` holds it against the vectors of others.

mod vectors;

use super::numbers::{WORD_BYTES_MAX, begin_of_word};
use super::*;
use crate::privacy::recognise::{MARKED, RECOGNISERS};
use std::time::Duration;

fn engine() -> &'static Engine {
    Engine::shared().expect("an engine")
}

fn found(text: &str) -> Vec<(&'static str, String)> {
    let engine = engine();
    let mut work = engine.work();
    let mut found = Vec::new();
    engine.find(text, &Header::none(), &mut work, &mut found);
    found.iter().map(|finding| (finding.kind.id(), text[finding.start..finding.end].to_owned())).collect()
}

#[test]
fn every_row_finds_its_examples_and_passes_its_counter_examples() {
    let engine = engine();
    let (mut work, mut found) = (engine.work(), Vec::new());
    let (mut yes, mut no, mut faults) = (0, 0, Vec::new());
    for row in RECOGNISERS {
        for (texts, expected) in [(row.examples, true), (row.counter_examples, false)] {
            for text in texts {
                engine.find(text, &Header::none(), &mut work, &mut found);
                let is_found = found.iter().any(|finding| finding.kind == row.kind);
                if is_found != expected {
                    faults.push(format!("{} in `{text}`: {is_found}, {found:?}", row.id));
                }
                *(if expected { &mut yes } else { &mut no }) += 1;
            }
        }
    }
    println!("recognisers: {} rows, {yes} examples, {no} counter-examples", RECOGNISERS.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_is_marked_is_found_in_its_examples_and_passed_in_its_counter_examples() {
    for row in MARKED {
        assert!(!RECOGNISERS.iter().any(|other| other.id == row.id), "{}", row.id);
        for (texts, expected) in [(row.examples, true), (row.counter_examples, false)] {
            for text in texts {
                let is_found = found(text).iter().any(|(kind, _)| *kind == row.kind.id());
                assert_eq!(is_found, expected, "{} in `{text}`", row.id);
            }
        }
    }
}

#[test]
fn a_secret_is_found_as_a_whole_and_nothing_beside_it() {
    for (text, value) in [
        ("the password's Tr4fford, I think", "Tr4fford"),
        ("username r.gill / password Summer24.", "Summer24"),
        ("Password - 'Summer24'", "Summer24"),
        ("your temporary password for the portal is Fj4-kkP2-9z", "Fj4-kkP2-9z"),
        ("Temporary password for your account: Xk7-Pq2-Lm", "Xk7-Pq2-Lm"),
        ("I've reset it to Welcome2025! for now", "Welcome2025!"),
        ("log in with rgill and 'Snowdrop!9' as the password", "Snowdrop!9"),
        ("Passcode 448812 for the key safe", "448812"),
        ("SMTP_PASS='n1ghtjar'", "n1ghtjar"),
        ("{\"pass\":\"curlew22\"}", "curlew22"),
        ("<password>curlew22</password>", "curlew22"),
        ("<add key=\"ApiKey\" value=\"a8F3kL0qZx71MnVb\" />", "a8F3kL0qZx71MnVb"),
        ("curl -s -uadmin:hunter2x https://example.org/v1", "hunter2x"),
        ("sshpass -p 'R3dshank' ssh 10.0.0.1", "R3dshank"),
        ("mysql -uroot -pZebra_88 prod", "Zebra_88"),
        (
            "key 559042-294140-644743-368456-683243-607739-716639-643379.",
            "559042-294140-644743-368456-683243-607739-716639-643379",
        ),
        (
            "post to https://hooks.slack.com/services/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.",
            "https://hooks.slack.com/services/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",
        ),
    ] {
        let secrets: Vec<_> = found(text).into_iter().filter(|(kind, _)| *kind == "credential").collect();
        assert_eq!(secrets, [("credential", value.to_owned())], "{text}");
    }
}

#[test]
fn finds_values_in_every_script_and_says_where_they_are() {
    for (text, kind, value) in [
        ("NHS \u{ff19}\u{ff14}\u{ff13} 476 5919.", "nhs_number", "\u{ff19}\u{ff14}\u{ff13} 476 5919"),
        ("tel \u{660}\u{667}\u{667}\u{660}\u{660} 900123", "phone", "\u{660}\u{667}\u{667}\u{660}\u{660} 900123"),
        ("caf\u{e9}: QQ\u{a0}12\u{2011}34\u{a0}56\u{a0}C", "nino", "QQ\u{a0}12\u{2011}34\u{a0}56\u{a0}C"),
        ("write to zo\u{eb}@example.org \u{2013} thanks", "email", "zo\u{eb}@example.org"),
        (r#"{"e":"wren\u0040example.org"}"#, "email", r"wren\u0040example.org"),
        (r#"{"e":"zo\u00eb@example.org"}"#, "email", r"zo\u00eb@example.org"),
        (r#"{"note":"Thanks\u000awren@example.org"}"#, "email", "wren@example.org"),
        (r#"{"m":"Dear Zo\u00eb O\u2019Brien,"}"#, "person_name", r"Zo\u00eb O\u2019Brien"),
        ("\u{2022}wren@example.org\u{a9}", "email", "wren@example.org"),
        ("Dear Zo\u{eb} O\u{2019}Brien,", "person_name", "Zo\u{eb} O\u{2019}Brien"),
    ] {
        assert!(found(text).contains(&(kind, value.to_owned())), "{text}: {:?}", found(text));
    }
}

#[test]
fn knows_numbers_as_people_write_them() {
    for (text, kind, value) in [
        ("ring (0121) 234-5678 please", "phone", "(0121) 234-5678"),
        ("+44 (0) 7400 123456", "phone", "+44 (0) 7400 123456"),
        ("00 44 7400 123456", "phone", "00 44 7400 123456"),
        ("0121 234 5678/07400 123457", "phone", "07400 123457"),
        ("0121 234 5678/07400 123457", "phone", "0121 234 5678"),
        ("either 01632 960123/4.", "phone", "01632 960123"),
        ("tel: 01632 960123/4567", "phone", "01632 960123"),
        ("call 0121 496 0123-0124", "phone", "0121 496 0123"),
        ("mobile: 7700 900123", "phone", "7700 900123"),
        ("07400 123456-ask for her", "phone", "07400 123456"),
        ("tel:+44-7400-123456", "phone", "+44-7400-123456"),
        ("<a href=\"tel:07400123456\">", "phone", "07400123456"),
        ("sort code 12 34 56 account 12345678", "sort_code", "12 34 56"),
        ("bank 23-05-80 / 10442937.", "sort_code", "23-05-80"),
        ("bank 23-05-80 / 10442937.", "bank_account", "10442937"),
        ("BACS: 30-94-57 48201173 ref 12", "bank_account", "48201173"),
        ("the wrong bank, correct is 11-02-68 and 00937415", "bank_account", "00937415"),
        ("direct debit: 55310926, 60-83-71, Nationwide", "sort_code", "60-83-71"),
        ("direct debit: 55310926, 60-83-71, Nationwide", "bank_account", "55310926"),
        ("the two passports (640117328 and one expired)", "passport", "640117328"),
        ("pay 20-29-59/63748472 today", "sort_code", "20-29-59"),
        ("Please sort out the payment to 20-29-59 63748472", "sort_code", "20-29-59"),
        ("Please sort out the payment to 20-29-59 63748472", "bank_account", "63748472"),
        ("I need to sort the refund to 20-29-59 63748472 today", "bank_account", "63748472"),
        ("Sort of urgent, 20-29-59 63748472", "sort_code", "20-29-59"),
        ("Transfer the balance to my account, the number is 12345678", "bank_account", "12345678"),
        ("Her balance was wrong, account number is 12345678", "bank_account", "12345678"),
        ("balance due: sort code 20-29-59 account is 63748472", "bank_account", "63748472"),
        ("bank 11 02 68 and 00937415", "sort_code", "11 02 68"),
        ("BACS 11 02 68, 00937415", "bank_account", "00937415"),
        ("Registered payee SC 401722 AN 61284017", "sort_code", "401722"),
        ("Charity donations: sc 401722 an 61284017", "sort_code", "401722"),
        ("pay 20-29-59/63748472 today", "bank_account", "63748472"),
        ("sort code 12-34-71 80217745", "sort_code", "12-34-71"),
        ("sort code 12-34-71 80217745", "bank_account", "80217745"),
        ("sort code: 12-34-71, 80217745 please", "bank_account", "80217745"),
        ("sort code 12 34 71 80 21 77 45", "sort_code", "12 34 71"),
        ("sort code 12 34 71 80 21 77 45", "bank_account", "80 21 77 45"),
        ("pay into 80217745 12-34-71", "sort_code", "12-34-71"),
        ("pay into 80217745 12-34-71", "bank_account", "80217745"),
        ("Account number 61 28 40 17.", "bank_account", "61 28 40 17"),
        ("a/c no. 1029384", "bank_account", "1029384"),
        ("sort code 12.34.71.", "sort_code", "12.34.71"),
        ("SC 401722 for the charity's account", "sort_code", "401722"),
        ("NI: M M 4 7 1 2 0 9 C", "nino", "M M 4 7 1 2 0 9 C"),
        ("meter point ref 9747052708", "mprn", "9747052708"),
        ("MPRN:9747 052708", "mprn", "9747 052708"),
        ("Polish passport EH 1029384", "passport", "EH 1029384"),
        ("the van (reg. YJ 07 LMV)", "vehicle_registration", "YJ 07 LMV"),
        ("reg YK 22 OBD", "vehicle_registration", "YK 22 OBD"),
        ("Ganwyd 3 Mawrth 1960", "date_of_birth", "3 Mawrth 1960"),
        ("the tenant (b. 23.4.1952) of", "date_of_birth", "23.4.1952"),
        ("host 10.2.3.4, version 10.2.3", "ip_address", "10.2.3.4"),
        ("sshd opened for 192.168.1.20", "ip_address", "192.168.1.20"),
        ("connect to db/prod:10.20.30.4 failed", "ip_address", "10.20.30.4"),
        ("app/sshd:10.20.30.40 login failed", "ip_address", "10.20.30.40"),
        ("user upgraded from 10.20.30.40 today", "ip_address", "10.20.30.40"),
        ("lives in ls11 9xw", "postcode", "ls11 9xw"),
        ("pc ng15fs", "postcode", "ng15fs"),
        ("NG1 5FS-based engineer", "postcode", "NG1 5FS"),
        ("QQ-12-34-56-C", "nino", "QQ-12-34-56-C"),
        ("born 1st of May 1980", "date_of_birth", "1st of May 1980"),
        ("born 01.05.80", "date_of_birth", "01.05.80"),
        ("Born out of wedlock on 3 April 1985", "date_of_birth", "3 April 1985"),
        ("DoB: 01 / 05 / 1980", "date_of_birth", "01 / 05 / 1980"),
        ("DOB 01MAY1980", "date_of_birth", "01MAY1980"),
        (r#"{"dob":"1980-05-01T00:00:00.000Z"}"#, "date_of_birth", "1980-05-01T00:00:00.000Z"),
        ("IBAN GB29 NWBK 601613 31926819", "iban", "GB29 NWBK 601613 31926819"),
        ("card no 4111-1111-1111-1111", "card", "4111-1111-1111-1111"),
        ("49-015420-323751-8", "imei", "49-015420-323751-8"),
        ("mailto:WREN.ALDER+tag@EXAMPLE.ORG", "email", "WREN.ALDER+tag@EXAMPLE.ORG"),
        ("?to=wren.alder%40example.org&cc=rook%40example.org", "email", "wren.alder%40example.org"),
        ("to%3Dwren%40example.org%2Crook%40example.org", "email", "rook%40example.org"),
        ("\"wren alder\"@example.org", "email", "\"wren alder\"@example.org"),
        ("wren..alder.@example.org", "email", "wren..alder.@example.org"),
        ("lease of AB-CD-EF-01-02-03 over", "mac_address", "AB-CD-EF-01-02-03"),
        ("mac A9 C5 D4 9F EB D3 B6 65", "mac_address", "A9 C5 D4 9F EB D3 B6 65"),
        ("from ::ffff:127.0.0.1 port 22", "ip_address", "::ffff:127.0.0.1"),
        ("[::1]:8080", "ip_address", "::1"),
        ("Authorization: Bearer 8f14e45fceea167a", "credential", "8f14e45fceea167a"),
        ("the password is Tr0ub4dor&3", "credential", "Tr0ub4dor&3"),
        ("?password=Tr0ub4dor&user=wren", "credential", "Tr0ub4dor"),
        ("password: $ummer2025!", "credential", "$ummer2025!"),
        ("password={Kestrel77}", "credential", "{Kestrel77"),
        ("password: self.Kestrel77", "credential", "self.Kestrel77"),
        ("Kendall pass: tr0mbone9", "credential", "tr0mbone9"),
        ("Otto pass: tr0mbone9", "credential", "tr0mbone9"),
        ("password for David: Kestrel77", "credential", "Kestrel77"),
    ] {
        assert!(found(text).contains(&(kind, value.to_owned())), "{text}: {:?}", found(text));
    }
}

#[test]
fn an_address_behind_a_stroke_and_a_letter_loses_none_of_its_own() {
    for (text, value) in [
        // A line's end of JSON, or a domain and the name of a user: who can tell.
        (r"Regards\nwren@example.org", r"\nwren@example.org"),
        (r"CORP\nigel@example.org", r"\nigel@example.org"),
        (r"CORP\\tessa@example.org", r"\\tessa@example.org"),
        // These are ends of lines.
        (r"Regards,\nwren@example.org", "wren@example.org"),
        (r"Regards\n\nwren@example.org", "wren@example.org"),
        (r"Regards\nWren@example.org", "Wren@example.org"),
        ("Regards\nwren@example.org", "wren@example.org"),
    ] {
        assert!(found(text).contains(&("email", value.to_owned())), "{text}: {:?}", found(text));
    }
    // What was found before it keeps its own.
    let both = found(r"AB123456C\nigel@example.org");
    assert_eq!(both, [("nino", "AB123456C".to_owned()), ("email", r"\nigel@example.org".to_owned())]);
}

#[test]
fn knows_names_as_their_own_write_them() {
    for (text, value) in [
        ("Letter from P\u{e1}draig \u{d3} Briain, 2 May", "P\u{e1}draig \u{d3} Briain"),
        ("M\u{e1}ire Nic Craith is away", "M\u{e1}ire Nic Craith"),
        ("Attendees: Omar el-Sayed", "Omar el-Sayed"),
        ("cc Lotte Van Den Berg", "Lotte Van Den Berg"),
        ("for RWE: S\u{f8}ren Kj\u{e6}rgaard", "S\u{f8}ren Kj\u{e6}rgaard"),
        (r#"{"firstName":"Aroha","n":1}"#, "Aroha"),
        ("hello my name is ewa and i want to cancel", "ewa"),
        ("this is ade, my brother", "ade"),
        // The surname first, in lists and behind headings.
        ("To: Oduya, Simisola; Brearley, Giles", "Oduya, Simisola"),
        ("To: Oduya, Simisola; Brearley, Giles", "Brearley, Giles"),
        ("To: Smith, John; Jones, Peter; Patel, Meera", "Patel, Meera"),
        ("From: \"Wrenfield, Joss\"", "Wrenfield, Joss"),
        ("Present: Jones, P.; Smith, A.; Patel, M.", "Smith, A"),
        ("Authors: Smith, J. and Brown, K.", "Brown, K"),
        ("Mensah, Abena \u{2013} absent; Croft, Ian \u{2013} present", "Mensah, Abena"),
        ("Mensah, Abena - absent; Croft, Ian - present", "Croft, Ian"),
        ("Name: Brearley, Giles", "Brearley, Giles"),
        ("IQBAL, MOHAMMED TARIQ", "IQBAL, MOHAMMED TARIQ"),
        ("Surname,Forename,DOB\nNkrumah,Efua,14/06/2011", "Nkrumah"),
        ("ADEWALE/OLUMIDE MR", "ADEWALE/OLUMIDE"),
        // Labels.
        ("First name(s): Nosheen", "Nosheen"),
        ("Forename(s): Nosheen", "Nosheen"),
        ("Given names: Nosheen", "Nosheen"),
        ("Customer: marek nowak", "marek nowak"),
        ("Customer: its tomasz grabowski", "tomasz grabowski"),
        // Forenames that are words, and names by themselves.
        ("I spoke with a lady called Rose in your billing team", "Rose"),
        ("Ask Dawn in payroll", "Dawn"),
        ("I told Frank we'd pay", "Frank"),
        ("Chase (age 9) was there", "Chase"),
        ("I've copied Giles because of it", "Giles"),
        ("Tilly was born on 4 May 2020", "Tilly"),
        ("Dear Sarah & Gwenllian,", "Gwenllian"),
        ("Thx Ngaire, all sorted", "Ngaire"),
        ("Best,\nDev", "Dev"),
        ("Payment: D Penry today", "D Penry"),
        ("my da, S Magennis, will pay", "S Magennis"),
        // Titles.
        ("Lance Corporal Hetherington", "Hetherington"),
        ("Baroness Tilling spoke", "Tilling"),
        ("The Rev'd Canon Philippa Stote", "Philippa Stote"),
        ("Pt Abdulrahman al-Harbi, DOB", "Abdulrahman al-Harbi"),
        ("Cx Bola Adewunmi rang", "Bola Adewunmi"),
        // Every part.
        ("Spoke to Ottoline Grey about it", "Ottoline Grey"),
        ("Ottoline Grey did not attend", "Ottoline Grey"),
        ("Stephen (Steve) Rawnsley", "Stephen (Steve) Rawnsley"),
        ("Jo-Anne \"Jojo\" Petts", "Jo-Anne \"Jojo\" Petts"),
        ("spoke with Hung Kwok-wai", "Hung Kwok-wai"),
        ("spoke with Hye-jin Park", "Hye-jin Park"),
    ] {
        assert!(found(text).contains(&("person_name", value.to_owned())), "{text}: {:?}", found(text));
    }
    for text in [
        "Dear Occupier, we will be resurfacing the road",
        "Met Office warning: Storm Isla on Tuesday",
        "Robin Rigg exported at full load",
        "Crossdykes Solar Farm, Mill Lane, planning ref 22/0091",
        r#"{"first":1,"last":48,"name":"Period"}"#,
        "Helios and Tempest slip to the third quarter",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
    for text in [
        "J Murphy & Sons Ltd",
        "S. Norton & Co.",
        "Wm Morrison Supermarkets Limited",
        "Allen & Overy Ltd",
        "the 10% test would be met by June",
        "approved by April",
        "Consultant Urologist",
        "Referrer: none",
        "Addr: none",
        "Work notes: Rebooted FortiGate",
        "reviewed under Clare's Law",
        "A Larsen trap was set",
        "Dean of Faculty",
        "Earl of Sandwich",
        "Sir William Hill Road",
        "Sir Tom Finney Way",
        "Robinson Way",
        "Royal Victoria Infirmary",
        "Present: Elexon, Uniper",
        "From: Boston, Lincs",
        "Surname, forename and date of birth are missing",
        "claims against Elexon",
        "Customer: will call back",
        "ask Elexon for the figures",
    ] {
        assert!(!found(text).iter().any(|(kind, _)| *kind == "person_name"), "{text}: {:?}", found(text));
    }
}

#[test]
fn knows_addresses_as_people_write_them() {
    for (text, value) in [
        ("P.O. Box 123, Leeds", "P.O. Box 123"),
        ("write to p o box 447100", "p o box 447100"),
        ("24 Smith Crescent East", "24 Smith Crescent East"),
        ("12 High Street N, Wick", "12 High Street N"),
        ("22 Brook Road East Kilbride", "22 Brook Road"),
        ("lives at 12/4 Leith Walk", "12/4 Leith Walk"),
        ("SEND TO 12/4 LEITH WALK", "12/4 LEITH WALK"),
        ("12/4 Smith Crescent East", "12/4 Smith Crescent East"),
        ("2F1, 24 Marchmont Road", "2F1, 24 Marchmont Road"),
        ("of Flat 0/2, 15 Sauchiehall Street", "Flat 0/2, 15 Sauchiehall Street"),
        (r#"{"addr1":"3/1 89 Byres Road"}"#, "3/1 89 Byres Road"),
        ("Flat 3B, 17-19 High St", "Flat 3B, 17-19 High St"),
        ("12A-12C High St", "12A-12C High St"),
        ("Unit 4, Mill Lane Ind Est", "Unit 4, Mill Lane Ind Est"),
        ("Unit 4 Calder Ind Est", "Unit 4 Calder Ind Est"),
        ("Unit 4, Mill Lane Ind. Est.", "Unit 4, Mill Lane Ind. Est"),
        ("Apt 12, 200 Deansgate", "Apt 12, 200 Deansgate"),
        ("flat 6, 14 Cornhill, Dorchester", "flat 6, 14 Cornhill"),
        ("First Floor Flat, 22 King Street", "First Floor Flat, 22 King Street"),
        ("Flat 1 Ground Floor, 22 King Street", "Flat 1 Ground Floor, 22 King Street"),
        ("at Rose Cottage, 4 Ivy Lane", "Rose Cottage, 4 Ivy Lane"),
        ("12 Rose House, 22 King Street", "12 Rose House, 22 King Street"),
        ("1 Rose Cottages, Ivy Lane", "1 Rose Cottages, Ivy Lane"),
        ("The Old Rectory, Church Lane, Little Snoring", "The Old Rectory, Church Lane"),
        ("c/o 14 Oak Avenue", "14 Oak Avenue"),
        ("No. 7 The Crescent", "7 The Crescent"),
        ("addr 14 the mews, Leeds", "14 the mews"),
        ("12 Heol y Bont", "12 Heol y Bont"),
        ("22 Gw\u{ea}l y M\u{f4}r", "22 Gw\u{ea}l y M\u{f4}r"),
        ("Stryd y Castell 8, Caernarfon", "Stryd y Castell 8"),
        ("45a Antrim Rd", "45a Antrim Rd"),
        ("12 Mill Lane\u{1f600}\u{1f600}", "12 Mill Lane"),
        // Houses with flats.
        ("to Flat 12 Larch House", "Flat 12 Larch House"),
        ("to Flat 12, Larch House please", "Flat 12, Larch House"),
        ("4 Gorse House, Crawley RH11 9QQ", "4 Gorse House"),
        ("FLAT 3, WELLESLEY HOUSE, 40 QUEEN'S PARADE", "FLAT 3, WELLESLEY HOUSE, 40 QUEEN'S PARADE"),
        ("Apartment 1204, Beetham Tower, 301 Deansgate", "Apartment 1204, Beetham Tower, 301 Deansgate"),
        ("Apt 9\nThe Malthouse\n22 Kingsmead Quay", "Apt 9\nThe Malthouse\n22 Kingsmead Quay"),
        ("Wellesley House, Flat 3, 40 Mill Lane", "Wellesley House, Flat 3, 40 Mill Lane"),
        ("6, Alexandra Mansions,\nWest Street", "6, Alexandra Mansions,\nWest Street"),
        // Houses with names.
        ("she lives at Ivy Cottage", "Ivy Cottage"),
        ("Address: The Old Forge", "The Old Forge"),
        ("Address: The Old Forge, Great Tew, OX7 4AH", "The Old Forge, Great Tew"),
        ("Low Moor Farm, Grassington, Skipton, BD23 5AA", "Low Moor Farm, Grassington, Skipton"),
        ("The Old Forge\nGreat Tew\nOX7 4AH", "The Old Forge\nGreat Tew"),
        ("HE IS AT THE OLD FORGE, GREAT TEW, OX7 4AH", "THE OLD FORGE, GREAT TEW"),
        ("My address is Thistledown, Kirk Yetholm, TD5 8QP", "Thistledown, Kirk Yetholm"),
        (r#"{"address":"Thistledown, Kirk Yetholm, TD5 8QP"}"#, "Thistledown, Kirk Yetholm"),
        ("Fernlea, 2 Quarry Bank", "Fernlea, 2 Quarry Bank"),
        ("Hill Farm Lower Road", "Hill Farm Lower Road"),
        // Streets that a postcode or a town speaks for.
        ("3 Pudding Chare, Newcastle upon Tyne, NE1 1UD", "3 Pudding Chare, Newcastle upon Tyne"),
        ("77-79 Holloway Head, Birmingham B1 1QP", "77-79 Holloway Head, Birmingham"),
        ("sent to 77-79 Holloway Head\nBirmingham\nB1 1QP", "77-79 Holloway Head\nBirmingham"),
        ("4 St Aubyns, Hove, BN3 2TB", "4 St Aubyns, Hove"),
        ("4 St. Aubyns, Hove, BN3 2TB", "4 St. Aubyns, Hove"),
        ("3 Laxay, Isle of Lewis HS2 9PJ", "3 Laxay, Isle of Lewis"),
        ("Address: 14 Drumnakilly, Omagh, BT79 0JP", "14 Drumnakilly, Omagh"),
        ("12 Mill Lane, Leeds LS11 9XW", "12 Mill Lane"),
        ("12 Crown Court Leeds LS1 1AA", "12 Crown Court"),
        ("5 High Court Leeds LS1 1AA", "5 High Court"),
        ("3 Day View, Leeds", "3 Day View"),
        ("60 Queensway, Bognor Regis", "60 Queensway"),
        ("at Croft 4, Balmeanach", "Croft 4, Balmeanach"),
        // Wales.
        ("8 Maes-y-Deri", "8 Maes-y-Deri"),
        ("Bryn Awel, Llanrug, LL55 4QT", "Bryn Awel, Llanrug"),
        ("T\u{177} Gwyn, Ffordd y M\u{f4}r", "T\u{177} Gwyn, Ffordd y M\u{f4}r"),
        // Floors and numbers.
        ("GFL, 8 Spottiswoode Street", "GFL, 8 Spottiswoode Street"),
        ("Top floor left, 8 Spottiswoode Street", "Top floor left, 8 Spottiswoode Street"),
        ("Ground floor flat, 8 Mill Lane", "Ground floor flat, 8 Mill Lane"),
        ("12 (2F1) Marchmont Road", "12 (2F1) Marchmont Road"),
        ("45 a Antrim Rd", "45 a Antrim Rd"),
        ("twelve Larch Grove", "twelve Larch Grove"),
    ] {
        assert!(found(text).contains(&("address", value.to_owned())), "{text}: {:?}", found(text));
    }
    for text in [
        "12/4 of the contract",
        "has paid \u{a3}40 towards court costs",
        "id,forename,surname,postcode\n1,Tunde,Fashola,M14 5RT",
        "12/4/2025",
        "24/11 Visited Mill Lane",
        "till 12/4 High Street",
        "page 3/1 Smith Road",
        "tick box 12",
        "\u{20ac} box 4",
        "Chapter 3 The Hill",
        "Reviewed 12 Jan 2024 Mill Lane",
        "Heol Las 12 months later",
        "1 Colgate, 2 Harrogate, 3 Margate",
        "Flat 2, 15 Monday",
        "12 Solar Park operators",
        "ADMITTED TO WARD 7 FOLLOWING FALL",
        "SEEN 7 DURING FALL",
        "3 Oak trees and 6 Holly hedges",
        "30 Day View",
        "4 Wheel drive",
        "5 Crown Court trials adjourned",
        "50 First Road safety visits",
        "Unit 3 Drax Power Station",
        "2 Offshore Turbines, Hornsea",
        "2 Offshore Turbines, Hornsea HU18 1AA",
        "Lot 4 Balancing Mechanism",
        "Lot 4 Balancing Mechanism, London EC2A 4NE",
        "Schedule 2 Part A",
        "12 May, London",
        "12 May, London SW1A 1AA",
        "since 2019 Widgets, London SW1A 1AA",
        "3 Clearing House, 4 Open House",
        "4 Solar Farm, Leeds",
        "Kestrel Wind Farm, Leeds LS11 9XW",
        "Sarah Hall, Leeds LS11 9XW",
        "Bryn Jones, Llanrug, LL55 4QT",
        "near Leeds, Yorkshire LS11 9XW",
        "Top 3 Norway, Sweden",
        "Lara Croft 4, Leeds",
        "turn left, 8 times",
        "45 a Week",
    ] {
        assert!(!found(text).iter().any(|(kind, _)| *kind == "address"), "{text}: {:?}", found(text));
    }
    // The postcode stays one, and so does a name before the address.
    let both = found("3 Pudding Chare, Newcastle upon Tyne, NE1 1UD");
    let address = ("address", "3 Pudding Chare, Newcastle upon Tyne".to_owned());
    assert_eq!(both, [address, ("postcode", "NE1 1UD".to_owned())]);
    let lines = found("Mrs Sarah Smith\nThe Old Forge\nGreat Tew\nOX7 4AH");
    assert!(lines.contains(&("address", "The Old Forge\nGreat Tew".to_owned())), "{lines:?}");
    assert!(lines.iter().any(|(kind, _)| *kind == "person_name"), "{lines:?}");
}

#[test]
fn places_and_firms_are_no_people() {
    for text in [
        // Firms and what they make.
        "paid to Travis Perkins in May",
        "advice of Pinsent Masons and of Osborne Clarke",
        "the works of Balfour Beatty and Taylor Wimpey",
        "valued by Knight Frank",
        "turbines of Siemens Gamesa",
        "a quote from Fitzgerald Contractors",
        "a quote from Davies Groundworks",
        "the shops of Wm Morrison Supermarkets",
        "letters of Allen & Overy",
        "audited by Ernst and Young",
        "vouchers of Marks and Spencer",
        "curtains of Laura Ashley",
        // What is called after somebody, and who writes a letter.
        "handed over with the Hamilton Wing",
        "the Bradford Factor was reached",
        "Following our meeting on 6 June I confirm that",
        "asked on 3 May I and on 7 April I had it",
        "given to Sue Ryder",
        "a Vauxhall Corsa and a Renault Zoe",
        "a Ford Transit on hire",
        "a sack of Maris Piper",
        "set in Gill Sans",
        // Places.
        "the depot in Newton Abbot",
        "the market of Leighton Buzzard",
        "roads to Melton Mowbray and Castle Douglas",
        "floods at Norton Fitzwarren",
        "the slopes of Ben Lomond",
        "a dam at Loch Katrine",
        "cables to the Isle of Lewis",
        "a hall in King's Lynn",
        "snow at Builth Wells and at Kirk Yetholm",
        "a pylon near Ashby Parva",
        "trams to Ashton-under-Lyne",
        "held at Newton Abbot Racecourse",
        // Where energy is made.
        "output of Beatrice, Moray East and Kincardine fell",
        "output of Clyde, Harestanes and Kype Muir fell",
        "units of West Burton A",
        "the cables of Sofia and Dogger Bank C",
        "the Morgan and Mona projects",
        "turbines at Berry Burn",
    ] {
        assert!(!found(text).iter().any(|(kind, _)| *kind == "person_name"), "{text}: {:?}", found(text));
    }
    for (text, value) in [
        ("Dear Ben Thornton, thank you", "Ben Thornton"),
        ("Kirk Douglas called about the meter", "Kirk Douglas"),
        ("spoke to Newton Adams today", "Newton Adams"),
        ("email from Jack Jones", "Jack Jones"),
        ("Mr Travis Perkins rang", "Travis Perkins"),
        ("email from Laura Ashley Smith", "Laura Ashley Smith"),
        ("Sofia and Beatrice met the tenant", "Beatrice"),
        ("Beatrice rang about the wind farm", "Beatrice"),
        ("letter from Morgan Lewis", "Morgan Lewis"),
        // Somebody is spoken of, whatever else is called so.
        ("Re: Mr John Smith Road Traffic Accident on 12 March", "John Smith"),
        ("Mrs Jones Hospital appointment", "Jones"),
        ("Mrs Patel Union rep called", "Patel"),
        ("Patient Sarah Whitcombe's hospital letter came", "Sarah Whitcombe"),
        ("Patient: Thomas Cook, DOB 03/04/1985", "Thomas Cook"),
        ("My name is Laura Ashley", "Laura Ashley"),
        ("A Patel owns flat 3", "A Patel"),
        ("Monica Wing has signed the lease", "Monica Wing"),
        ("Sofia, Project Manager, will be there.", "Sofia"),
        ("Spoke to John Whitfield maintenance booked for Monday", "John Whitfield"),
        ("Please ask Alexa to sign the form", "Alexa"),
    ] {
        assert!(found(text).contains(&("person_name", value.to_owned())), "{text}: {:?}", found(text));
    }
}

#[test]
fn passes_what_the_trade_has_of_its_own() {
    for text in [
        "company number 12345678",
        "SC123456",
        "T_DRAXX-3",
        "AAA-LIG-176",
        "C__FMAGN003",
        "E_BURBO",
        "AR4-2021-000123",
        "half hours 0030 0100 0130 0200",
        "read 23-05-80 / 10442937",
        "the balance of the account was 12345678 pence",
        "Sort the columns by date, 20-10-05 first",
        "Version 10.4.2.1 of the client supersedes 10.3.0.14",
        "the firmware went from 2.14.0.7 to 2.15.1.3 and holds",
        "INV-2024-000123",
        "2026-11-23T02:30:00Z",
        "0199b6c2-7d3a-7c11-a1b2-c3d4e5f60718",
        "settlement period 48 of 2026-10-25",
        "Dogger Bank A Offshore Wind Farm",
        "strike price 92.50, reference price 61.1234567",
        "invoices 01234 - 01238 of settlement run 12",
        "open 0900 - 1730 245 days of 2026",
        "loss factors 1234.5678.9012 of the unit",
        "dump 48 65 6c 6c 6f 20 77 6f 72 6c 64",
        "commit 001a2b3c4d5e",
        "paragraph 3.1.2.2 and section 12.4.10.2",
        "from 10.2.3 to 10.4.0.1",
        "driver 10.2.3.4",
        "image: app:1.18.4.2",
        "sort order 10-20-30",
        "invoice 80217745 12-34-71",
        "reference 80217745 12-05-24",
        "registered company SC 123456",
        "options a b 1 2 3 4 5 6 c",
        "booked the taxi in 2025 I",
        "account of periods 10 20 30 40",
        "PC 12 of 30 is 05512345678",
        "rates of 40%40.5 and 60%40.5",
        "",
        " ",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

/// Bytes that patterns are tried over and in which words are heard, for each byte of a cell, at most.
const STEPS_PER_BYTE_MAX: usize = 64;

#[test]
fn takes_bounded_time_over_a_hostile_cell_of_any_pattern() {
    // A megabyte takes a tenth of a second at most when optimised, three times that where other work is on the core. Work of a square
    // of the length would take a minute, and more without.
    let (bytes, limit) =
        if cfg!(debug_assertions) { (10_000, Duration::from_secs(2)) } else { (1_000_000, Duration::from_millis(300)) };
    let by_hand = [
        "1@",
        "1:",
        "::1",
        "a@b.",
        "07700 ",
        "4111 ",
        "GB82 ",
        "a:",
        "ab 1",
        "Sarah ",
        "12 High ",
        "Flat 1, ",
        "password=",
        "pass=",
        "pass:",
        "password:a[",
        "password for a ",
        "reset it to ",
        "value=\"",
        "Smith, J.; ",
        "Surname,Forename\n",
        "The Old Forge, ",
        "Beatrice, ",
        "eyJ.",
        "+(",
        "\u{ff11}",
        "J. ",
        "GB82",
        "NO 12 ",
        "1-",
        "1 1",
        "Mr ",
        "Sarah, ",
        "-----BEGIN ",
        "AKIA",
        "\\u0040",
        "ab@cd.ef",
        "1a:",
        "00:1a:2b:3c:4d:5e ",
        "07 ",
        "@",
        ".",
        "\u{fdfa}",
        "\u{eb}\u{eb} ",
        "SARAH WHITCOMBE ",
        "SW1A 1AA",
        "sort code 20-00-00 ",
        "%40",
        "%61%40",
        "a%40b.",
        "\"@",
        "x\"@b.cd",
        "ab-cd-1",
        "aabb.ccdd.1",
        "ab cd 1",
        "07 - ",
        "07700 900123/",
        "\\u00eb",
        "\\ud83d",
        "a\\n",
        "authorization: basic ",
        "authorization:",
        "pw=&a",
        "\u{2022}@",
        // Flats in flats in flats.
        "1-1unit ",
        "1 Rose Flat, ",
        "3/1, ",
        "3/1 Flat, ",
        "Rose House, 1 ",
        "1 Rose Court, ",
        "Heol y ",
        "Stryd 1 ",
    ];
    // Each example again and again, and its first half, which begins the pattern and never ends it.
    let of_rows = RECOGNISERS.iter().flat_map(|row| {
        row.examples.iter().flat_map(|text| {
            let front: String = text.chars().take(text.chars().count() / 2).collect();
            [format!("{text} "), (*text).to_owned(), text.replace([' ', '-', '.'], ""), front]
                .map(|piece| (row.id, piece))
        })
    });
    let pieces: Vec<(&str, String)> =
        by_hand.iter().map(|piece| ("by hand", (*piece).to_owned())).chain(of_rows).collect();
    let engine = engine();
    let (mut work, mut findings) = (engine.work(), Vec::new());
    engine.find("Sarah", &Header::none(), &mut work, &mut findings);
    let mut all: Vec<(Duration, &str, &str)> = Vec::new();
    for (row, piece) in pieces.iter().filter(|(_, piece)| !piece.is_empty()) {
        let cell = piece.repeat(bytes / piece.len());
        let mut took = |()| {
            let start = on_processor();
            engine.find(&cell, &Header::none(), &mut work, &mut findings);
            on_processor() - start
        };
        let first = took(());
        // A page of memory that had to be fetched counts too: what is slow is looked at once more.
        all.push((if first > limit / 2 { first.min(took(())) } else { first }, row, piece));
        // Looked at twice, at most.
        let steps = work.take_steps() / 2;
        assert!(steps <= STEPS_PER_BYTE_MAX * bytes, "{row}: `{piece}` took {} steps a byte", steps / bytes);
    }
    all.sort_unstable();
    for (took, row, piece) in all.iter().rev().take(3) {
        println!("hostile cells: {took:?} ({row}: `{piece}`)");
    }
    let (worst, row, piece) = all.last().expect("a cell");
    println!("hostile cells: {} of {bytes} bytes, the worst {worst:?} ({row}: `{piece}`)", all.len());
    assert!(*worst < limit, "{row}: `{piece}` took {worst:?}");
}

/// What this thread has been on a processor, which others at work on the machine do not change.
fn on_processor() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells it");
    Duration::from_nanos(told.split(' ').next().and_then(|nanos| nanos.parse().ok()).expect("a number"))
}

#[test]
fn finds_the_same_in_a_cell_whatever_was_looked_at_before() {
    let texts = ["order 12345678", "account 12345678", "12345678", "NHS 9434765919", "9434765919 ref"];
    let once: Vec<_> = texts.iter().map(|text| found(text)).collect();
    let (mut work, mut findings) = (engine().work(), Vec::new());
    for (text, expected) in texts.iter().zip(&once).chain(texts.iter().zip(&once).rev()) {
        engine().find(text, &Header::none(), &mut work, &mut findings);
        let kinds: Vec<_> = findings.iter().map(|finding| finding.kind.id()).collect();
        assert_eq!(kinds, expected.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), "{text}");
    }
}

/// Pieces that every branch of the engine begins with.
const PIECES: &[&str] = &[
    "Sarah",
    "Smith",
    "Mr",
    "Dear ",
    ", ",
    " ",
    "\n",
    ":",
    "=",
    "@",
    ".",
    "-",
    "/",
    "(",
    ")",
    "+",
    "+44",
    "07700 900123",
    "12",
    "1985",
    "High Street",
    "Street",
    "Flat ",
    "Cottage",
    "The ",
    "at ",
    "password=",
    "eyJ",
    "AKIA",
    "://",
    "St. ",
    "O'",
    "J. ",
    "van ",
    "AB",
    "QQ123456C",
    "GB82",
    "4111",
    "SW1A 1AA",
    "\u{eb}",
    "\u{ff11}",
    "\u{200b}",
    "\u{301}",
    "\u{1f600}",
    "\\u0040",
    "\\u00eb",
    "\\u200b",
    "\\ud83d\\ude00",
    "\\n",
    "\\",
    "%40",
    "PO Box ",
    "-----BEGIN ",
    "PRIVATE KEY",
    "_",
    "#",
    "\u{a3}",
    "a",
    "Z",
    "0",
    "::",
    "dob ",
    "account ",
    "\u{2019}s",
    "McDonald",
    "BFPO ",
    "'",
    "\"",
    "{",
    "}",
    "[",
    "]",
    "x@y.zz",
    "Rose Cottage, Mill Lane",
    "Floor ",
    "Stryd ",
    " y ",
    " Ind Est",
    " East",
    "12/4 ",
];

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(3000))]
    #[test]
    fn takes_any_text_and_finds_pieces_of_it_in_order(places in proptest::collection::vec(0..PIECES.len(), 0..14), tail in ".{0,12}") {
        let text: String = places.iter().map(|place| PIECES[*place]).chain([tail.as_str()]).collect();
        let (mut work, mut found) = (engine().take_work(), Vec::new());
        engine().find(&text, &Header::new("contact name account"), &mut work, &mut found);
        let mut end = 0;
        for finding in &found {
            proptest::prop_assert!(finding.start >= end && finding.start < finding.end && text.get(finding.start..finding.end).is_some(), "{text:?}: {found:?}");
            proptest::prop_assert!((SCORE_MIN..=1.0).contains(&finding.score));
            end = finding.end;
        }
        engine().give_back(work);
    }

    #[test]
    fn later_digits_of_a_word_begin_nothing_that_its_first_one_did_not(text in "[A-z0-9 :+(./\\-]{0,60}[a-f0-9]{0,60}") {
        let text = text.as_bytes();
        let mut first = None;
        for (at, byte) in text.iter().enumerate() {
            match byte {
                b'0'..=b'9' => {
                    let word = begin_of_word(text, at);
                    let known = *first.get_or_insert(word);
                    // So far from its front it is in no identifier.
                    proptest::prop_assert!(word == known || at - word >= WORD_BYTES_MAX, "{at}");
                }
                byte if byte.is_ascii_alphanumeric() => {}
                _ => first = None,
            }
        }
    }

    #[test]
    fn what_no_word_can_speak_for_is_left_out_of_short_texts_without_a_loss(
        places in proptest::collection::vec((0..RECOGNISERS.len(), 0..9usize, " {0,1}"), 1..4), name in 0..3usize
    ) {
        let piece = |(row, which, blank): &(usize, usize, String)| {
            let row = &RECOGNISERS[*row];
            let of: Vec<_> = row.examples.iter().chain(row.counter_examples).chain(row.words).collect();
            format!("{}{blank}", of[which % of.len()])
        };
        let text: String = places.iter().map(piece).collect();
        // The same, and too long for all of its words to be heard at once.
        let long = format!("{text}{}", " ".repeat(60));
        let header = Header::new(["note", "contact name account", "nhs number"][name]);
        let (mut work, mut short_found, mut long_found) = (engine().take_work(), Vec::new(), Vec::new());
        engine().find_but_names(&text, &header, &mut work, &mut short_found);
        engine().find_but_names(&long, &header, &mut work, &mut long_found);
        proptest::prop_assert_eq!(short_found, long_found, "{:?}", text);
        engine().give_back(work);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_text_tells_the_same_whatever_its_like_told_before(
        texts in proptest::collection::vec((0..RECOGNISERS.len(), 0..99usize, 0..99usize, "[A-Z]{0,3}[-/ ]?[0-9]{0,9}|[0-9.: -]{0,14}"), 1..6),
        digits in proptest::collection::vec(proptest::collection::vec(0..10u8, 40), 1..6),
    ) {
        let engine = engine();
        let (mut work, mut walking) = (engine.work(), engine.work());
        walking.forget_skeletons();
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        for (row, which, word, tail) in &texts {
            let row = &RECOGNISERS[*row];
            let examples: Vec<_> = row.examples.iter().chain(row.counter_examples).collect();
            let example = examples[which % examples.len()];
            let spoken = row.words.get(word % (2 * row.words.len().max(1))).map_or(String::new(), |word| format!("{word} "));
            for like in [format!("{example}{tail}"), format!("{tail}{example}"), format!("{spoken}{tail}"), tail.clone()] {
                for digits in &digits {
                    let mut digits = digits.iter().cycle();
                    let mut other = |sign: char| match digits.next() {
                        Some(digit) if sign.is_ascii_digit() => char::from(b'0' + digit),
                        _ => sign,
                    };
                    let text: String = like.chars().map(&mut other).collect();
                    engine.find(&text, &Header::none(), &mut work, &mut found);
                    engine.find(&text, &Header::none(), &mut walking, &mut expected);
                    proptest::prop_assert_eq!(&found, &expected, "{}", text);
                }
            }
        }
    }
}

#[test]
fn references_of_one_making_are_walked_once() {
    let engine = engine();
    let (mut work, mut found) = (engine.work(), Vec::new());
    for (text, is_quiet) in [
        ("CFD-AR4-000123", true),
        ("AR1-LEE-101", true),
        ("AAA-HOR-250219", true),
        ("T_DRAXX-1", true),
        // A number of the NHS, by its check digit; a phone by its first digits.
        ("9434765919", false),
        ("4110000000", false),
        ("01110 000000", false),
        ("sort code 20-00-00", false),
    ] {
        engine.find(text, &Header::none(), &mut work, &mut found);
        assert_eq!(work.is_quiet(text), is_quiet, "{text}");
    }
}
