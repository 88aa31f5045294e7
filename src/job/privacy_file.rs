//! `[privacy]` of a job file: what the papers about personal data say and no tool can know.

use super::tree::Node;
use serde::Serialize;

/// What a person said of a job's processing; what is not there is left for somebody to fill in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PrivacySaid {
    /// Who decides why and how the data is processed, with how to reach them.
    pub controller: Option<String>,
    /// How to reach the data protection officer.
    pub officer: Option<String>,
    /// What the data is processed for.
    pub purposes: Vec<String>,
    /// The lawful basis.
    pub basis: Option<String>,
    /// Whom the data is about, by category.
    pub people: Vec<String>,
    /// Who gets it, by category, besides the stores' audiences.
    pub recipients: Vec<String>,
    /// Countries it goes to, and what safeguards it there.
    pub transfers: Option<String>,
    /// When it is erased.
    pub erasure: Option<String>,
    /// Measures besides those of the tool.
    pub measures: Vec<String>,
}

/// Reads the table of a job file; without one nothing was said.
pub fn read_privacy(tree: &Node) -> PrivacySaid {
    let Some(node) = tree.get("privacy") else { return PrivacySaid::default() };
    let one = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
    let many = |key: &str| {
        let items = node.get(key).map(Node::items).unwrap_or_default();
        items.iter().filter_map(Node::text).map(str::to_owned).collect()
    };
    PrivacySaid {
        controller: one("controller"),
        officer: one("officer"),
        purposes: many("purposes"),
        basis: one("basis"),
        people: many("people"),
        recipients: many("recipients"),
        transfers: one("transfers"),
        erasure: one("erasure"),
        measures: many("measures"),
    }
}
