//! `nightferry table failover STORE --epoch N --reason WHY`: the epoch of a store, raised in every cloud that answers, so that
//! whoever still writes with the environment of before is refused.
//!
//! The second cloud must answer: it is the one that takes over. What becomes the first and the second is the environment's to say.

use super::open::{store as name_of, usage};
use super::{Place, Told};
use crate::data::{Audience, Name};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::store::{StoreError, epoch as epoch_of, is_stamped, raise};
use crate::world::Clock;
use serde_json::json;

/// The newest epoch that a cloud which answers has, or the environment says; each must be this environment's. The second must answer,
/// and must have been written to: whoever never was has nothing to take over with.
async fn newest(place: &Place, store: &Name) -> Result<u64, Failure> {
    let failed = |error: StoreError| Failure::store(&error, Phase::Open);
    let mut newest = place.store.epoch();
    if let Some(second) = place.store.second() {
        if !is_stamped(second, &place.stamp).await.map_err(failed)? {
            let what = format!("the second cloud of store `{store}` was never written to: it has no stamp");
            return Err(Failure::new(ending::NOT_THERE, Phase::Open, what));
        }
        newest = newest.max(epoch_of(second).await.map_err(failed)?);
    }
    let first = place.store.primary();
    let of_first = match is_stamped(first, &place.stamp).await {
        Ok(_) => epoch_of(first).await,
        Err(error) => Err(error),
    };
    match of_first {
        Ok(epoch) => Ok(newest.max(epoch)),
        Err(error) if is_gone(&error) => Ok(newest),
        Err(error) => Err(failed(error)),
    }
}

/// Whether a cloud cannot be asked, for whatever reason: an account that was shut refuses as one that was never ours would.
fn is_gone(error: &StoreError) -> bool {
    error.is_passing() || matches!(error, StoreError::Refused { .. } | StoreError::NotThere { .. })
}

pub(super) async fn failover(
    environment: &str,
    store: &str,
    epoch: u64,
    reason: &str,
    apply: bool,
) -> Result<Told, Failure> {
    let store = name_of(store)?;
    let place = Place::fence(environment, &store)?;
    if epoch == 0 {
        return Err(usage("`--epoch` is 1 at least: a store without a failover is in epoch 0"));
    }
    if place.store.second().is_none() {
        return Err(usage("a store without a second cloud has none that could take over"));
    }
    let failed = |error: StoreError| Failure::store(&error, Phase::Open);
    let next = 1 + newest(&place, &store).await?;
    if epoch > next {
        return Err(usage(&format!(
            "`--epoch` is {next}, the one that comes next: an epoch that is passed over is lost"
        )));
    }
    let mut clouds = Vec::new();
    // The one that takes over goes first: what cannot be raised there is raised nowhere.
    let second = place.store.second().map(|second| ("second", second));
    for (cloud, folder) in second.into_iter().chain([("first", place.store.primary())]) {
        let raised = match apply {
            true => raise(folder, epoch, reason, Clock::System.now()).await.map(|()| epoch),
            false => epoch_of(folder).await,
        };
        match raised {
            Ok(epoch) => clouds.push(json!({ "cloud": cloud, "epoch": epoch })),
            Err(error) if is_gone(&error) && !clouds.is_empty() => {
                clouds.push(json!({ "cloud": cloud, "epoch": null, "why": error.to_string() }));
            }
            Err(error) => return Err(failed(error)),
        }
    }
    let mut face = format!("{store}\n");
    for cloud in &clouds {
        let told = cloud["epoch"].as_u64().map_or_else(|| "does not answer".into(), |epoch| format!("epoch {epoch}"));
        face += &format!("  {:<6}  {told}\n", cloud["cloud"].as_str().unwrap_or_default());
    }
    face += &match apply {
        true => format!("  now say epoch = {epoch} in [store.{store}], and which url is the first\n"),
        false => "  nothing was written; --apply raises the epoch\n".to_owned(),
    };
    if place.store.audience() == Audience::Restricted {
        face += "  vaults of tokens (token_vault_*) are in one cloud alone: bring a copy along before the next night\n";
    }
    let away = apply && clouds.iter().any(|cloud| cloud["epoch"].is_null());
    let failure = away.then(|| {
        let next = "say the same again once the cloud that is away is back";
        let what = format!("a cloud of store `{store}` does not answer: its epoch is raised where it could be");
        Failure::new(
            ending::Ending { next, safe: "the other cloud refuses the old epoch", ..ending::BEHIND },
            Phase::Publish,
            what,
        )
    });
    let value = json!({ "store": store, "epoch": epoch, "applied": apply, "clouds": clouds });
    Ok(Told::new(face, &value).ending(failure))
}
