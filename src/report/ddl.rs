//! Columns of a published table -> the view by which Synapse or Fabric shows it with types of a size. Pure.
//!
//! ```text
//! Synapse serverless   CREATE OR ALTER VIEW .. OPENROWSET(BULK .., FORMAT = 'DELTA') WITH (columns)
//! Fabric               CREATE OR ALTER VIEW .. SELECT CAST(column AS type) .. FROM the table that a shortcut in a lakehouse shows
//! ```
//!
//! Without them every text is varchar(8000) there, which costs memory in each query. Fabric's warehouse knows no external tables;
//! what a lakehouse's shortcut points at is a table of its SQL endpoint already. A text that is longer than its column ends a
//! query in both: Synapse refuses it by itself, and CAST, which would cut it, is guarded.
//!
//! Never in here: a value of the data; how long the longest text of a column is, at most twice.

use std::fmt::Write;

/// Bytes of UTF-8 that compare as they are written: the only collation in which varchar is UTF-8 and Parquet's statistics are used.
const COLLATION: &str = "COLLATE Latin1_General_100_BIN2_UTF8";
/// The longest column that is not `max`.
const BYTES_MAX: u64 = 8_000;
/// The shortest that is given to a column of text.
const BYTES_MIN: u64 = 16;

/// For whom a view is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DdlFor {
    /// Synapse's serverless SQL pool.
    Synapse,
    /// A warehouse or SQL endpoint of Fabric.
    Fabric,
}

/// A column of a published table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DdlColumn {
    /// Its name.
    pub name: String,
    /// Delta's type: `long`, `decimal(14,2)`, `string`.
    pub delta_type: String,
    /// Bytes of its longest text, where it has one.
    pub bytes_max: Option<u64>,
}

/// What a view is of.
#[derive(Clone, Copy, Debug)]
pub struct DdlView<'a> {
    /// The schema that it is made in.
    pub schema: &'a str,
    /// The table, and the view of the same name.
    pub table: &'a str,
    /// Synapse: the url of the folder that holds the tables. Fabric: the lakehouse.
    pub at: &'a str,
}

/// The statement. Fails with the name of a column whose type is none that is published.
pub fn ddl(target: DdlFor, view: DdlView<'_>, columns: &[DdlColumn]) -> Result<String, String> {
    let typed = columns.iter().map(|column| Ok((column, sql_type(column).ok_or_else(|| column.name.clone())?)));
    let typed = typed.collect::<Result<Vec<_>, String>>()?;
    let mut text = format!("CREATE OR ALTER VIEW {}.{} AS\nSELECT\n", quoted(view.schema), quoted(view.table));
    let select = |column: &(&DdlColumn, String)| match target {
        DdlFor::Synapse => format!("    {}", quoted(&column.0.name)),
        DdlFor::Fabric => format!("    {} AS {}", cast(column.0, &column.1), quoted(&column.0.name)),
    };
    text += &typed.iter().map(select).collect::<Vec<_>>().join(",\n");
    let _ = match target {
        DdlFor::Synapse => {
            let collated = |of: &DdlColumn| if is_text(of) { format!(" {COLLATION}") } else { String::new() };
            let line = |(of, kind): &(&DdlColumn, String)| format!("    {} {kind}{}", quoted(&of.name), collated(of));
            let lines = typed.iter().map(line).collect::<Vec<_>>().join(",\n");
            let url = literal(&format!("{}/{}/", view.at.trim_end_matches('/'), view.table));
            write!(text, "\nFROM OPENROWSET(\n    BULK {url},\n    FORMAT = 'DELTA'\n) WITH (\n{lines}\n) AS [rows];\n")
        }
        DdlFor::Fabric => writeln!(text, "\nFROM {}.[dbo].{};", quoted(view.at), quoted(view.table)),
    };
    Ok(text)
}

/// The type of a column, as both know it.
pub fn sql_type(column: &DdlColumn) -> Option<String> {
    Some(match column.delta_type.as_str() {
        "short" => "smallint".into(),
        "integer" => "int".into(),
        "long" => "bigint".into(),
        "float" => "real".into(),
        "double" => "float".into(),
        "boolean" => "bit".into(),
        "date" => "date".into(),
        // Microseconds, UTC: neither keeps an offset, and Fabric has no more digits.
        "timestamp" => "datetime2(6)".into(),
        "string" => format!("varchar({})", size(column.bytes_max)),
        "binary" => format!("varbinary({})", size(column.bytes_max)),
        decimal if decimal.starts_with("decimal(") => decimal.to_owned(),
        _ => return None,
    })
}

/// Twice the longest there is, and then the next power of two: what comes tomorrow is seldom much longer.
fn size(bytes_max: Option<u64>) -> String {
    match bytes_max {
        None => BYTES_MAX.to_string(),
        Some(longest) if longest > BYTES_MAX => "max".to_owned(),
        Some(longest) => (longest * 2).max(BYTES_MIN).next_power_of_two().min(BYTES_MAX).to_string(),
    }
}

fn is_text(column: &DdlColumn) -> bool {
    column.delta_type == "string"
}

/// A column brought to its type. A text that is too long is an error, not a shorter text: text that is no number is cast to one.
fn cast(column: &DdlColumn, kind: &str) -> String {
    let name = quoted(&column.name);
    let cast = format!("CAST({name} AS {kind})");
    let bytes = kind.split_once('(').and_then(|(_, size)| size.trim_end_matches(')').parse::<u64>().ok());
    let is_sized = matches!(column.delta_type.as_str(), "string" | "binary");
    let guarded = match bytes.filter(|_| is_sized) {
        Some(bytes) => {
            let why = literal(&format!("{} is longer than {bytes} bytes: make this view again", column.name));
            format!("CASE WHEN DATALENGTH({name}) > {bytes} THEN CAST(CAST({why} AS int) AS {kind}) ELSE {cast} END")
        }
        None => cast,
    };
    if is_text(column) { format!("{guarded} {COLLATION}") } else { guarded }
}

fn quoted(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(delta_type: &str, bytes_max: Option<u64>) -> DdlColumn {
        DdlColumn { name: "x".into(), delta_type: delta_type.into(), bytes_max }
    }

    #[test]
    fn leaves_room_for_longer_texts_and_keeps_within_what_a_column_may_be() {
        for (longest, expected) in [
            (Some(0), "varchar(16)"),
            (Some(8), "varchar(16)"),
            (Some(9), "varchar(32)"),
            (Some(300), "varchar(1024)"),
            (Some(5_000), "varchar(8000)"),
            (Some(8_001), "varchar(max)"),
            (None, "varchar(8000)"),
        ] {
            assert_eq!(sql_type(&column("string", longest)).as_deref(), Some(expected));
        }
        assert_eq!(sql_type(&column("decimal(38,6)", None)).as_deref(), Some("decimal(38,6)"));
        assert_eq!(sql_type(&column("array", None)), None);
    }

    #[test]
    fn names_and_urls_cannot_leave_their_quotes() {
        let columns = [DdlColumn { name: "a]; drop".into(), ..column("long", None) }];
        let view = DdlView { schema: "dbo", table: "t", at: "https://x/it's" };
        let text = ddl(DdlFor::Synapse, view, &columns).expect("a view");
        assert!(text.contains("[a]]; drop] bigint") && text.contains("BULK 'https://x/it''s/t/'"), "{text}");
        assert_eq!(ddl(DdlFor::Fabric, view, &[column("map", None)]), Err("x".to_owned()));
    }
}
