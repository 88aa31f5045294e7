//! Names of people and of streets: no number, no check digit; lists of names, capitals, and words that go before a name.
//!
//! ```text
//! lexicon.rs   forenames, surnames and ordinary words -> what a word may be     words.rs   titles, cues, places, firms
//! people/      words in a row -> a person's name                               streets/   a number and a street's name
//! ```
//!
//! No model: every decision can be read here. The lists lie in `data/`, each with its source.

mod lexicon;
mod people;
mod streets;
mod words;

pub use lexicon::{Lexicon, Word};
pub use people::whole;

use super::engine::{Scored, Surroundings};

/// Finds names and streets in a text.
pub fn find(lexicon: &Lexicon, surroundings: &Surroundings<'_>, scored: &mut Vec<Scored>) {
    people::find(lexicon, surroundings, scored);
    streets::find(lexicon, surroundings, scored);
}
