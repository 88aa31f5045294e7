//! Hostile names in every place of a page that takes one.

use super::super::dataset::{
    CheckReport, ColumnReport, DatasetReport, DatasetState, PlainReport, Proof, ReconciliationReport, SourceReport,
    StoreReport, StoreState, StreamReport, ToleratedReport, Verdict,
};
use super::super::drift::{
    ChangeSetReport, ChangeSetState, ComparedColumn, FingerprintReport, OutputReport, PartitionReport, SpreadReport,
};
use super::super::run::{CostReport, Outcome, ProblemReport, RunReport};
use super::run_page;
use crate::data::Period;
use crate::job::Severity;
use chrono::{DateTime, NaiveDate};
use std::collections::BTreeMap;

const HOSTILE: &str = "\"'><img src=x onerror=alert(1)></code></svg></style><script>alert(2)</script>&lt;\u{202e}";

/// A run of one dataset in which every text is `word`.
fn of(word: &str) -> RunReport {
    let text = || word.to_owned();
    let mut reconciliation = ReconciliationReport::not_compared(word);
    reconciliation.verdict = Verdict::Drift;
    reconciliation.proof = Proof::Txid;
    (reconciliation.compared, reconciliation.changed) = (100, 1);
    reconciliation.not_compared_because = [(text(), text())].into();
    reconciliation.treated = [(text(), text())].into();
    let tolerated = ToleratedReport { rule: text(), cells: 1, largest: Some(text()) };
    reconciliation.tolerated_columns = [(text(), tolerated)].into();
    reconciliation.columns =
        vec![ComparedColumn { name: text(), compared: 100, different: 1, tolerated: 0, unknown: 0 }];
    reconciliation.spread = Some(SpreadReport { column: text(), keys: vec![50, 50], differing: vec![0, 1] });
    reconciliation.fingerprints =
        Some(FingerprintReport { extract: text(), topic: text(), buckets: 2, buckets_differing: 1 });
    reconciliation.change_set = Some(ChangeSetReport { state: ChangeSetState::Proven, changes: 1, phrase: text() });
    reconciliation.rows_at = Some(text());
    reconciliation.outputs = [("drift_rows", OutputReport { at: text(), rows: 1, rows_of: Some(2) })].into();
    reconciliation.stream = Some(StreamReport {
        events: 2,
        untold: [(text(), "is not told")].into(),
        partitions: vec![PartitionReport {
            partition: 0,
            positions: (0, 9),
            lacking_offsets: None,
            again: Some(1),
            passed: false,
            keys: 100,
            differing: 1,
            keys_at: vec![100],
            differing_at: vec![1],
        }],
        ..StreamReport::default()
    });
    let column = ColumnReport {
        name: text(),
        class: text(),
        treatment: text(),
        nulls: 0,
        findings: 0,
        looks_like: None,
        fields: Vec::new(),
        replaced: BTreeMap::new(),
    };
    let store = StoreReport {
        name: text(),
        audience: text(),
        state: StoreState::Staged,
        version: Some(1),
        rows_written: 0,
        rows_suppressed: 0,
        risk: None,
        small_cells: None,
        files: 1,
        bytes: 1,
        merge: None,
        plain: Some(PlainReport {
            at: text(),
            follows: true,
            version: Some(1),
            objects: 1,
            rows: 1,
            bytes: 1,
            bytes_written: 1,
        }),
        columns: vec![column],
    };
    let check = CheckReport {
        name: text(),
        kind: "sql",
        holds: false,
        severity: Severity::Error,
        broken: None,
        counted: None,
        rows: Vec::new(),
        looked_up: Some(text()),
        reason: Some(text()),
        rows_at: Some(text()),
    };
    let source = SourceReport {
        extracted_at: DateTime::UNIX_EPOCH,
        snapshot: Some(text()),
        server: Some(text()),
        position: None,
        offsets: BTreeMap::new(),
    };
    let dataset = DatasetReport {
        quarantine_at: Some(text()),
        source: Some(source),
        reconciliation,
        checks: vec![check],
        stores: vec![store],
        ..DatasetReport::without_rows(text(), DatasetState::Judged)
    };
    let problem = ProblemReport {
        id: text(),
        exit_code: 21,
        retryable: false,
        dataset: Some(text()),
        phase: text(),
        message: text(),
        safe: text(),
        next: text(),
        runbook: "RB-01",
    };
    RunReport {
        run: text(),
        job: text(),
        environment: text(),
        outcome: Outcome::Refused,
        exit_code: 21,
        nightferry: "0",
        period: Period::day(NaiveDate::MIN),
        started_at: DateTime::UNIX_EPOCH,
        seconds: 1.0,
        seconds_by_stage: [("open", 1.0)].into(),
        started_by: text(),
        batch: None,
        task: None,
        cpu_seconds: None,
        peak_memory_bytes: None,
        again: Some(text()),
        completed: vec![text()],
        page_at: None,
        datasets: vec![dataset],
        problems: vec![problem],
        cost: CostReport {
            usd: 0.0,
            basis: text(),
            vcpu_seconds: 60.0,
            gb_seconds: 120.0,
            bytes_out: [(text(), 1)].into(),
            requests: [].into(),
        },
    }
}

/// The tags of a page, without their attributes.
fn tags(page: &str) -> Vec<&str> {
    let tags = page.split('<').skip(1).map(|tag| tag.split([' ', '>']).next().unwrap_or_default());
    tags.collect()
}

#[test]
fn a_name_of_markup_is_shown_as_it_is_and_adds_no_tag() {
    // Both have a slash in them, as paths do.
    let (hostile, tame) = (run_page(&of(HOSTILE), &BTreeMap::new()), run_page(&of("a/b"), &BTreeMap::new()));
    assert!(tags(&hostile) == tags(&tame));
    assert!(!hostile.contains("<script") && !hostile.contains("<img") && !hostile.contains('\u{202e}'));
    assert_eq!(hostile.matches('"').count(), tame.matches('"').count());
    assert!(hostile.contains("&lt;script&gt;alert(2)&lt;/script&gt;&amp;lt;\u{fffd}"));
}

#[test]
fn a_page_asks_for_nothing() {
    let page = run_page(&of("x"), &BTreeMap::new());
    assert!(page.contains("default-src 'none'"));
    for word in ["http:", "https:", "url(", "@import", "src=", "<script", " on"] {
        let found = page.match_indices(word).find(|(at, _)| word != " on" || page[*at..].chars().nth(6) == Some('='));
        assert!(found.is_none(), "{word}");
    }
}
