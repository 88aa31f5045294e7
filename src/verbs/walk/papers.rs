//! The papers about personal data, filed before a night is published and once more when it is known how it ended.
//!
//! So what is published has them wherever the run is killed. Those of a run that is killed before its record name a run that no version
//! has, and say that it was about to publish.
//!
//! Never in here: what they say (`report`).

use super::{Options, Walked, told};
use crate::job::Plan;
use crate::report::{Outcome, Paper, RunReport, article30, dpia, paper};
use crate::store::{self, Store, StoreError};
use std::time::Duration;

/// Files those of a night that is about to be published. Where they cannot be filed that is told: its record goes to the same store,
/// and they are filed again behind it.
pub async fn before(night: &Walked<'_>, security: &Store, options: &Options) {
    // Of how it ends the papers take nothing from this.
    let so_far = told::told(night, Outcome::Published, options, Duration::ZERO);
    let Some(paper) = of(&so_far, night.plan).map(Paper::before_its_end) else { return };
    let filed = async {
        security.claim(&night.plan.stamp).await?;
        file(&paper, &night.run, security, night.plan).await
    };
    tell(filed.await);
}

/// Files those of a run that is over. Gives whether there is nothing left to file.
pub async fn after(report: &RunReport, security: &Store, plan: &Plan) -> bool {
    match of(report, plan) {
        None => true,
        Some(paper) => tell(file(&paper, &report.run, security, plan).await),
    }
}

/// Of a run that came to no store there is nothing to say.
fn of(report: &RunReport, plan: &Plan) -> Option<Paper> {
    report.datasets.iter().any(|dataset| !dataset.stores.is_empty()).then(|| paper(plan, Some(report)))
}

async fn file(paper: &Paper, run: &str, security: &Store, plan: &Plan) -> Result<(), StoreError> {
    let mut filed = Ok(());
    for (ending, text) in [
        ("privacy.json", serde_json::to_vec_pretty(paper).unwrap_or_default()),
        ("dpia.md", dpia(paper).into_bytes()),
        ("article30.md", article30(paper).into_bytes()),
    ] {
        filed = filed.and(store::file_paper(security, &store::paper_path(&plan.job, run, ending), text.into()).await);
    }
    filed
}

fn tell(filed: Result<(), StoreError>) -> bool {
    filed.inspect_err(|error| tracing::warn!(error = %error, "the papers could not be filed")).is_ok()
}
