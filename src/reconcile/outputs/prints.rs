//! Rows and latest states -> sums that are alike where the rows are: the key alone, what a state is, what is held to be equal.
//!
//! A cell that the stream does not tell is no NULL: beside every column stands whether it is known.

use super::super::compare::{CompareFault, Terms, plain};
use super::super::diff::{Printer, Tolerance};
use arrow::array::{Array, ArrayRef, BooleanArray};
use std::sync::Arc;

/// Sums over the columns of a comparison.
pub struct Prints {
    printer: Printer,
    width: usize,
    key: Vec<usize>,
    compared: Vec<usize>,
    exact: Vec<usize>,
}

impl Prints {
    /// For the columns of `terms`.
    pub fn new(terms: &Terms, seed: u64) -> Self {
        let width = terms.columns.len();
        let compared: Vec<usize> = terms.compared().collect();
        let exact = compared.iter().copied().filter(|place| terms.tolerance[*place] == Tolerance::default()).collect();
        Prints { printer: Printer::new(seed, 2 * width), width, key: terms.key.clone(), compared, exact }
    }

    /// Of the keys.
    pub fn keys(&self, terms: &Terms, columns: &[ArrayRef]) -> Result<Vec<u128>, CompareFault> {
        self.sums(terms, columns, None, &self.key)
    }

    /// Of the key and every compared column: two states with the same one are the same.
    pub fn states(
        &self,
        terms: &Terms,
        columns: &[ArrayRef],
        known: Option<&[BooleanArray]>,
    ) -> Result<Vec<u128>, CompareFault> {
        self.sums(terms, columns, known, &[self.key.as_slice(), self.compared.as_slice()].concat())
    }

    /// The same without columns that have a tolerance: what a MATCH says is the same on both sides.
    pub fn equals(
        &self,
        terms: &Terms,
        columns: &[ArrayRef],
        known: Option<&[BooleanArray]>,
    ) -> Result<Vec<u128>, CompareFault> {
        self.sums(terms, columns, known, &[self.key.as_slice(), self.exact.as_slice()].concat())
    }

    /// Whether the two are the same: no column has a tolerance.
    pub fn are_alike(&self) -> bool {
        self.exact.len() == self.compared.len()
    }

    /// Of the cells of one column.
    pub fn cells(&self, terms: &Terms, place: usize, cells: &ArrayRef) -> Result<Vec<u128>, CompareFault> {
        let cells = plain(Arc::clone(cells), terms.columns[place].column_type);
        self.printer.prints(std::iter::once((place, &cells)), cells.len()).map_err(|_| CompareFault::Shape)
    }

    fn sums(
        &self,
        terms: &Terms,
        columns: &[ArrayRef],
        known: Option<&[BooleanArray]>,
        places: &[usize],
    ) -> Result<Vec<u128>, CompareFault> {
        let rows = columns.first().map_or(0, |column| column.len());
        let all: ArrayRef = Arc::new(BooleanArray::from(vec![true; rows]));
        let mut cells: Vec<(usize, ArrayRef)> = Vec::with_capacity(2 * places.len());
        for place in places {
            cells.push((*place, plain(Arc::clone(&columns[*place]), terms.columns[*place].column_type)));
            if self.compared.contains(place) {
                let known = known.map_or_else(|| Arc::clone(&all), |known| Arc::new(known[*place].clone()));
                cells.push((self.width + place, known));
            }
        }
        let cells = cells.iter().map(|(place, cells)| (*place, cells));
        self.printer.prints(cells, rows).map_err(|_| CompareFault::Shape)
    }
}
