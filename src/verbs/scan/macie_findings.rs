//! Findings of Amazon Macie -> what it found in which column, beside what we found there.
//!
//! Read are what `aws macie2 get-findings` gives, a list of findings, events of EventBridge, and discovery results, as one JSON text or a
//! text a line. Of an occurrence its cell's column or its record's `jsonPath` counts; Macie tells fifteen of them a finding at most, so a
//! column that it found may be one that it does not name. Source: Macie user guide, "Schema for reporting the location of sensitive data".

use super::look::{Scanned, ScannedColumn};
use super::macie_identifiers::NAMES;
use crate::privacy::{Kind, RECOGNISERS};
use serde_json::{Deserializer, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

/// Objects in objects, at most, between the text and a finding.
const DEPTH_MAX: usize = 8;

/// What Macie calls things, and our kinds that are the same. Source: Macie user guide, "Managed data identifiers: quick reference".
const TYPES: &[(&str, &[Kind])] = &[
    ("ADDRESS", &[Kind::Address, Kind::Postcode]),
    ("AWS_CREDENTIALS", &[Kind::Credential]),
    ("BANK_ACCOUNT_NUMBER", &[Kind::BankAccount, Kind::Iban]),
    ("CREDIT_CARD_NUMBER", &[Kind::Card]),
    ("CREDIT_CARD_NUMBER_(NO_KEYWORD)", &[Kind::Card]),
    ("DATE_OF_BIRTH", &[Kind::DateOfBirth]),
    ("EMAIL_ADDRESS", &[Kind::Email]),
    ("GCP_API_KEY", &[Kind::Credential]),
    ("HTTP_BASIC_AUTH_HEADER", &[Kind::Credential]),
    ("JSON_WEB_TOKEN", &[Kind::Credential]),
    ("NAME", &[Kind::PersonName]),
    ("OPENSSH_PRIVATE_KEY", &[Kind::Credential]),
    ("PGP_PRIVATE_KEY", &[Kind::Credential]),
    ("PHONE_NUMBER", &[Kind::Phone]),
    ("PKCS", &[Kind::Credential]),
    ("PUTTY_PRIVATE_KEY", &[Kind::Credential]),
    ("STRIPE_CREDENTIALS", &[Kind::Credential]),
    ("UK_BANK_ACCOUNT_NUMBER", &[Kind::BankAccount, Kind::Iban, Kind::SortCode]),
    ("UK_DRIVERS_LICENSE", &[Kind::DrivingLicence]),
    ("UK_ELECTORAL_ROLL_NUMBER", &[Kind::ElectoralRoll]),
    ("UK_NATIONAL_INSURANCE_NUMBER", &[Kind::Nino]),
    ("UK_NHS_NUMBER", &[Kind::NhsNumber]),
    ("UK_PASSPORT_NUMBER", &[Kind::Passport]),
    ("UK_PHONE_NUMBER", &[Kind::Phone]),
    ("UK_TAX_IDENTIFICATION_NUMBER", &[Kind::Utr]),
];

/// What Macie found: its word for it by column; `None` where it does not say in which.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct MacieFindings {
    /// By S3 key: types by column.
    objects: BTreeMap<String, BTreeMap<Option<Column>, BTreeSet<String>>>,
}

/// A column as Macie names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    /// By its name, or the path within a record.
    Named(String),
    /// By its place, from 1.
    Numbered(u64),
}

/// Reads findings. `None` where the text is no JSON or has none.
pub fn read(text: &[u8]) -> Option<MacieFindings> {
    let mut findings = MacieFindings::default();
    for value in Deserializer::from_slice(text).into_iter::<Value>() {
        findings.add(&value.ok()?, 0);
    }
    (!findings.objects.is_empty()).then_some(findings)
}

impl MacieFindings {
    fn add(&mut self, value: &Value, depth: usize) {
        match value {
            Value::Array(values) if depth < DEPTH_MAX => values.iter().for_each(|value| self.add(value, depth + 1)),
            Value::Object(fields) if fields.contains_key("classificationDetails") => self.finding(value),
            Value::Object(fields) if depth < DEPTH_MAX => {
                fields.values().for_each(|value| self.add(value, depth + 1));
            }
            _ => {}
        }
    }

