//! Requests are counted where they are sent: what the report of a night says of each store is what a server in front of it saw, tries among
//! them, and what it costs is by the environment's prices.

use super::server::{Asked, Fault, Script, Server};
use super::{ALL, ENDPOINTS, JOB, project, run, with};
use crate::ferry::Ferry;
use crate::services::variable;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ENVIRONMENT: &str = "jobs/environments/dev.toml";
/// So that what each kind of request costs is seen: a dollar a write, a cent a read.
const PRICES: &str = "\n[prices]\nas_of = \"2026-11\"\nvcpu_hour_usd = \"0\"\ngb_hour_usd = \"0\"\negress_gb_usd = \"1000\"\nput_thousand_usd = \"1000\"\nget_thousand_usd = \"10\"\n";

/// What each store was asked, by what it is billed as: puts, lists, gets, deletes and bytes.
type Counted = BTreeMap<String, [u64; 5]>;

/// The same as the servers saw it, up to the report: S3's buckets are the stores, Azure's container the second cloud of the warehouse.
fn seen(s3: &[Asked], azure: &[Asked]) -> Counted {
    let mut counted = Counted::new();
    let until = s3.iter().position(|asked| asked.method == "PUT" && asked.target.contains("/reports/"));
    for asked in s3[..until.expect("a report")].iter().chain(azure) {
        let Asked { method, target, bytes } = asked;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let place = match path.strip_prefix("/nightferry-") {
            Some(rest) => rest.split('/').next().expect("a bucket").to_owned(),
            None => "warehouse.second".to_owned(),
        };
        let kind = match (method.as_str(), query) {
            ("GET", query) if query.contains("list-type=2") || query.contains("comp=list") => 1,
            ("GET" | "HEAD", _) => 2,
            ("DELETE", _) => 3,
            ("POST", query) if query.starts_with("delete") => 3,
            _ => 0,
        };
        let counts = counted.entry(place).or_default();
        counts[kind] += 1;
        counts[4] += bytes;
    }
    counted
}

fn told(report: &Value) -> Counted {
    let requests = report["cost"]["requests"].as_object().expect("requests");
    let fields = ["puts", "lists", "gets", "deletes", "bytes_sent"];
    let of = |requests: &Value| fields.map(|field| requests[field].as_u64().expect(field));
    requests.iter().map(|(place, requests)| (place.clone(), of(requests))).collect()
}

fn report(ferry: &Ferry, endpoints: &[String; 2], day: &str) -> Value {
    let came = with(ferry, &["run", JOB, "--date", day, "--json"], endpoints);
    assert_eq!(came.code, 0, "{}", came.err);
    serde_json::from_str(&came.out).expect("a report")
}

#[test]
fn the_report_has_every_request_that_the_servers_saw_and_the_plan_no_more_than_there_are() {
    let (ferry, _) = project();
    ferry.write(ENVIRONMENT, (ferry.read(ENVIRONMENT) + PRICES).as_bytes());
    let there = ENDPOINTS.map(|[_, real]| variable(real));
    let plan: Value = serde_json::from_str(&with(&ferry, &["plan", JOB, "--json"], &there).out).expect("a plan");
    let mut totals = Vec::new();
    for (day, most) in [("2026-11-20", 0), ("2026-11-21", 9)] {
        let servers = ENDPOINTS.map(|[_, real]| {
            let faults = vec![Fault::SlowDown];
            Server::before(&variable(real), Script { faults, methods: ALL, path: "", one_in: 3, most, seed: 5 })
        });
        let endpoints = [0, 1].map(|of: usize| servers[of].endpoint(&there[of]));
        let report = report(&ferry, &endpoints, day);
        let (counted, seen) = (told(&report), seen(&servers[0].asked(), &servers[1].asked()));
        assert_eq!(counted, seen, "{day}");
        let befallen: u64 = servers.iter().flat_map(|server| server.befallen().into_values()).sum();
        assert_eq!(befallen > 0, most > 0);
        // What it comes to by the prices: what left is what went to the other cloud.
        let cost = &report["cost"];
        let requests: f64 =
            counted.values().map(|[puts, lists, gets, ..]| (puts + lists) as f64 + *gets as f64 / 100.0).sum();
        let out = counted["warehouse.second"][4];
        assert_eq!(cost["bytes_out"], json!({ "warehouse": out }));
        let usd = requests + out as f64 / 1e6;
        assert!((cost["usd"].as_f64().expect("USD") - usd).abs() < 1e-4, "{usd}: {cost}");
        let all: u64 = counted.values().flat_map(|counts| &counts[..4]).sum();
        totals.push(all);
        println!("{day}: {befallen} befallen, {all} requests: {counted:?}");
        let planned = plan["cost"]["requests_at_least"].as_object().expect("requests");
        assert_eq!(planned.len(), counted.len());
        for (place, of) in planned {
            for (field, kind) in [("puts", 0), ("lists", 1), ("gets", 2)] {
                let (least, was) = (of[field].as_u64().expect(field), counted[place][kind]);
                assert!(least <= was, "{place} {field}: {least} planned, {was} made");
                // Where nothing goes wrong it is not far from it.
                assert!(most > 0 || was <= least + least / 2 + 2, "{place} {field}: {least} planned, {was} made");
            }
        }
    }
    // Who reads it: the ledger, and a person.
    let status = with(&ferry, &["status", JOB, "--json"], &there);
    let status: Value = serde_json::from_str(&status.out).expect("a status");
    let ledger: Vec<Option<u64>> =
        status["nights"].as_array().expect("nights").iter().map(|night| night["requests"].as_u64()).collect();
    assert_eq!(ledger, totals.iter().map(|all| Some(*all)).collect::<Vec<_>>());
    let again = run(&ferry, "2026-11-21", &there);
    assert!(again.out.contains(" requests to stores"), "{}", again.out);
    let plan = with(&ferry, &["plan", JOB], &there);
    assert!(plan.out.contains("requests that write or list and"), "{}", plan.out);
}
