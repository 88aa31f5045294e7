//! Objects and lists -> a column of text for each path: `customer.address.postcode`, `contacts[].email`.

use crate::format::FormatFault;
use crate::privacy::CellKind;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringViewArray, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use serde_json::Value;
use std::collections::HashMap;

/// Objects in objects, at most.
const DEPTH_MAX: usize = 32;

/// The values at one path.
pub struct Leaf {
    /// The path.
    pub name: String,
    /// What its values are.
    pub kind: CellKind,
    /// The values as text; NULL where there is none. Of what is neither text, whole number nor day only whether there is one.
    pub cells: StringViewArray,
    /// The row of each value within the batch, where a row may have several.
    pub rows: Option<Vec<u32>>,
}

impl Leaf {
    /// The row of a value within the batch.
    pub fn row(&self, cell: usize) -> u64 {
        self.rows.as_ref().map_or(cell as u64, |rows| u64::from(rows[cell]))
    }
}

/// The columns of a batch, objects and lists taken apart.
pub fn of_columns(batch: &RecordBatch) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    for (field, cells) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        add(field.name().clone(), cells, None, 0, &mut leaves);
    }
    leaves
}

fn add(name: String, cells: &ArrayRef, rows: Option<Vec<u32>>, depth: usize, leaves: &mut Vec<Leaf>) {
    let kind = match cells.data_type() {
        DataType::Struct(fields) if depth < DEPTH_MAX => {
            for (field, child) in fields.iter().zip(cells.as_struct().columns()) {
                add(format!("{name}.{}", field.name()), child, rows.clone(), depth + 1, leaves);
            }
            return;
        }
        DataType::List(_) if depth < DEPTH_MAX => {
            let lists = cells.as_list::<i32>();
            let outer = |cell: usize| rows.as_ref().map_or(cell as u32, |rows| rows[cell]);
            let (mut inner, first) = (Vec::new(), lists.value_offsets().first().copied().unwrap_or(0));
            for cell in 0..lists.len() {
                inner.extend(std::iter::repeat_n(outer(cell), lists.value_length(cell) as usize));
            }
            let values = lists.values().slice(first as usize, inner.len());
            add(format!("{name}[]"), &values, Some(inner), depth + 1, leaves);
            return;
        }
        DataType::Map(..) if depth < DEPTH_MAX => {
            let maps = cells.as_map();
            let outer = |cell: usize| rows.as_ref().map_or(cell as u32, |rows| rows[cell]);
            let (mut inner, first) = (Vec::new(), maps.value_offsets().first().copied().unwrap_or(0));
            for cell in 0..maps.len() {
                inner.extend(std::iter::repeat_n(outer(cell), maps.value_length(cell) as usize));
            }
            for (part, values) in [("key", maps.keys()), ("value", maps.values())] {
                add(
                    format!("{name}.{part}"),
                    &values.slice(first as usize, inner.len()),
                    Some(inner.clone()),
                    depth + 1,
                    leaves,
                );
            }
            return;
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => CellKind::Text,
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::UInt32 | DataType::UInt64 => {
            CellKind::Number
        }
        DataType::Decimal128(_, 0) => CellKind::Number,
        DataType::Date32 | DataType::Date64 => CellKind::Date,
        _ => CellKind::Other,
    };
    let text = match kind {
        CellKind::Text | CellKind::Number => {
            cast(cells, &DataType::Utf8).and_then(|text| cast(&text, &DataType::Utf8View)).ok()
        }
        _ => None,
    };
    // Bytes, days and the like are counted, and not read.
    let text = text.map(|text| text.as_string_view().clone());
    let text = text.unwrap_or_else(|| (0..cells.len()).map(|cell| cells.is_valid(cell).then_some("")).collect());
    leaves.push(Leaf { name, kind, cells: text, rows });
}

/// The paths of a block of JSON lines, and how many rows it has; `first` is the number of its first row.
pub fn of_lines(block: &[u8], first: u64) -> Result<(Vec<Leaf>, u64), FormatFault> {
    let mut paths = Paths::default();
    let mut row = 0u32;
    for line in block.split(|byte| *byte == b'\n').filter(|line| !line.iter().all(u8::is_ascii_whitespace)) {
        let fault = |fault: &str| FormatFault::at(first + u64::from(row), fault);
        let value: Value = serde_json::from_slice(line).map_err(|_| fault("is not a JSON object"))?;
        let Value::Object(fields) = value else { return Err(fault("is not a JSON object")) };
        for (name, value) in &fields {
            paths.add(name, value, row, 0);
        }
        row += 1;
    }
    Ok((paths.finish(row), u64::from(row)))
}

/// Values by path, in the order in which the paths appear.
#[derive(Default)]
struct Paths {
    known: HashMap<String, usize>,
    columns: Vec<(String, CellKind, StringViewBuilder, Vec<u32>)>,
}

impl Paths {
    fn add(&mut self, path: &str, value: &Value, row: u32, depth: usize) {
        match value {
            Value::Object(fields) if depth < DEPTH_MAX => {
                fields.iter().for_each(|(name, value)| self.add(&format!("{path}.{name}"), value, row, depth + 1));
            }
            Value::Array(values) if depth < DEPTH_MAX => {
                values.iter().for_each(|value| self.add(&format!("{path}[]"), value, row, depth + 1));
            }
            Value::String(text) => self.push(path, CellKind::Text, Some(text), row),
            Value::Number(number) if number.is_i64() || number.is_u64() => {
                self.push(path, CellKind::Number, Some(&number.to_string()), row);
            }
            Value::Null => self.push(path, CellKind::Other, None, row),
            // Deeper than anybody nests: looked at as the text that it is.
            Value::Object(_) | Value::Array(_) => self.push(path, CellKind::Text, Some(&value.to_string()), row),
            _ => self.push(path, CellKind::Other, Some(""), row),
        }
    }

    fn push(&mut self, path: &str, kind: CellKind, cell: Option<&str>, row: u32) {
        let place = match self.known.get(path) {
            Some(place) => *place,
            None => {
                self.known.insert(path.to_owned(), self.columns.len());
                self.columns.push((path.to_owned(), CellKind::Other, StringViewBuilder::new(), Vec::new()));
                self.columns.len() - 1
            }
        };
        let (_, known, cells, rows) = &mut self.columns[place];
        // One text among numbers makes a column of texts.
        *known = match (*known, kind) {
            (CellKind::Text, _) | (_, CellKind::Text) => CellKind::Text,
            (CellKind::Number, _) | (_, CellKind::Number) => CellKind::Number,
            _ => CellKind::Other,
        };
        cells.append_option(cell);
        rows.push(row);
    }

    fn finish(self, all: u32) -> Vec<Leaf> {
        let leaf = |(name, kind, mut cells, rows): (String, CellKind, StringViewBuilder, Vec<u32>)| {
            let is_plain =
                rows.len() == all as usize && rows.iter().enumerate().all(|(place, row)| place == *row as usize);
            Leaf { name, kind, cells: cells.finish(), rows: (!is_plain).then_some(rows) }
        };
        self.columns.into_iter().map(leaf).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_every_path_its_column_and_every_value_its_row() {
        let lines = b"{\"a\":{\"b\":\"x\"},\"n\":7}\n\n{\"l\":[{\"e\":\"p\"},{\"e\":\"q\"}],\"a\":null}\n";
        let (leaves, rows) = of_lines(lines, 0).expect("leaves");
        assert_eq!(rows, 2);
        let told: Vec<_> = leaves
            .iter()
            .map(|leaf| {
                let cells: Vec<_> =
                    (0..leaf.cells.len()).map(|cell| (leaf.row(cell), leaf.cells.iter().nth(cell).flatten())).collect();
                (leaf.name.as_str(), leaf.kind, cells)
            })
            .collect();
        assert_eq!(
            told,
            [
                ("a.b", CellKind::Text, vec![(0, Some("x"))]),
                ("n", CellKind::Number, vec![(0, Some("7"))]),
                ("a", CellKind::Other, vec![(1, None)]),
                ("l[].e", CellKind::Text, vec![(1, Some("p")), (1, Some("q"))]),
            ]
        );
        assert!(of_lines(b"[1]\n", 5).is_err_and(|fault| fault.row == Some(5)));
    }
}
