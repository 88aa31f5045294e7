//! Pages as a browser shows them: a headless Chromium opens each, and says what is to be seen and what was asked for.

use crate::ferry::Ferry;
use crate::readers::python;
use crate::services::variable;
use serde_json::{Value, json};
use std::path::Path;

/// What Chromium says of a page; its pictures are left in `target/pages/<name>`, to be looked at.
fn browsed(page: &Path, name: &str) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pictures = root.join("target/pages").join(name);
    std::fs::create_dir_all(&pictures).expect("a folder");
    let (script, chromium) = (root.join("tests/readers/browse.py"), variable("NIGHTFERRY_CHROMIUM"));
    let paths = [&script, page, &pictures].map(|path| path.to_string_lossy().into_owned());
    serde_json::from_str(&python(&[&paths[0], &chromium, &paths[1], &paths[2]])).expect("one JSON object")
}

/// What holds of every page: it asks for nothing, says nothing on the console, can be read by everybody and fits.
fn is_sound(seen: &Value) {
    for what in ["requests", "console", "links", "unnamed"] {
        assert_eq!(seen[what], json!([]), "{what}");
    }
    for (face, pixels) in seen["overflow"].as_object().expect("faces") {
        assert_eq!(pixels, 0, "{face} sticks out");
    }
    for (face, ratio) in seen["contrast"].as_object().expect("faces") {
        assert!(ratio.as_f64() >= Some(4.5) && ratio.as_f64() < Some(22.0), "{face}: {ratio}");
    }
    assert!(seen["pdf_pages"].as_u64() >= Some(1));
}

fn page_of(ferry: &Ferry, report: &Value, security: &str) -> std::path::PathBuf {
    let at = report["page_at"].as_str().expect("a page").strip_prefix("security/").expect("in the store");
    ferry.path(&format!("{security}/{at}"))
}

fn text(seen: &Value) -> &str {
    seen["text"].as_str().expect("text")
}