    fn finding(&mut self, finding: &Value) {
        let result = &finding["classificationDetails"]["result"];
        let key = finding["resourcesAffected"]["s3Object"]["key"].as_str().unwrap_or_default();
        let columns = self.objects.entry(key.to_owned()).or_default();
        let detections = |value: &Value| value["detections"].as_array().cloned().unwrap_or_default();
        let managed = result["sensitiveData"].as_array().into_iter().flatten().flat_map(detections);
        for detection in managed.chain(detections(&result["customDataIdentifiers"])) {
            let Some(named) = detection["type"].as_str().or(detection["name"].as_str()) else { continue };
            let occurrences = &detection["occurrences"];
            let list = |name: &str| occurrences[name].as_array().into_iter().flatten();
            let cell = |cell: &Value| {
                let name = cell["columnName"].as_str().filter(|name| !name.is_empty());
                name.map(|name| Column::Named(name.to_owned())).or(cell["column"].as_u64().map(Column::Numbered))
            };
            let cells = list("cells").map(cell);
            let records =
                list("records").map(|record| record["jsonPath"].as_str().map(|path| Column::Named(path_of(path))));
            let mut places: Vec<Option<Column>> = cells.chain(records).collect();
            if places.is_empty() {
                places.push(None);
            }
            for place in places {
                columns.entry(place).or_default().insert(named.to_owned());
            }
        }
    }

    /// Macie's words for each of the columns that were scanned, and for what is in none of them. Findings count for a file of the same
    /// name; where one file was scanned and one object has findings, they are the same.
    fn by_column<'a>(&'a self, scanned: &Scanned) -> (Vec<BTreeSet<&'a str>>, Vec<(String, &'a str)>) {
        let mut words = vec![BTreeSet::new(); scanned.columns.len()];
        let mut elsewhere = Vec::new();
        let base = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        let is_one = scanned.files.len() == 1 && self.objects.len() == 1;
        for (key, columns) in &self.objects {
            let is_scanned = is_one || scanned.files.iter().any(|file| base(file) == base(key));
            for (column, types) in columns {
                let place = match column {
                    Some(Column::Named(name)) => scanned.columns.iter().position(|column| column.name == *name),
                    Some(Column::Numbered(number)) => {
                        usize::try_from(*number).ok().and_then(|number| number.checked_sub(1))
                    }
                    None => None,
                };
                match place.and_then(|place| words.get_mut(place)).filter(|_| is_scanned) {
                    Some(words) => words.extend(types.iter().map(String::as_str)),
                    None => {
                        let told = match column {
                            Some(Column::Named(name)) => format!("{key}: {name}"),
                            Some(Column::Numbered(number)) => format!("{key}: column {number}"),
                            None => key.clone(),
                        };
                        elsewhere.extend(types.iter().map(|word| (told.clone(), word.as_str())));
                    }
                }
            }
        }
        (words, elsewhere)
    }
}

/// `$.contacts[0].email` and `$['contacts'][0]['email']` are our `contacts[].email`.
fn path_of(json_path: &str) -> String {
    let (mut path, mut rest) = (String::new(), json_path.strip_prefix('$').unwrap_or(json_path));
    let mut push = |name: &str| {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(name);
    };
    let mut brackets = Vec::new();
    while !rest.is_empty() {
        let quoted = rest.strip_prefix("['").and_then(|inner| inner.split_once("']"));
        let numbered = rest.strip_prefix('[').and_then(|inner| inner.split_once(']'));
        if let Some((name, behind)) = quoted {
            push(name);
            brackets.push((name.len(), 0));
            rest = behind;
        } else if let Some((_, behind)) = numbered {
            push("\u{0}");
            rest = behind;
        } else {
            let name = rest.strip_prefix('.').unwrap_or(rest);
            let end = name.find(['.', '[']).unwrap_or(name.len()).max(usize::from(!name.is_empty() && rest == name));
            if end > 0 {
                push(&name[..end]);
            }
            rest = &name[end..];
        }
    }
    path.replace(".\u{0}", "[]").replace('\u{0}', "[]")
}

/// Our kinds that Macie's word is for.
fn kinds_of(word: &str) -> Vec<Kind> {
    if let Some(id) = word.strip_prefix(NAMES) {
        return RECOGNISERS.iter().filter(|row| row.id == id).map(|row| row.kind).collect();
    }
    TYPES.iter().find(|(named, _)| *named == word).map(|(_, kinds)| kinds.to_vec()).unwrap_or_default()
}

