//! The page of a job's nights: how it stands, a picture of the last ninety, and every run with a link to its own page.

use super::super::nights::{AlarmReport, NightReport, NightsReport, NightsStanding, SeriesReport};
use super::super::nights_terminal::{in_time, minute, span};
use super::super::numbers::{bytes, count, counted};
use super::super::run::Outcome;
use super::frame::{Markup, Page, Tone};
use super::parts::{Head, Kind, number, table};

/// Height of a bar at least, of a hundred.
const SEEN_MIN: f64 = 2.0;

/// The page, in one text. It lies in the folder of the job's reports, so that its links lead to them.
pub fn nights_page(report: &NightsReport) -> String {
    let (word, tone) = match report.standing {
        NightsStanding::Published => ("published", Tone::Match),
        NightsStanding::Waiting => ("due", Tone::Open),
        NightsStanding::Failed => ("failed", Tone::Error),
        NightsStanding::Late => ("late", Tone::Drift),
        NightsStanding::NotScheduled => ("not scheduled", Tone::None),
    };
    let figures = &report.figures;
    let mut facts = vec![("In time", Markup::new().text(&in_time(report)))];
    if let Some(next) = report.next_due {
        facts.push(("Next due", Markup::new().text(&minute(next))));
    }
    if let Some(seconds) = figures.mttr_seconds {
        facts.push(("Mended within, on average", Markup::new().text(&span(seconds))));
    }
    if let Some(seconds) = figures.mtbf_seconds {
        facts.push(("From incident to incident", Markup::new().text(&span(seconds))));
    }
    let title = format!("{}: {}", report.job, report.sentence());
    let picture = |name: &'static str, unit: &'static str, value: fn(&NightReport) -> f64| {
        Markup::new().when(!report.nights.is_empty(), || bars(report, name, unit, value))
    };
    let body = Markup::new()
        .add(look(report))
        .raw("<h2>Night by night</h2>\n")
        .add(picture("Seconds", "s", |night| night.seconds))
        .add(picture("Cost", "USD", |night| night.usd))
        .when(!report.datasets.is_empty(), || {
            Markup::new().raw("<h2>Rows</h2>\n<p class=\"soft\">A bar is a night. The field behind the bars is what is usual for its weekday.</p>\n")
        })
        .all(report.datasets.iter().map(rows))
        .add(runs(report));
    Page {
        title: &title,
        kicker: Markup::new().text(&format!("{} · {} · {}", report.job, report.environment, minute(report.at))),
        heading: Markup::new().text(&report.sentence()),
        lead: Markup::new().add(tone.chip(word)).text(&format!(" {} looked at.", counted(report.nights.len() as u64, "run"))),
        facts,
        body,
        foot: Markup::new()
            .raw("Written by nightferry. This page holds names, counts and places, and no value of the data. It loads nothing."),
    }
    .text()
}

/// What a person has to look at.
fn look(report: &NightsReport) -> Markup {
    let mut told: Vec<Markup> = Vec::new();
    for period in &report.missed {
        told.push(Markup::new().text(&format!("{period} was due and is not published.")));
    }
    if !report.second_behind.is_empty() {
        told.push(Markup::new().text(&format!("The second cloud lacks {}.", report.second_behind.join(", "))));
    }
    for AlarmReport { dataset, rule, day, since, rows, usual, .. } in &report.alarms {
        let [low, high] = usual.map(count);
        let since = if since == day { String::new() } else { format!(", since {since}") };
        let rows = counted(*rows, "row");
        told.push(
            Markup::new().code(dataset).text(&format!(": {rows} on {day}; usual are {low} to {high} ({rule}{since}).")),
        );
    }
    Markup::new().when(!told.is_empty(), || {
        let one = |told: Markup| Markup::new().raw("<li>").add(told).raw("</li>\n");
        Markup::new().raw("<h2>Needs a look</h2>\n<ul>\n").all(told.into_iter().map(one)).raw("</ul>\n")
    })
}

fn is_good(outcome: Outcome) -> bool {
    !matches!(outcome, Outcome::Refused | Outcome::Failed)
}

/// A bar a run, each a link to its page.
fn bars(report: &NightsReport, name: &'static str, unit: &'static str, value: fn(&NightReport) -> f64) -> Markup {
    let most = report.nights.iter().map(value).fold(0.0, f64::max);
    let bar = |(place, night): (usize, &NightReport)| {
        let height = if most > 0.0 { (value(night) / most * 100.0).max(SEEN_MIN) } else { 0.0 };
        let drawn = rect(if is_good(night.outcome) { "all" } else { "bad-bin" }, place as f64 + 0.1, 0.8, height);
        match &night.page {
            None => drawn,
            Some(page) => Markup::new()
                .raw("<a href=\"")
                .text(page)
                .raw("\"><title>")
                .text(&format!("{}: {:.4} {unit}", night.period, value(night)))
                .raw("</title>")
                .add(drawn)
                .raw("</a>"),
        }
    };
    let last = report.nights.last().map(value).unwrap_or_default();
    let said = format!(
        "{name} of {}; at most {most:.4} {unit}, the last {last:.4} {unit}",
        counted(report.nights.len() as u64, "run")
    );
    Markup::new()
        .raw("<figure><figcaption>")
        .text(&said)
        .raw("</figcaption>\n")
        .add(drawing(report.nights.len(), &said, Markup::new().all(report.nights.iter().enumerate().map(bar))))
        .raw("</figure>\n")
}

