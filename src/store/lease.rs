//! Whose turn a job's night is, among schedules that do not know each other.
//!
//! ```text
//! _schedule/<job>/since.json                    when the first schedule saw the job; created once
//! _schedule/<job>/<period>/00000.json           the first claim: who, when, until when; created once
//! _schedule/<job>/<period>/00000.until.json     until when by now, and how it ended; its holder alone writes it
//! _schedule/<job>/<period>/told-<what>.json     somebody told it; created once
//! ```
//!
//! A claim is made by creating the next number, which one of many can do, and only where the last claim is over: given back, or
//! not renewed in time. So a schedule that is stopped or cut off loses its turn, and finds that out by the number that came after
//! its own. This saves work; it keeps nothing safe: should two runs of a night meet, the publish protocol decides between them.
//! Clocks of schedules may be apart by less than half a lease.
//!
//! Never in here: what a night came to, which its report says.

use super::Store;
use super::absent::{Absent, get, name, put_if_absent};
use super::fault::{StoreError, damaged};
use super::listed::listed;
use super::staging::put;
use crate::data::{Name, Period};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Claims of a night that are looked at, the newest.
const CLAIMS_MAX: usize = 64;

/// A turn that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its number, from 0.
    pub number: u32,
    /// By whom.
    pub holder: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Until when it is theirs; when they gave it back, that moment.
    pub until: DateTime<Utc>,
    /// How the run ended; `None` while it goes on, or where nobody came back to say.
    pub exit_code: Option<i32>,
}

#[derive(Serialize, Deserialize)]
struct Created {
    holder: String,
    at: DateTime<Utc>,
    until: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct Renewed {
    until: DateTime<Utc>,
    exit_code: Option<i32>,
}

/// A turn that is ours, until somebody takes the next.
#[derive(Clone, Debug)]
pub struct Lease {
    security: Store,
    job: Name,
    period: Period,
    number: u32,
}

/// When a schedule first saw `job`: nothing that was due before is missed.
pub async fn first_seen(security: &Store, job: &Name, now: DateTime<Utc>) -> Result<DateTime<Utc>, StoreError> {
    let folder = security.primary();
    let key = folder.at(&format!("_schedule/{job}/since.json"));
    // Asked at every look: what is there needs no write, which costs twelve times as much.
    if let Some(theirs) = get(folder, &key).await? {
        return since_of(&theirs).ok_or_else(|| no_claim(security, &key));
    }
    let ours = json(&serde_json::json!({ "since": now }));
    match put_if_absent(folder, &key, ours, "store.put.lease").await? {
        Absent::Created | Absent::Mine => Ok(now),
        Absent::Other(theirs) => since_of(&theirs).ok_or_else(|| no_claim(security, &key)),
    }
}

fn since_of(text: &[u8]) -> Option<DateTime<Utc>> {
    serde_json::from_slice::<serde_json::Value>(text).ok()?["since"].as_str()?.parse().ok()
}

/// The claims of a night, oldest first.
pub async fn claims(security: &Store, job: &Name, period: Period) -> Result<Vec<Claim>, StoreError> {
    let folder = security.primary();
    let prefix = folder.at(&format!("_schedule/{job}/{period}"));
    let listed = listed(folder, &prefix, None, "listing claims").await?;
    let number = |file: &str| file.strip_suffix(".json").filter(|digits| digits.len() == 5)?.parse::<u32>().ok();
    let mut numbers: Vec<u32> = listed.iter().filter_map(|meta| number(meta.location.filename()?)).collect();
    numbers.sort_unstable();
    let mut claims = Vec::new();
    for number in numbers.split_off(numbers.len().saturating_sub(CLAIMS_MAX)) {
        let key = folder.at(&path(job, period, number, "json"));
        let created = get(folder, &key).await?.and_then(|text| serde_json::from_slice::<Created>(&text).ok());
        let Created { holder, at, until } = created.ok_or_else(|| no_claim(security, &key))?;
        let renewed = get(folder, &folder.at(&path(job, period, number, "until.json"))).await?;
        // A renewal that is half there counts as none: it is written again.
        let renewed = renewed.and_then(|text| serde_json::from_slice::<Renewed>(&text).ok());
        let exit_code = renewed.as_ref().and_then(|renewed| renewed.exit_code);
        claims.push(Claim { number, holder, at, until: renewed.map_or(until, |renewed| renewed.until), exit_code });
    }
    Ok(claims)
}

impl Lease {
    /// Takes the turn after `last`, the newest claim that was seen; `None` when somebody else was faster, or has it.
    pub async fn take(
        security: &Store,
        (job, period): (&Name, Period),
        last: Option<&Claim>,
        holder: &str,
        now: DateTime<Utc>,
        length: TimeDelta,
    ) -> Result<Option<Lease>, StoreError> {
        if last.is_some_and(|last| last.until > now) {
            return Ok(None);
        }
        let number = last.map_or(0, |last| last.number + 1);
        let lease = Lease { security: security.clone(), job: job.clone(), period, number };
        let folder = security.primary();
        let key = folder.at(&path(job, period, number, "json"));
        let created = json(&Created { holder: holder.to_owned(), at: now, until: now + length });
        Ok(match put_if_absent(folder, &key, created, "store.put.lease").await? {
            Absent::Created | Absent::Mine => Some(lease),
            Absent::Other(_) => None,
        })
    }

    /// The same turn, asked of another store.
    #[cfg(test)]
    pub fn at(&self, security: &Store) -> Self {
        Lease { security: security.clone(), ..self.clone() }
    }

    /// Keeps the turn until `until`; `false` when somebody has taken the next.
    pub async fn renew(&self, until: DateTime<Utc>) -> Result<bool, StoreError> {
        let folder = self.security.primary();
        let next = folder.at(&path(&self.job, self.period, self.number + 1, "json"));
        if get(folder, &next).await?.is_some() {
            return Ok(false);
        }
        self.write(Renewed { until, exit_code: None }).await?;
        Ok(true)
    }

    /// Gives the turn back at `now`, and says how the run ended.
    pub async fn give_back(&self, now: DateTime<Utc>, exit_code: i32) -> Result<(), StoreError> {
        self.write(Renewed { until: now, exit_code: Some(exit_code) }).await
    }

    async fn write(&self, renewed: Renewed) -> Result<(), StoreError> {
        let folder = self.security.primary();
        let key = folder.at(&path(&self.job, self.period, self.number, "until.json"));
        put(folder, &key, json(&renewed), "store.put.lease").await
    }
}

/// Whether it is ours to tell `what` of a night (a word): of many who ask, one is told so, once.
pub async fn is_ours_to_tell(
    security: &Store,
    job: &Name,
    period: Period,
    what: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let folder = security.primary();
    let key = folder.at(&format!("_schedule/{job}/{period}/told-{what}.json"));
    // A text that nobody else writes, the same teller at another time neither.
    let ours = json(&serde_json::json!({ "at": now, "by": uuid::Uuid::now_v7().to_string() }));
    Ok(!matches!(put_if_absent(folder, &key, ours, "store.put.lease").await?, Absent::Other(_)))
}

fn path(job: &Name, period: Period, number: u32, ending: &str) -> String {
    format!("_schedule/{job}/{period}/{number:05}.{ending}")
}

fn json(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}

fn no_claim(security: &Store, key: &object_store::path::Path) -> StoreError {
    let folder = security.primary();
    damaged(folder, name(folder, key), "it is no claim of a schedule")
}
