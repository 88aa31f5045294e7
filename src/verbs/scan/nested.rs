//! Objects and lists -> a column of text for each path: `customer.address.postcode`, `contacts[].email`.

use super::types::{declared, wider};
use crate::data::ColumnType;
use crate::data::text::whole_of;
use crate::format::FormatFault;
use crate::privacy::{CellKind, Engine, Finding, Header, Work};
use arrow::array::{
    Array, ArrayRef, AsArray, OffsetSizeTrait, RecordBatch, StringViewArray, StringViewBuilder, UInt64Array,
};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Float64Type};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::iter::repeat_n;
use std::ops::Range;

/// Objects in objects, at most.
const DEPTH_MAX: usize = 32;

/// Paths that keys of objects make, at most: an object may have a key for each of its customers.
pub const PATHS_MAX: usize = 2_000;

/// The values at one path.
pub struct Leaf {
    /// The path.
    pub name: String,
    /// Whether it leads into a column, and is none itself.
    pub is_path: bool,
    /// What its values are.
    pub kind: CellKind,
    /// The type that the file says, or that holds them all; none where there are none.
    pub column_type: Option<ColumnType>,
    /// The values as text; NULL where there is none. Of what is neither text nor whole number only whether there is one.
    pub cells: StringViewArray,
    /// The row of each value within the batch, where a row may have several.
    pub rows: Option<Vec<u32>>,
    /// Values that nobody looks at, and why.
    pub unread: Option<Unread>,
}

/// Values that are counted and that nobody looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread {
    /// How many.
    pub cells: u64,
    /// What is to be said of them.
    pub why: &'static str,
}

const NO_TEXT: &str = "hold bytes that are no text";
const NO_SUCH_TYPE: &str = "are of a type that is not looked at";
const TOO_DEEP: &str = "are nested more than 32 deep";

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
        add(At { name: field.name().clone(), rows: None, depth: 0 }, cells, &mut leaves);
    }
    leaves
}

/// Where values lie: their path, the row of each where a row may have several, and how many objects and lists they are in.
struct At {
    name: String,
    rows: Option<Vec<u32>>,
    depth: usize,
}

impl At {
    fn row(&self, cell: usize) -> u32 {
        self.rows.as_ref().map_or(cell as u32, |rows| rows[cell])
    }

    fn below(&self, name: String, rows: Option<Vec<u32>>) -> At {
        At { name, rows, depth: self.depth + 1 }
    }
}

fn add(at: At, cells: &ArrayRef, leaves: &mut Vec<Leaf>) {
    let nested = match cells.data_type() {
        DataType::Struct(_) | DataType::Map(..) => true,
        other => is_list(other),
    };
    if nested && at.depth >= DEPTH_MAX {
        return leaves.push(unread(at, cells, TOO_DEEP));
    }
    match cells.data_type() {
        DataType::Struct(fields) => {
            for (field, child) in fields.iter().zip(cells.as_struct().columns()) {
                add(at.below(format!("{}.{}", at.name, field.name()), at.rows.clone()), child, leaves);
            }
        }
        DataType::Map(..) => {
            let maps = cells.as_map();
            let ranges = between(maps.value_offsets());
            for (part, values) in [("key", maps.keys()), ("value", maps.values())] {
                let name = format!("{}.{part}", at.name);
                match gathered(&at, cells, &ranges, values) {
                    Some((values, rows)) => add(at.below(name, Some(rows)), &values, leaves),
                    None => leaves.push(unread(at.below(name, at.rows.clone()), cells, NO_SUCH_TYPE)),
                }
            }
        }
        other if is_list(other) => {
            let gathered = listed(cells).and_then(|(ranges, values)| gathered(&at, cells, &ranges, values));
            match gathered {
                Some((values, rows)) => add(at.below(format!("{}[]", at.name), Some(rows)), &values, leaves),
                None => leaves.push(unread(at, cells, NO_SUCH_TYPE)),
            }
        }
        DataType::Dictionary(_, values) => add_plain(at, cells, values, leaves),
        DataType::RunEndEncoded(_, values) => add_plain(at, cells, values.data_type(), leaves),
        _ => leaves.push(leaf(at, cells)),
    }
}

