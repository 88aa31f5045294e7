//! `nightferry table rollback STORE/TABLE --to N --reason WHY`: an earlier version as the next one, in both clouds.

use super::open::named;
use super::{Place, Told};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::report::Outcome;
use crate::store::replicate;
use crate::store::upkeep::rollback::{Asked, WentBack, rollback as go_back};
use crate::world::{Clock, World};
use serde_json::json;

pub(super) async fn rollback(environment: &str, table: &str, to: u64, reason: &str) -> Result<Told, Failure> {
    let (store, dataset) = named(table)?;
    let place = Place::write(environment, &store).await?;
    let at = Clock::System.now();
    let run = World::run_id(at);
    let asked = Asked { store: &store, dataset: &dataset, to, reason, run: &run, stamp: &place.stamp, at };
    let failed = |error| Failure::store(&error, Phase::Publish);
    let record = match go_back(&asked, &place.security, &place.stores).await.map_err(failed)? {
        WentBack::Done(record) => record,
        WentBack::There => {
            let value = json!({ "table": table, "outcome": Outcome::AlreadyPublished, "back_to": to });
            return Ok(Told::new(format!("{table} has the rows of version {to} already\n"), &value));
        }
    };
    let states = replicate(&record, &place.stores).await.map_err(|error| {
        let mut failure = failed(error);
        failure.ending.safe = ending::PUBLISHED;
        failure
    })?;
    let version = record.tables.first().map_or(0, |table| table.version);
    let pending = states.iter().find_map(|state| state.pending.as_ref());
    let outcome = if pending.is_some() { Outcome::SecondPending } else { Outcome::Published };
    let value = json!({ "table": table, "outcome": outcome, "run": run, "version": version, "back_to": to });
    let face = format!("{table} · version {version} has the rows of version {to} · run {run}\n");
    let failure = pending.map(|why| {
        let what = format!("the second cloud lacks version {version} of `{dataset}`: {why}");
        Failure::new(ending::SECOND_PENDING, Phase::Publish, what)
    });
    Ok(Told::new(face, &value).ending(failure))
}
