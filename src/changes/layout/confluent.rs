//! Confluent's S3 sink: `<topic>/partition=<n>/<topic>+<n>+<first offset, 10 digits>.json[.gz|.zst]`, and with keys or headers
//! siblings `....keys.json`, line by line the keys of the values, and `<topic>/tombstone/<topic>+<n>+<offset>.keys.json`.
//!
//! The layout keeps no offset of a record: a line's position is its first offset and its number, which gives the order but,
//! where the sink leaves tombstones out, not the offset. Tombstones in their own folder have lost their place.

use super::{Held, Object};
use crate::format::compression::Compression;

/// What the object at `path` (under the dump's folder) holds of `topic`; `None` when it holds none of its values.
pub fn confluent(path: &str, topic: &str) -> Option<Object> {
    let (partition, first_offset, kind) = parts(path, topic)?;
    let (_, kind) = Compression::of(kind);
    (kind == ".json").then(|| Object { partition, first_offset, path: path.to_owned() })
}

/// What the object at `path` is to `topic`.
pub fn held(path: &str, topic: &str) -> Held {
    if let Some(object) = confluent(path, topic) {
        return Held::Values(object);
    }
    let (_, plain) = Compression::of(path);
    if let (Some(values), Some(_)) = (plain.strip_suffix(".keys.json"), parts(path, topic)) {
        return Held::Keys(format!("{values}.json"));
    }
    if path.strip_prefix(topic).is_some_and(|rest| rest.starts_with("/tombstone/")) {
        return Held::Tombstones;
    }
    if is_beside(path, topic) { Held::Beside } else { Held::Unknown }
}

/// Whether the object at `path` lies beside those that hold `topic`'s values and holds none: keys, headers, and what begins
/// with `_` or `.`, as the marks of other tools do.
fn is_beside(path: &str, topic: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    let is_sibling = |kind: &str| kind.starts_with(".keys.") || kind.starts_with(".headers.");
    file.starts_with(['_', '.']) || parts(path, topic).is_some_and(|(_, _, kind)| is_sibling(kind))
}

/// Partition, first offset, and what follows them in the name.
fn parts<'a>(path: &'a str, topic: &str) -> Option<(u32, u64, &'a str)> {
    let rest = path.strip_prefix(topic)?.strip_prefix('/')?;
    let (folder, file) = rest.split_once('/')?;
    let partition: u32 = folder.strip_prefix("partition=")?.parse().ok()?;
    let (named, rest) = file.strip_prefix(topic)?.strip_prefix('+')?.split_once('+')?;
    let (offset, kind) = rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count());
    // Kafka's offsets are of 63 bits; a name that holds a larger number is none of the sink's.
    let first_offset = offset.parse().ok().filter(|offset| i64::try_from(*offset).is_ok())?;
    (named.parse() == Ok(partition)).then_some((partition, first_offset, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_partition_and_offset_from_the_name() {
        let name = "s.public.unit/partition=3/s.public.unit+3+0000000042.json.gz";
        let object = confluent(name, "s.public.unit").map(|object| (object.partition, object.first_offset));
        assert_eq!(object, Some((3, 42)));
    }

    #[test]
    fn leaves_keys_other_topics_and_other_files_alone() {
        for name in [
            "s.unit/partition=3/s.unit+3+0000000042.keys.json",
            "s.unit2/partition=3/s.unit2+3+0000000042.json",
            "s.unit/partition=3/s.unit+4+0000000042.json",
            "s.unit/partition=3/notes.txt",
            "s.unit/s.unit+3+0000000042.json",
        ] {
            assert_eq!(confluent(name, "s.unit"), None, "{name}");
        }
    }

    #[test]
    fn knows_a_topic_whose_own_name_begins_like_a_mark() {
        let beats = "__debezium-heartbeat.s/partition=0/__debezium-heartbeat.s+0+0000000007.json";
        let held = super::super::Layout::Confluent.held(beats, "__debezium-heartbeat.s");
        assert!(matches!(held, Held::Values(Object { partition: 0, first_offset: 7, .. })), "{held:?}");
    }

    #[test]
    fn knows_keys_by_their_values_and_tombstones_that_lost_their_place() {
        let values = "s.unit/partition=3/s.unit+3+0000000042.json".to_owned();
        assert_eq!(held("s.unit/partition=3/s.unit+3+0000000042.keys.json.gz", "s.unit"), Held::Keys(values));
        assert_eq!(held("s.unit/tombstone/s.unit+3+0000000042.keys.json", "s.unit"), Held::Tombstones);
    }

    #[test]
    fn knows_what_lies_beside_from_what_nobody_can_name() {
        for name in [
            "s.unit/partition=3/s.unit+3+0000000042.keys.json",
            "s.unit/partition=3/s.unit+3+0000000042.headers.avro.gz",
            "s.unit/partition=3/_SUCCESS",
            "s.unit/.crc",
        ] {
            assert!(is_beside(name, "s.unit"), "{name}");
        }
        for name in [
            "s.unit/partition=3/s.unit+3+0000000042.avro",
            "s.unit/partition=3/s.unit+3+0000000042.JSON",
            "s.unit/partition=3/s.unit+4+0000000042.json",
            "s.unit/partition=3/notes.txt",
        ] {
            assert!(!is_beside(name, "s.unit") && confluent(name, "s.unit").is_none(), "{name}");
        }
    }
}
