//! What `doctor` found of an environment: each fault with how to mend it, and what was looked at. The JSON names are an API.
//!
//! What would end a night has the message id of that ending (`E-..`); what would not, and is wrong all the same, has one of [`ALL`] (`D-..`).

use serde::Serialize;
use std::fmt::Write;

/// Something that is wrong and ends no night by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    /// Its id.
    pub id: &'static str,
    /// How it is mended.
    pub mend: &'static str,
    /// The runbook that says it at length.
    pub runbook: &'static str,
}

macro_rules! advice {
    ($($name:ident $id:literal $runbook:literal $mend:literal;)*) => {
        $(
            #[doc = concat!("`", $id, "`: ", $mend)]
            pub const $name: Advice = Advice { id: $id, mend: $mend, runbook: $runbook };
        )*
        /// Every advice.
        pub const ALL: &[Advice] = &[$($name),*];
    };
}

advice! {
    CLOCK "D-CLOCK" "RB-22" "set this machine's clock by NTP; more than a quarter of an hour off, clouds refuse every signature";
    OPEN_TO_ALL "D-OPEN" "RB-06" "take the public access away: S3 Block Public Access on the bucket and its policy, `allow_nested_items_to_be_public = false` on the account";
    ROLE_WIDE "D-WIDE" "RB-06" "let the role delete `run=` folders and `_nightferry/probe-*` alone (deploy/terraform/aws/rights.tf)";
    RACES "D-RACES" "RB-06" "use a store whose conditional PUT holds when two write at once";
    OTHER_KEY "D-KMS" "RB-06" "name the bucket's own key in `kms_key`, let the role `kms:GenerateDataKey` and `kms:Decrypt` with it, and see that nobody between takes the headers away";
    SECRET "D-SECRET" "RB-06" "set the variable named, or put the file there and let its owner alone read it (chmod 600)";
    SAS "D-SAS" "RB-25" "make another shared access signature, and put it where `sas` refers to";
    KEY "D-KEY" "RB-06" "make a key of 32 random bytes or more: `openssl rand -base64 48`";
    NO_KEY "D-NOKEY" "RB-06" "name the key in the environment: `[secrets]` with `tokens = { env = \"..\" }`";
    EARLY "D-EARLY" "RB-17" "leave the objects in STANDARD until they go, or keep them for as long as their class is paid for";
    UPLOADS "D-UPLOADS" "RB-17" "add a rule with AbortIncompleteMultipartUpload (2 days): parts of uploads that never ended are paid for and seen by nobody";
    MEMORY "D-MEMORY" "RB-17" "give the task more memory, or lower `memory_max`";
    DISK "D-DISK" "RB-17" "give the task more scratch space (`scratch_gib`, or a larger tmpfs at TMPDIR)";
    NO_SCRATCH "D-SCRATCH" "RB-17" "mount a writable place at TMPDIR; the root may stay read-only";
}

/// A fault that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingReport {
    /// Message id.
    pub id: String,
    /// What it is about, such as ``store `warehouse` ``.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// How it is mended.
    pub mend: String,
    /// The runbook that says it at length: `deploy/runbooks/<this>-*.md`.
    pub runbook: &'static str,
}

impl FindingReport {
    /// An advice about `place`.
    pub fn of(advice: Advice, place: &str, message: String) -> Self {
        let Advice { id, mend, runbook } = advice;
        FindingReport { id: id.into(), place: place.into(), message, mend: mend.into(), runbook }
    }
}

/// What was looked at in a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckedReport {
    /// The place.
    pub place: String,
    /// What of it.
    pub what: Vec<&'static str>,
}

/// What was found of an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DoctorReport {
    /// The environment.
    pub environment: String,
    /// 1 with findings, 0 with none.
    pub exit_code: u8,
    /// The faults, in the order in which a night would come to them.
    pub findings: Vec<FindingReport>,
    /// What was looked at.
    pub checked: Vec<CheckedReport>,
}

/// The report as a terminal shows it.
pub fn doctor_terminal(report: &DoctorReport) -> String {
    let mut out = String::new();
    // A text in memory takes everything.
    let _ = match report.findings.len() {
        0 => writeln!(out, "{} · nothing found\n", report.environment),
        1 => writeln!(out, "{} · 1 finding\n", report.environment),
        many => writeln!(out, "{} · {many} findings\n", report.environment),
    };
    for FindingReport { id, place, message, mend, runbook } in &report.findings {
        let _ = writeln!(
            out,
            "  {id}  {place}: {message}\n      mend     {mend}\n      runbook  deploy/runbooks/{runbook}\n"
        );
    }
    let width = report.checked.iter().map(|checked| checked.place.chars().count()).max().unwrap_or(0);
    for CheckedReport { place, what } in &report.checked {
        let _ = writeln!(out, "  looked at  {place:<width$}  {}", what.join(", "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_advice_has_an_id_of_its_own() {
        for (index, advice) in ALL.iter().enumerate() {
            assert!(advice.id.starts_with("D-") && ALL[..index].iter().all(|earlier| earlier.id != advice.id));
        }
    }

    #[test]
    fn shows_each_finding_with_how_it_is_mended() {
        let finding = FindingReport::of(CLOCK, "this machine", "20 minutes behind".into());
        let checked = CheckedReport { place: "this machine".into(), what: vec!["disk", "memory"] };
        let mut report =
            DoctorReport { environment: "prod".into(), exit_code: 1, findings: vec![finding], checked: vec![checked] };
        let shown = doctor_terminal(&report);
        assert!(
            shown
                .starts_with("prod · 1 finding\n\n  D-CLOCK  this machine: 20 minutes behind\n      mend     set this"),
            "{shown}"
        );
        assert!(shown.ends_with("  looked at  this machine  disk, memory\n"), "{shown}");
        report.findings.clear();
        assert!(doctor_terminal(&report).starts_with("prod · nothing found\n"));
    }
}
