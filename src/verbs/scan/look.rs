//! Batches -> counts of each column and, where they are wanted, findings in the order of rows; on all cores.

use super::super::paths::SideFile;
use super::nested::{Keys, Leaf, Unread};
use super::rows::{Batch, read};
use super::types::wider;
use crate::data::ColumnType;
use crate::failure::Failure;
use crate::privacy::{CellTold, ColumnTally, ColumnVerdict, Engine, Header, Kind, Memo, Span, verdict};
use crate::report::count;
use arrow::array::Array;
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::Mutex;

/// Values that one core looks at in one go.
const CELLS_AT_ONCE: usize = 1024;

/// What a scan came to.
pub struct Scanned {
    /// The columns, in the order in which they appear.
    pub columns: Vec<ScannedColumn>,
    /// The findings: file, column and place, in the order of files and rows.
    pub spans: Vec<(usize, usize, Span)>,
    /// What messages call the files.
    pub files: Vec<String>,
    /// Rows of all files.
    pub rows: u64,
    /// Columns that nobody could read or look at, and why.
    pub unread: Vec<(String, String)>,
    /// Cells that could not be read.
    pub cells_unread: u64,
    /// Whether objects have too many keys for a column each.
    pub are_keys_too_many: bool,
}

/// One column.
pub struct ScannedColumn {
    /// Its name, or its path.
    pub name: String,
    /// Whether it is a path within a column.
    pub is_path: bool,
    /// The type that the files say, or that holds all of its values; none where there are none.
    pub column_type: Option<ColumnType>,
    /// Whether there are cells of it that nobody looked at.
    pub is_unread: bool,
    /// Its counts.
    pub tally: ColumnTally,
    /// What it is of.
    pub verdict: ColumnVerdict,
}

impl ScannedColumn {
    /// Whether it is of a kind, or a cell of it holds one; `None` stands for any kind.
    pub fn holds(&self, kind: Option<Kind>) -> bool {
        match kind {
            None => self.verdict.kind.is_some() || !self.verdict.found.is_empty(),
            Some(kind) => {
                self.verdict.kind == Some(kind.id()) || self.verdict.found.iter().any(|(found, _)| *found == kind)
            }
        }
    }
}

struct Column {
    /// What it is called in the result.
    told: String,
    /// Its own name, whose words say what it is of.
    name: String,
    header: Header,
    is_path: bool,
    column_type: Option<ColumnType>,
    unread: Option<Unread>,
    tally: ColumnTally,
}

/// A scan under way.
pub struct Look {
    engine: &'static Engine,
    wants_spans: bool,
    columns: Vec<Column>,
    known: HashMap<(String, String), usize>,
    /// What cells of the columns told, as threads gave it back.
    memos: Mutex<Vec<Memo<CellTold>>>,
    spans: Vec<(usize, usize, Span)>,
    rows: u64,
}

impl Look {
    /// Nothing looked at yet.
    pub fn new(engine: &'static Engine, wants_spans: bool) -> Self {
        let (columns, spans) = (Vec::new(), Vec::new());
        Look { engine, wants_spans, columns, known: HashMap::new(), memos: Mutex::default(), spans, rows: 0 }
    }

    /// Looks at every cell of a batch. Columns of one name and one `table` are one column; a table's name stands before its columns'.
    pub fn take(&mut self, file: usize, table: &str, batch: &Batch) {
        self.rows += batch.rows;
        let from = self.spans.len();
        for leaf in &batch.leaves {
            let columns = &mut self.columns;
            let place = *self.known.entry((table.to_owned(), leaf.name.clone())).or_insert_with(|| {
                let told = match (is_tellable(&leaf.name, self.engine), table) {
                    (false, _) => format!("column {} {NOT_REPEATED}", columns.len() + 1),
                    (true, "") => leaf.name.clone(),
                    (true, table) => format!("{table}.{}", leaf.name),
                };
                let (header, tally) = (Header::new(&leaf.name), ColumnTally::new(leaf.kind));
                let (name, is_path) = (leaf.name.clone(), leaf.is_path);
                columns.push(Column { told, name, header, is_path, column_type: None, unread: None, tally });
                columns.len() - 1
            });
            let (tally, found) = self.of_leaf(leaf, batch, place);
            let column = &mut self.columns[place];
            column.tally = std::mem::take(&mut column.tally).and(tally);
            column.is_path |= leaf.is_path;
            column.column_type = wider(column.column_type, leaf.column_type);
            if let Some(Unread { cells, why }) = leaf.unread {
                let before = column.unread.map_or(0, |unread| unread.cells);
                column.unread = Some(Unread { cells: before + cells, why });
            }
            self.spans.extend(found.into_iter().map(|span| (file, place, span)));
        }
        self.spans[from..].sort_by_key(|(_, place, span): &(usize, usize, Span)| (span.row, *place));
    }