/// Values that are held once for all cells that have them, cell by cell; texts and bytes as views, so that they stay where they are.
fn add_plain(at: At, cells: &ArrayRef, values: &DataType, leaves: &mut Vec<Leaf>) {
    let plain = match values {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
        other => other.clone(),
    };
    match cast(cells, &plain) {
        Ok(plain) if plain.data_type() != cells.data_type() => add(at, &plain, leaves),
        _ => leaves.push(unread(at, cells, NO_SUCH_TYPE)),
    }
}

fn is_list(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::List(_)
            | DataType::LargeList(_)
            | DataType::FixedSizeList(..)
            | DataType::ListView(_)
            | DataType::LargeListView(_)
    )
}

/// Where each list's values lie among those of all, and these.
fn listed(cells: &ArrayRef) -> Option<(Vec<Range<usize>>, &ArrayRef)> {
    Some(match cells.data_type() {
        DataType::List(_) => {
            let lists = cells.as_list::<i32>();
            (between(lists.value_offsets()), lists.values())
        }
        DataType::LargeList(_) => {
            let lists = cells.as_list::<i64>();
            (between(lists.value_offsets()), lists.values())
        }
        DataType::ListView(_) => {
            let lists = cells.as_list_view::<i32>();
            (beginning(lists.value_offsets(), lists.value_sizes()), lists.values())
        }
        DataType::LargeListView(_) => {
            let lists = cells.as_list_view::<i64>();
            (beginning(lists.value_offsets(), lists.value_sizes()), lists.values())
        }
        DataType::FixedSizeList(_, length) => {
            let (lists, length) = (cells.as_fixed_size_list(), usize::try_from(*length).ok()?);
            ((0..lists.len()).map(|cell| cell * length..(cell + 1) * length).collect(), lists.values())
        }
        _ => return None,
    })
}

fn between<O: OffsetSizeTrait>(offsets: &[O]) -> Vec<Range<usize>> {
    offsets.windows(2).map(|pair| pair[0].as_usize()..pair[1].as_usize()).collect()
}

fn beginning<O: OffsetSizeTrait>(starts: &[O], lengths: &[O]) -> Vec<Range<usize>> {
    let range = |(start, length): (&O, &O)| start.as_usize()..start.as_usize() + length.as_usize();
    starts.iter().zip(lengths).map(range).collect()
}

/// The values of all lists that are not NULL, one list after another, and the row of each value.
fn gathered(at: &At, lists: &ArrayRef, ranges: &[Range<usize>], values: &ArrayRef) -> Option<(ArrayRef, Vec<u32>)> {
    let (mut rows, mut filled) = (Vec::new(), Vec::new());
    for (cell, range) in ranges.iter().enumerate().filter(|(cell, range)| lists.is_valid(*cell) && !range.is_empty()) {
        rows.extend(repeat_n(at.row(cell), range.len()));
        filled.push(range.clone());
    }
    let is_in_a_row = filled.windows(2).all(|pair| pair[0].end == pair[1].start);
    let values = match (filled.first(), filled.last()) {
        (Some(first), Some(last)) if is_in_a_row => values.slice(first.start, last.end - first.start),
        (Some(_), _) => {
            let places = UInt64Array::from_iter_values(filled.iter().cloned().flatten().map(|place| place as u64));
            take(values.as_ref(), &places, None).ok()?
        }
        (None, _) => values.slice(0, 0),
    };
    Some((values, rows))
}

/// Values of a type that is no list and no object.
fn leaf(at: At, cells: &ArrayRef) -> Leaf {
    let Some((kind, texts, unlike)) = read(cells) else { return unread(at, cells, NO_SUCH_TYPE) };
    let unread = (unlike > 0).then_some(Unread { cells: unlike, why: NO_TEXT });
    let At { name, rows, depth } = at;
    Leaf { name, is_path: depth > 0, kind, column_type: declared(cells.data_type()), cells: texts, rows, unread }
}

