//! Numbers that machines gather: what the lines and the file say is what the report and the status say, and no line is more than CloudWatch takes.

use crate::ferry::Ferry;
use crate::readers::python;
use crate::status::nights;
use nightferry::report::LINE_BYTES_MAX;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const JOB: &str = "jobs/settlements.toml";

/// The lines of the embedded metric format on stderr, each held against the specification.
pub fn lines(err: &str) -> Vec<Value> {
    let lines = err.lines().filter(|line| line.starts_with("{\"_aws\""));
    let parsed = lines.map(|line| {
        assert!(line.len() <= LINE_BYTES_MAX, "{} bytes", line.len());
        let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        assert!(line["_aws"]["Timestamp"].as_i64() > Some(1_700_000_000_000), "{line}");
        let directives = line["_aws"]["CloudWatchMetrics"].as_array().expect("directives");
        assert_eq!(directives.len(), 1);
        assert_eq!(directives[0]["Dimensions"], json!([["dataset", "environment"]]));
        assert_eq!(directives[0]["Namespace"], "nightferry");
        assert!(line["dataset"].is_string() && line["environment"].is_string(), "{line}");
        let metrics = directives[0]["Metrics"].as_array().expect("metrics");
        assert!((1..=100).contains(&metrics.len()), "{line}");
        for metric in metrics {
            let name = metric["Name"].as_str().expect("a name");
            assert!(line[name].is_number(), "{name}: {line}");
            let units = ["Seconds", "Bytes", "Count", "Count/Second", "None"];
            assert!(units.contains(&metric["Unit"].as_str().expect("a unit")), "{metric}");
        }
        line
    });
    parsed.collect()
}

