//! Names of dump objects -> what they hold.
//!
//! Confluent's S3 sink: `<topic>/partition=<n>/<topic>+<n>+<first offset, 10 digits>.json[.gz|.zst]`, and with keys or headers
//! siblings `....keys.json`, which hold no values. The layout keeps no offset of a record: a line's position is its first
//! offset and its number, which gives the order but, where the sink leaves tombstones out, not the offset.

use crate::format::compression::Compression;

/// An object of a dump.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// Partition of the topic.
    pub partition: u32,
    /// Offset of its first record.
    pub first_offset: u64,
    /// Path under the dump's folder.
    pub path: String,
}

/// What the object at `path` (under the dump's folder) holds of `topic`; `None` when it holds none of its values.
pub fn confluent(path: &str, topic: &str) -> Option<Object> {
    let rest = path.strip_prefix(topic)?.strip_prefix('/')?;
    let (folder, file) = rest.split_once('/')?;
    let partition: u32 = folder.strip_prefix("partition=")?.parse().ok()?;
    let (_, file) = Compression::of(file);
    let numbers = file.strip_suffix(".json")?.strip_prefix(topic)?.strip_prefix('+')?;
    let (named, offset) = numbers.split_once('+')?;
    // Kafka's offsets are of 63 bits; a name that holds a larger number is none of the sink's.
    let is_number = offset.bytes().all(|digit| digit.is_ascii_digit());
    let first_offset = offset.parse().ok().filter(|offset| is_number && i64::try_from(*offset).is_ok())?;
    (named.parse() == Ok(partition)).then(|| Object { partition, first_offset, path: path.to_owned() })
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
}
