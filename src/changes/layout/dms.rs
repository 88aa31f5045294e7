//! Names of the files that AWS DMS leaves on S3: `<schema>/<table>/LOAD00000001.parquet`, counted in hexadecimal, and behind them, by
//! their time, `<schema>/<table>/20261124-013400123.parquet`; either also below folders of a date.
//! Source: AWS DMS user guide, "Using Amazon S3 as a target".

use super::Object;
use crate::format::compression::Compression;

/// The folder of a topic that is called `<schema>.<table>`.
pub fn folder(topic: &str) -> String {
    topic.replacen('.', "/", 1)
}

/// The file's object; its first offset is its place in the order of the files.
pub fn dms(path: &str, topic: &str) -> Option<Object> {
    let below = path.strip_prefix(&folder(topic))?.strip_prefix('/')?;
    let (folders, file) = below.rsplit_once('/').unwrap_or(("", below));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !folders.split(['/', '-', '_']).all(are_digits) {
        return None;
    }
    let (packed, plain) = Compression::of(file);
    let name = match plain.strip_suffix(".csv") {
        Some(name) => name,
        None => plain.strip_suffix(".parquet").filter(|_| packed == Compression::Plain)?,
    };
    let place = match name.strip_prefix("LOAD") {
        Some(count) => load(count)?,
        None => change(name)?,
    };
    Some(Object { partition: 0, first_offset: place, path: path.to_owned() })
}

/// Whether the file at `path` is of the first load.
pub fn is_load(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|file| file.starts_with("LOAD"))
}

fn load(count: &str) -> Option<u64> {
    let is_count = (1..=8).contains(&count.len()) && count.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_count.then(|| u64::from_str_radix(count, 16).ok()).flatten()
}

/// The day and the time to milliseconds, or to a tenth of one: all of them are more than a count.
fn change(name: &str) -> Option<u64> {
    let (day, time) = name.split_once('-')?;
    let is_time = day.len() == 8 && matches!(time.len(), 9 | 10);
    let number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u64>().ok());
    let (day, fine) = (number(day)??, number(time)??);
    let fine = if time.len() == 9 { fine * 10 } else { fine };
    is_time.then_some(day * 10_000_000_000 + fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_come_before_changes_and_both_in_their_order() {
        let paths = [
            "app/thing/LOAD00000001.csv",
            "app/thing/LOAD0000000A.csv.gz",
            "app/thing/LOAD00000010.csv",
            "app/thing/2026/11/23/20261123-235959999.csv",
            "app/thing/20261124-013400123.parquet",
            "app/thing/20261124-0134010000.csv",
        ];
        let places: Vec<u64> =
            paths.iter().map(|path| dms(path, "app.thing").unwrap_or_else(|| panic!("{path}")).first_offset).collect();
        assert!(places.is_sorted_by(|one, two| one < two), "{places:?}");
        assert!(is_load(paths[1]) && !is_load(paths[4]));
    }

    #[test]
    fn leaves_every_other_name_alone() {
        for path in [
            "app/thing/LOAD.csv",
            "app/thing/LOAD0000000G.csv",
            "app/thing/LOAD00000001.parquet.gz",
            "app/thing/LOAD00000001.json",
            "app/thing/notes/LOAD00000001.csv",
            "app/thing/2026-013400123.csv",
            "app/thing/20261124-01340.csv",
            "app/thing2/LOAD00000001.csv",
            "app.thing/LOAD00000001.csv",
        ] {
            assert_eq!(dms(path, "app.thing"), None, "{path}");
        }
    }
}