#[test]
fn a_run_tells_its_numbers_as_cloudwatch_takes_them() {
    let ferry = Ferry::shipped();
    let (came, report) = ferry.report(&[JOB, "--metrics", "emf"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let lines = lines(&came.err);
    let datasets = report["datasets"].as_array().expect("datasets");
    assert_eq!(lines.len(), 1 + datasets.len(), "{}", came.err);
    let whole = &lines[0];
    assert_eq!((&whole["dataset"], &whole["environment"]), (&json!("settlements.all"), &json!("dev")));
    assert_eq!(
        (&whole["run"], &whole["outcome"], &whole["severity"]),
        (&report["run"], &json!("published"), &json!("Informational"))
    );
    assert_eq!(whole["run_seconds"], report["seconds"]);
    assert_eq!(whole["extract_seconds"], report["seconds_by_stage"]["extract"]);
    assert_eq!(whole["memory_peak_bytes"].as_f64(), report["peak_memory_bytes"].as_f64());
    assert_eq!((&whole["cost_usd"], &whole["cpu_seconds"]), (&report["cost"]["usd"], &report["cpu_seconds"]));
    let read: f64 = datasets.iter().filter_map(|dataset| dataset["rows_read"].as_f64()).sum();
    let per_second = read / report["seconds_by_stage"]["extract"].as_f64().expect("seconds");
    assert!((whole["rows_per_second"].as_f64().expect("a rate") - per_second).abs() <= 0.5, "{whole}");
    for (line, dataset) in lines[1..].iter().zip(datasets) {
        assert_eq!(line["dataset"], dataset["name"]);
        for name in ["rows_read", "rows_written", "rows_bad"] {
            assert_eq!(line[name].as_f64(), dataset[name].as_f64(), "{name} {line}");
        }
    }
    let drift = lines.iter().find(|line| line["dataset"] == "difference_payment").expect("a dataset");
    assert_eq!(drift["keys_differing"], 1.0);
    // A run that fails says so, and what it was.
    std::fs::rename(ferry.path("fixtures/settlements/extract"), ferry.path("away")).expect("moved");
    let came = ferry.run(&["run", JOB, "--metrics", "emf", "--again", "test"]);
    let lines = self::lines(&came.err);
    assert_eq!(
        (came.code, &lines[0]["failed"], &lines[0]["event_code"]),
        (14, &json!(1.0), &json!("E-THERE-14")),
        "{}",
        came.err
    );
}

/// An OpenMetrics text by its grammar -> sample name with labels -> value; each family once, its unit at its end.
pub fn parsed(text: &str) -> BTreeMap<String, f64> {
    assert!(text.ends_with("\n# EOF\n"), "{text}");
    let (mut samples, mut families, mut family) = (BTreeMap::new(), Vec::new(), String::new());
    for line in text.trim_end_matches("# EOF\n").lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words[..] {
            ["#", "TYPE", name, kind] => {
                assert!(kind == "gauge" && !families.contains(&name.to_owned()), "{line}");
                families.push(name.to_owned());
                family = name.to_owned();
            }
            ["#", "UNIT", name, unit] => assert!(name == family && name.ends_with(&format!("_{unit}")), "{line}"),
            ["#", "HELP", name, help] => assert!(name == family && !help.is_empty(), "{line}"),
            [sample, value] => {
                let labels = sample.strip_prefix(&family).expect("of its family");
                assert!(labels.starts_with("{dataset=\"") && labels.ends_with("\"}"), "{line}");
                assert!(samples.insert(sample.to_owned(), value.parse().expect("a number")).is_none(), "{line}");
            }
            _ => panic!("{line}"),
        }
    }
    samples
}

#[test]
fn months_of_nights_are_a_file_that_prometheus_reads() {
    let ferry = Ferry::shipped();
    // Twenty days ago three attempts failed before the fourth; ten days ago nobody ran it.
    nights(&ferry, 40, |days| match days {
        20 => vec![0.0, 0.0, 0.0, 1.0],
        10 => vec![],
        _ => vec![1.0],
    });
    let came = ferry.run(&["status", JOB, "--json", "--metrics", "numbers.prom"]);
    let status: Value = serde_json::from_str(&came.out).expect("JSON");
    let text = ferry.read("numbers.prom");
    let samples = parsed(&text);
    let of = |name: &str| {
        samples.get(&format!("nightferry_{name}{{dataset=\"settlements.all\",environment=\"dev\"}}")).copied()
    };
    let figures = &status["figures"];
    for (name, told) in [
        ("nights_due", &figures["due"]),
        ("nights_in_time", &figures["in_time"]),
        ("incidents", &figures["incidents"]),
        ("availability_ratio", &figures["availability"]),
        ("availability_low_ratio", &figures["availability_between"][0]),
        ("availability_high_ratio", &figures["availability_between"][1]),
        ("mean_time_to_repair_seconds", &figures["mttr_seconds"]),
        ("mean_time_between_failures_seconds", &figures["mtbf_seconds"]),
    ] {
        assert!(told.is_number() && of(name) == told.as_f64(), "{name}: {:?} {told}", of(name));
    }
    assert!(figures["incidents"].as_u64() >= Some(2));
    // Counted anew by somebody else, from the same reports.
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/figures.py");
    let reports = ferry.path("target/security/reports/settlements");
    let at = status["at"].as_str().expect("a moment");
    let words = [script, &reports.to_string_lossy(), "02:30", "06:00", "Europe/London", at];
    let theirs: Value = serde_json::from_str(&python(&words)).expect("JSON");
    let near = |one: &Value, other: &Value, most: f64| {
        (one.as_f64().expect("ours") - other.as_f64().expect("theirs")).abs() <= most
    };
    for name in ["due", "in_time", "incidents"] {
        assert_eq!(figures[name], theirs[name], "{figures} {theirs}");
    }
    for (ours, theirs, most) in [
        (&figures["availability"], &theirs["availability"], 1e-4),
        (&figures["availability_between"][0], &theirs["between"][0], 1e-4),
        (&figures["availability_between"][1], &theirs["between"][1], 1e-4),
        (&figures["mttr_seconds"], &theirs["mttr"], 1.0),
        (&figures["mtbf_seconds"], &theirs["mtbf"], 1.0),
    ] {
        assert!(near(ours, theirs, most), "{ours} {theirs}");
    }
    // The same in lines, and of a run in a file.
    let came = ferry.run(&["status", JOB, "--metrics", "emf"]);
    assert_eq!(lines(&came.err)[0]["availability_ratio"], figures["availability"]);
    let came = ferry.run(&["run", "jobs/contracts.toml", "--metrics", "runs.prom"]);
    assert!(parsed(&ferry.read("runs.prom")).len() > 20, "{}", came.err);
    // One that cannot be written is told, and changes nothing.
    let good = ferry.run(&["status", JOB]);
    let came = ferry.run(&["status", JOB, "--metrics", "no/such/folder/x.prom"]);
    assert_eq!((came.code, came.err.contains("could not be written")), (good.code, true), "{}", came.err);
    assert_eq!(ferry.files("").iter().filter(|file| file.contains(".prom")).count(), 2);
}

#[test]
fn processor_memory_and_time_are_what_the_kernel_counted() {
    let ferry = Ferry::shipped();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/usage.py");
    let root = ferry.root().to_string_lossy().into_owned();
    let line = format!("cd \"$0\" && exec \"$1\" run {JOB} --json");
    let told = python(&[script, "/bin/sh", "-c", &line, &root, env!("CARGO_BIN_EXE_nightferry")]);
    let theirs: Value = serde_json::from_str(&told).expect("JSON");
    let ours: Value = serde_json::from_str(theirs["out"].as_str().expect("a report")).expect("JSON");
    assert_eq!((&theirs["code"], &ours["outcome"]), (&json!(0), &json!("published")));
    // What comes behind the report is theirs alone: filing it, and the end of the process.
    for (name, least) in [("cpu_seconds", 0.6), ("peak_memory_bytes", 0.8), ("seconds", 0.6)] {
        let (one, all) = (ours[name].as_f64().expect(name), theirs[name].as_f64().expect(name));
        assert!(one <= all * 1.001 && one >= all * least, "{name}: {one} of {all}");
        println!("{name}: {one} told, {all} by the kernel");
    }
    let stages = ours["seconds_by_stage"].as_object().expect("stages");
    let sum: f64 = stages.values().filter_map(Value::as_f64).sum();
    let seconds = ours["seconds"].as_f64().expect("seconds");
    assert!(sum <= seconds + 0.01 && sum >= 0.9 * seconds, "{sum} of {seconds}");
}
