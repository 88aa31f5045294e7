//! What a run of the relay says of the objects that it landed: `<topic>/_runs/<run>.json`, written last.
//!
//! ```json
//! {"manifest": 1, "run": "0199b6c2-..", "complete": true, "audience": "analytics",
//!  "partitions": {"0": {"first": 0, "next": 9632, "end": 9632}},
//!  "objects": [{"path": "p=0/00000000000000000000.parquet", "records": 9632, "bytes": 181223, "sha256": ".."}],
//!  "treated": {"email": {"treatment": {"hmac": "people"}, "key": "16 hex digits"}, "bank_account": {"treatment": "drop"}},
//!  "dead_letters": 0}
//! ```
//!
//! Several of them make one dump: their ranges follow one another, and an object that none of them names is still being landed.
//! `treated` names fields of the row, those within JSON by a dotted path; a field that is not there was kept as it is. Whatever
//! else a manifest holds is not looked at.
//!
//! Never in here: what becomes of a comparison (`walk`).

use crate::data::{Alphabet, FieldTreatment, Generalisation, Name, Treatment};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The manifests that are read.
const VERSION: u64 = 1;

/// A manifest.
#[derive(Clone, Debug)]
pub struct Manifest {
    partitions: BTreeMap<u32, Landed>,
    objects: Vec<Named>,
    /// Field -> what was done to it; of a pseudonym, what tells its key from others.
    treated: BTreeMap<String, (Treatment, Option<String>)>,
    dead_letters: u64,
}

/// The same as it is written.
#[derive(Deserialize)]
struct Text {
    manifest: u64,
    partitions: BTreeMap<u32, Landed>,
    objects: Vec<Named>,
    #[serde(default)]
    treated: BTreeMap<String, Written>,
    #[serde(default)]
    dead_letters: u64,
}

/// A stretch of a partition.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Landed {
    /// Its first offset.
    first: u64,
    /// The offset behind it.
    next: u64,
    /// Where the partition ended when the run began.
    end: u64,
}

/// An object that a manifest names.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Named {
    /// Its path below the topic's folder.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Its hash, in hexadecimal.
    pub sha256: String,
    /// The offset that the next one begins with; none where nobody said it.
    #[serde(default)]
    pub next: Option<u64>,
    /// Records of its stretch that could not be treated, and were put elsewhere.
    #[serde(default)]
    pub dead_letters: u64,
}

#[derive(Deserialize)]
struct Written {
    treatment: Value,
    key: Option<String>,
}

/// What was done to a field before it was landed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Treated {
    /// This; of a pseudonym, by the key that this tells from others.
    As(Treatment, Option<String>),
    /// One thing in one run and another in another.
    InTwoWays,
}

/// What the manifests of a topic say together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifests {
    /// The objects, by their paths below the topic's folder.
    pub objects: BTreeMap<String, Named>,
    /// Field -> what was done to it.
    pub treated: BTreeMap<String, Treated>,
    /// Records that could not be treated, and were put elsewhere.
    pub dead_letters: u64,
    /// Whether every partition was read as far as it went when the last run began.
    pub is_read_to_its_end: bool,
    /// Partition -> the offset behind what was read of it.
    pub nexts: BTreeMap<u32, u64>,
}

/// Why a manifest cannot be followed. No value of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadManifest {
    /// It is none.
    #[error("is no manifest of a dump")]
    Unread,
    /// It is of a version that is not read.
    #[error("is a manifest of another version than {VERSION}")]
    Version,
    /// A treatment that is none of ours.
    #[error("names a treatment that is none of ours")]
    Treatment,
    /// Its ranges do not follow those of the manifests before.
    #[error("leaves out offsets of partition {0} between those that the dump's manifests name")]
    Gap(u32),
}

impl Manifest {
    /// Reads one.
    pub fn parse(text: &[u8]) -> Result<Self, BadManifest> {
        let text: Text = serde_json::from_slice(text).map_err(|_| BadManifest::Unread)?;
        if text.manifest != VERSION {
            return Err(BadManifest::Version);
        }
        if text.partitions.values().any(|range| range.first > range.next) {
            return Err(BadManifest::Unread);
        }
        let treated = text.treated.into_iter().map(|(field, Written { treatment: written, key })| {
            Ok((field, (treatment(&written).ok_or(BadManifest::Treatment)?, key)))
        });
        let treated = treated.collect::<Result<_, _>>()?;
        let Text { partitions, objects, dead_letters, .. } = text;
        Ok(Manifest { partitions, objects, treated, dead_letters })
    }

