//! Which places of an environment may lie where: what never leaves AWS, and that no place lies in another.

use super::plan::{Boundary, Location, SourceSpec, StoreSpec};
use super::tree::{Node, Text};
use crate::data::{Audience, Name};
use crate::problem::Problems;
use std::collections::BTreeMap;

/// What is for `restricted` never leaves the body's own accounts, whatever the store says of itself.
pub(super) fn check_boundary(text: &Text, node: &Node, at: usize, store: &StoreSpec, problems: &mut Problems) {
    if store.audience != Audience::Restricted {
        return;
    }
    let hint = || Some("what is for `restricted` never leaves the body's own accounts".to_owned());
    let name = &store.name;
    if store.boundary == Boundary::External {
        let message = format!("store `{name}` is external and for `restricted`");
        problems.add("E-ENV-BOUNDARY", text.place(at), message, hint());
    }
    for (key, location) in places(store) {
        if location.is_outside_aws() {
            let at = node.get(key).map_or(at, |node| node.span.start);
            let message = format!("`{key}` of store `{name}`, which is for `restricted`, is outside AWS");
            problems.add("E-ENV-BOUNDARY", text.place(at), message, hint());
        }
    }
}

/// The same of what the relay lands.
pub(super) fn check_landing(text: &Text, tree: &Node, name: &Name, source: &SourceSpec, problems: &mut Problems) {
    let SourceSpec::Dump { url, kafka: Some(kafka), .. } = source else { return };
    if kafka.audience == Audience::Restricted && url.is_outside_aws() {
        let node = tree.get("source").and_then(|sources| sources.get(name.as_str())?.get("dump")?.get("url"));
        let message = format!("`url` of source `{name}`, which is landed for `restricted`, is outside AWS");
        let hint = "what is for `restricted` never leaves the body's own accounts; `audience` of `kafka` treats it";
        problems.add("E-ENV-BOUNDARY", text.place(node.map_or(0, |node| node.span.start)), message, Some(hint.into()));
    }
}

/// No place of a store, or of a dump that the relay lands, is a place of another, or lies inside one.
pub(super) fn check_ground(
    text: &Text,
    tree: &Node,
    stores: &BTreeMap<Name, StoreSpec>,
    sources: &BTreeMap<Name, SourceSpec>,
    problems: &mut Problems,
) {
    let of_stores =
        || stores.values().flat_map(|store| places(store).map(move |(key, at)| ("store", &store.name, key, at)));
    let landed = |(name, source)| match source {
        &SourceSpec::Dump { ref url, kafka: Some(_), .. } => Some(("source", name, "url", url)),
        _ => None,
    };
    let all = || of_stores().chain(sources.iter().filter_map(landed));
    for (index, (kind, name, key, location)) in all().enumerate() {
        let shared = all().take(index).find(|(_, _, _, earlier)| earlier.shares_ground_with(location));
        if let Some((other_kind, other, other_key, _)) = shared {
            let node = tree.get(kind).and_then(|things| things.get(name.as_str()));
            let node = node.map(|thing| thing.get("dump").unwrap_or(thing)).and_then(|thing| thing.get(key));
            let at = text.place(node.map_or(0, |node| node.span.start));
            let message =
                format!("`{key}` of {kind} `{name}` and `{other_key}` of {other_kind} `{other}` lie in one another");
            let hint = "each store has a folder of its own: one audience never sees what is in another's";
            problems.add("E-ENV-OVERLAP", at, message, Some(hint.into()));
        }
    }
}

/// The places of a store, by the key that names each.
fn places(store: &StoreSpec) -> impl Iterator<Item = (&'static str, &Location)> {
    [("url", &store.primary)].into_iter().chain(store.second.as_ref().map(|second| ("second", second)))
}
