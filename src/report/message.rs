//! What a person is told of a job's nights, and how it looks to whom it goes: a plain object, Slack, Teams, PagerDuty, a text.
//!
//! A message holds names, days, message ids and texts of ours. Never in here: a value of the data, a secret, an address.

use super::run::seconds_utc;
use crate::data::Period;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

/// A night is not published by its deadline.
pub const LATE: &str = "N-LATE";
/// A night ended without a report: it was killed, or its process did not start.
pub const KILLED: &str = "N-KILLED";
/// A table has fewer or more rows than is usual.
pub const ROWS: &str = "N-ROWS";
/// A schedule leaves a job out, since its files are not valid.
pub const LEFT_OUT: &str = "N-LEFT";
/// Brokers hold the relay back.
pub const SLOWED: &str = "N-SLOWED";
/// All that are not the id of an ending, each with its runbook.
pub const NOTICES: [(&str, &str); 5] =
    [(LATE, "RB-01"), (KILLED, "RB-17"), (ROWS, "RB-23"), (LEFT_OUT, "RB-01"), (SLOWED, "RB-12")];

/// Causes that a message lists.
const CAUSES_MAX: usize = 10;
/// Characters of a text of a cause.
const TEXT_MAX: usize = 400;
/// Characters of a subject: SNS takes no more.
const SUBJECT_MAX: usize = 100;

/// What a person is told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Message {
    /// Job.
    pub job: String,
    /// Environment.
    pub environment: String,
    /// When, UTC.
    #[serde(serialize_with = "seconds_utc")]
    pub at: DateTime<Utc>,
    /// Whether something is wrong, or no longer.
    pub state: MessageState,
    /// The run, where it is one's.
    pub run: Option<String>,
    /// The days it is about.
    pub period: Option<Period>,
    /// What is wrong, the deciding cause first; of what is mended, what was.
    pub causes: Vec<Cause>,
    /// The run's page in the security store.
    pub page_at: Option<String>,
}

/// Whether something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// A person has something to do.
    Wrong,
    /// What was told is over.
    Mended,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// Message id: an ending's, or one of [`NOTICES`].
    pub id: String,
    /// Dataset, where it is one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// What happened.
    pub what: String,
    /// What holds in spite of it.
    pub safe: String,
    /// What to do next.
    pub next: String,
    /// The runbook of `deploy/runbooks`.
    pub runbook: String,
    /// Whether the next run may cure it by itself.
    pub retryable: bool,
}

impl Message {
    /// One line: `prod settlements 2026-11-22: E-SOURCE-70 (RB-05)`.
    pub fn subject(&self) -> String {
        let period = self.period.map(|period| format!(" {period}")).unwrap_or_default();
        let about = match (self.state, self.causes.first()) {
            (MessageState::Mended, _) => "mended".to_owned(),
            (MessageState::Wrong, Some(cause)) => format!("{} ({})", cause.id, cause.runbook),
            (MessageState::Wrong, None) => "look at it".to_owned(),
        };
        cut(&format!("{} {}{period}: {about}", self.environment, self.job), SUBJECT_MAX)
    }

    /// Some lines, for a person.
    pub fn text(&self) -> String {
        let mut lines = vec![self.subject()];
        for cause in self.told() {
            let dataset = cause.dataset.as_ref().map(|dataset| format!("{dataset}: ")).unwrap_or_default();
            lines.push(format!("{} {dataset}{}", cause.id, cut(&cause.what, TEXT_MAX)));
            if self.state == MessageState::Wrong {
                lines.push(format!("safe: {}", cut(&cause.safe, TEXT_MAX)));
                lines.push(format!("next: {}", cut(&cause.next, TEXT_MAX)));
                lines.push(format!("runbook: deploy/runbooks/{}", cause.runbook));
            }
        }
        let more = self.causes.len().saturating_sub(CAUSES_MAX);
        if more > 0 {
            lines.push(format!("and {more} more"));
        }
        lines.push(format!("nightferry status jobs/{}.toml --env {}", self.job, self.environment));
        lines.extend(self.page_at.iter().map(|page| format!("page: {page}")));
        lines.join("\n")
    }

    /// What stays the same of all messages about one trouble of a job: a pager closes by it what it opened.
    pub fn trouble(&self) -> String {
        format!("nightferry/{}/{}", self.environment, self.job)
    }

    fn told(&self) -> impl Iterator<Item = &Cause> {
        self.causes.iter().take(CAUSES_MAX)
    }

    fn runbooks(&self) -> Vec<&str> {
        let mut runbooks: Vec<&str> = self.told().map(|cause| cause.runbook.as_str()).collect();
        runbooks.dedup();
        runbooks
    }
}

/// Our own JSON.
pub fn plain_body(message: &Message) -> Value {
    let mut body = json!(message);
    body["subject"] = json!(message.subject());
    body["causes"] = message.told().map(|cause| json!(cause)).collect();
    body
}

