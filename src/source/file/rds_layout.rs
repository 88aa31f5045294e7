//! Names below a table's folder of an RDS snapshot export -> its parts, in order; or what is missing.
//!
//! ```text
//! 1/part-00000-<uuid>.gz.parquet  1/_SUCCESS     the present naming: a folder a batch, from 1 on; a batch a partition
//! part-00000-<uuid>.gz.parquet    _SUCCESS       the older one: all in the table's folder
//! ```
//!
//! The numbers of parts have gaps: a range of keys without rows makes no file (AWS, "File naming conventions for exports to
//! Amazon S3 for Amazon RDS"). So one part that was lost on the way among others does not show here; a batch that was not
//! written to its end, or is not there, does.
//!
//! Never in here: what the parts hold.

use std::collections::BTreeMap;

/// Stands in a folder that was written to its end.
const SUCCESS: &str = "_SUCCESS";

/// What is wrong with a table's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Something is not there.
    Missing(String),
    /// The object of that number is named otherwise than an export names it.
    Unknown(usize),
}

#[derive(Default)]
struct Batch {
    is_ended: bool,
    /// Number of the part, and which object it is.
    parts: Vec<(u64, usize)>,
}

/// The objects that are parts, in order. `objects` are paths below the table's folder, with their sizes.
pub fn parts(objects: &[(&str, u64)]) -> Result<Vec<usize>, Fault> {
    let mut batches: BTreeMap<u64, Batch> = BTreeMap::new();
    for (index, (path, size)) in objects.iter().enumerate() {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        // What a store lists for an empty folder holds no byte.
        if *size == 0 && name != SUCCESS && part_number(name).is_none() {
            continue;
        }
        let batch = match folder {
            "" => 0,
            number => number.parse().ok().filter(|number| *number > 0).ok_or(Fault::Unknown(index))?,
        };
        match part_number(name) {
            Some(number) => batches.entry(batch).or_default().parts.push((number, index)),
            None if name == SUCCESS => batches.entry(batch).or_default().is_ended = true,
            None if name.starts_with(['_', '.']) => {}
            None => return Err(Fault::Unknown(index)),
        }
    }
    whole(&batches)?;
    let ordered = batches.into_values().flat_map(|mut batch| {
        batch.parts.sort_unstable();
        batch.parts.into_iter().map(|(_, index)| index)
    });
    Ok(ordered.collect())
}

fn whole(batches: &BTreeMap<u64, Batch>) -> Result<(), Fault> {
    let missing = |what: String| Err(Fault::Missing(what));
    if batches.is_empty() {
        return missing("nothing of it is there".into());
    }
    if let Some(older) = batches.get(&0).filter(|_| batches.len() > 1) {
        let what = if older.parts.is_empty() { "a _SUCCESS" } else { "a part" };
        return missing(format!(
            "there is {what} beside its numbered folders, as where two exports lie in one another"
        ));
    }
    if let (None, Some((last, _))) = (batches.get(&0), batches.last_key_value())
        && let Some(gap) = (1..=*last).find(|number| !batches.contains_key(number))
    {
        return missing(format!("folder {gap} of {last} is not there"));
    }
    match batches.iter().find(|(_, batch)| !batch.is_ended) {
        Some((0, _)) => missing("it has no _SUCCESS: it was not written to its end".into()),
        Some((number, _)) => missing(format!("folder {number} has no _SUCCESS: it was not written to its end")),
        None => Ok(()),
    }
}

/// The number in `part-00003-<uuid>.gz.parquet`.
fn part_number(name: &str) -> Option<u64> {
    let rest = name.strip_prefix("part-")?.strip_suffix(".parquet")?;
    rest.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(objects: &[&str]) -> Result<Vec<usize>, Fault> {
        parts(&objects.iter().map(|path| (*path, u64::from(!path.ends_with(SUCCESS)))).collect::<Vec<_>>())
    }

    #[test]
    fn orders_parts_by_batch_and_number() {
        let objects = [
            "10/_SUCCESS",
            "10/part-00000-f.gz.parquet",
            "2/_SUCCESS",
            "2/part-00001-a.gz.parquet",
            "2/part-00000-b.gz.parquet",
            "1/_SUCCESS",
            "1/part-00000-c.gz.parquet",
            "3/_SUCCESS",
            "4/_SUCCESS",
            "5/_SUCCESS",
            "6/_SUCCESS",
            "7/_SUCCESS",
            "8/_SUCCESS",
            "9/_SUCCESS",
            "1/.part-00000-c.gz.parquet.crc",
        ];
        assert_eq!(names(&objects), Ok(vec![6, 4, 3, 1]));
        assert_eq!(names(&["_SUCCESS", "part-00004-a.gz.parquet", "part-00000-b.parquet"]), Ok(vec![2, 1]));
        assert_eq!(names(&["1/_SUCCESS"]), Ok(Vec::new()));
        assert_eq!(parts(&[("1", 0), ("1/_SUCCESS", 0)]), Ok(Vec::new()));
    }

    #[test]
    fn tells_what_is_missing() {
        let missing = |objects: &[&str], what: &str| {
            let found = names(objects);
            assert!(matches!(&found, Err(Fault::Missing(told)) if told.contains(what)), "{objects:?}: {found:?}");
        };
        missing(&[], "nothing of it is there");
        missing(&["1/part-00000-a.gz.parquet"], "folder 1 has no _SUCCESS");
        missing(&["1/part-00000-a.gz.parquet", "1/_SUCCESS", "2/part-00000-a.gz.parquet"], "folder 2 has no _SUCCESS");
        missing(&["1/_SUCCESS", "3/_SUCCESS"], "folder 2 of 3 is not there");
        missing(&["2/_SUCCESS"], "folder 1 of 2 is not there");
        missing(&["part-00000-a.gz.parquet"], "it has no _SUCCESS");
        missing(&["_SUCCESS", "part-00000-a.gz.parquet", "1/_SUCCESS"], "two exports lie in one another");
    }

    #[test]
    fn passes_no_name_over_that_it_does_not_know() {
        for name in [
            "1/part-00000-a.csv",
            "1/data.parquet",
            "0/part-00000-a.parquet",
            "x/part-00000-a.parquet",
            "1/2/part-0-a.parquet",
            "part-x.parquet",
        ] {
            assert_eq!(names(&["1/_SUCCESS", name]), Err(Fault::Unknown(1)), "{name}");
        }
    }
}
