//! Names of the layouts that have one kind of object each.

use super::Object;
use crate::format::compression::Compression;

/// `<topic>/p=<n>/<first offset, 20 digits>.parquet`
pub fn relay(path: &str, topic: &str) -> Option<Object> {
    let (folder, file) = below(path, topic)?.split_once('/')?;
    let digits = file.strip_suffix(".parquet").filter(|digits| digits.len() == 20)?;
    object(path, number(folder.strip_prefix("p=")?)?, offset(digits)?)
}

/// Any `.json` or `.jsonl` in the topic's folder: each line says where it belongs.
pub fn any(path: &str, topic: &str) -> Option<Object> {
    let (_, name) = Compression::of(below(path, topic)?);
    let is_lines = name.ends_with(".json") || name.ends_with(".jsonl");
    is_lines.then(|| Object { partition: 0, first_offset: 0, path: path.to_owned() })
}

/// `<topic>-<n>-<first offset>`, in the topic's folder or beside it.
pub fn aiven(path: &str, topic: &str) -> Option<Object> {
    let (_, name) = Compression::of(path);
    let name = name.strip_suffix(".jsonl").or_else(|| name.strip_suffix(".json")).unwrap_or(name);
    let file = name.rsplit('/').next()?.strip_prefix(topic)?.strip_prefix('-')?;
    let (partition, first) = file.split_once('-')?;
    object(path, number(partition)?, offset(first)?)
}

/// `<topic>/partition=<n>/<name>.txt`: positions go on from one file to the next, in the order of their names.
pub fn key_value(path: &str, topic: &str) -> Option<Object> {
    let (folder, file) = below(path, topic)?.split_once('/')?;
    let (_, name) = Compression::of(file);
    let is_one = name.ends_with(".txt") && !name.contains('/');
    is_one.then(|| object(path, number(folder.strip_prefix("partition=")?)?, 0)).flatten()
}

fn below<'a>(path: &'a str, topic: &str) -> Option<&'a str> {
    path.strip_prefix(topic)?.strip_prefix('/')
}

fn number(digits: &str) -> Option<u32> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// Kafka's offsets are of 63 bits.
fn offset(digits: &str) -> Option<u64> {
    let offset = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<i64>().ok()).flatten()?;
    u64::try_from(offset).ok()
}

fn object(path: &str, partition: u32, first_offset: u64) -> Option<Object> {
    Some(Object { partition, first_offset, path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_partition_and_offset_where_the_name_has_them() {
        let place = |object: Option<Object>| object.map(|object| (object.partition, object.first_offset));
        assert_eq!(place(relay("t.u/p=3/00000000000000000042.parquet", "t.u")), Some((3, 42)));
        assert_eq!(place(aiven("t.u-3-42.gz", "t.u")), Some((3, 42)));
        assert_eq!(place(aiven("t.u/t.u-3-0000000042.jsonl.zst", "t.u")), Some((3, 42)));
        assert_eq!(place(any("t.u/2026/a.jsonl.lz4", "t.u")), Some((0, 0)));
        assert_eq!(place(key_value("t.u/partition=7/b.txt.gz", "t.u")), Some((7, 0)));
    }

    #[test]
    fn leaves_every_other_name_alone() {
        for path in [
            "t.u/p=3/42.parquet",
            "t.u/p=-3/00000000000000000042.parquet",
            "t.u/p=3/99999999999999999999.parquet",
            "t.u2/p=3/00000000000000000042.parquet",
        ] {
            assert_eq!(relay(path, "t.u"), None, "{path}");
        }
        for path in ["t.u-3", "t.u-x-1", "t.u2-3-42", "t.u-3-42.csv", "t.u-3-+42"] {
            assert_eq!(aiven(path, "t.u"), None, "{path}");
        }
        assert_eq!(any("t.u/notes.md", "t.u"), None);
        assert_eq!(key_value("t.u/partition=7/a/b.txt", "t.u"), None);
    }
}
