//! The engine: a cell of text -> what in it is about a person, as offsets. Every way of looking for personal data goes through here.
//!
//! ```text
//! cell -> normal.rs    one writing: NFKC, every digit as 0 to 9, one hyphen, one blank
//!      -> numbers.rs   a digit -> where its number may begin -> one automaton over all patterns -> checks
//!      -> skeleton.rs  short texts that differ in their digits alone -> whether anything can come of any
//!      -> marks/       `@`, `:`, `=` and long words -> addresses (emails.rs), passwords, keys
//!      -> names/       capitals and cues -> names of people, streets
//!      -> context.rs   words nearby and the column's name -> a score
//!      -> resolve.rs   of candidates that overlap the best -> findings
//! ```
//!
//! The work is linear in the length of a cell: a pattern is tried where a token begins, over [`patterns::PIECE_BYTES_MAX`] bytes at
//! most, and every walk to either side has a bound. Never in here: a value in a finding.

mod blocks;
mod context;
mod emails;
mod marks;
mod normal;
mod numbers;
mod patterns;
mod resolve;
mod skeleton;
#[cfg(test)]
mod tests;

use super::names;
use super::recognise::Kind;
use normal::Normal;
use numbers::Automaton;
use std::sync::{LazyLock, Mutex, OnceLock};

pub use blocks::position;
pub use context::{Header, Surroundings, words_of};
pub use normal::digit_of;
pub use numbers::Work;
pub use skeleton::folded;

/// Findings of less are none.
pub const SCORE_MIN: f32 = 0.5;

/// A piece of a cell that is about a person. It says where, and never what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
    /// What it is.
    pub kind: Kind,
    /// How sure that is, from [`SCORE_MIN`] to 1.
    pub score: f32,
}

/// A candidate with what speaks for it; the best of those that overlap becomes a finding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scored {
    pub start: usize,
    pub end: usize,
    pub kind: Kind,
    /// Unbounded: a word nearby weighs more than a check digit.
    pub score: f32,
    /// Of equals the smaller counts.
    pub row: usize,
    /// Whether words nearby say what it is.
    pub is_named: bool,
}

/// All recognisers, ready to look. Shared by threads; each has its own [`Work`].
pub struct Engine {
    automaton: Automaton,
    /// Made by whoever looks for names first: the last look at a night's own parts does not.
    names: OnceLock<names::Lexicon>,
    /// What threads gave back: states of the automaton are dear to make.
    spare: Mutex<Vec<Work>>,
}

/// The engine could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the recognisers do not compile")]
pub struct NotMade;

/// A text in the one writing in which it is looked at.
pub fn plain(text: &str) -> String {
    Normal::of(text).text
}

/// Whether a text ends so, in any case.
pub fn ends_with(text: &[u8], ending: &[u8]) -> bool {
    text.len().checked_sub(ending.len()).is_some_and(|start| text[start..].eq_ignore_ascii_case(ending))
}

/// Whether a word is one of a list, in any case.
pub fn is_among(list: &[&[u8]], word: &[u8]) -> bool {
    list.iter().any(|one| word.eq_ignore_ascii_case(one))
}

impl Engine {
    /// Compiles the patterns.
    fn new() -> Result<Self, NotMade> {
        Ok(Engine { automaton: Automaton::new().ok_or(NotMade)?, names: OnceLock::new(), spare: Mutex::default() })
    }

    /// The one of this process: the same patterns and lists serve every column, and are made when they are first needed.
    pub fn shared() -> Result<&'static Self, NotMade> {
        static SHARED: LazyLock<Result<Engine, NotMade>> = LazyLock::new(Engine::new);
        SHARED.as_ref().map_err(|fault| *fault)
    }

    fn lexicon(&self) -> &names::Lexicon {
        self.names.get_or_init(names::Lexicon::new)
    }

    /// What one thread needs to look; made once, used for many cells.
    pub fn work(&self) -> Work {
        self.automaton.work()
    }

    /// The same, as another thread gave it back where one did.
    pub fn take_work(&self) -> Work {
        let spare = self.spare.lock().ok().and_then(|mut spare| spare.pop());
        spare.unwrap_or_else(|| self.work())
    }

    /// For the next who takes it.
    pub fn give_back(&self, work: Work) {
        if let Ok(mut spare) = self.spare.lock() {
            spare.push(work);
        }
    }

    /// Whether a whole cell may be a person's name, and whether the lists have it as one.
    pub fn name(&self, cell: &str) -> (bool, bool) {
        names::whole(self.lexicon(), cell.as_bytes())
    }

    /// What is found in a cell, in order, none overlapping another. `header` is what the column's name says.
    pub fn find(&self, cell: &str, header: &Header, work: &mut Work, found: &mut Vec<Finding>) {
        self.find_of(cell, header, true, work, found);
    }

    /// The same but names and streets, which cost the most to look for.
    pub fn find_but_names(&self, cell: &str, header: &Header, work: &mut Work, found: &mut Vec<Finding>) {
        self.find_of(cell, header, false, work, found);
    }

    fn find_of(&self, cell: &str, header: &Header, names: bool, work: &mut Work, found: &mut Vec<Finding>) {
        found.clear();
        let bytes = cell.as_bytes();
        let seen = normal::look(bytes);
        if !seen.may_hold_any() {
            return;
        }
        if seen.is_plain() {
            self.find_in(bytes, seen, (header, names), work, found);
        } else {
            let normal = Normal::of(cell);
            let seen = normal::look(normal.text.as_bytes());
            self.find_in(normal.text.as_bytes(), seen, (header, names), work, found);
            let mut end_before = 0;
            for finding in found.iter_mut() {
                (finding.start, finding.end) = normal.original(finding.start, finding.end, cell);
                if finding.kind == Kind::Email {
                    finding.start = normal::with_escape_before(cell, finding.start).max(end_before);
                }
                end_before = finding.end;
            }
        }
    }

    fn find_in(
        &self,
        text: &[u8],
        seen: normal::Seen,
        (header, names): (&Header, bool),
        work: &mut Work,
        found: &mut Vec<Finding>,
    ) {
        let mut scored = std::mem::take(&mut work.scored);
        scored.clear();
        let normal::Seen { has_digit, has_capital, has_small, .. } = seen;
        let context = Surroundings { text, header, has_digit, has_capital, has_small };
        if seen.has_digit {
            self.automaton.find(&context, work, &mut scored);
            numbers::pair_accounts(text, &mut scored);
        }
        if seen.has_mark || seen.has_digit {
            marks::find(&context, seen, &mut scored);
        }
        if names {
            names::find(self.lexicon(), &context, &mut scored);
        }
        resolve::best(&mut scored, found);
        work.scored = scored;
    }

    /// For each row of the table, whether the whole cell has its shape, and whether its check holds too. For verdicts on columns.
    pub fn shapes(&self, cell: &str, work: &mut Work, told: &mut dyn FnMut(usize, bool)) {
        let trimmed = cell.trim();
        if trimmed.is_ascii() {
            self.automaton.whole(trimmed.as_bytes(), work, told);
        } else {
            self.automaton.whole(Normal::of(trimmed).text.trim().as_bytes(), work, told);
        }
    }
}