    /// Of each partition the first offset that it answers for, and the one behind the last.
    pub fn ranges(&self) -> impl Iterator<Item = (u32, u64, u64)> + '_ {
        self.partitions.iter().map(|(partition, range)| (*partition, range.first, range.next))
    }

    /// The objects that it names.
    pub fn objects(&self) -> &[Named] {
        &self.objects
    }
}

impl Manifests {
    /// All those of a topic, each with its path; a fault names the path that it was found at.
    pub fn all(manifests: &[(String, Manifest)]) -> Result<Self, (String, BadManifest)> {
        let mut all = Manifests { is_read_to_its_end: true, ..Manifests::default() };
        let mut ranges: BTreeMap<u32, Vec<(Landed, &String)>> = BTreeMap::new();
        for (path, manifest) in manifests {
            // Two runs at once may both name an object: what it lacks is lacking once.
            let of_objects: u64 = manifest.objects.iter().map(|object| object.dead_letters).sum();
            all.dead_letters += manifest.dead_letters.saturating_sub(of_objects);
            all.objects.extend(manifest.objects.iter().map(|object| (object.path.clone(), object.clone())));
            manifest.partitions.iter().for_each(|(at, range)| ranges.entry(*at).or_default().push((*range, path)));
        }
        all.dead_letters += all.objects.values().map(|object| object.dead_letters).sum::<u64>();
        for (partition, mut ranges) in ranges {
            ranges.sort_by_key(|(range, _)| (range.first, range.next));
            let mut next = ranges.first().map_or(0, |(range, _)| range.first);
            for (range, path) in &ranges {
                if range.first > next {
                    return Err(((*path).clone(), BadManifest::Gap(partition)));
                }
                next = next.max(range.next);
            }
            let end = ranges.iter().map(|(range, _)| range.end).max().unwrap_or(0);
            all.is_read_to_its_end &= next >= end;
            all.nexts.insert(partition, next);
        }
        let fields: BTreeSet<&String> = manifests.iter().flat_map(|(_, manifest)| manifest.treated.keys()).collect();
        for field in fields {
            let said = || manifests.iter().map(|(_, manifest)| manifest.treated.get(field));
            let treated = match said().next().flatten() {
                Some((treatment, key)) if said().all(|other| other == said().next().flatten()) => {
                    Treated::As(treatment.clone(), key.clone())
                }
                _ => Treated::InTwoWays,
            };
            all.treated.insert(field.clone(), treated);
        }
        Ok(all)
    }
}

fn name(how: &Value, key: &str) -> Option<Name> {
    Name::new(how.get(key)?.as_str()?).ok()
}