/// How the two look at one column.
fn verdict(column: &ScannedColumn, words: &BTreeSet<&str>) -> &'static str {
    let kinds: Vec<Kind> = words.iter().flat_map(|word| kinds_of(word)).collect();
    match (column.holds(None), words.is_empty()) {
        (false, true) => "neither",
        (true, true) => "only nightferry",
        (false, false) => "only macie",
        (true, false) if kinds.iter().any(|kind| column.holds(Some(*kind))) => "agree",
        (true, false) => "differ",
    }
}

/// Tells each column that either found something in, and what Macie found where we did not look.
pub fn tell(scanned: &Scanned, macie: &MacieFindings, json: bool, out: &mut dyn Write) {
    let (words, elsewhere) = macie.by_column(scanned);
    let width = scanned.columns.iter().map(|column| column.name.chars().count()).max().unwrap_or(0).clamp(6, 40) + 2;
    if !json {
        // A closed pipe is the reader's choice; so everywhere here.
        let _ = writeln!(out, "  {:<width$}{:<17}{:<34}macie", "column", "verdict", "nightferry");
    }
    for (column, words) in scanned.columns.iter().zip(&words) {
        let verdict = verdict(column, words);
        let found: Vec<&str> = column.verdict.found.iter().map(|(kind, _)| kind.id()).collect();
        let _ = if json {
            writeln!(
                out,
                "{}",
                json!({ "column": column.name, "verdict": verdict, "kind": column.verdict.kind, "found": found, "macie": words })
            )
        } else if verdict == "neither" {
            Ok(())
        } else {
            let mut ours: Vec<&str> = column.verdict.kind.into_iter().collect();
            ours.extend(found.iter().filter(|kind| Some(**kind) != column.verdict.kind));
            let words: Vec<&str> = words.iter().copied().collect();
            let line = format!("  {:<width$}{verdict:<17}{:<34}{}", column.name, ours.join(", "), words.join(", "));
            writeln!(out, "{}", line.trim_end())
        };
    }
    for (place, word) in elsewhere {
        let _ = if json {
            writeln!(out, "{}", json!({ "elsewhere": place, "macie": [word] }))
        } else {
            writeln!(out, "  macie found {word} elsewhere: {place}")
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_paths_as_macie_writes_them() {
        for (written, expected) in [
            ("$.colleagues[0].familyName", "colleagues[].familyName"),
            ("$['colleagues'][0]['family name']", "colleagues[].family name"),
            ("$.a.b", "a.b"),
            ("$.list[12][3]", "list[][]"),
            ("email", "email"),
            ("$", ""),
        ] {
            assert_eq!(path_of(written), expected, "{written}");
        }
    }

    #[test]
    fn reads_findings_in_every_wrapping() {
        let finding = r#"{"classificationDetails":{"result":{"sensitiveData":[{"detections":[{"type":"UK_NHS_NUMBER","occurrences":
            {"cells":[{"columnName":"nhs","column":2},{"columnName":null,"column":3}]}}]}],
            "customDataIdentifiers":{"detections":[{"name":"nightferry_mpan","occurrences":{"records":[{"jsonPath":"$.m[0].x"}]}}]}}},
            "resourcesAffected":{"s3Object":{"key":"a/b.csv"}}}"#;
        let one = read(finding.as_bytes()).expect("findings");
        let columns = &one.objects["a/b.csv"];
        assert!(
            columns.contains_key(&Some(Column::Named("nhs".into())))
                && columns.contains_key(&Some(Column::Numbered(3)))
        );
        assert!(columns[&Some(Column::Named("m[].x".into()))].contains("nightferry_mpan"));
        for wrapped in [
            format!("[{finding}]"),
            format!("{{\"findings\":[{finding}]}}"),
            format!("{{\"detail\":{finding}}}\n{{\"detail\":{finding}}}\n"),
        ] {
            assert_eq!(read(wrapped.as_bytes()).as_ref(), Some(&one));
        }
        assert_eq!((read(b"{}"), read(b"nonsense"), read(b"")), (None, None, None));
        assert_eq!(kinds_of("nightferry_mpan"), [Kind::Mpan]);
    }
}
