//! Whom a job's environment tells, and where its events go: how patient that is, and how the plan shows it.
//!
//! Never in here: an address or a key; only where they are found.

use super::lineage_file::LineageSpec;
use super::message_file::{BodyShape, MessageSpec, Road};
use super::plan::Plan;
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::Duration;

/// Longest time to connect to whoever is told.
pub const CONNECT_MAX: Duration = Duration::from_secs(4);
/// Longest time of one try.
pub const TRY_MAX: Duration = Duration::from_secs(8);
/// Pauses between tries: so many and one.
pub const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];
/// How long telling everybody may take.
pub const TELLING_MAX: Duration = Duration::from_secs(50);
/// How long an event of lineage may take on its way.
pub const EVENT_MAX: Duration = Duration::from_secs(40);

/// How often an end is tried.
const TRIES: usize = PAUSES.len() + 1;

/// Whom it tells and where its events go, as text.
pub(super) fn face(plan: &Plan) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "\nmessages");
    for of in &plan.messages {
        let _ = writeln!(out, "  {:<10}{}", of.name.as_str(), road(of));
    }
    let _ = match plan.messages.is_empty() {
        true => writeln!(out, "  to nobody: the environment has no [message]"),
        false => writeln!(out, "            {}", patience(TELLING_MAX, "all of them")),
    };
    let _ = writeln!(out, "\nlineage");
    let LineageSpec { is_stored, file, http } = &plan.lineage;
    if *is_stored {
        let _ = writeln!(out, "  store     lineage/{}/<run>.start.json and .end.json in security", plan.job);
    }
    if let Some(file) = file {
        let _ = writeln!(out, "  file      {file}");
    }
    if let Some(http) = http {
        let key = http.api_key.as_ref().map(|key| format!(", let in by the key in {}", key.place()));
        let _ = writeln!(out, "  http      its address in {}{}", http.url.place(), key.unwrap_or_default());
    }
    let _ = match plan.lineage.is_wanted() {
        true => writeln!(out, "            {}", patience(EVENT_MAX, "each event")),
        false => writeln!(out, "  to nobody: the environment has no [lineage]"),
    };
    out
}

/// The same as JSON, names as in the environment.
pub(super) fn json(plan: &Plan) -> [Value; 2] {
    let message = |of: &MessageSpec| {
        let (kind, at) = match &of.road {
            Road::Webhook { url, body, .. } => (body.word(), url.place()),
            Road::Sns { topic, .. } => ("sns", topic.clone()),
        };
        json!({ "name": of.name, "kind": kind, "at": at, "is_signed": is_signed(&of.road) })
    };
    let limits =
        |most: Duration| json!({ "tries": TRIES, "try_seconds_max": TRY_MAX.as_secs(), "seconds_max": most.as_secs() });
    let LineageSpec { is_stored, file, http } = &plan.lineage;
    [
        json!({ "to": plan.messages.iter().map(message).collect::<Vec<_>>(), "limits": limits(TELLING_MAX) }),
        json!({
            "store": is_stored, "file": file, "http": http.as_ref().map(|http| http.url.place()),
            "limits": limits(EVENT_MAX),
        }),
    ]
}

fn road(of: &MessageSpec) -> String {
    let signed = if is_signed(&of.road) { ", signed" } else { "" };
    match &of.road {
        Road::Webhook { url, body, .. } => format!("{} webhook, its address in {}{signed}", body.word(), url.place()),
        Road::Sns { topic, endpoint, .. } => {
            let endpoint = endpoint.as_ref().map(|at| format!(" at {at}")).unwrap_or_default();
            format!("{topic}{endpoint}{signed}")
        }
    }
}

fn is_signed(road: &Road) -> bool {
    match road {
        Road::Webhook { key, .. } => key.is_some(),
        // By the process's AWS credentials.
        Road::Sns { .. } => true,
    }
}

fn patience(most: Duration, what: &str) -> String {
    format!("{TRIES} tries of {} s at most, {what} within {} s", TRY_MAX.as_secs(), most.as_secs())
}

impl BodyShape {
    /// The environment's word for it.
    fn word(self) -> &'static str {
        match self {
            BodyShape::Plain => "plain",
            BodyShape::Slack => "slack",
            BodyShape::Teams => "teams",
            BodyShape::Pagerduty => "pagerduty",
        }
    }
}