    /// Looks at a batch's cells of a column.
    fn of_leaf(&self, leaf: &Leaf, batch: &Batch, place: usize) -> (ColumnTally, Vec<Span>) {
        let header = &self.columns[place].header;
        // Of another type in another file, the same cell is something else.
        let column = place as u32 * 4 + leaf.kind as u32;
        let pieces = (0..leaf.cells.len()).into_par_iter().step_by(CELLS_AT_ONCE);
        let pieces = pieces.map(|start| {
            let mut work = self.engine.take_work();
            let mut memo = self.memos.lock().ok().and_then(|mut memos| memos.pop()).unwrap_or_default();
            let (mut tally, mut spans) = (ColumnTally::new(leaf.kind), Vec::new());
            for cell in start..leaf.cells.len().min(start + CELLS_AT_ONCE) {
                if leaf.cells.is_null(cell) {
                    tally.add_null();
                    continue;
                }
                let text = leaf.cells.value(cell);
                if !self.wants_spans {
                    tally.add_once(text, (column, header), self.engine, &mut work, &mut memo);
                    continue;
                }
                tally.add(text, header, self.engine, &mut work);
                let row = batch.first + leaf.row(cell);
                // In order, and none over another: each character is counted once.
                let (mut byte, mut place) = (0, 0);
                spans.extend(work.found.iter().map(|finding| {
                    let start = place + characters(&text[byte..finding.start]);
                    let end = start + characters(&text[finding.start..finding.end]);
                    (byte, place) = (finding.end, end);
                    Span { row, start, end, kind: finding.kind, score: finding.score }
                }));
            }
            tally.settle(&mut memo);
            self.engine.give_back(work);
            if let Ok(mut memos) = self.memos.lock() {
                memos.push(memo);
            }
            (tally, spans)
        });
        let pieces: Vec<_> = pieces.collect();
        let (mut tally, mut spans) = (ColumnTally::new(leaf.kind), Vec::new());
        for (piece, found) in pieces {
            tally = tally.and(piece);
            spans.extend(found);
        }
        (tally, spans)
    }

    /// What it came to; `files` are what messages call the files or tables.
    pub fn finish(self, files: Vec<String>) -> Scanned {
        let unread = self.columns.iter().filter_map(|Column { told, tally, unread, .. }| {
            let Unread { cells, why } = (*unread)?;
            Some((told.clone(), format!("{} of its {} cells {why}", count(cells), count(tally.cells))))
        });
        let unread = unread.collect();
        let judged = |Column { told, name, is_path, column_type, unread, tally, .. }| {
            let (verdict, is_unread) = (verdict(&name, &tally), unread.is_some());
            ScannedColumn { name: told, is_path, column_type, is_unread, tally, verdict }
        };
        let columns = self.columns.into_iter().map(judged).collect();
        let (spans, rows) = (self.spans, self.rows);
        Scanned { columns, spans, files, rows, unread, cells_unread: 0, are_keys_too_many: false }
    }
}

/// What stands for a column's name that may be a value.
pub const NOT_REPEATED: &str = "(its name is not repeated)";

/// Whether a column's name may be told: a file without a header has its first row of values there.
fn is_tellable(name: &str, engine: &Engine) -> bool {
    let (mut work, mut found) = (engine.take_work(), Vec::new());
    engine.find(name, &Header::none(), &mut work, &mut found);
    engine.give_back(work);
    found.is_empty() && !name.contains(char::is_control)
}

/// Looks at every cell of the files.
pub fn look(files: &[SideFile], engine: &'static Engine, wants_spans: bool) -> Result<Scanned, Failure> {
    let (mut look, mut keys) = (Look::new(engine, wants_spans), Keys::new(engine));
    for (file, named) in files.iter().enumerate() {
        read(named, &mut keys, &mut |batch: Batch| look.take(file, "", &batch))?;
    }
    let scanned = look.finish(files.iter().map(|file| file.name.clone()).collect());
    Ok(Scanned { are_keys_too_many: keys.are_too_many, ..scanned })
}

/// Unicode scalar values.
fn characters(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}
