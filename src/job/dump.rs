//! What an environment declares of a dump's values.

use super::tree::Node;
use crate::changes::{Cleanup, Decimals, Payload, Reading, Times};

/// How the values of a dump are read. Its words were checked.
pub fn reading(dump: &Node) -> Reading {
    let word = |key: &str| dump.get(key).and_then(Node::text);
    let standard = Reading::default();
    // What AWS DMS leaves on S3 is of its own writing, decimals by their digits.
    let is_dms = word("layout") == Some("dms");
    let payload = if is_dms { Payload::Dms } else { standard.payload };
    Reading {
        payload: word("payload").and_then(Payload::parse).unwrap_or(payload),
        decimals: word("decimals").and_then(Decimals::parse).or(is_dms.then_some(Decimals::String)),
        times: word("times").and_then(Times::parse),
        placeholder: word("placeholder").map_or(standard.placeholder, str::to_owned),
        cleanup: word("cleanup").and_then(Cleanup::parse),
        schemas: standard.schemas,
    }
}
