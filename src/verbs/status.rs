//! `nightferry status [JOB..]`: how the nights of each job stand, from the reports in its security store. Writes nothing but, where it is asked
//! for, the page.

use super::catalogue::write_catalogue;
use super::desk::{Desk, Desks, told_once};
use super::files;
use super::measured::Metrics;
use crate::calendar::Due;
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::report::{
    AlarmReport, DueReport, FiguresReport, NightReport, NightsReport, NightsStanding, PointReport, SeriesReport,
    nights_metrics, nights_page, nights_terminal,
};
use crate::store;
use crate::watch::{
    self, Counted, Direction, Figures, LedgerDataset, LedgerRun, Rule, Series, band, figures, published_at, series,
};
use crate::world::{Clock, Progress, ProgressMode};
use chrono::{DateTime, TimeDelta, Utc};
use std::io::Write;
use std::path::PathBuf;

/// How far back is looked.
const DAYS_BACK: i64 = 90;
/// Runs that are looked at, the newest: some retries a night.
const RUNS_MAX: usize = 400;
/// The name under which the page lies among the job's reports.
const PAGE: &str = "nights";

/// What is asked of `status`.
#[derive(Clone, Debug)]
pub struct StatusRequest {
    /// Job files; none stands for every one of the project.
    pub jobs: Vec<PathBuf>,
    /// The environment's name.
    pub environment: String,
    /// Whether the page is written.
    pub html: bool,
    /// The folder that the catalogue of what is published goes to; nothing else is told then.
    pub catalogue: Option<PathBuf>,
    /// Where numbers go that machines gather.
    pub metrics: Option<Metrics>,
    /// The result as JSON, a line a job.
    pub json: bool,
}

/// Says how jobs stand. Gives 1 where a person has something to do, and the code of those whose files are not valid.
pub async fn status(request: StatusRequest, out: &mut dyn Write) -> u8 {
    let json = request.json;
    match journey(request, out).await {
        Ok(code) => code,
        Err(failure) => files::tell_as(json, &failure, out),
    }
}

async fn journey(request: StatusRequest, out: &mut dyn Write) -> Result<u8, Failure> {
    super::log(&Progress::new(ProgressMode::None));
    let Desks { desks, refused, .. } = Desk::of(request.jobs, &request.environment)?;
    for failure in told_once(&refused) {
        files::tell_as(request.json, failure, out);
    }
    let refused_code = ending::worst(refused.iter().map(|refused| refused.failure.ending)).map(|ending| ending.code);
    if let Some(folder) = &request.catalogue {
        let text = write_catalogue(&desks, folder, Clock::System.now())?;
        if !request.json {
            // A closed pipe is the reader's choice.
            let _ = write!(out, "{text}");
        }
        return Ok(refused_code.unwrap_or(0));
    }
    let (mut needs_somebody, mut measured) = (false, Vec::new());
    for desk in &desks {
        let now = Clock::System.now();
        let runs = desk.runs(now - TimeDelta::days(DAYS_BACK), RUNS_MAX).await?;
        let report = report(desk, &runs, now);
        needs_somebody |= report.needs_somebody();
        measured.extend(nights_metrics(&report));
        // A closed pipe is the reader's choice.
        let _ = match request.json {
            true => writeln!(out, "{}", serde_json::to_string(&report).unwrap_or_default()),
            false => write!(out, "{}", nights_terminal(&report)),
        };
        if request.html {
            let path = store::report_path(&desk.job, PAGE, "html");
            let page = nights_page(&report).into_bytes().into();
            let filing = async {
                desk.security.check_stamp(&desk.plan.stamp).await?;
                store::file_report(&desk.security, &path, page).await
            };
            filing.await.map_err(|error| Failure::store(&error, Phase::Publish))?;
            if !request.json {
                let places = desk.plan.places();
                let place = places.get("security").map_or("security", String::as_str);
                let _ = writeln!(out, "\n  {}/{path} shows the nights in a browser", place.trim_end_matches('/'));
            }
        }
    }
    if let Some(metrics) = &request.metrics {
        metrics.put(&measured);
    }
    Ok(refused_code.unwrap_or(if needs_somebody { ending::FOUND } else { 0 }))
}

fn report(desk: &Desk, runs: &[LedgerRun], now: DateTime<Utc>) -> NightsReport {
    let since = runs.first().map_or(now, |run| run.started_at.checked_sub_signed(TimeDelta::days(1)).unwrap_or(now));
    let mut dues = desk.timetable.as_ref().map(|table| table.between(since, now, usize::MAX)).unwrap_or_default();
    let next = desk.timetable.as_ref().and_then(|table| table.after(now));
    let last = dues.last().copied().filter(|_| !runs.is_empty());
    // Nothing was missed before the days of the first run that is known.
    dues.retain(|due| runs.first().is_some_and(|first| due.period.to >= first.period.to));
    let all: Vec<Due> = dues.iter().copied().chain(next).collect();
    let missed = match dues.split_last() {
        Some((_, before)) => {
            before.iter().filter(|due| published_at(due, desk.tables, runs).is_none()).map(|due| due.period).collect()
        }
        None => Vec::new(),
    };
    let series = series(desk.plan.datasets.iter().map(|dataset| dataset.name.to_string()), runs);
    NightsReport {
        job: desk.job.to_string(),
        environment: desk.plan.environment.to_string(),
        at: now,
        standing: standing(desk, last.as_ref(), runs, now),
        last_due: last.map(|due| DueReport {
            at: due.at,
            period: due.period,
            deadline: due.deadline,
            published_at: published_at(&due, desk.tables, runs),
        }),
        next_due: next.map(|due| due.at),
        missed,
        second_behind: second_behind(runs),
        figures: told_figures(&figures(&all, desk.tables, runs, now)),
        alarms: series.iter().filter_map(|(name, nights)| last_alarm(name, nights)).collect(),
        nights: runs.iter().map(night).collect(),
        datasets: series.into_iter().map(|(dataset, nights)| points(dataset, nights)).collect(),
    }
}

