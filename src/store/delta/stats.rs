//! What is known of a part -> Delta's statistics, by which readers skip files.
//!
//! A wrong bound makes rows vanish from queries, so only exact ones are written: timestamps only in whole milliseconds (the
//! protocol cuts the rest off). Which columns may be told of is decided when the part is made (`part`).

use crate::format::bounds::Bound;
use crate::store::staging::StagedPart;
use chrono::{DateTime, NaiveDate, TimeDelta};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Columns told of in one entry, at most: Delta's own default, and enough for keys and dates.
const COLUMNS_MAX: usize = 32;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stats<'a> {
    num_records: u64,
    min_values: BTreeMap<&'a str, Box<RawValue>>,
    max_values: BTreeMap<&'a str, Box<RawValue>>,
    null_count: BTreeMap<&'a str, u64>,
}

/// The statistics of a part, as JSON text.
pub fn stats_text(part: &StagedPart) -> Option<String> {
    let columns = || part.columns.iter().take(COLUMNS_MAX);
    let mut stats = Stats {
        num_records: part.rows,
        min_values: BTreeMap::new(),
        max_values: BTreeMap::new(),
        null_count: columns().map(|column| (column.name.as_str(), column.bounds.nulls)).collect(),
    };
    for column in columns() {
        let range = column.bounds.range.as_ref().and_then(|(low, high)| Some((value(low)?, value(high)?)));
        if let Some((low, high)) = range {
            stats.min_values.insert(&column.name, low);
            stats.max_values.insert(&column.name, high);
        }
    }
    serde_json::to_string(&stats).ok()
}

fn value(bound: &Bound) -> Option<Box<RawValue>> {
    let text = match bound {
        Bound::Integer(number) => number.to_string(),
        Bound::Decimal(unscaled, scale) => decimal(*unscaled, *scale)?,
        Bound::Date(days) => {
            let day = NaiveDate::default().checked_add_signed(TimeDelta::try_days(i64::from(*days))?)?;
            format!("\"{}\"", day.format("%Y-%m-%d"))
        }
        Bound::Timestamp(micros) if micros % 1_000 == 0 => {
            format!("\"{}\"", DateTime::from_timestamp_micros(*micros)?.format("%Y-%m-%dT%H:%M:%S%.3fZ"))
        }
        Bound::Timestamp(_) => return None,
        Bound::Text(text) => serde_json::to_string(text).ok()?,
    };
    RawValue::from_string(text).ok()
}

fn decimal(unscaled: i128, scale: i8) -> Option<String> {
    let scale = usize::try_from(scale).ok()?;
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if unscaled < 0 { "-" } else { "" };
    Some(if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::bounds::ColumnBounds;
    use crate::store::part::PartColumn;

    #[test]
    fn writes_values_as_the_protocol_says() {
        let column = |name: &str, low, high| PartColumn {
            name: name.into(),
            bounds: ColumnBounds { nulls: 1, range: Some((low, high)) },
        };
        let part = StagedPart {
            path: "x".into(),
            bytes: 1,
            rows: 3,
            sha256: "x".into(),
            period: None,
            columns: vec![
                column("amount", Bound::Decimal(-5, 2), Bound::Decimal(123_456, 2)),
                column("at", Bound::Timestamp(0), Bound::Timestamp(1_500_000)),
                column("cut", Bound::Timestamp(0), Bound::Timestamp(1)),
                column("day", Bound::Date(-1), Bound::Date(19_000)),
                column("name", Bound::Text("a\"b".into()), Bound::Text("é".into())),
            ],
        };
        let expected = concat!(
            r#"{"numRecords":3,"minValues":{"amount":-0.05,"at":"1970-01-01T00:00:00.000Z","day":"1969-12-31","name":"a\"b"},"#,
            r#""maxValues":{"amount":1234.56,"at":"1970-01-01T00:00:01.500Z","day":"2022-01-08","name":"é"},"#,
            r#""nullCount":{"amount":1,"at":1,"cut":1,"day":1,"name":1}}"#
        );
        assert_eq!(stats_text(&part).as_deref(), Some(expected));
    }
}
