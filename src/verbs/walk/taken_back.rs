//! What a night left that is not published and may hold what nobody may see: deleted, or told that it could not be.
//!
//! Parts go whenever a finding stopped the night. What it put aside in `restricted` goes too where a newer suppression list came
//! before its record: it was filed by the older one, and may name people who are to be forgotten since.
//!
//! Never in here: when that is so.

use super::Walked;
use super::open::Opened;
use crate::ending;
use crate::failure::Failure;
use crate::store::{self, Staged};
use std::collections::BTreeMap;

/// Places that are told by name, at most.
const TOLD_MAX: usize = 5;

/// Deletes what was staged. Gives the places where that could not be done.
pub async fn parts(staged: impl Iterator<Item = &Staged>) -> Vec<String> {
    let mut left = Vec::new();
    for staged in staged {
        if let Err(error) = staged.discard().await {
            tracing::warn!(dataset = %staged.dataset(), error = %error, "the parts could not be deleted");
            left.push(format!("parts of `{}` in store `{}`", staged.dataset(), staged.store().name()));
        }
    }
    left
}

/// Deletes what the run put aside in `restricted`. Gives what could not be deleted.
pub async fn aside(opened: &Opened) -> Vec<String> {
    let mut left = Vec::new();
    for path in opened.filed() {
        if let Err(error) = store::take_back(&opened.restricted, &path).await {
            tracing::warn!(object = %path, error = %error, "what was put aside could not be deleted");
            left.push(format!("`{path}` in store `restricted`"));
        }
    }
    left
}

/// What was put aside is gone: the report leads nobody there.
pub fn unfiled(night: &mut Walked<'_>) {
    night.crossed.iter_mut().for_each(|crossed| crossed.quarantine_at = None);
    for report in night.judged.iter_mut().map(|judgement| &mut judgement.report) {
        (report.rows_at, report.outputs) = (None, BTreeMap::new());
    }
    for check in night.judged.iter_mut().flat_map(|judgement| &mut judgement.checks) {
        check.rows_at = None;
    }
}

/// The failure, which says that the parts were deleted: that not all were, where some are `left`.
pub fn told(mut failure: Failure, left: &[String]) -> Failure {
    if left.is_empty() || failure.ending.safe != ending::PARTS_GONE {
        return failure;
    }
    let more = left.len().saturating_sub(TOLD_MAX);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let named = left.iter().take(TOLD_MAX).cloned().collect::<Vec<_>>().join(", ");
    failure.what = format!("{}; could not be deleted, and are to be by hand: {named}{more}", failure.what);
    failure.ending.safe = ending::PARTS_LEFT;
    failure
}
