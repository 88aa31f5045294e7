//! Rows about people who are to be forgotten, found by what they were before treatment.
//!
//! A row is a person's when a column of a kind (`email`) holds a value whose HMAC the list has under that kind, in the one writing
//! of the kind. Texts and whole numbers are looked at; people in free text or inside JSON are not found so.
//!
//! Never in here: where the list lies, and who is on it.

use super::canonical::Canonical;
use super::mac::{Mac, Tag};
use super::treat::text_of;
use crate::data::Column;
use arrow::array::{BooleanArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::filter_record_batch;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Between a kind and a value, so that no two of them are written alike.
const BETWEEN: &[u8] = b"\0";

/// A column that holds a kind of the list and cannot be looked through.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column `{column}` is of a kind by which people are to be forgotten, and neither a text nor a whole number")]
pub struct NotLookedAt {
    /// The column.
    pub column: String,
}

/// People who are to be forgotten, by what is known of them. Debug prints how many.
pub struct Forgotten {
    by: Option<Mac>,
    kinds: HashMap<String, HashSet<Tag>>,
}

impl Forgotten {
    /// Nobody.
    pub fn nobody() -> Self {
        Forgotten { by: None, kinds: HashMap::new() }
    }

    /// Those of `people`, each a kind and the tag that `by` makes of it.
    pub fn new(by: Mac, people: impl IntoIterator<Item = (String, Tag)>) -> Self {
        let mut kinds: HashMap<String, HashSet<Tag>> = HashMap::new();
        for (kind, tag) in people {
            kinds.entry(kind).or_default().insert(tag);
        }
        Forgotten { by: Some(by), kinds }
    }

    /// Columns that are looked at.
    pub fn columns<'a>(&self, columns: &'a [Column]) -> impl Iterator<Item = &'a Column> {
        columns.iter().filter(|column| column.kind.as_ref().is_some_and(|kind| self.kinds.contains_key(kind)))
    }

    /// Which of `rows` are theirs; `None` where none is. `columns` describe those of the rows, and may describe more.
    pub fn found(&self, rows: &RecordBatch, columns: &[Column]) -> Result<Option<BooleanBuffer>, NotLookedAt> {
        let Some(by) = &self.by else { return Ok(None) };
        let mut any: Option<BooleanBuffer> = None;
        let mut written = String::new();
        for column in self.columns(columns) {
            let (Some(kind), Some(values)) = (&column.kind, rows.column_by_name(column.name.as_str())) else {
                continue;
            };
            let Some(people) = self.kinds.get(kind) else { continue };
            let canonical = Canonical::of(Some(kind));
            let (mut row, mut asked, mut tags) = (0, Vec::new(), by.tags(values.len()));
            let looked = text_of(values, column, &mut |text| {
                if let Some(text) = text {
                    canonical.write(text, &mut written);
                    tags.add(&[kind.as_bytes(), BETWEEN, written.as_bytes()]);
                    asked.push(row);
                }
                row += 1;
            });
            looked.ok_or_else(|| NotLookedAt { column: column.name.to_string() })?;
            let mut theirs = vec![false; values.len()];
            for (row, tag) in asked.into_iter().zip(tags.finish()) {
                theirs[row] = people.contains(&tag);
            }
            if theirs.contains(&true) {
                let theirs = BooleanBuffer::from(theirs);
                any = Some(any.map_or(theirs.clone(), |any| &any | &theirs));
            }
        }
        Ok(any)
    }

    /// The other rows.
    pub fn others(&self, rows: &RecordBatch, columns: &[Column]) -> Result<RecordBatch, NotLookedAt> {
        let Some(theirs) = self.found(rows, columns)? else { return Ok(rows.clone()) };
        let others = BooleanArray::new(!&theirs, None);
        // A mask of as many rows as there are always fits.
        Ok(filter_record_batch(rows, &others).unwrap_or_else(|_| rows.slice(0, 0)))
    }

    /// The kinds by which they are known.
    pub fn kinds(&self) -> BTreeSet<String> {
        self.kinds.keys().cloned().collect()
    }
}

impl std::fmt::Debug for Forgotten {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to be forgotten", self.kinds.values().map(HashSet::len).sum::<usize>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{ColumnType, Name};
    use arrow::array::{ArrayRef, Int64Array, StringViewArray};
    use std::sync::Arc;

    fn column(name: &str, declared: &str, kind: &str) -> Column {
        let plain = Column::plain(Name::new(name).expect("a name"), ColumnType::parse(declared).expect("a type"));
        Column { kind: Some(kind.to_owned()), ..plain }
    }

    fn by() -> Mac {
        Mac::new(&[7; 32])
    }

    fn person(kind: &str, written: &str) -> (String, Tag) {
        (kind.to_owned(), by().of(format!("{kind}\0{written}").as_bytes()))
    }

    #[test]
    fn finds_a_person_in_any_writing_and_by_no_other_kind() {
        let forgotten = Forgotten::new(by(), [person("email", "wren@example.org"), person("account", "4711")]);
        let emails: ArrayRef =
            Arc::new(StringViewArray::from(vec![Some(" Wren@Example.org"), None, Some("rook@example.org"), Some("x")]));
        let accounts: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(2), None, Some(4711)]));
        let rows = RecordBatch::try_from_iter([("mail", Arc::clone(&emails)), ("account", accounts)]).expect("rows");
        let columns = [column("mail", "text", "email"), column("account", "bigint", "account")];
        assert_eq!(forgotten.others(&rows, &columns).expect("rows"), rows.slice(1, 2));
        // The same value of another kind is nobody's.
        let columns = [column("mail", "text", "login"), column("account", "bigint", "reference")];
        assert_eq!(forgotten.found(&rows, &columns), Ok(None));
        assert_eq!(Forgotten::nobody().found(&rows, &columns), Ok(None));
        assert_eq!(format!("{forgotten:?}"), "2 to be forgotten");
    }

    #[test]
    fn finds_a_person_wherever_in_a_long_column() {
        let forgotten = Forgotten::new(by(), [person("email", "p3@example.org"), person("email", "p20@example.org")]);
        let mails = (0..30).map(|row| (row % 7 != 5).then(|| format!("P{}@Example.org", row % 23)));
        let mails: ArrayRef = Arc::new(mails.collect::<StringViewArray>());
        let rows = RecordBatch::try_from_iter([("mail", mails)]).expect("rows");
        let found = forgotten.found(&rows, &[column("mail", "text", "email")]).expect("looked at").expect("somebody");
        // Row 26 (23 + 3) would be the third, and is NULL.
        assert_eq!(found.set_indices().collect::<Vec<_>>(), [3, 20]);
    }

    #[test]
    fn refuses_a_column_that_it_cannot_look_through() {
        let forgotten = Forgotten::new(by(), [person("date_of_birth", "1990-01-01")]);
        let days: ArrayRef = Arc::new(arrow::array::Date32Array::from(vec![0]));
        let rows = RecordBatch::try_from_iter([("born_on", days)]).expect("rows");
        let refused = forgotten.found(&rows, &[column("born_on", "date", "date_of_birth")]);
        assert_eq!(refused, Err(NotLookedAt { column: "born_on".into() }));
    }
}