fn rect(class: &'static str, x: f64, width: f64, height: f64) -> Markup {
    Markup::new()
        .raw("<rect class=\"")
        .raw(class)
        .raw("\" x=\"")
        .coordinate(x)
        .raw("\" width=\"")
        .coordinate(width)
        .raw("\" y=\"")
        .coordinate(100.0 - height)
        .raw("\" height=\"")
        .coordinate(height)
        .raw("\"/>")
}

fn drawing(bins: usize, label: &str, what: Markup) -> Markup {
    Markup::new()
        .raw("<svg class=\"chart range\" role=\"group\" preserveAspectRatio=\"none\" viewBox=\"0 0 ")
        .coordinate(bins.max(1) as f64)
        .raw(" 100\" aria-label=\"")
        .text(label)
        .raw("\">")
        .add(what)
        .raw("<line class=\"axis\" x1=\"0\" y1=\"100\" y2=\"100\" x2=\"")
        .coordinate(bins.max(1) as f64)
        .raw("\"/></svg>\n")
}

/// Rows of a dataset over what is usual.
fn rows(series: &SeriesReport) -> Markup {
    let tops = series.nights.iter().flat_map(|point| [Some(point.rows), point.usual.map(|[_, high]| high)]);
    let most = tops.flatten().max().unwrap_or(0).max(1) as f64;
    let height = |rows: u64| rows as f64 / most * 100.0;
    let field = series.nights.iter().enumerate().filter_map(|(place, point)| {
        let [low, high] = point.usual?;
        Some(
            Markup::new()
                .raw("<rect class=\"usual\" x=\"")
                .coordinate(place as f64)
                .raw("\" width=\"1\" y=\"")
                .coordinate(100.0 - height(high))
                .raw("\" height=\"")
                .coordinate(height(high) - height(low))
                .raw("\"/>"),
        )
    });
    let is_outside = |rows: u64, usual: Option<[u64; 2]>| usual.is_some_and(|[low, high]| rows < low || rows > high);
    let bar = series.nights.iter().enumerate().map(|(place, point)| {
        let class = if is_outside(point.rows, point.usual) { "bad-bin" } else { "all" };
        rect(class, place as f64 + 0.3, 0.4, height(point.rows).max(SEEN_MIN))
    });
    let outside = series.nights.iter().filter(|point| is_outside(point.rows, point.usual)).count() as u64;
    let drift: u64 = series.nights.iter().map(|point| point.drift).fold(0, u64::saturating_add);
    let last = series.nights.last().map_or(0, |point| point.rows);
    let said = format!(
        "{} on the last of {}; {outside} outside of what is usual; {} from the topic in all",
        counted(last, "row"),
        counted(series.nights.len() as u64, "night"),
        if drift == 1 { "1 key differs".to_owned() } else { format!("{} keys differ", count(drift)) }
    );
    Markup::new()
        .raw("<figure><h3>")
        .text(&series.dataset)
        .raw("</h3>\n<figcaption>")
        .text(&said)
        .raw("</figcaption>\n")
        .add(drawing(series.nights.len(), &format!("{}: {said}", series.dataset), Markup::new().all(field).all(bar)))
        .raw("</figure>\n")
}

/// Every run, the newest first.
fn runs(report: &NightsReport) -> Markup {
    let heads = [
        Head { name: "Days", kind: Kind::Text },
        Head { name: "Came to", kind: Kind::Text },
        Head { name: "Began", kind: Kind::Text },
        Head { name: "Seconds", kind: Kind::Number },
        Head { name: "Memory", kind: Kind::Number },
        Head { name: "Rows", kind: Kind::Number },
        Head { name: "Differ", kind: Kind::Number },
        Head { name: "USD", kind: Kind::Number },
    ];
    let row = |night: &NightReport| {
        let days = night.period.to_string();
        let days = match &night.page {
            Some(page) => Markup::new().raw("<a href=\"").text(page).raw("\">").text(&days).raw("</a>"),
            None => Markup::new().text(&days),
        };
        let (word, tone) = match (&night.problem, is_good(night.outcome)) {
            (Some(problem), true) => (problem.as_str(), Tone::Open),
            (Some(problem), false) => (problem.as_str(), Tone::Error),
            (None, _) => ("published", Tone::Match),
        };
        let word = match night.outcome {
            Outcome::AlreadyPublished => "already published",
            Outcome::Superseded => "superseded",
            _ => word,
        };
        vec![
            days,
            tone.chip(word),
            Markup::new().text(&minute(night.started_at)),
            Markup::new().text(&format!("{:.1}", night.seconds)),
            Markup::new().text(&night.peak_memory_bytes.map(bytes).unwrap_or_default()),
            number(night.rows),
            number(night.drift),
            Markup::new().text(&format!("{:.4}", night.usd)),
        ]
    };
    Markup::new().raw("<h2>Runs</h2>\n").add(table(Markup::new(), &heads, report.nights.iter().rev().map(row)))
}