/// Slack's incoming webhook: <https://api.slack.com/messaging/webhooks>. What it would read as markup is escaped as it asks for.
pub fn slack_body(message: &Message) -> Value {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let text = message.text();
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    json!({
        "text": escaped(&message.subject()),
        "blocks": [
            { "type": "header", "text": { "type": "plain_text", "text": first, "emoji": false } },
            // A section takes 3,000 characters.
            { "type": "section", "text": { "type": "plain_text", "text": cut(rest, 2_900), "emoji": false } },
        ],
    })
}

/// An adaptive card in the message that a workflow of Teams takes: <https://adaptivecards.io/explorer/>.
pub fn teams_body(message: &Message) -> Value {
    let text = message.text();
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let colour = if message.state == MessageState::Wrong { "attention" } else { "good" };
    let mut body =
        vec![json!({ "type": "TextBlock", "text": marked(first), "weight": "bolder", "color": colour, "wrap": true })];
    body.extend(
        rest.lines().map(|line| json!({ "type": "TextBlock", "text": marked(line), "wrap": true, "spacing": "none" })),
    );
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard", "version": "1.4", "body": body,
            },
        }],
    })
}

/// An event of PagerDuty's Events API v2, without its key: <https://developer.pagerduty.com/docs/events-api-v2-overview>.
pub fn pagerduty_body(message: &Message) -> Value {
    let (trouble, runbooks) = (message.trouble(), message.runbooks());
    if message.state == MessageState::Mended {
        return json!({ "event_action": "resolve", "dedup_key": trouble });
    }
    json!({
        "event_action": "trigger",
        "dedup_key": trouble,
        "payload": {
            "summary": message.subject(),
            "source": format!("nightferry {}", message.environment),
            "severity": "error",
            "timestamp": message.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            "component": message.job,
            "custom_details": { "runbooks": runbooks, "text": message.text() },
        },
    })
}

/// What Markdown, of which Teams reads some, would take for something else.
fn marked(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, sign| {
        if matches!(sign, '*' | '_' | '[' | ']' | '(' | ')' | '<' | '>' | '`' | '#' | '!' | '\\') {
            out.push('\\');
        }
        out.push(sign);
        out
    })
}

/// The first `most` characters, control characters as blanks.
fn cut(text: &str, most: usize) -> String {
    let shown = text.chars().map(|sign| if sign.is_control() && sign != '\n' { ' ' } else { sign });
    match text.chars().count() > most {
        true => shown.take(most - 1).chain(['\u{2026}']).collect(),
        false => shown.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(what: &str, many: usize) -> Message {
        let cause = Cause {
            id: "E-SOURCE-70".into(),
            dataset: Some("invoice".into()),
            what: what.into(),
            safe: "nothing was published".into(),
            next: "run again".into(),
            runbook: "RB-05".into(),
            retryable: true,
        };
        Message {
            job: "settlements".into(),
            environment: "prod".into(),
            at: "2026-11-23T02:40:00Z".parse().expect("a moment"),
            state: MessageState::Wrong,
            run: Some("0193".into()),
            period: Some(Period::day("2026-11-22".parse().expect("a day"))),
            causes: vec![cause; many],
            page_at: None,
        }
    }

    #[test]
    fn every_shape_names_the_runbook_and_is_bounded() {
        let long = message(&"x".repeat(100_000), 300);
        assert_eq!(long.subject(), "prod settlements 2026-11-22: E-SOURCE-70 (RB-05)");
        for body in [plain_body(&message("away", 1)), slack_body(&long), teams_body(&long), pagerduty_body(&long)] {
            let text = body.to_string();
            assert!(text.contains("RB-05") || text.contains("RB-\\\\05"), "{text}");
            assert!(text.len() < 28_000, "{} bytes", text.len());
        }
        assert_eq!(plain_body(&long)["causes"].as_array().map(Vec::len), Some(10));
        assert!(long.text().contains("and 290 more"));
        let mended = Message { state: MessageState::Mended, ..message("away", 1) };
        let closes = pagerduty_body(&mended);
        assert_eq!(
            (&closes["event_action"], &closes["dedup_key"]),
            (&json!("resolve"), &json!("nightferry/prod/settlements"))
        );
        assert_eq!(mended.subject(), "prod settlements 2026-11-22: mended");
    }

    #[test]
    fn what_somebody_would_read_as_markup_stays_text() {
        let odd = message("<!channel> <https://evil.example|here> [x](https://evil.example) \u{1b}[2J", 1);
        assert!(!slack_body(&odd)["text"].as_str().expect("text").contains('<'));
        let kinds: Vec<Value> = slack_body(&odd)["blocks"]
            .as_array()
            .expect("blocks")
            .iter()
            .map(|block| block["text"]["type"].clone())
            .collect();
        assert_eq!(kinds, ["plain_text", "plain_text"]);
        let teams = teams_body(&odd).to_string();
        assert!(!teams.contains("](https") && !teams.contains("\\u001b"), "{teams}");
    }
}
