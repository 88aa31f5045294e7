//! Periods against a topic that tells of every period: what is of another is not missing, and nothing that cannot be compared
//! is a match.

use super::again::things;
use super::*;

/// Events of the things: id, day, amount.
fn topic(ferry: &Ferry, events: &[(u32, &str, u32)]) {
    ferry.edit("jobs/environments/dev.toml", "[store.warehouse]", TOPICS);
    ferry.write("in/extract.json", br#"{"extracted_at":"2026-11-23T01:00:00Z","snapshot":"5000:5010:"}"#);
    let days = |day: &str| {
        let day: chrono::NaiveDate = day.parse().expect("a day");
        day.signed_duration_since(chrono::NaiveDate::default()).num_days()
    };
    let event = |transaction: usize, (id, day, amount): &(u32, &str, u32)| {
        let day = days(day);
        format!(
            "{{\"before\":null,\"after\":{{\"id\":{id},\"day\":{day},\"amount\":{amount}}},\"source\":{{\"txId\":{transaction}}},\"op\":\"c\"}}\n"
        )
    };
    let last = (99, "2020-01-01", 0);
    let told: String = events.iter().enumerate().map(|(at, told)| event(4000 + at, told)).collect();
    let told = told + &event(6000, &last);
    ferry.write("in/topics/app.app.thing/partition=0/app.app.thing+0+0000000000.json", told.as_bytes());
}

const TOPICS: &str = "[source.topics]\ndump = { url = \"in/topics\", layout = \"confluent\" }\n\n[store.warehouse]";
const RECONCILE: &str = "\n[dataset.thing.reconcile]\nagainst = \"topics\"\ntopic = \"app.app.thing\"\n";
const WHOLE: [(u32, &str, u32); 4] =
    [(1, "2026-03-28", 10), (2, "2026-03-29", 20), (3, "2026-03-29", 30), (4, "2026-03-30", 40)];

/// The exit code, the verdict and what is counted: compared, missing, extra, changed.
fn judged(events: &[(u32, &str, u32)], days: &[&str]) -> (i32, String, [u64; 4]) {
    let ferry = things(RECONCILE);
    topic(&ferry, events);
    let (came, report) = ferry.report(&[&["jobs/things.toml"], days].concat());
    let told = &report["datasets"][0]["reconciliation"];
    let count = |key: &str| told[key].as_u64().unwrap_or_else(|| panic!("{key} in {told}: {}", came.err));
    (
        came.code,
        told["verdict"].as_str().expect("a verdict").to_owned(),
        ["compared", "missing", "extra", "changed"].map(count),
    )
}

#[test]
fn a_period_is_compared_with_what_the_topic_tells_of_it_and_no_more() {
    let day = ["--date", "2026-03-29"];
    let both = ["--from", "2026-03-29", "--to", "2026-03-30"];
    let with = |more: &[(u32, &'static str, u32)]| [&WHOLE, more].concat();
    let matched = |counts| (0, "MATCH".to_owned(), counts);
    let drift = |counts| (21, "DRIFT".to_owned(), counts);
    assert_eq!(judged(&WHOLE, &day), matched([2, 0, 0, 0]));
    assert_eq!(judged(&WHOLE, &both), matched([3, 0, 0, 0]));
    // Another value; another row of the day; a row of the day that the topic lacks.
    assert_eq!(judged(&with(&[(3, "2026-03-29", 31)]), &day), drift([2, 0, 0, 1]));
    assert_eq!(judged(&with(&[(5, "2026-03-29", 50)]), &day), drift([2, 1, 0, 0]));
    assert_eq!(judged(&WHOLE[..2], &day), drift([1, 0, 1, 0]));
    // Other days may be as they like.
    assert_eq!(judged(&with(&[(4, "2026-03-30", 41), (6, "2026-03-31", 60)]), &day), matched([2, 0, 0, 0]));
    assert_eq!(judged(&with(&[(4, "2026-03-30", 41)]), &both), drift([3, 0, 0, 1]));
}

#[test]
fn a_row_that_is_of_another_day_in_the_topic_is_no_match() {
    // The day is part of the key: it is another row, one too many here and, of that day, one too many there.
    let moved = [WHOLE[0], WHOLE[1], (3, "2026-03-30", 30), WHOLE[3]];
    assert_eq!(judged(&moved, &["--date", "2026-03-29"]), (21, "DRIFT".to_owned(), [1, 0, 1, 0]));
    assert_eq!(judged(&moved, &["--from", "2026-03-29", "--to", "2026-03-30"]), (21, "DRIFT".to_owned(), [2, 1, 1, 0]));
}
