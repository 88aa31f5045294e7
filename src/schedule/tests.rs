//! Ten years of nights of one job under two schedules that die, freeze and start over as they like: every day is published
//! once. The claims, the ledger, the timetable and the decision to publish are the real ones; time, and what a night comes to, is not.

use super::turn::{Holder, Ledger, turn};
use crate::access::Folder;
use crate::calendar::{Due, Missed, Timetable};
use crate::data::{Audience, Name, Period};
use crate::job::{Boundary, Location, StoreSpec};
use crate::store::{self, Decision, JobRecord, Lease, Store, decide};
use crate::watch::Tables;
use chrono::{DateTime, Days, TimeDelta, Utc};
use chrono_tz::Europe::London;
use futures::TryStreamExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use std::collections::BTreeMap;
use std::sync::Arc;

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    fn minutes(&mut self, least: u64, most: u64) -> TimeDelta {
        TimeDelta::seconds((60 * least + self.below(60 * (most - least))) as i64)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Up,
    /// Killed with its night, or not yet started.
    Down,
    /// Stopped, its night going on.
    Frozen,
}

struct Running {
    due: Due,
    lease: Lease,
    ends_at: DateTime<Utc>,
    renew_at: DateTime<Utc>,
}

struct Schedule {
    holder: Holder,
    ledger: Ledger,
    state: State,
    changes_at: DateTime<Utc>,
    look_at: DateTime<Utc>,
    running: Option<Running>,
}

#[derive(Debug, Default)]
struct Counts {
    nights: u64,
    starts: u64,
    deaths: u64,
    freezes: u64,
    retries: u64,
    crashes: u64,
    unreported: u64,
    met: u64,
}

struct Years {
    random: Random,
    security: Store,
    job: Name,
    records: Vec<JobRecord>,
    published: BTreeMap<Period, u64>,
    counts: Counts,
}

/// The store of the audience `security`, over these objects.
pub(super) fn security(objects: impl ObjectStore) -> Store {
    let location = Location { url: "security".into(), ..Location::default() };
    let name = Name::new("security").expect("a name");
    let spec = StoreSpec {
        name,
        primary: location,
        second: None,
        audience: Audience::Security,
        boundary: Boundary::Internal,
        epoch: 0,
    };
    Store::new(&spec, Folder::new(Arc::new(objects), Path::from(""), "security"), None)
}

impl Years {
    /// A night is over: it publishes or does not, tells the ledger or does not. Gives its exit code; `None` of one that died.
    async fn end(&mut self, due: &Due, now: DateTime<Utc>) -> Option<i32> {
        let fate = self.random.below(1000);
        if fate < 10 {
            self.counts.crashes += 1;
            return None;
        }
        if fate < 120 {
            self.counts.retries += 1;
            self.report(due.period, "failed", 70, now).await;
            return Some(70);
        }
        let outcome = match decide(&self.records, &[], due.period, None) {
            Decision::Publish => {
                *self.published.entry(due.period).or_default() += 1;
                self.records.push(record(&self.job, due.period, self.records.len() as u64, now));
                self.records.drain(..self.records.len().saturating_sub(32));
                "published"
            }
            Decision::AlreadyPublished { .. } => {
                self.counts.met += 1;
                "already_published"
            }
            other => panic!("{}: {other:?}", due.period),
        };
        if fate < 130 {
            // The process dies between the night's record and its report.
            self.counts.unreported += 1;
            return None;
        }
        self.report(due.period, outcome, 0, now).await;
        Some(0)
    }

    async fn report(&mut self, period: Period, outcome: &str, exit_code: u8, now: DateTime<Utc>) {
        let run = crate::world::World::run_id(now);
        let report = serde_json::json!({
            "run": run, "outcome": outcome, "exit_code": exit_code, "period": period,
            "started_at": now, "seconds": 60.0, "cost": { "usd": 0.001 },
        });
        let path = store::report_path(&self.job, &run, "json");
        store::file_report(&self.security, &path, report.to_string().into()).await.expect("filed");
    }

    /// What is older than two months goes, as a store's lifecycle has it.
    async fn forget(&self, now: DateTime<Utc>) {
        let folder = self.security.primary();
        let old = now - TimeDelta::days(60);
        let (day, moment) = (old.date_naive().to_string(), format!("{:012x}", old.timestamp_millis()));
        let moment = format!("{}-{}", &moment[..8], &moment[8..]);
        for (shelf, oldest) in [("reports", moment), ("_schedule", day)] {
            let prefix = folder.at(&format!("{shelf}/{}", self.job));
            let all: Vec<_> = folder.store().list(Some(&prefix)).try_collect().await.expect("listed");
            for meta in all {
                let below = folder.relative(&meta.location).expect("below");
                let below = below.splitn(3, '/').nth(2).unwrap_or_default().to_owned();
                if below != "since.json" && below < oldest {
                    folder.store().delete(&meta.location).await.expect("deleted");
                }
            }
        }
    }
}

fn record(job: &Name, period: Period, number: u64, now: DateTime<Utc>) -> JobRecord {
    JobRecord {
        format: 1,
        number,
        job: job.clone(),
        run: format!("run-{number}"),
        period,
        stamp: "dev".into(),
        reason: None,
        published_at: now,
        inputs: BTreeMap::new(),
        back_to: None,
        batch: None,
        task: None,
        tables: Vec::new(),
    }
}

