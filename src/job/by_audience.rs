//! A table of a schema file that says something for each audience: `suppress_rows`, `risk`, `small_cells`.

use super::tree::{Node, Text};
use crate::data::Audience;
use crate::problem::Problems;
use std::collections::BTreeMap;

/// What `read` makes of each audience that `table` names. A table that names none asks for nothing, which nobody writes on purpose: it
/// is told of as `id`.
pub fn by_audience<T>(
    text: &Text,
    tree: &Node,
    (table, id): (&str, &'static str),
    problems: &mut Problems,
    mut read: impl FnMut(&Node, Audience, &mut Problems) -> Option<T>,
) -> BTreeMap<Audience, T> {
    let Some(node) = tree.get(table) else { return BTreeMap::new() };
    if node.entries().is_empty() {
        let message = format!("`{table}` names no audience");
        let hint = format!("say of whom it is (`{table}.analytics`), or leave `{table}` out");
        problems.add(id, text.place(node.span.start), message, Some(hint));
    }
    let named = Audience::ALL.into_iter().filter_map(|audience| Some((audience, node.get(audience.as_str())?)));
    named.filter_map(|(audience, node)| Some((audience, read(node, audience, problems)?))).collect()
}
