//! How a table is treated today, and whether an earlier version shows more than that. Pure.
//!
//! A version that was made by the same schema file, for the same audience, is treated as one of today. Of any other it is only
//! known which columns it has: each must be one that is shown as it is today.

use crate::data::Audience;
use crate::store::manifest::Manifest;
use serde_json::Value;
use std::collections::BTreeSet;

/// How a table's job treats it today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Today {
    /// For whom.
    pub audience: Audience,
    /// SHA-256 of the schema file.
    pub schema_hash: String,
    /// Columns that are shown as they are.
    pub kept: BTreeSet<String>,
    /// Whether rows are left out, or a limit is set to the risk that is left: what that means for earlier rows nobody has tried.
    pub holds_rows_back: bool,
}

impl Today {
    /// What the version of `manifest` shows and today's job would not, in words; `None` where there is nothing.
    pub(super) fn shown(&self, manifest: &Manifest) -> Option<String> {
        if self.audience != manifest.audience {
            return Some(format!("was made for the audience `{}`", manifest.audience.as_str()));
        }
        if self.schema_hash == manifest.schema_hash {
            return None;
        }
        if self.holds_rows_back {
            return Some("was made by another schema file, and today's leaves rows out or limits the risk".to_owned());
        }
        let fields = manifest.schema.get("fields").and_then(Value::as_array);
        let mut names = fields.into_iter().flatten().filter_map(|field| field.get("name")?.as_str());
        let column = names.find(|name| !self.kept.contains(*name))?;
        Some(format!("has column `{column}`, which is not shown as it is today, and was made by another schema file"))
    }
}