#[tokio::test]
async fn ten_years_of_nights_are_published_once_each_whatever_dies_freezes_or_starts_twice() {
    let begins: DateTime<Utc> = "2026-01-01T12:00:00Z".parse().expect("a moment");
    let ends: DateTime<Utc> = "2036-01-01T12:00:00Z".parse().expect("a moment");
    let deadline = chrono::NaiveTime::from_hms_opt(6, 0, 0);
    // In the hour that the clocks skip and that comes twice.
    let timetable = Timetable::new("30 1 * * *", London, deadline, Missed::Each).expect("a timetable");
    let mut years = Years {
        random: Random(20_260_101),
        security: security(InMemory::new()),
        job: Name::new("settlements").expect("a name"),
        records: Vec::new(),
        published: BTreeMap::new(),
        counts: Counts::default(),
    };
    let lease = TimeDelta::minutes(10);
    let holder = |name: String, now| Holder { name, alive_since: now, lease };
    let mut schedules: Vec<Schedule> = (0..2)
        .map(|number| Schedule {
            holder: holder(format!("{number}"), begins),
            ledger: Ledger::default(),
            state: State::Up,
            changes_at: begins + TimeDelta::hours(13 + 5 * number),
            look_at: begins,
            running: None,
        })
        .collect();
    let (mut now, mut forget_at) = (begins, begins);
    while now < ends {
        if now >= forget_at {
            years.forget(now).await;
            forget_at = now + TimeDelta::days(20);
        }
        for schedule in &mut schedules {
            // A night goes on whatever its schedule does, unless both died.
            if let Some(running) = &mut schedule.running {
                if now >= running.ends_at {
                    let code = years.end(&running.due, now).await;
                    // One that is frozen finds out later.
                    if schedule.state == State::Up {
                        running.lease.give_back(now, code.unwrap_or(137)).await.expect("given back");
                    }
                    schedule.running = None;
                    schedule.look_at = now;
                } else if schedule.state == State::Up && now >= running.renew_at {
                    running.renew_at = now + lease / 4;
                    if !running.lease.renew(now + lease).await.expect("renewed") {
                        // Lost while it was frozen: its night is told to stop, which not every night hears.
                        if years.random.below(2) == 0 {
                            running.lease.give_back(now, 73).await.expect("given back");
                            schedule.running = None;
                            schedule.look_at = now;
                        }
                    }
                }
            }
            if now >= schedule.changes_at {
                let (state, stays) = match (schedule.state, years.random.below(10)) {
                    (State::Up, 0..3) => (State::Frozen, years.random.minutes(5, 90)),
                    (State::Up, _) => (State::Down, years.random.minutes(1, 60 * 50)),
                    (_, _) => (State::Up, years.random.minutes(10, 60 * 24 * 6)),
                };
                match state {
                    State::Down => {
                        years.counts.deaths += 1;
                        schedule.running = None;
                    }
                    State::Frozen => years.counts.freezes += 1,
                    State::Up if schedule.state == State::Down => {
                        years.counts.starts += 1;
                        schedule.holder = holder(format!("{}", years.random.next()), now);
                        schedule.ledger = Ledger::default();
                        schedule.look_at = now;
                    }
                    State::Up => {}
                }
                (schedule.state, schedule.changes_at) = (state, now + stays);
            }
            if schedule.state == State::Up && schedule.running.is_none() && now >= schedule.look_at {
                let table = (&timetable, Tables::Whole);
                let Schedule { holder, ledger, .. } = schedule;
                let asked = turn(&years.security, &years.job, table, holder, ledger, now).await.expect("asked");
                schedule.look_at = asked.look_at;
                if let Some((due, lease_of)) = asked.start {
                    years.counts.nights += 1;
                    let takes = years.random.minutes(1, 45);
                    schedule.running = Some(Running { due, lease: lease_of, ends_at: now + takes, renew_at: now });
                }
            }
        }
        let next = schedules.iter().flat_map(|schedule| {
            let looks = (schedule.state == State::Up && schedule.running.is_none()).then_some(schedule.look_at);
            let runs = schedule.running.iter().flat_map(|running| {
                let renews = (schedule.state == State::Up).then_some(running.renew_at);
                renews.into_iter().chain([running.ends_at])
            });
            [schedule.changes_at].into_iter().chain(looks).chain(runs.collect::<Vec<_>>())
        });
        now = next.min().expect("something happens").max(now + TimeDelta::seconds(1));
    }
    let Years { published, counts, .. } = years;
    let twice = published.values().filter(|times| **times > 1).count();
    let days: Vec<Period> = published.keys().copied().collect();
    let first = days.first().expect("a day").from;
    let missed: u64 = days.windows(2).map(|pair| (pair[1].from - pair[0].from).num_days() as u64 - 1).sum();
    println!("{} days published, {missed} missed, {twice} twice; {counts:?}", days.len());
    assert_eq!((twice, missed), (0, 0));
    assert_eq!(first.to_string(), "2026-01-01");
    let last = days.last().expect("a day").from;
    assert!(last + Days::new(4) > ends.date_naive(), "{last}");
    // It was no quiet decade.
    assert!(counts.deaths > 300 && counts.freezes > 100 && counts.crashes > 20 && counts.met > 20, "{counts:?}");
}