/// Values that are counted, and not looked at.
fn unread(at: At, cells: &ArrayRef, why: &'static str) -> Leaf {
    let texts = there(cells);
    let count = (texts.len() - texts.null_count()) as u64;
    let At { name, rows, depth } = at;
    let unread = (count > 0).then_some(Unread { cells: count, why });
    let column_type = declared(cells.data_type());
    Leaf { name, is_path: depth > 0, kind: CellKind::Other, column_type, cells: texts, rows, unread }
}

/// Whether there is a value, and nothing more.
fn there(cells: &ArrayRef) -> StringViewArray {
    let is_there = |cell: usize| *cells.data_type() != DataType::Null && cells.is_valid(cell);
    (0..cells.len()).map(|cell| is_there(cell).then_some("")).collect()
}

/// What values are, as texts, and how many of them are none; `None` of a type that is not looked at.
fn read(cells: &ArrayRef) -> Option<(CellKind, StringViewArray, u64)> {
    let text = || cast(cells, &DataType::Utf8).ok();
    let read = match cells.data_type() {
        DataType::Utf8View => (CellKind::Text, cells.as_string_view().clone(), 0),
        DataType::Utf8 | DataType::LargeUtf8 => {
            (CellKind::Text, cast(cells, &DataType::Utf8View).ok()?.as_string_view().clone(), 0)
        }
        DataType::Binary => of_bytes(cells.as_binary::<i32>().iter()),
        DataType::LargeBinary => of_bytes(cells.as_binary::<i64>().iter()),
        DataType::BinaryView => of_bytes(cells.as_binary_view().iter()),
        DataType::FixedSizeBinary(_) => of_bytes(cells.as_fixed_size_binary().iter()),
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64 => of_numbers(text()?.as_string::<i32>().iter().map(|cell| cell.map(Cow::Borrowed))),
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
            of_numbers(text()?.as_string::<i32>().iter().map(|cell| cell.map(without_zeros)))
        }
        DataType::Float16 | DataType::Float32 | DataType::Float64 => {
            let numbers = cast(cells, &DataType::Float64).ok()?;
            let cell =
                |number: f64| whole_of(number).map_or(Cow::Borrowed(""), |number| Cow::Owned(number.to_string()));
            of_numbers(numbers.as_primitive::<Float64Type>().iter().map(|number| number.map(cell)))
        }
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => (CellKind::Date, there(cells), 0),
        // Nothing in them is about anybody.
        DataType::Null
        | DataType::Boolean
        | DataType::Time32(_)
        | DataType::Time64(_)
        | DataType::Duration(_)
        | DataType::Interval(_) => (CellKind::Other, there(cells), 0),
        _ => return None,
    };
    Some(read)
}

/// Bytes as the texts that they are: older writers do not say which columns hold texts.
fn of_bytes<'a>(cells: impl Iterator<Item = Option<&'a [u8]>>) -> (CellKind, StringViewArray, u64) {
    let (mut texts, mut kind, mut unlike) = (StringViewBuilder::new(), CellKind::Other, 0);
    for cell in cells {
        match cell.map(std::str::from_utf8) {
            Some(Ok(text)) => {
                kind = CellKind::Text;
                texts.append_value(text);
            }
            Some(Err(_)) => {
                unlike += 1;
                texts.append_value("");
            }
            None => texts.append_null(),
        }
    }
    (kind, texts.finish(), unlike)
}

/// Numbers as texts, of which those that are not whole are empty.
fn of_numbers<'a>(cells: impl Iterator<Item = Option<Cow<'a, str>>>) -> (CellKind, StringViewArray, u64) {
    let (mut texts, mut kind) = (StringViewBuilder::new(), CellKind::Other);
    for cell in cells {
        if cell.as_ref().is_some_and(|cell| !cell.is_empty()) {
            kind = CellKind::Number;
        }
        texts.append_option(cell);
    }
    (kind, texts.finish(), 0)
}

/// A decimal without the zeros behind its point; nothing where something else stands there.
fn without_zeros(text: &str) -> Cow<'_, str> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    Cow::Borrowed(if fraction.bytes().all(|digit| digit == b'0') { whole } else { "" })
}

