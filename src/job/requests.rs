//! How many requests a run makes of the stores that lie in a cloud, at least, as far as its plan says: of a night that publishes, with
//! one part a table, and no try that fails; without those that file its report and its papers once more. Pure.
//!
//! The numbers are those of `store`, counted; a test holds them against nights.

use super::plan::{Location, Plan};
use crate::cost::Requests;
use crate::data::Audience;
use std::collections::BTreeMap;

/// Opening a store: its stamp, its epoch, and whether its create-only write is exclusive.
const OPENING: Requests = of(2, 1, 4);
/// A table, in each cloud: its part, its manifest, its entry in the log; the log, replayed; what was written, looked at again.
const TABLE: Requests = of(3, 3, 6);
/// The night in `nightferry_runs`: a part and an entry.
const RUNS: Requests = of(2, 3, 6);
/// The job's record; the records, listed; the record, looked at again.
const JOB: Requests = of(1, 1, 1);
/// The papers, before it: each written and looked at again; the stamp once more.
const PAPERS: Requests = of(3, 0, 4);

const fn of(puts: u64, lists: u64, gets: u64) -> Requests {
    Requests { puts, lists, gets, deletes: 0, bytes_sent: 0 }
}

/// Requests by store, and of a second cloud under `<store>.second`.
pub fn requests_at_least(plan: &Plan) -> BTreeMap<String, Requests> {
    let mut all: BTreeMap<String, Requests> = BTreeMap::new();
    for (name, spec) in &plan.stores {
        let tables = plan.datasets.iter().flat_map(|dataset| &dataset.outputs).filter(|output| output.store == *name);
        let tables = tables.count() as u64;
        let runs = if tables > 0 && spec.audience == Audience::Analytics { RUNS } else { Requests::default() };
        let published = sum(times(TABLE, tables), runs);
        let mut add = |place: String, location: &Location, requests: Requests| {
            if location.is_in_cloud() {
                all.insert(place, requests);
            }
        };
        let job = if name.as_str() == "security" { sum(JOB, PAPERS) } else { Requests::default() };
        add(name.to_string(), &spec.primary, sum(sum(OPENING, job), published));
        if let Some(second) = &spec.second {
            add(format!("{name}.second"), second, published);
        }
    }
    all.retain(|_, requests| requests.all() > 0);
    all
}

fn times(each: Requests, times: u64) -> Requests {
    of(each.puts * times, each.lists * times, each.gets * times)
}

fn sum(one: Requests, other: Requests) -> Requests {
    of(one.puts + other.puts, one.lists + other.lists, one.gets + other.gets)
}