/// A treatment as a schema file writes it.
fn treatment(written: &Value) -> Option<Treatment> {
    match written {
        Value::String(word) => match word.as_str() {
            "keep" => Some(Treatment::Keep),
            "drop" => Some(Treatment::Drop),
            "null" => Some(Treatment::Null),
            "label" => Some(Treatment::Label),
            "scrub" => Some(Treatment::Scrub),
            _ => None,
        },
        Value::Object(one) if one.len() == 1 => {
            let (word, how) = one.iter().next()?;
            match word.as_str() {
                "mask" => Some(Treatment::Mask { last: u8::try_from(how.get("last")?.as_u64()?).ok()? }),
                "hmac" => Some(Treatment::Hmac { domain: Name::new(how.as_str()?).ok()? }),
                "ff1" => Some(Treatment::Ff1 {
                    domain: name(how, "domain")?,
                    alphabet: match how.get("alphabet").map(Value::as_str) {
                        None | Some(Some("digits")) => Alphabet::Digits,
                        Some(Some("alphanumeric")) => Alphabet::Alphanumeric,
                        Some(_) => return None,
                    },
                }),
                "date_shift" => Some(Treatment::DateShift {
                    domain: name(how, "domain")?,
                    subject: name(how, "subject")?,
                    days: u16::try_from(how.get("days")?.as_u64()?).ok()?,
                }),
                "bucket" => {
                    let edges = how.as_array()?.iter().map(|edge| edge.as_str().map(str::to_owned));
                    Some(Treatment::Bucket { edges: edges.collect::<Option<_>>()? })
                }
                "fields" => {
                    let field = |(path, how): (&String, &Value)| {
                        let kind = how.get("kind").and_then(Value::as_str).map(str::to_owned);
                        let path = path.split('.').map(str::to_owned).collect();
                        Some(FieldTreatment { path, kind, treatment: treatment(how.get("treat")?)?, optional: true })
                    };
                    Some(Treatment::Fields(how.as_object()?.iter().map(field).collect::<Option<_>>()?))
                }
                "generalise" => Some(Treatment::Generalise(match how.as_str() {
                    Some("year") => Generalisation::Year,
                    Some("month") => Generalisation::Month,
                    Some("district") => Generalisation::District,
                    _ => Generalisation::Band { width: how.get("band")?.as_u64().filter(|width| *width > 0)? },
                })),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The same, to be written.
pub fn treatment_text(treatment: &Treatment) -> Value {
    match treatment {
        Treatment::Mask { last } => json!({"mask": {"last": last}}),
        Treatment::Hmac { domain } => json!({"hmac": domain.as_str()}),
        Treatment::Token { domain } => json!({"token": domain.as_str()}),
        Treatment::Ff1 { domain, alphabet } => {
            let alphabet = if *alphabet == Alphabet::Digits { "digits" } else { "alphanumeric" };
            json!({"ff1": {"domain": domain.as_str(), "alphabet": alphabet}})
        }
        Treatment::DateShift { domain, subject, days } => {
            json!({"date_shift": {"domain": domain.as_str(), "subject": subject.as_str(), "days": days}})
        }
        Treatment::Generalise(Generalisation::Year) => json!({"generalise": "year"}),
        Treatment::Generalise(Generalisation::Month) => json!({"generalise": "month"}),
        Treatment::Generalise(Generalisation::District) => json!({"generalise": "district"}),
        Treatment::Generalise(Generalisation::Band { width }) => json!({"generalise": {"band": width}}),
        Treatment::Bucket { edges } => json!({ "bucket": edges }),
        Treatment::Fields(fields) => {
            let field = |field: &FieldTreatment| {
                let mut said = json!({"treat": treatment_text(&field.treatment)});
                if let Some(kind) = &field.kind {
                    said["kind"] = json!(kind);
                }
                (field.path.join("."), said)
            };
            json!({"fields": fields.iter().map(field).collect::<serde_json::Map<_, _>>()})
        }
        Treatment::Keep | Treatment::Drop | Treatment::Null | Treatment::Label | Treatment::Scrub => {
            json!(treatment.word())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(manifests: &[Value]) -> Result<Manifests, (String, BadManifest)> {
        let parse = |(at, manifest): (usize, &Value)| {
            let manifest = Manifest::parse(manifest.to_string().as_bytes());
            manifest.map(|manifest| (at.to_string(), manifest)).map_err(|bad| (at.to_string(), bad))
        };
        Manifests::all(&manifests.iter().enumerate().map(parse).collect::<Result<Vec<_>, _>>()?)
    }

    fn run(first: u64, next: u64, end: u64, treated: Value) -> Value {
        json!({"manifest": 1, "run": "r", "complete": next == end, "treated": treated, "dead_letters": 1,
            "partitions": {"0": {"first": first, "next": next, "end": end}},
            "objects": [{"path": format!("p=0/{first:020}.parquet"), "records": 1, "bytes": 3, "sha256": "00"}]})
    }

    #[test]
    fn puts_the_runs_of_a_topic_together() {
        let email = json!({"email": {"treatment": {"hmac": "people"}, "key": "k"}, "born_on": {"treatment": {"generalise": "year"}}});
        let two = all(&[run(5, 9, 9, email.clone()), run(9, 12, 12, email)]).expect("manifests");
        assert_eq!((two.objects.len(), two.dead_letters, two.is_read_to_its_end), (2, 2, true));
        let people = Treatment::Hmac { domain: Name::new("people").expect("a name") };
        assert_eq!(two.treated["email"], Treated::As(people, Some("k".into())));
        assert_eq!(two.treated["born_on"], Treated::As(Treatment::Generalise(Generalisation::Year), None));
    }

    #[test]
    fn two_runs_that_name_one_object_count_its_dead_letters_once() {
        let mut one = run(0, 9, 9, json!({}));
        one["objects"][0]["dead_letters"] = json!(3);
        one["dead_letters"] = json!(3);
        assert_eq!(all(&[one.clone(), one.clone()]).expect("manifests").dead_letters, 3);
        // What no object is said to lack counts beside.
        one["dead_letters"] = json!(5);
        assert_eq!(all(&[one.clone(), one]).expect("manifests").dead_letters, 7);
    }

    #[test]
    fn sees_what_was_left_out_cut_short_or_treated_in_two_ways() {
        let gap = all(&[run(0, 4, 4, json!({})), run(5, 9, 9, json!({}))]);
        assert_eq!(gap.err(), Some(("1".into(), BadManifest::Gap(0))));
        assert!(!all(&[run(0, 4, 9, json!({}))]).expect("a manifest").is_read_to_its_end);
        let (kept, hidden) = (json!({}), json!({"email": {"treatment": "drop"}}));
        let two = all(&[run(0, 4, 4, kept), run(4, 9, 9, hidden)]).expect("manifests");
        assert_eq!(two.treated["email"], Treated::InTwoWays);
    }

    #[test]
    fn reads_what_it_writes_of_every_treatment() {
        let name = |text: &str| Name::new(text).expect("a name");
        let field = |treatment| FieldTreatment {
            path: vec!["a".into(), "b".into()],
            kind: Some("email".into()),
            treatment,
            optional: true,
        };
        let all = [
            Treatment::Keep,
            Treatment::Drop,
            Treatment::Null,
            Treatment::Label,
            Treatment::Scrub,
            Treatment::Mask { last: 3 },
            Treatment::Hmac { domain: name("people") },
            Treatment::Ff1 { domain: name("people"), alphabet: Alphabet::Digits },
            Treatment::Ff1 { domain: name("people"), alphabet: Alphabet::Alphanumeric },
            Treatment::DateShift { domain: name("people"), subject: name("id"), days: 60 },
            Treatment::Generalise(Generalisation::Year),
            Treatment::Generalise(Generalisation::Month),
            Treatment::Generalise(Generalisation::District),
            Treatment::Generalise(Generalisation::Band { width: 10 }),
            Treatment::Bucket { edges: vec!["0".into(), "10.5".into()] },
            Treatment::Fields(vec![field(Treatment::Mask { last: 2 })]),
        ];
        for of in all {
            assert_eq!(treatment(&treatment_text(&of)), Some(of.clone()), "{of}");
        }
        // What stands for a token is known to its vault alone: a dump of them is compared with nothing.
        assert_eq!(treatment(&treatment_text(&Treatment::Token { domain: name("people") })), None);
    }

    #[test]
    fn reads_every_treatment_that_leaves_something_to_compare() {
        let of = |treatment: Value| {
            let all = all(&[run(0, 1, 1, json!({"a": {"treatment": treatment}}))]).expect("a manifest");
            match &all.treated["a"] {
                Treated::As(treatment, _) => treatment.to_string(),
                Treated::InTwoWays => "in two ways".into(),
            }
        };
        for (written, told) in [
            (json!({"ff1": {"domain": "people", "alphabet": "digits"}}), "ff1 (people)"),
            (json!({"ff1": {"domain": "people", "alphabet": "alphanumeric"}}), "ff1 (people, alphanumeric)"),
            (
                json!({"date_shift": {"domain": "people", "subject": "id", "days": 60}}),
                "date_shift (people, by id, 60 days)",
            ),
            (json!({"bucket": ["0", "10.5"]}), "bucket (0, 10.5)"),
            (
                json!({"fields": {"contact.email": {"kind": "email", "treat": "label"}, "size": {"treat": "keep"}}}),
                "fields (contact.email label, size keep)",
            ),
        ] {
            assert_eq!(of(written), told);
        }
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        let of = |treatment: Value| {
            all(&[run(0, 1, 1, json!({"a": {"treatment": treatment}}))]).map(|all| all.treated.len())
        };
        for treatment in [
            json!("shred"),
            json!({"mask": 3}),
            json!({"hmac": "No Name"}),
            json!({"ff1": {"domain": "people", "alphabet": "runes"}}),
            json!({"ff1": {}}),
            json!({"date_shift": {"domain": "people", "days": 60}}),
            json!({"bucket": [1]}),
            json!({"fields": {"a": "label"}}),
            json!({"generalise": {"band": 0}}),
            json!({}),
            json!(1),
        ] {
            assert_eq!(of(treatment.clone()), Err(("0".into(), BadManifest::Treatment)), "{treatment}");
        }
        for (manifest, bad) in [
            (json!({}), BadManifest::Unread),
            (json!({"manifest": 2, "partitions": {}, "objects": []}), BadManifest::Version),
            (run(4, 1, 1, json!({})), BadManifest::Unread),
        ] {
            assert_eq!(all(&[manifest]).err(), Some(("0".into(), bad)));
        }
    }
}