/// Which keys of objects have columns of their own, in all blocks and files of a scan.
pub struct Keys {
    engine: &'static Engine,
    work: Work,
    found: Vec<Finding>,
    paths: HashSet<String>,
    /// Whether there are more than [`PATHS_MAX`] paths.
    pub are_too_many: bool,
}

/// Where the value of a key goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goes {
    /// To a column of the key's name.
    ToItsOwn,
    /// To that of all values whose keys are about somebody.
    WithItsKey,
    /// To the same, as it is: there are too many columns already.
    WithItsKeyAsText,
}

impl Keys {
    /// None seen yet.
    pub fn new(engine: &'static Engine) -> Self {
        let work = engine.take_work();
        Keys { engine, work, found: Vec::new(), paths: HashSet::new(), are_too_many: false }
    }

    fn goes(&mut self, path: &str, key: &str) -> Goes {
        if self.paths.contains(path) {
            return Goes::ToItsOwn;
        }
        self.engine.find(key, &Header::none(), &mut self.work, &mut self.found);
        if !self.found.is_empty() {
            return Goes::WithItsKey;
        }
        if self.paths.len() >= PATHS_MAX {
            self.are_too_many = true;
            return Goes::WithItsKeyAsText;
        }
        self.paths.insert(path.to_owned());
        Goes::ToItsOwn
    }
}

/// The fields of an object in their order; of one name there may be several.
struct Fields<'de>(Vec<(String, &'de RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OfObject)
    }
}

struct OfObject;

impl<'de> Visitor<'de> for OfObject {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = object.next_entry::<String, &'de RawValue>()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}

/// The paths of a block of JSON lines, and how many rows it has; `first` is the number of its first row.
pub fn of_lines(block: &[u8], first: u64, keys: &mut Keys) -> Result<(Vec<Leaf>, u64), FormatFault> {
    let (mut paths, mut row) = (Paths::new(keys), 0u32);
    for line in block.split(|byte| *byte == b'\n').filter(|line| !line.iter().all(u8::is_ascii_whitespace)) {
        let read = serde_json::from_slice(line).and_then(|fields| paths.add_fields("", fields, row, 0));
        read.map_err(|_| FormatFault::at(first + u64::from(row), "is not a JSON object"))?;
        row += 1;
    }
    Ok((paths.finish(row), u64::from(row)))
}

/// Values by path, in the order in which the paths appear.
struct Paths<'k> {
    keys: &'k mut Keys,
    known: HashMap<String, usize>,
    columns: Vec<PathColumn>,
}

struct PathColumn {
    name: String,
    is_path: bool,
    kind: CellKind,
    column_type: Option<ColumnType>,
    cells: StringViewBuilder,
    rows: Vec<u32>,
}

/// A value that is neither object nor list.
struct Plain<'a> {
    kind: CellKind,
    column_type: Option<ColumnType>,
    cell: Option<Cow<'a, str>>,
}

impl<'k> Paths<'k> {
    fn new(keys: &'k mut Keys) -> Self {
        Paths { keys, known: HashMap::new(), columns: Vec::new() }
    }

    /// The fields of the object at `path`, which is empty for a row.
    fn add_fields(
        &mut self,
        path: &str,
        Fields(fields): Fields<'_>,
        row: u32,
        depth: usize,
    ) -> Result<(), serde_json::Error> {
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        for (key, value) in fields {
            let own = below(&key);
            let goes = self.keys.goes(&own, &key);
            if goes == Goes::ToItsOwn {
                self.add(&own, value, row, depth)?;
                continue;
            }
            let key = Plain { kind: CellKind::Text, column_type: Some(ColumnType::Text), cell: Some(Cow::Owned(key)) };
            // As in a map of Parquet; no key is a column then.
            self.push(&below("key"), true, key, row);
            let depth = if goes == Goes::WithItsKey { depth.max(1) } else { DEPTH_MAX };
            self.add(&below("value"), value, row, depth)?;
        }
        Ok(())
    }

