//! What many nights of a job came to. The JSON names are an API: `status --json`.

use super::platform::BatchReport;
use super::run::{Outcome, maybe_seconds_utc, seconds_utc};
use crate::data::Period;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

/// The nights of a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NightsReport {
    /// Job.
    pub job: String,
    /// Environment.
    pub environment: String,
    /// When this was looked at, UTC.
    #[serde(serialize_with = "seconds_utc")]
    pub at: DateTime<Utc>,
    /// How the job stands.
    pub standing: NightsStanding,
    /// The night that was due last.
    pub last_due: Option<DueReport>,
    /// When the next is due, UTC.
    #[serde(serialize_with = "maybe_seconds_utc")]
    pub next_due: Option<DateTime<Utc>>,
    /// Days that were due, and are neither published nor made good by a later one.
    pub missed: Vec<Period>,
    /// Tables whose second cloud lacks what the last good night published: `invoice in warehouse`.
    pub second_behind: Vec<String>,
    /// How well the nights went.
    pub figures: FiguresReport,
    /// What there is to tell of the last night.
    pub alarms: Vec<AlarmReport>,
    /// Runs, oldest first.
    pub nights: Vec<NightReport>,
    /// Rows of each dataset, night by night.
    pub datasets: Vec<SeriesReport>,
}

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NightsStanding {
    /// The night that was due last is published.
    Published,
    /// It is due, not yet published, and its deadline is not past.
    Waiting,
    /// Its last run did not publish.
    Failed,
    /// Its deadline is past.
    Late,
    /// The job is never due.
    NotScheduled,
}

/// A night that was due.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DueReport {
    /// From when.
    pub at: DateTime<Utc>,
    /// For which days.
    pub period: Period,
    /// By when.
    pub deadline: Option<DateTime<Utc>>,
    /// When it was published.
    pub published_at: Option<DateTime<Utc>>,
}

/// How well the nights went.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FiguresReport {
    /// Nights whose deadline is past.
    pub due: u64,
    /// Those of them that were published by it.
    pub in_time: u64,
    /// The part that was.
    pub availability: Option<f64>,
    /// Where that part lies in truth, with 95 %.
    pub availability_between: Option<[f64; 2]>,
    /// Incidents: from the first failed run or passed deadline to the next good run.
    pub incidents: u64,
    /// How long one lasted on average, of those that are over.
    pub mttr_seconds: Option<i64>,
    /// From one to the next on average.
    pub mtbf_seconds: Option<i64>,
}

/// Something unusual of the last night.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlarmReport {
    /// Dataset.
    pub dataset: String,
    /// `soft` or `hard`.
    pub rule: &'static str,
    /// `low` or `high`.
    pub direction: &'static str,
    /// The day.
    pub day: NaiveDate,
    /// Since which day.
    pub since: NaiveDate,
    /// Rows.
    pub rows: u64,
    /// The fewest and the most rows that are usual.
    pub usual: [u64; 2],
}

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NightReport {
    /// Its id.
    pub run: String,
    /// The days it was for.
    pub period: Period,
    /// When it began, UTC.
    #[serde(serialize_with = "seconds_utc")]
    pub started_at: DateTime<Utc>,
    /// How it ended.
    pub outcome: Outcome,
    /// Exit code.
    pub exit_code: u8,
    /// Message id of what decided that, where it went wrong.
    pub problem: Option<String>,
    /// Who started it.
    pub started_by: String,
    /// The job of AWS Batch that it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchReport>,
    /// Where its log is: group and stream of CloudWatch Logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// The most memory at once.
    pub peak_memory_bytes: Option<u64>,
    /// USD.
    pub usd: f64,
    /// Requests to stores and sources in a cloud.
    pub requests: u64,
    /// Rows written.
    pub rows: u64,
    /// Keys that differ from the topics.
    pub drift: u64,
    /// Its page, from the folder in which all pages of the job lie.
    pub page: Option<String>,
}

/// Rows of a dataset, night by night.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeriesReport {
    /// Dataset.
    pub dataset: String,
    /// Of each night that came to rows, oldest first.
    pub nights: Vec<PointReport>,
}

/// Rows of one night.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PointReport {
    /// The last of the days it was for.
    pub day: NaiveDate,
    /// Rows.
    pub rows: u64,
    /// The fewest and the most that are usual, where enough nights are known.
    pub usual: Option<[u64; 2]>,
    /// Keys that differ.
    pub drift: u64,
}

impl NightsReport {
    /// Whether a person has something to do.
    pub fn needs_somebody(&self) -> bool {
        matches!(self.standing, NightsStanding::Failed | NightsStanding::Late)
            || !(self.missed.is_empty() && self.second_behind.is_empty() && self.alarms.is_empty())
    }

    /// How it stands, as a sentence without its point.
    pub fn sentence(&self) -> String {
        let Some(due) = self.last_due.as_ref().filter(|_| self.standing != NightsStanding::NotScheduled) else {
            return match self.standing {
                NightsStanding::NotScheduled => "Never due: the job has no [schedule]".into(),
                _ => "No run is known yet".into(),
            };
        };
        let days = due.period.to_string();
        match self.standing {
            NightsStanding::Published => format!("{days} is published"),
            NightsStanding::Waiting => format!("{days} is due and not yet published"),
            NightsStanding::Failed => format!("{days} is not published: the last run failed"),
            NightsStanding::Late => format!("{days} is late"),
            NightsStanding::NotScheduled => String::new(),
        }
    }
}