fn standing(desk: &Desk, last: Option<&Due>, runs: &[LedgerRun], now: DateTime<Utc>) -> NightsStanding {
    let Some(due) = last else {
        return if desk.timetable.is_some() { NightsStanding::Waiting } else { NightsStanding::NotScheduled };
    };
    let attempts = || runs.iter().filter(|run| run.period == due.period);
    match published_at(due, desk.tables, runs) {
        Some(_) => NightsStanding::Published,
        None if due.deadline.is_some_and(|deadline| deadline <= now) => NightsStanding::Late,
        None if attempts().next_back().is_some_and(|run| !run.is_good()) => NightsStanding::Failed,
        None => NightsStanding::Waiting,
    }
}

/// Tables whose second cloud the last run that touched it left behind.
fn second_behind(runs: &[LedgerRun]) -> Vec<String> {
    let Some(last) = runs.iter().rev().find(|run| run.is_good()) else { return Vec::new() };
    if last.exit_code == 0 {
        return Vec::new();
    }
    let of = |dataset: &LedgerDataset| {
        let behind = dataset.stores.iter().filter(|store| store.state == "second_pending");
        behind.map(|store| format!("{} in {}", dataset.name, store.name)).collect::<Vec<_>>()
    };
    let named: Vec<String> = last.datasets.iter().flat_map(of).collect();
    match (named.is_empty(), last.problems.first()) {
        // A run that only carried names no dataset.
        (true, Some(problem)) => vec![problem.message.clone()],
        _ => named,
    }
}

fn told_figures(figures: &Figures) -> FiguresReport {
    let rounded = |part: f64| (part * 10_000.0).round() / 10_000.0;
    FiguresReport {
        due: figures.due,
        in_time: figures.in_time,
        availability: figures.availability.map(|(part, _, _)| rounded(part)),
        availability_between: figures.availability.map(|(_, low, high)| [rounded(low), rounded(high)]),
        incidents: figures.incidents.len() as u64,
        mttr_seconds: figures.mttr.map(|mttr| mttr.num_seconds()),
        mtbf_seconds: figures.mtbf.map(|mtbf| mtbf.num_seconds()),
    }
}

fn sum(of: impl Iterator<Item = u64>) -> u64 {
    of.fold(0, u64::saturating_add)
}

/// The file name of a run's page, which lies beside that of the nights; nothing else in a report becomes a link.
fn page_of(run: &LedgerRun) -> Option<String> {
    let name = run.page_at.as_ref()?.rsplit('/').next()?;
    let stem = name.strip_suffix(".html")?;
    let is_ours = !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_ours.then(|| name.to_owned())
}

fn night(run: &LedgerRun) -> NightReport {
    NightReport {
        run: run.run.clone(),
        period: run.period,
        started_at: run.started_at,
        outcome: run.outcome,
        exit_code: run.exit_code,
        problem: run.problems.first().map(|problem| problem.id.clone()),
        started_by: run.started_by.clone(),
        batch: run.batch.clone(),
        log: run.task.as_ref().and_then(|task| task.log()),
        seconds: run.seconds,
        peak_memory_bytes: run.peak_memory_bytes,
        usd: run.cost.usd,
        requests: run.cost.requests_all(),
        rows: sum(run.datasets.iter().map(|dataset| dataset.rows_written)),
        drift: sum(run.datasets.iter().map(LedgerDataset::drift)),
        page: page_of(run),
    }
}

fn counted(nights: &[(Counted, u64)]) -> Vec<Counted> {
    nights.iter().map(|(night, _)| *night).collect()
}

/// What there is to tell of the last night of a dataset.
fn last_alarm(name: &str, nights: &[(Counted, u64)]) -> Option<AlarmReport> {
    let alarm = watch::last_alarm(nights)?;
    Some(AlarmReport {
        dataset: name.to_owned(),
        rule: if alarm.rule == Rule::Hard { "hard" } else { "soft" },
        direction: if alarm.direction == Direction::Low { "low" } else { "high" },
        day: alarm.night.day,
        since: alarm.since,
        rows: alarm.night.rows,
        usual: usual(&alarm.band),
    })
}

fn usual(band: &crate::watch::Band) -> [u64; 2] {
    [band.low().ceil() as u64, band.high() as u64]
}

fn points(dataset: String, nights: Series) -> SeriesReport {
    let all = counted(&nights);
    let point = |(place, (night, drift)): (usize, (Counted, u64))| PointReport {
        day: night.day,
        rows: night.rows,
        usual: band(&all[..place], night.day).as_ref().map(usual),
        drift,
    };
    SeriesReport { dataset, nights: nights.into_iter().enumerate().map(point).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_a_page_of_ours_and_to_nothing_else() {
        let page = |page_at: &str| {
            let report = serde_json::json!({
                "run": "0193", "outcome": "published", "exit_code": 0, "page_at": page_at,
                "period": { "from": "2026-11-22", "to": "2026-11-22" },
                "started_at": "2026-11-23T02:30:00Z", "seconds": 1.0, "cost": { "usd": 0.01 },
            });
            page_of(&LedgerRun::parse(report.to_string().as_bytes()).expect("a report"))
        };
        assert_eq!(page("security/reports/settlements/019ab-7c.html"), Some("019ab-7c.html".into()));
        for odd in
            ["javascript:alert(1)", "javascript:x.html", "a/\"onclick=x.html", "https://x.org", "a/..", "a/.html", ""]
        {
            assert_eq!(page(odd), None, "{odd}");
        }
    }
}
