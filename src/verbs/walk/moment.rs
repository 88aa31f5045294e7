//! A source that lost its moment -> another one, and everything read again at it.
//!
//! A snapshot dies with its server, with a standby that had to clean up behind it, or with the session that read. What was
//! read at it cannot be completed at another: two moments would be mixed. So the walk begins its extracts anew, those of
//! other sources with them, at other moments too, so that they stay close to each other. What was staged is deleted, and the new parts are another run's, in folders of their own, so that
//! nothing that could not be deleted is ever taken for one of them.
//!
//! Never in here: what makes a source's moment, and a failure of anything but a source that went away.

use super::open::Opened;
use super::{Options, Walked, discard};
use crate::access::backoff;
use crate::data::Name;
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::source::SourceError;
use crate::world::World;
use std::time::Duration;

/// Times that another moment is taken in one run.
const ANOTHER_MAX: u32 = 3;

/// The first pause before it; each is twice the one before, give or take half.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
/// The longest.
const PAUSE_MAX: Duration = Duration::from_secs(256);

/// The moments of a run.
#[derive(Default)]
pub struct Moments {
    taken_again: u32,
}

impl Moments {
    /// Whether the extracts are to begin anew: the source that went away has another moment. Otherwise the night's failures
    /// stand.
    pub async fn another(
        &mut self,
        night: &mut Walked<'_>,
        opened: &mut Opened,
        world: &World,
        options: &Options,
    ) -> bool {
        let Some(from) = gone(night) else { return false };
        while self.taken_again < ANOTHER_MAX {
            self.taken_again += 1;
            tokio::time::sleep(backoff::pause(PAUSE_FIRST, PAUSE_MAX, self.taken_again)).await;
            match renewed(opened, &from).await {
                Ok(true) => return self.begin(night, opened, world, options).await,
                Ok(false) => return false,
                // It may be back the next time.
                Err(SourceError::Away { .. }) => {}
                Err(error) => {
                    night.failures.push(Failure::source(&error, Phase::Extract));
                    return false;
                }
            }
        }
        false
    }

    async fn begin(&self, night: &mut Walked<'_>, opened: &mut Opened, world: &World, options: &Options) -> bool {
        if !options.dry_run {
            discard(night).await;
        }
        let because = night.failures.first().map(ToString::to_string).unwrap_or_default();
        night.crossed.clear();
        if let Err(failure) = opened.put_aside_anew() {
            night.failures.push(failure);
            return false;
        }
        night.failures.clear();
        night.begun = 0;
        let before = std::mem::replace(&mut night.run, World::run_id(world.clock.now()));
        tracing::warn!(before, run = night.run, because, "every table is read again, at another moment");
        true
    }
}

/// Whether `from`, and every other source that has another moment, took it.
async fn renewed(opened: &mut Opened, from: &Name) -> Result<bool, SourceError> {
    for (name, source) in &mut opened.sources {
        if !source.take_another_moment().await? && name == from {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The source that went away in the middle of an extract, where that is all that failed.
fn gone(night: &Walked<'_>) -> Option<Name> {
    let is_away = |failure: &Failure| failure.ending == ending::SOURCE_AWAY && failure.phase == Phase::Extract;
    let failed = night.failures.first().filter(|_| night.failures.iter().all(is_away))?;
    let dataset = failed.dataset.as_ref()?;
    night.plan.datasets.iter().find(|planned| planned.name == *dataset).map(|planned| planned.from.clone())
}
