//! `nightferry table rollback STORE/TABLE --to N --reason WHY`: an earlier version as the next one, in both clouds.

use super::super::days::Days;
use super::super::files;
use super::open::named;
use super::{Place, Told};
use crate::data::{Name, Treatment};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::report::Outcome;
use crate::store::replicate;
use crate::store::upkeep::rollback::{Asked, Today, WentBack, job_of, rollback as go_back};
use crate::world::{Clock, World};
use serde_json::json;
use std::path::Path;

pub(super) async fn rollback(environment: &str, table: &str, to: u64, reason: &str) -> Result<Told, Failure> {
    let (store, dataset) = named(table)?;
    let place = Place::write(environment, &store).await?;
    let at = Clock::System.now();
    let run = World::run_id(at);
    let (today, has_copy) = today(&place, environment, &store, &dataset).await?;
    let asked =
        Asked { today: &today, store: &store, dataset: &dataset, to, reason, run: &run, stamp: &place.stamp, at };
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
    let mut told = states.iter().filter(|state| has_copy || !state.is_unseen());
    let pending = told.find_map(|state| Some((state.plain.is_some(), &state.table, state.pending.as_ref()?)));
    let outcome = if pending.is_some() { Outcome::SecondPending } else { Outcome::Published };
    let value = json!({ "table": table, "outcome": outcome, "run": run, "version": version, "back_to": to });
    let face = format!("{table} · version {version} has the rows of version {to} · run {run}\n");
    let failure = pending.map(|(is_copy, of, why)| match is_copy {
        true => Failure::plain_copy(of, &store, why),
        false => {
            let what = format!("the second cloud lacks version {version} of `{dataset}`: {why}");
            Failure::new(ending::SECOND_PENDING, Phase::Publish, what)
        }
    });
    Ok(Told::new(face, &value).ending(failure))
}

/// How the job of the table treats it today, as its files say; and whether it asks for a plain copy.
async fn today(place: &Place, environment: &str, store: &Name, dataset: &Name) -> Result<(Today, bool), Failure> {
    let job = job_of(&place.store, dataset).await.map_err(|error| Failure::store(&error, Phase::Open))?;
    let file = format!("jobs/{job}.toml");
    let project = files::project(Path::new(&file))?;
    let checked = files::load(&project, Path::new(&file), environment)?;
    let plan = checked.plan(Days::default().period(Clock::System.now())?).map_err(files::invalid)?;
    let of = plan.datasets.iter().find(|of| of.name == *dataset);
    let output = of.and_then(|of| Some((of, of.outputs.iter().find(|output| output.store == *store)?)));
    let Some((of, output)) = output else {
        let what = format!("job `{job}` publishes no `{dataset}` to `{store}` today: nobody says how it is treated");
        return Err(Failure::new(ending::NOT_THERE, Phase::Files, what));
    };
    let kept = output.columns.iter().filter(|column| column.treatment == Treatment::Keep);
    let today = Today {
        audience: output.audience,
        schema_hash: of.schema_hash.clone(),
        kept: kept.map(|column| column.column.name.to_string()).collect(),
        holds_rows_back: output.leaves_rows_out() || output.risk.is_some(),
    };
    Ok((today, of.plain_copy))
}
