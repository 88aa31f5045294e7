//! People who are to be forgotten: the list, read before a night; what the night must look at for it.
//!
//! A column that holds a kind of the list is extracted though no store gets it: else nobody could tell whose a row is.
//!
//! Never in here: leaving their rows out (`unit`, `filed`), and what becomes of rows that are published already.

use super::open;
use crate::access::Meters;
use crate::data::{Extract, Name};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{Plan, WriteMode};
use crate::privacy::{Forgotten, Keys};
use crate::store::{Suppressed, SuppressionList, suppression_list};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use std::path::Path;

/// The list that a night goes by: a version, and those of it to whom it applies today.
pub struct Listed {
    /// Its version; `None` where there is no list.
    pub version: Option<u64>,
    key: String,
    people: Vec<Suppressed>,
}

/// Reads the newest list; `meters` count what is asked for it.
pub async fn listed(plan: &Plan, root: &Path, now: DateTime<Utc>, meters: &Meters) -> Result<Listed, Failure> {
    let security = open::security_of(&plan.stores, root, meters)?;
    let list = suppression_list(&security, &plan.stamp).await.map_err(|error| Failure::store(&error, Phase::Open))?;
    let Some(SuppressionList { number, key, mut people, .. }) = list else {
        return Ok(Listed { version: None, key: String::new(), people: Vec::new() });
    };
    people.retain(|person| person.until.is_none_or(|until| now.date_naive() < until));
    Ok(Listed { version: Some(number), key, people })
}

impl Listed {
    /// `plan` with every column by which somebody is to be forgotten; `None` where there is none. A table into which changes are
    /// merged cannot leave rows out: the source still lists their keys, and the night would look as if it lacked them.
    pub fn widen(&self, plan: &Plan) -> Result<Option<Plan>, Failure> {
        let kinds: BTreeSet<&str> = self.people.iter().map(|person| person.kind.as_str()).collect();
        let mut widened = None;
        for (place, dataset) in plan.datasets.iter().enumerate() {
            let is_of_kind = |name: &Name| {
                let kind = dataset.schema.column(name.as_str()).and_then(|column| column.kind.as_deref());
                kind.is_some_and(|kind| kinds.contains(kind))
            };
            if !dataset.schema.columns.iter().any(|column| is_of_kind(&column.name)) {
                continue;
            }
            if matches!(dataset.write, WriteMode::Merge(_)) {
                let what =
                    "it merges, and may hold rows of people who are to be forgotten: a merge cannot leave rows out";
                return Err(Failure::new(ending::FORGETS_NOT, Phase::Open, what).of(&dataset.name));
            }
            let widen = |extract: &mut Extract| {
                let all = extract.schema.columns.iter().map(|column| &column.name);
                extract.columns =
                    all.filter(|name| extract.columns.contains(name) || is_of_kind(name)).cloned().collect();
            };
            let plan = widened.get_or_insert_with(|| plan.clone());
            let Some(of) = plan.datasets.get_mut(place) else { continue };
            let columns = of.schema.columns.iter().map(|column| &column.name);
            of.looked_at =
                columns.filter(|name| is_of_kind(name) && !of.extract.columns.contains(name)).cloned().collect();
            widen(&mut of.extract);
            if let WriteMode::ReplacePeriod { extracts, .. } = &mut of.write {
                extracts.iter_mut().for_each(widen);
            }
        }
        Ok(widened)
    }

    /// Those people, to be looked for in rows. Refuses a list that was made with another key: it would name nobody.
    pub fn people(&self, keys: &Keys) -> Result<Forgotten, Failure> {
        if self.people.is_empty() {
            return Ok(Forgotten::nobody());
        }
        let refused = |what: &str| Failure::new(ending::ENVIRONMENT_INVALID, Phase::Open, what);
        let (key, check) = keys.forgotten().ok_or_else(|| {
            refused(
                "there is a suppression list, and the environment has no `tokens` secret to look for its people with",
            )
        })?;
        if check != self.key {
            return Err(refused(
                "the suppression list was made with another `tokens` secret, and names nobody by this one",
            ));
        }
        let tag = |person: &Suppressed| Some((person.kind.clone(), tag(&person.hmac)?));
        let people: Option<Vec<_>> = self.people.iter().map(tag).collect();
        let people = people.ok_or_else(|| {
            Failure::new(ending::CHECKSUM, Phase::Open, "the suppression list holds an HMAC that is not 64 hex digits")
        })?;
        Ok(Forgotten::new(key.clone(), people))
    }
}

/// Somebody is to be forgotten whose rows the night may hold.
pub fn outrun() -> Failure {
    let what = "there is a newer suppression list than the one that the night was extracted by";
    Failure::new(ending::LIST_NEWER, Phase::Publish, what)
}

/// 64 hex digits as bytes.
fn tag(hex: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> =
        hex.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    (digits.len() == 64).then_some(bytes)?.try_into().ok()
}
