//! What an environment declares of a dump's values.

use super::tree::Node;
use crate::changes::{Cleanup, Decimals, Payload, Reading, Times};

/// How the values of a dump are read. Its words were checked.
pub fn reading(dump: &Node) -> Reading {
    let word = |key: &str| dump.get(key).and_then(Node::text);
    let standard = Reading::default();
    Reading {
        payload: word("payload").and_then(Payload::parse).unwrap_or_default(),
        decimals: word("decimals").and_then(Decimals::parse),
        times: word("times").and_then(Times::parse),
        placeholder: word("placeholder").map_or(standard.placeholder, str::to_owned),
        cleanup: word("cleanup").and_then(Cleanup::parse),
        schemas: standard.schemas,
    }
}