    /// The value at `path`, which lies in so many objects and lists.
    fn add(&mut self, path: &str, value: &RawValue, row: u32, depth: usize) -> Result<(), serde_json::Error> {
        let text = value.get();
        let plain = match text.as_bytes().first() {
            Some(b'{') if depth < DEPTH_MAX => {
                return self.add_fields(path, serde_json::from_str(text)?, row, depth + 1);
            }
            Some(b'[') if depth < DEPTH_MAX => {
                let (values, path): (Vec<&RawValue>, String) = (serde_json::from_str(text)?, format!("{path}[]"));
                return values.into_iter().try_for_each(|value| self.add(&path, value, row, depth + 1));
            }
            // Deeper than anybody nests: looked at as the text that it is.
            Some(b'{' | b'[') => {
                Plain { kind: CellKind::Text, column_type: Some(ColumnType::Text), cell: Some(Cow::Borrowed(text)) }
            }
            Some(b'"') => {
                Plain { kind: CellKind::Text, column_type: Some(ColumnType::Text), cell: Some(text_of(text)?) }
            }
            Some(b'n') => Plain { kind: CellKind::Other, column_type: None, cell: None },
            Some(b't' | b'f') => {
                let cell = Some(Cow::Borrowed(""));
                Plain { kind: CellKind::Other, column_type: Some(ColumnType::Boolean), cell }
            }
            _ => number(text),
        };
        self.push(path, depth > 0, plain, row);
        Ok(())
    }

    fn push(&mut self, path: &str, is_path: bool, Plain { kind, column_type, cell }: Plain<'_>, row: u32) {
        let place = match self.known.get(path) {
            Some(place) => *place,
            None => {
                self.known.insert(path.to_owned(), self.columns.len());
                let (name, cells) = (path.to_owned(), StringViewBuilder::new());
                let (kind, column_type, rows) = (CellKind::Other, None, Vec::new());
                self.columns.push(PathColumn { name, is_path, kind, column_type, cells, rows });
                self.columns.len() - 1
            }
        };
        let column = &mut self.columns[place];
        // One text among numbers makes a column of texts.
        column.kind = column.kind.min(kind);
        column.is_path |= is_path;
        column.column_type = wider(column.column_type, column_type);
        column.cells.append_option(cell);
        column.rows.push(row);
    }

    fn finish(self, all: u32) -> Vec<Leaf> {
        let leaf = |PathColumn { name, is_path, kind, column_type, mut cells, rows }: PathColumn| {
            let is_plain =
                rows.len() == all as usize && rows.iter().enumerate().all(|(place, row)| place == *row as usize);
            let rows = (!is_plain).then_some(rows);
            Leaf { name, is_path, kind, column_type, cells: cells.finish(), rows, unread: None }
        };
        self.columns.into_iter().map(leaf).collect()
    }
}

/// What a text of JSON says.
fn text_of(raw: &str) -> Result<Cow<'_, str>, serde_json::Error> {
    match raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Ok(Cow::Borrowed(plain)),
        _ => serde_json::from_str::<String>(raw).map(Cow::Owned),
    }
}

