//! The kinds of check, key by key.

use super::shape::{Key, Shape, optional, required};

const COLUMNS: Shape = Shape::OneOrMore(&Shape::Name);

/// `[[dataset.<name>.check]]`
pub const CHECK: &[Key] = &[
    required("name", Shape::Text, "what the check claims"),
    optional("severity", Shape::Word(&["error", "warn"]), "what its failure does [error]"),
    optional("unique", COLUMNS, "no two rows have the same values in these columns"),
    optional("not_null", COLUMNS, "no NULL in these columns"),
    optional("accepted", Shape::Table(ACCEPTED), "the only values that a column has"),
    optional("range", Shape::Table(RANGE), "the bounds of a column"),
    optional("references", Shape::Table(REFERENCES), "every value is a key of another dataset"),
    optional("rows", Shape::Table(ROWS), "how many rows there are"),
    optional("balance", Shape::Table(BALANCE), "a sum for each group that is the same elsewhere"),
    optional("periods_a_day", Shape::Table(PERIODS_A_DAY), "every period of every day in Europe/London, once"),
    optional("gap_free", Shape::Table(GAP_FREE), "no day is lacking between the first and the last"),
    optional("no_overlap", Shape::Table(NO_OVERLAP), "no two intervals overlap"),
    optional("sql", Shape::Text, "SQL that gives one row with a boolean column `holds`"),
];

const PER: Key = optional("per", COLUMNS, "the columns that make a group [all rows are one]");

const ACCEPTED: &[Key] = &[
    required("column", Shape::Name, "the column"),
    required("values", Shape::List(&Shape::Text), "the values, each in quotes"),
];

const RANGE: &[Key] = &[
    required("column", Shape::Name, "a number, date or time"),
    optional("min", Shape::Text, "the smallest value, in quotes"),
    optional("max", Shape::Text, "the largest value, in quotes"),
    optional("above", Shape::Text, "what every value is more than, in quotes"),
    optional("below", Shape::Text, "what every value is less than, in quotes"),
];

const REFERENCES: &[Key] = &[
    required("columns", COLUMNS, "the columns that point at the key"),
    optional(
        "dataset",
        Shape::Name,
        "the dataset that has the key [the one whose schema the `references` of these columns names]",
    ),
    optional("key", COLUMNS, "the columns of the key there [those of the same names, or the schema's `references`]"),
    optional("job", Shape::Name, "the job that publishes the dataset, where that is another one"),
    optional("store", Shape::Name, "the store where that job publishes it"),
    optional("version", Shape::Whole, "the table's version [its newest]"),
];

const ROWS: &[Key] =
    &[optional("min", Shape::Whole, "the fewest rows"), optional("max", Shape::Whole, "the most rows"), PER];

const BALANCE: &[Key] = &[
    required("sum", Shape::Name, "a column of whole numbers or numerics; a NULL adds nothing"),
    PER,
    required("equals", Shape::List(&Shape::Table(SUM)), "the sums that are the same"),
    optional("within", Shape::Text, "largest difference, as a decimal number in quotes [0]"),
];

const SUM: &[Key] = &[
    required("sum", Shape::Name, "a column of whole numbers or numerics"),
    optional("dataset", Shape::Name, "the dataset of the job that has it [this one]"),
    optional("per", COLUMNS, "the columns that make a group there [those of the same names]"),
];

const PERIODS_A_DAY: &[Key] = &[
    required("day", Shape::Name, "the settlement day: a date"),
    required("period", Shape::Name, "the period's number, from 1"),
    optional("length", Shape::Word(&["30m", "1h"]), "how long a period is [30m]"),
    PER,
];

const GAP_FREE: &[Key] = &[required("day", Shape::Name, "a date"), PER];

const NO_OVERLAP: &[Key] = &[
    required("from", Shape::Name, "where an interval begins: a date, timestamp or whole number"),
    required("to", Shape::Name, "where it ends, of the same type; NULL is open"),
    optional("end", Shape::Word(&["included", "excluded"]), "whether the end is part of the interval [included]"),
    PER,
];
