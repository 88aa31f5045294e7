//! Whose turn a job's night is: the timetable, the ledger and the claims of other schedules -> a turn that is ours, or when to look again.
//!
//! Pure but for the store: the moment comes in, so that ten years pass in a test in seconds.

use crate::calendar::{Due, Missed, Timetable};
use crate::data::Name;
use crate::store::{self, Claim, KnownReports, Lease, Store, StoreError};
use crate::watch::{Attempt, LedgerRun, Standing, Tables, candidates, standing};
use chrono::{DateTime, TimeDelta, Utc};

/// Runs of the ledger that are looked at, the newest.
const RUNS_MAX: usize = 16;
/// The same where each missed night of a month counts for itself, with some retries.
const RUNS_OF_EACH_MAX: usize = 128;
/// How far back they are looked for: further than missed nights are made good.
const DAYS_BACK: i64 = 40;
/// How long to wait, at most, for another schedule's night.
const OTHERS_SECONDS_MAX: i64 = 30;
/// How long to wait where nothing is ever due again.
const NEVER: TimeDelta = TimeDelta::days(1);

/// Who asks.
#[derive(Clone, Debug)]
pub struct Holder {
    /// A name that no other schedule has.
    pub name: String,
    /// Since when it watches.
    pub alive_since: DateTime<Utc>,
    /// How long a night is its own without a word.
    pub lease: TimeDelta,
}

/// What to do now.
#[derive(Debug)]
pub struct Turn {
    /// A night that is ours to run.
    pub start: Option<(Due, Lease)>,
    /// When to look again, where there is none.
    pub look_at: DateTime<Utc>,
    /// A night that failed and is not made good, as far as was looked: no retry cures it, or the next one is not yet to be made.
    pub unmended: Option<Due>,
}

/// What is known of a job's ledger: each of its reports is read once, however often it is looked at.
pub type Ledger = KnownReports<LedgerRun>;

/// Takes the turn of a night of `job` that is to be run at `now`, where there is one.
pub async fn turn(
    security: &Store,
    job: &Name,
    (timetable, tables): (&Timetable, Tables),
    holder: &Holder,
    known: &mut Ledger,
    now: DateTime<Utc>,
) -> Result<Turn, StoreError> {
    let since = store::first_seen(security, job, now).await?;
    let is_each = timetable.missed == Missed::Each && tables != Tables::Whole;
    let most = if is_each { RUNS_OF_EACH_MAX } else { RUNS_MAX };
    let mut runs = ledger(security, (job, most), known, now).await?;
    let candidates = candidates(timetable, tables, since, &runs, now);
    let next = timetable.after(now).map_or(now + NEVER, |due| due.at);
    let mut turn = Turn { start: None, look_at: next, unmended: None };
    for due in &candidates {
        let claims = store::claims(security, job, due.period).await?;
        let stands = stands(job, due, &runs, &claims, now);
        // Due while nobody watched, and not begun by anybody.
        let is_left_out = timetable.missed == Missed::None && claims.is_empty() && due.at < holder.alive_since;
        match stands {
            Standing::Done => continue,
            Standing::GivenUp => turn.unmended = Some(*due),
            Standing::Ready if is_left_out => continue,
            Standing::Held(until) => {
                turn.look_at = turn.look_at.min(until.min(now + TimeDelta::seconds(OTHERS_SECONDS_MAX)));
                return Ok(turn);
            }
            Standing::Again(at) => {
                turn.unmended = Some(*due);
                turn.look_at = turn.look_at.min(at);
                return Ok(turn);
            }
            Standing::Ready => {
                let of = (job, due.period);
                let taken = Lease::take(security, of, claims.last(), &holder.name, now, holder.lease).await?;
                let Some(lease) = taken else {
                    // Somebody was faster: look again when they have had time to say so.
                    turn.look_at = now + TimeDelta::seconds(1);
                    return Ok(turn);
                };
                // Whoever had the turn before may have ended between our look at the ledger and our claim.
                runs = ledger(security, (job, most), known, now).await?;
                if self::stands(job, due, &runs, &claims, now) == Standing::Done {
                    lease.give_back(now, 0).await?;
                    continue;
                }
                turn.start = Some((*due, lease));
                return Ok(turn);
            }
        }
    }
    Ok(turn)
}

/// The nights of `job` whose deadline is past at `now`, that are not published, and that are ours to tell: in `late` even where it fails, since nobody tells them a second time.
pub async fn overdue(
    security: &Store,
    job: &Name,
    (timetable, tables): (&Timetable, Tables),
    known: &mut Ledger,
    now: DateTime<Utc>,
    late: &mut Vec<Due>,
) -> Result<(), StoreError> {
    let since = store::first_seen(security, job, now).await?;
    let runs = ledger(security, (job, RUNS_MAX), known, now).await?;
    for due in candidates(timetable, tables, since, &runs, now).iter().filter(|due| is_late(due, now)) {
        let claims = store::claims(security, job, due.period).await?;
        if stands(job, due, &runs, &claims, now) != Standing::Done
            && store::is_ours_to_tell(security, job, due.period, "late", now).await?
        {
            late.push(*due);
        }
    }
    Ok(())
}

fn is_late(due: &Due, now: DateTime<Utc>) -> bool {
    due.deadline.is_some_and(|deadline| deadline <= now)
}

async fn ledger(
    security: &Store,
    (job, most): (&Name, usize),
    known: &mut Ledger,
    now: DateTime<Utc>,
) -> Result<Vec<LedgerRun>, StoreError> {
    known.reports(security, (job, now - TimeDelta::days(DAYS_BACK), most), LedgerRun::parse).await
}

fn stands(job: &Name, due: &Due, runs: &[LedgerRun], claims: &[Claim], now: DateTime<Utc>) -> Standing {
    let attempt = |claim: &Claim| Attempt { until: claim.until, exit_code: claim.exit_code };
    let attempts: Vec<Attempt> = claims.iter().map(attempt).collect();
    let spread = job.as_str().bytes().fold(0u64, |spread, byte| spread.wrapping_mul(31).wrapping_add(byte.into()));
    standing(due, runs, &attempts, spread, now)
}