/// A number of JSON, with all of its digits where it is whole.
fn number(raw: &str) -> Plain<'_> {
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    if digits.bytes().all(|digit| digit.is_ascii_digit()) {
        let column_type = match digits.len() {
            _ if raw.parse::<i64>().is_ok() => ColumnType::Bigint,
            0..=38 => ColumnType::Numeric { precision: 38, scale: 0 },
            _ => ColumnType::Text,
        };
        return Plain { kind: CellKind::Number, column_type: Some(column_type), cell: Some(Cow::Borrowed(raw)) };
    }
    let (kind, cell) = match raw.parse::<f64>().ok().and_then(whole_of) {
        Some(number) => (CellKind::Number, Cow::Owned(number.to_string())),
        None => (CellKind::Other, Cow::Borrowed("")),
    };
    Plain { kind, column_type: Some(ColumnType::Double), cell: Some(cell) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{
        BinaryArray, Decimal128Array, FixedSizeListArray, Float64Array, Int32Array, LargeListArray, LargeStringArray,
        ListViewArray, StringArray, UInt8Array,
    };
    use arrow::buffer::{OffsetBuffer, ScalarBuffer};
    use arrow::datatypes::Field;
    use std::sync::Arc;

    fn keys() -> Keys {
        Keys::new(Engine::shared().expect("an engine"))
    }

    fn cells(leaf: &Leaf) -> Vec<(u64, Option<&str>)> {
        leaf.cells.iter().enumerate().map(|(cell, text)| (leaf.row(cell), text)).collect()
    }

    fn of_column(cells: ArrayRef) -> Vec<Leaf> {
        of_columns(&RecordBatch::try_from_iter([("c", cells)]).expect("a batch"))
    }

    #[test]
    fn gives_every_path_its_column_and_every_value_its_row() {
        let lines = b"{\"a\":{\"b\":\"x\"},\"n\":7}\n\n{\"l\":[{\"e\":\"p\"},{\"e\":\"q\"}],\"a\":null}\n";
        let (leaves, rows) = of_lines(lines, 0, &mut keys()).expect("leaves");
        assert_eq!(rows, 2);
        let told: Vec<_> =
            leaves.iter().map(|leaf| (leaf.name.as_str(), leaf.kind, leaf.is_path, cells(leaf))).collect();
        assert_eq!(
            told,
            [
                ("a.b", CellKind::Text, true, vec![(0, Some("x"))]),
                ("n", CellKind::Number, false, vec![(0, Some("7"))]),
                ("l[].e", CellKind::Text, true, vec![(1, Some("p")), (1, Some("q"))]),
                ("a", CellKind::Other, false, vec![(1, None)]),
            ]
        );
        assert!(of_lines(b"[1]\n", 5, &mut keys()).is_err_and(|fault| fault.row == Some(5)));
    }

    #[test]
    fn looks_at_every_value_of_a_key_that_an_object_has_twice() {
        let (leaves, _) = of_lines(b"{\"note\":\"one\",\"note\":\"t\\u0077o\"}\n", 0, &mut keys()).expect("leaves");
        assert_eq!(cells(&leaves[0]), [(0, Some("one")), (0, Some("two"))]);
    }

    #[test]
    fn numbers_keep_all_of_their_digits() {
        let lines = b"{\"n\":7700900123.0}\n{\"n\":123456789012345678901}\n{\"n\":0.5}\n{\"n\":-7}\n";
        let (leaves, _) = of_lines(lines, 0, &mut keys()).expect("leaves");
        let texts: Vec<_> = leaves[0].cells.iter().flatten().collect();
        assert_eq!(texts, ["7700900123", "123456789012345678901", "", "-7"]);
        assert_eq!((leaves.len(), leaves[0].kind), (1, CellKind::Number));
    }

    #[test]
    fn a_key_that_is_about_somebody_is_a_cell_and_no_column() {
        let lines = b"{\"by_user\":{\"wren@example.org\":{\"n\":1},\"rook@example.org\":{\"n\":2}}}\n";
        let (leaves, _) = of_lines(lines, 0, &mut keys()).expect("leaves");
        let told: Vec<_> = leaves.iter().map(|leaf| (leaf.name.as_str(), leaf.cells.len())).collect();
        assert_eq!(told, [("by_user.key", 2), ("by_user.value.n", 2)]);
        let (leaves, _) = of_lines(b"{\"wren@example.org\":1}\n", 0, &mut keys()).expect("leaves");
        let told: Vec<_> = leaves.iter().map(|leaf| (leaf.name.as_str(), leaf.is_path)).collect();
        assert_eq!(told, [("key", true), ("value", true)]);
    }

    #[test]
    fn keys_beyond_a_bound_make_no_columns_and_their_values_are_looked_at() {
        let mut keys = keys();
        let fields: Vec<String> = (0..PATHS_MAX + 50).map(|n| format!("\"k{n}\":{{\"e\":\"x{n}\"}}")).collect();
        let line = format!("{{\"by_id\":{{{}}}}}\n", fields.join(","));
        let (leaves, _) = of_lines(line.as_bytes(), 0, &mut keys).expect("leaves");
        assert!(keys.are_too_many && leaves.len() <= PATHS_MAX, "{}", leaves.len());
        let all = leaves.iter().flat_map(|leaf| leaf.cells.iter().flatten());
        let all: String = all.flat_map(|cell| [cell, "\n"]).collect();
        for n in [0, 998, 999, 1_000, PATHS_MAX + 49] {
            assert!(all.contains(&format!("x{n}\n")) || all.contains(&format!("x{n}\"")), "{n}");
        }
        let (more, _) = of_lines(line.as_bytes(), 1, &mut keys).expect("leaves");
        assert_eq!(more.len(), leaves.len());
    }

    #[test]
    fn takes_every_sort_of_list_apart() {
        let mails = ["a@example.org", "b@example.org", "c@example.org"];
        let field = Arc::new(Field::new("item", DataType::LargeUtf8, true));
        let values: ArrayRef = Arc::new(LargeStringArray::from(mails.to_vec()));
        let offsets = OffsetBuffer::new(ScalarBuffer::from(vec![0i64, 2, 2, 3]));
        let large = LargeListArray::new(Arc::clone(&field), offsets, Arc::clone(&values), None);
        let (starts, lengths) = (ScalarBuffer::from(vec![1i32, 0, 0]), ScalarBuffer::from(vec![2i32, 0, 1]));
        let views = ListViewArray::new(Arc::clone(&field), starts, lengths, Arc::clone(&values), None);
        let fixed = FixedSizeListArray::new(field, 1, values, None);
        for (lists, rows, texts) in [
            (Arc::new(large) as ArrayRef, [0, 0, 2], mails),
            (Arc::new(views) as ArrayRef, [0, 0, 2], [mails[1], mails[2], mails[0]]),
            (Arc::new(fixed) as ArrayRef, [0, 1, 2], mails),
        ] {
            let leaves = of_column(lists);
            assert_eq!((leaves.len(), leaves[0].name.as_str(), leaves[0].kind), (1, "c[]", CellKind::Text));
            let expected: Vec<_> = rows.into_iter().zip(texts.map(Some)).collect();
            assert_eq!(cells(&leaves[0]), expected);
        }
    }

    #[test]
    fn bytes_and_numbers_are_looked_at_as_what_they_hold_and_the_rest_is_told() {
        let bytes = vec![Some(&b"wren@example.org"[..]), Some(&b"\xff\xfe"[..]), None];
        let bytes: ArrayRef = Arc::new(BinaryArray::from(bytes));
        let leaf = &of_column(bytes)[0];
        assert_eq!(cells(leaf), [(0, Some("wren@example.org")), (1, Some("")), (2, None)]);
        assert_eq!((leaf.kind, leaf.unread), (CellKind::Text, Some(Unread { cells: 1, why: NO_TEXT })));
        let scaled = Decimal128Array::from(vec![770_090_012_300, 150]).with_precision_and_scale(14, 2).expect("scale");
        let scaled: ArrayRef = Arc::new(scaled);
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![7_700_900_123.0, 1.5]));
        for numbers in [floats, scaled] {
            let leaf = &of_column(numbers)[0];
            assert_eq!((leaf.kind, leaf.unread), (CellKind::Number, None));
            assert_eq!(cells(leaf), [(0, Some("7700900123")), (1, Some(""))]);
        }
        let small: ArrayRef = Arc::new(UInt8Array::from(vec![7]));
        assert_eq!(of_column(small)[0].kind, CellKind::Number);
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
        let words = cast(&texts, &DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)));
        assert_eq!(of_column(words.expect("a dictionary"))[0].kind, CellKind::Text);
        let mut deep: ArrayRef = Arc::new(Int32Array::from(vec![1]));
        for _ in 0..=DEPTH_MAX {
            let field = Arc::new(Field::new("item", deep.data_type().clone(), true));
            deep = Arc::new(FixedSizeListArray::new(field, 1, deep, None));
        }
        assert_eq!(of_column(deep)[0].unread, Some(Unread { cells: 1, why: TOO_DEEP }));
    }
}
