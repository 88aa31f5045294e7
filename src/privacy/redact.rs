//! Rows + treatments -> [`Redacted`]: the only thing a store takes, made in one place.
//!
//! A path that forgets redaction does not compile, because nobody else can make one:
//!
//! ```compile_fail,E0451
//! use arrow::array::RecordBatch;
//! use nightferry::{data::{Audience, Name}, privacy::Redacted};
//!
//! fn makes(rows: RecordBatch, dataset: Name) -> Redacted {
//!     Redacted { rows, dataset, audience: Audience::Analytics }
//! }
//! ```
//!
//! The one maker, of the same rows:
//!
//! ```
//! use arrow::array::RecordBatch;
//! use nightferry::{data::{Audience, Name}, privacy::{ColumnTreatment, Keys, RedactFault, Redacted, redact}};
//!
//! fn makes(rows: RecordBatch, dataset: Name, columns: &[ColumnTreatment], keys: &Keys) -> Result<Redacted, RedactFault> {
//!     redact(&rows, columns, Audience::Analytics, &dataset, keys)
//! }
//! ```

use super::keys::Keys;
use super::shift::Subject;
use super::told::Told;
use super::treat::{TreatmentFault, published_type, treat};
use crate::data::{Audience, Column, Name, Treatment};
use crate::format::parquet_back::PublishedRows;
use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema, SchemaRef};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What one audience sees of one column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnTreatment {
    /// The column.
    pub column: Column,
    /// What is done to it.
    pub treatment: Treatment,
}

/// Rows that one audience may see. Made only by [`redact`], and of rows that it made by [`again`] and by what takes small groups out of them
/// (`small_cells`); a store of another audience refuses them.
#[derive(Clone, Debug)]
pub struct Redacted {
    rows: RecordBatch,
    dataset: Name,
    audience: Audience,
    told: BTreeMap<String, Told>,
}

/// Why rows cannot be redacted as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedactFault {
    /// A treatment does not fit its column.
    #[error(transparent)]
    Treatment(#[from] TreatmentFault),
    /// A column that the audience sees is not among the rows.
    #[error("column `{0}` is not among the rows")]
    Missing(String),
    /// A personal column would be kept for an audience that must not see it.
    #[error("column `{column}` is personal, and `{audience}` keeps it as it is")]
    PersonalKept {
        /// The column.
        column: String,
        /// The audience.
        audience: Audience,
    },
    /// A domain has more values than there is memory for their tokens.
    #[error("the tokens of domain `{0}` need more memory than there is for them")]
    VaultFull(String),
    /// The rows could not be put together (a fault of ours).
    #[error("the treated columns of `{0}` do not fit together")]
    Shape(String),
}

impl Redacted {
    /// The rows, columns in schema order and of the types of [`published_schema`].
    pub fn rows(&self) -> &RecordBatch {
        &self.rows
    }

    /// The dataset they belong to.
    pub fn dataset(&self) -> &Name {
        &self.dataset
    }

    /// Column -> what treating it told, where it tells anything.
    pub fn told(&self) -> &BTreeMap<String, Told> {
        &self.told
    }

    /// Rows of these that were put aside, for the same eyes; what `small_cells` takes out of them is gone.
    pub(super) fn put_back(&self, rows: RecordBatch) -> Redacted {
        Redacted { rows, dataset: self.dataset.clone(), audience: self.audience, told: BTreeMap::new() }
    }

    /// Who may see them.
    pub fn audience(&self) -> Audience {
        self.audience
    }
}

