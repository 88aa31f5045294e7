//! What was found, each fault once, in the order in which it was come to.

use crate::ending::{self, Ending};
use crate::failure::Failure;
use crate::report::{Advice, CheckedReport, DoctorReport, FindingReport};

/// Findings so far.
#[derive(Default)]
pub struct Found {
    findings: Vec<FindingReport>,
    checked: Vec<CheckedReport>,
}

impl Found {
    /// Something that ends no night by itself.
    pub fn advice(&mut self, advice: Advice, place: &str, message: String) {
        self.add(FindingReport::of(advice, place, message));
    }

    /// What would end a night: faults in files each with its place, anything else about `place`.
    pub fn failure(&mut self, place: &str, failure: &Failure) {
        let runbook = failure.ending.runbook();
        for fault in failure.problems.clone().sorted() {
            let at = format!("{}:{}:{}", fault.place.file, fault.place.line, fault.place.column);
            let mend = fault.hint.unwrap_or_else(|| failure.ending.next.to_owned());
            self.add(FindingReport { id: fault.id.into(), place: at, message: fault.message, mend, runbook });
        }
        if failure.problems.is_empty() {
            let place =
                failure.dataset.as_ref().map_or(place.to_owned(), |dataset| format!("{place}, dataset `{dataset}`"));
            let (id, mend) = (failure.ending.id.to_owned(), mended(failure.ending).to_owned());
            self.add(FindingReport { id, place, message: failure.what.clone(), mend, runbook });
        }
    }

    /// `what` of `place` was looked at.
    pub fn checked(&mut self, place: &str, what: &[&'static str]) {
        self.checked.push(CheckedReport { place: place.to_owned(), what: what.to_vec() });
    }

    /// All of it.
    pub fn report(self, environment: &str) -> DoctorReport {
        let exit_code = if self.findings.is_empty() { 0 } else { ending::FOUND };
        DoctorReport { environment: environment.into(), exit_code, findings: self.findings, checked: self.checked }
    }

    fn add(&mut self, finding: FindingReport) {
        let is_told = self.findings.iter().any(|other| other.id == finding.id && other.message == finding.message);
        if !is_told {
            self.findings.push(finding);
        }
    }
}

/// What a person does before the night: there is no retry of Batch's to wait for yet.
fn mended(of: Ending) -> &'static str {
    match of.id {
        id if id == ending::SOURCE_AWAY.id => {
            "see that the server runs and may be reached from here: host, port, security groups, firewall"
        }
        id if id == ending::STORE_AWAY.id => {
            "see that the store may be reached from here: endpoint, region, network endpoints, firewall"
        }
        id if id == ending::SECRET_AWAY.id => {
            "see that the secret manager may be reached from here: endpoint, network rules, quota"
        }
        _ => of.next,
    }
}