#[test]
fn the_page_of_a_night_shows_each_verdict_with_its_proof_and_where_the_drift_is() {
    let ferry = Ferry::shipped();
    let (came, report) = ferry.report(&["jobs/settlements.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let seen = browsed(&page_of(&ferry, &report, "target/security"), "night");
    is_sound(&seen);
    assert_eq!(seen["headings"][0], "H1 Published; 1 table differs from the topic");
    for words in [
        "1 row differs in amount_gbp",
        "Exact: every change of the stream was placed before or after the extract by its transaction.",
        "The other 9 columns are the same in every cell.",
        "1 row in its last 2 % differs.",
        "46 events, of which 7 later than the extract.",
        "NOT COMPARED",
        "half hours make the day",
        "1 key. Applied to the topic's state, once and twice, it comes to the extract's: MATCH.",
    ] {
        assert!(text(&seen).contains(words), "{words}: {}", text(&seen));
    }
    for dataset in report["datasets"].as_array().expect("datasets") {
        let (name, of) = (dataset["name"].as_str().unwrap(), &dataset["reconciliation"]);
        assert!(text(&seen).contains(name) && text(&seen).contains(of["phrase"].as_str().unwrap()), "{name}");
        if of["verdict"] == "DRIFT" {
            assert!(text(&seen).contains(of["fingerprints"]["extract"].as_str().unwrap()));
        }
    }
    // The one that needs a look comes before the others, though it is the fifth of the job.
    let of = |heading: &str| seen["headings"].as_array().unwrap().iter().position(|at| at == heading);
    assert!(of("H2 Needs a look") < of("H3 difference_payment") && of("H3 difference_payment") < of("H2 The others"));
    let look = ferry.run(&["run", "jobs/settlements.toml", "--again", "to look"]);
    assert!(look.out.contains(".html shows the run in a browser"), "{}", look.out);
}

#[test]
fn the_page_of_a_refused_night_says_first_what_is_safe_and_what_to_do() {
    let ferry = Ferry::shipped();
    ferry.edit("jobs/settlements.toml", "on_drift = \"publish\"", "on_drift = \"refuse\"");
    let (came, report) = ferry.report(&["jobs/settlements.toml"]);
    assert_eq!(came.code, 21, "{}", came.err);
    let seen = browsed(&page_of(&ferry, &report, "target/security"), "refused");
    is_sound(&seen);
    assert_eq!(seen["headings"][0], "H1 Refused: nothing was published");
    let problem = &report["problems"][0];
    for field in ["id", "message", "safe", "next"] {
        assert!(text(&seen).contains(problem[field].as_str().unwrap()), "{field}: {}", text(&seen));
    }
}

#[test]
fn the_page_of_two_datasets_shows_names_as_they_are_whatever_they_are() {
    let ferry = Ferry::empty();
    // Columns and files that would be markup, or would turn what stands around them.
    let header = "id,\"<img src=x onerror=alert(1)>\",\"a\u{202e}b&amp;\",note";
    let left = "<\u{202e}b onmouseover=alert(2)>'\"&amp;.csv";
    ferry.write(left, format!("{header}\n1,a,b,c\n2,a,b,c\n3,a,b,wren@example.org\n").as_bytes());
    ferry.write("right.csv", format!("{header}\n1,a,X,d\n2,Y,b,c\n4,a,b,c\n").as_bytes());
    let came = ferry.run(&["diff", left, "right.csv", "--key", "id", "--html", "page.html"]);
    assert_eq!(came.code, 1, "{}", came.err);
    let page = ferry.path("page.html");
    let seen = browsed(&page, "diff");
    is_sound(&seen);
    assert_eq!(seen["headings"][0], "H1 The two differ");
    for words in ["b onmouseover=alert(2)>'", "note", "a name that is not repeated"] {
        assert!(text(&seen).contains(words), "{words}: {}", text(&seen));
    }
    assert!(!text(&seen).contains('\u{202e}') && !ferry.read("page.html").contains("wren@"));
    // A file that is there is somebody's.
    let again = ferry.run(&["diff", "right.csv", "right.csv", "--key", "id", "--html", "page.html"]);
    assert_eq!((again.code, again.endings()[0].contains("`--html` is there already")), (2, true), "{}", again.err);
    let same = ferry.run(&["diff", "right.csv", "right.csv", "--key", "id", "--html", "same.html"]);
    assert_eq!(same.code, 0, "{}", same.err);
    assert!(ferry.read("same.html").contains("The two are the same"));
}

#[test]
fn the_page_of_ninety_nights_shows_each_with_a_link_to_its_own() {
    let ferry = Ferry::shipped();
    // Weekends are quieter, one night failed thrice, and the last, which is a real one, is low.
    crate::status::nights(&ferry, 85, |days| match days {
        31 => vec![0.0, 0.0, 0.0, 2.0],
        days => vec![2.2 + (days % 5) as f64 / 25.0 - if (2..4).contains(&(days % 7)) { 0.9 } else { 0.0 }],
    });
    let came = ferry.run(&["status", "jobs/settlements.toml", "--html"]);
    assert_eq!(came.code, 1, "{}", came.err);
    assert!(came.out.contains("target/security/reports/settlements/nights.html shows the nights"), "{}", came.out);
    let seen = browsed(&ferry.path("target/security/reports/settlements/nights.html"), "nights");
    is_sound(&seen);
    assert!(text(&seen).contains("is published") && text(&seen).contains("89 runs looked at"), "{}", text(&seen));
    for words in ["Needs a look", "Seconds of 89 runs", "E-SOURCE-70", "metered_output", "outside of what is usual"] {
        assert!(text(&seen).contains(words), "{words}: {}", text(&seen));
    }
    // A page of the run shows what it always did; this one names a night for each.
    let page = ferry.read("target/security/reports/settlements/nights.html");
    assert!(page.matches(".html\">").count() >= 3 * 89, "{}", page.matches(".html\">").count());
}