/// The columns an audience sees, dropped ones left out. All are nullable: a schema may be relaxed without a new table.
pub fn published_schema(columns: &[ColumnTreatment]) -> SchemaRef {
    let fields = columns
        .iter()
        .filter(|shown| shown.treatment.is_visible())
        .map(|shown| Field::new(shown.column.name.as_str(), published_type(&shown.column, &shown.treatment), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Treats `rows` (columns by name, of the types of [`ColumnType::arrow`](crate::data::ColumnType::arrow)) for `audience`.
///
/// Keeps every row and their order. The policy is looked at once more here: a personal column kept for anyone but
/// `restricted` is refused whatever the plan says.
pub fn redact(
    rows: &RecordBatch,
    columns: &[ColumnTreatment],
    audience: Audience,
    dataset: &Name,
    keys: &Keys,
) -> Result<Redacted, RedactFault> {
    let visible: Vec<&ColumnTreatment> = columns.iter().filter(|shown| shown.treatment.is_visible()).collect();
    let treated = visible.par_iter().map(|shown| {
        let ColumnTreatment { column, treatment } = shown;
        if *treatment == Treatment::Keep && column.class.is_personal() && audience != Audience::Restricted {
            return Err(RedactFault::PersonalKept { column: column.name.to_string(), audience });
        }
        match rows.column_by_name(column.name.as_str()) {
            Some(values) => {
                let subject = treatment.subject().map(|name| subject(rows, columns, name)).transpose()?;
                let mut told = Told::default();
                let treated = treat(values, column, treatment, subject.as_ref(), keys, &mut told);
                let is_full = |domain: &&Name| keys.vault(domain).is_some_and(|vault| vault.is_full());
                match (treated, treatment.vaults().into_iter().find(is_full)) {
                    (Err(_), Some(domain)) => Err(RedactFault::VaultFull(domain.to_string())),
                    (treated, _) => Ok((treated?, told)),
                }
            }
            // A column that is all NULL for everyone need not even be selected.
            None if *treatment == Treatment::Null => {
                let nulls = arrow::array::new_null_array(&published_type(column, treatment), rows.num_rows());
                Ok((nulls, Told::default()))
            }
            None => Err(RedactFault::Missing(column.name.to_string())),
        }
    });
    let (treated, told): (Vec<_>, Vec<_>) = treated.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
    let told = visible.iter().zip(told).filter(|(_, told)| !told.is_empty());
    let told = told.map(|(shown, told)| (shown.column.name.to_string(), told)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    let rows = RecordBatch::try_new_with_options(published_schema(columns), treated, &options)
        .map_err(|_| RedactFault::Shape(dataset.to_string()))?;
    Ok(Redacted { rows, dataset: dataset.clone(), audience, told })
}

/// The column that says whose the rows are.
fn subject<'a>(rows: &'a RecordBatch, columns: &'a [ColumnTreatment], name: &Name) -> Result<Subject<'a>, RedactFault> {
    let column = columns.iter().map(|shown| &shown.column).find(|column| column.name == *name);
    let found = column.zip(rows.column_by_name(name.as_str())).map(|(column, values)| Subject { column, values });
    found.ok_or_else(|| RedactFault::Missing(name.to_string()))
}

/// Rows of a published table once more, to be written into it again beside others: they were treated when they were made, and a
/// treatment that is done twice is another.
///
/// Takes nothing but what was read out of a file that says for whom it was made ([`PublishedRows`]), and only as rows of the
/// same dataset for the same audience, with exactly the columns and types that `columns` show. Whether they were treated as
/// `columns` say today is asked of the table before. They pass the last scan as every row does.
///
/// Rows as they were extracted do not compile:
///
/// ```compile_fail,E0308
/// use arrow::array::RecordBatch;
/// use nightferry::{data::{Audience, Name}, privacy::{ColumnTreatment, RedactFault, Redacted, again}};
///
/// fn makes(rows: RecordBatch, columns: &[ColumnTreatment], dataset: &Name) -> Result<Redacted, RedactFault> {
///     again(&rows, columns, Audience::Analytics, dataset)
/// }
/// ```
pub fn again(
    published: &PublishedRows,
    columns: &[ColumnTreatment],
    audience: Audience,
    dataset: &Name,
) -> Result<Redacted, RedactFault> {
    let wrong = || RedactFault::Shape(dataset.to_string());
    if !published.are_for(dataset.as_str(), audience.as_str())
        || *published.rows().schema() != *published_schema(columns)
    {
        return Err(wrong());
    }
    Ok(Redacted { rows: published.rows().clone(), dataset: dataset.clone(), audience, told: BTreeMap::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Beyond, Class, ColumnType};
    use arrow::array::{ArrayRef, AsArray, Int64Array, StringViewArray};
    use proptest::prelude::*;

    fn shown(name: &str, class: Class, treatment: Treatment) -> ColumnTreatment {
        let column = Column {
            name: Name::new(name).expect("a name"),
            column_type: if name == "id" { ColumnType::Bigint } else { ColumnType::Text },
            class,
            kind: None,
            source: vec![name.into()],
            nullable: true,
            beyond: Beyond::Error,
            unit: None,
            description: None,
            references: None,
            treat: BTreeMap::new(),
            not_personal: BTreeMap::new(),
        };
        ColumnTreatment { column, treatment }
    }

    fn rows(emails: &[Option<String>]) -> RecordBatch {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..emails.len() as i64));
        let emails: ArrayRef = Arc::new(emails.iter().map(Option::as_deref).collect::<StringViewArray>());
        RecordBatch::try_from_iter([("id", ids), ("email", emails)]).expect("rows")
    }

    fn people() -> Name {
        Name::new("people").expect("a name")
    }

    fn keys() -> Keys {
        Keys::derive(super::super::keys::TEST_SECRET, [people()]).expect("keys")
    }

    #[test]
    fn leaves_dropped_columns_out() {
        let columns = [shown("id", Class::Open, Treatment::Keep), shown("email", Class::Personal, Treatment::Drop)];
        let redacted =
            redact(&rows(&[Some("wren@example.org".into())]), &columns, Audience::Analytics, &people(), &keys());
        let redacted = redacted.expect("redacted rows");
        assert_eq!(redacted.rows().schema().fields().len(), 1);
        assert_eq!(redacted.rows().num_rows(), 1);
    }

    #[test]
    fn refuses_to_keep_a_personal_column_whatever_the_plan_says() {
        let columns = [shown("email", Class::Sensitive, Treatment::Keep)];
        for audience in [Audience::Analytics, Audience::Security, Audience::Public] {
            let refused = redact(&rows(&[None]), &columns, audience, &people(), &keys());
            assert_eq!(refused.err(), Some(RedactFault::PersonalKept { column: "email".into(), audience }));
        }
        assert!(redact(&rows(&[None]), &columns, Audience::Restricted, &people(), &keys()).is_ok());
    }

    #[test]
    fn refuses_rows_without_a_column_that_the_audience_sees() {
        let columns = [shown("phone", Class::Personal, Treatment::Label)];
        let refused = redact(&rows(&[None]), &columns, Audience::Analytics, &people(), &keys());
        assert_eq!(refused.err(), Some(RedactFault::Missing("phone".into())));
    }

    proptest! {
        #[test]
        fn the_same_rows_policy_and_key_give_the_same_values(emails in proptest::collection::vec(proptest::option::of(".{0,20}"), 0..40)) {
            let columns = [
                shown("id", Class::Open, Treatment::Keep),
                shown("email", Class::Personal, Treatment::Hmac { domain: people() }),
            ];
            let once = redact(&rows(&emails), &columns, Audience::Analytics, &people(), &keys()).expect("redacted rows");
            let again = redact(&rows(&emails), &columns, Audience::Analytics, &people(), &keys()).expect("redacted rows");
            prop_assert_eq!(once.rows(), again.rows());
            let tokens = once.rows().column(1).as_string_view();
            prop_assert_eq!(tokens.iter().map(|t| t.is_some()).collect::<Vec<_>>(), emails.iter().map(|e| e.is_some()).collect::<Vec<_>>());
        }
    }
}
