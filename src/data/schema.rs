//! A schema: what a dataset's columns are, how delicate each is, and what each audience may see of it.

use super::{Audience, Class, ColumnType, Name, RiskTerms, RowCondition, SmallCells, Treatment};
use std::collections::BTreeMap;

/// A dataset's contract, from `schemas/<name>.toml`.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// The file's name without its ending.
    pub name: Name,
    /// Shown to analysts as the table's comment.
    pub description: String,
    /// Key columns, in order; never empty.
    pub key: Vec<Name>,
    /// What to do with a column that the source has and the schema does not.
    pub on_new_column: OnNewColumn,
    /// Rows that an audience does not see: those of which any of its conditions holds.
    pub suppress_rows: BTreeMap<Audience, Vec<RowCondition>>,
    /// What is asked of the risk that is left for an audience.
    pub risk: BTreeMap<Audience, RiskTerms>,
    /// Groups that are too small for an audience to see.
    pub small_cells: BTreeMap<Audience, SmallCells>,
    /// Columns in the file's order.
    pub columns: Vec<Column>,
}

/// One column of a schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name in the warehouse.
    pub name: Name,
    /// Its declared type.
    pub column_type: ColumnType,
    /// How delicate it is.
    pub class: Class,
    /// What it is about, such as `email`; the word of `label`.
    pub kind: Option<String>,
    /// Its names at the source, in order of preference; the warehouse name alone when none is declared.
    pub source: Vec<String>,
    /// Whether NULL may occur; elsewhere a NULL makes a bad row.
    pub nullable: bool,
    /// What becomes of a value that the declared type cannot hold.
    pub beyond: Beyond,
    /// Unit of the values, such as `MWh`.
    pub unit: Option<String>,
    /// Shown to analysts as the column's comment.
    pub description: Option<String>,
    /// The column of another schema that this one points at.
    pub references: Option<Reference>,
    /// Declared treatments; for other audiences the safe one for the class.
    pub treat: BTreeMap<Audience, Treatment>,
    /// Kinds of personal data that its values look like and are not, each with why: somebody looked. Only of open and internal columns.
    pub not_personal: BTreeMap<String, String>,
}

/// What becomes of a value that the declared type cannot hold: an infinite date, a numeric of too many digits, NaN in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Beyond {
    /// Its row is bad.
    #[default]
    Error,
    /// The cell is NULL, counted and told in the report.
    Null,
    /// There is no such value: the whole column is PostgreSQL's text ([`ColumnType::beyond_as_text`]).
    Text,
}

/// A column of another schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// That schema.
    pub schema: Name,
    /// Its column.
    pub column: Name,
}

/// What to do with a column that nobody classified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnNewColumn {
    /// End with exit code 20, nothing written.
    #[default]
    Stop,
    /// Leave it out and say so in the report.
    Withhold,
}

impl Beyond {
    /// The word of a schema file.
    pub fn as_str(self) -> &'static str {
        match self {
            Beyond::Error => "error",
            Beyond::Null => "null",
            Beyond::Text => "text",
        }
    }
}

impl Column {
    /// An open column with nothing beside its name and type: one of ours, that no schema file declares.
    pub fn plain(name: Name, column_type: ColumnType) -> Self {
        Column {
            source: vec![name.to_string()],
            name,
            column_type,
            class: Class::Open,
            kind: None,
            nullable: true,
            beyond: Beyond::Error,
            unit: None,
            description: None,
            references: None,
            treat: BTreeMap::new(),
            not_personal: BTreeMap::new(),
        }
    }
}

impl Schema {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.as_str() == name)
    }

    /// Whether `name` is part of the key.
    pub fn is_key(&self, name: &Name) -> bool {
        self.key.contains(name)
    }
}

impl Column {
    /// Whether a source's column of that name is this column.
    pub fn is_spelt(&self, name: &str) -> bool {
        self.source.iter().any(|spelling| spelling == name)
    }
}
