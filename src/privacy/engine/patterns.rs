//! All patterns of the table as one automaton, and a walk of it from one place of a text.
//!
//! It tells all that match from there and where each ends, and dies at the first byte that fits none. Its states are made when they
//! are first met, and are kept by each thread for itself.

use crate::privacy::recognise::RECOGNISERS;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;
use regex_automata::{Anchored, Input, MatchKind};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, ClassUnicodeRange, Hir, HirKind};

/// Bytes that a pattern is tried over, at most.
pub const PIECE_BYTES_MAX: usize = 64;
/// Memory of the automaton's states, for each thread.
const STATES_BYTES_MAX: usize = 16 << 20;

/// Every pattern of the table at once.
pub struct Patterns(DFA);

/// What one thread needs to walk them.
pub struct Walk {
    states: Cache,
    /// Pattern and end of what matches from one place.
    pub ends: Vec<(usize, usize)>,
    #[cfg(test)]
    pub steps: usize,
}

impl Patterns {
    /// As the table has them.
    pub fn of_table() -> Option<Self> {
        Self::compiled(&parsed()?)
    }

    /// Each with every digit in place of any: what matches one of the table still does when its digits are others.
    pub fn of_any_digit() -> Option<Self> {
        Self::compiled(&parsed()?.iter().map(of_any_digit).collect::<Vec<_>>())
    }

    fn compiled(patterns: &[Hir]) -> Option<Self> {
        let bare = thompson::Config::new().utf8(false).which_captures(thompson::WhichCaptures::None);
        let nfa = thompson::Compiler::new().configure(bare).build_many_from_hir(patterns).ok()?;
        let all = DFA::config().match_kind(MatchKind::All).cache_capacity(STATES_BYTES_MAX);
        DFA::builder().configure(all).build_from_nfa(nfa).ok().map(Patterns)
    }

    /// For one thread.
    pub fn begin(&self) -> Walk {
        Walk {
            states: self.0.create_cache(),
            ends: Vec::new(),
            #[cfg(test)]
            steps: 0,
        }
    }

    /// What matches from `start`: patterns and ends into `walk.ends`, where no letter or digit follows.
    pub fn walk(&self, text: &[u8], start: usize, walk: &mut Walk) {
        walk.ends.clear();
        let limit = text.len().min(start + PIECE_BYTES_MAX);
        let input = Input::new(text).range(start..text.len()).anchored(Anchored::Yes);
        let Ok(mut state) = self.0.start_state_forward(&mut walk.states, &input) else { return };
        let mut at = start;
        loop {
            let next = match text.get(at) {
                Some(byte) => self.0.next_state(&mut walk.states, state, *byte),
                None => self.0.next_eoi_state(&mut walk.states, state),
            };
            // States run out only where their memory does, which it clears by itself.
            let Ok(next) = next else { return };
            state = next;
            if state.is_tagged() {
                // A match is told one byte late.
                if state.is_match() && is_end(text, at) {
                    for index in 0..self.0.match_len(&walk.states, state) {
                        walk.ends.push((self.0.match_pattern(&walk.states, state, index).as_usize(), at));
                    }
                } else if state.is_dead() || state.is_quit() {
                    return;
                }
            }
            if at > limit || at >= text.len() {
                return;
            }
            #[cfg(test)]
            {
                walk.steps += 1;
            }
            at += 1;
        }
    }
}

/// Whether a piece may end here: no letter or digit goes on.
fn is_end(text: &[u8], end: usize) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80;
    !(end > 0 && text[end - 1].is_ascii_alphanumeric() && text.get(end).is_some_and(is_word))
}

fn parsed() -> Option<Vec<Hir>> {
    let mut parser = ParserBuilder::new();
    parser.unicode(false).utf8(false).case_insensitive(true);
    RECOGNISERS.iter().map(|row| parser.build().parse(row.pattern).ok()).collect()
}

fn of_any_digit(hir: &Hir) -> Hir {
    let each = |parts: &[Hir]| parts.iter().map(of_any_digit).collect::<Vec<_>>();
    match hir.kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Look(look) => Hir::look(*look),
        HirKind::Literal(bytes) => Hir::concat(bytes.0.iter().map(|byte| byte_or_digit(*byte)).collect()),
        HirKind::Class(class) => Hir::class(with_digits(class.clone())),
        HirKind::Repetition(one) => {
            let mut one = one.clone();
            one.sub = Box::new(of_any_digit(&one.sub));
            Hir::repetition(one)
        }
        HirKind::Capture(one) => of_any_digit(&one.sub),
        HirKind::Concat(parts) => Hir::concat(each(parts)),
        HirKind::Alternation(parts) => Hir::alternation(each(parts)),
    }
}

fn byte_or_digit(byte: u8) -> Hir {
    if byte.is_ascii_digit() {
        Hir::class(Class::Bytes(ClassBytes::new([ClassBytesRange::new(b'0', b'9')])))
    } else {
        Hir::literal([byte])
    }
}

fn with_digits(mut class: Class) -> Class {
    match &mut class {
        Class::Bytes(bytes) => {
            if bytes.ranges().iter().any(|range| range.start() <= b'9' && range.end() >= b'0') {
                bytes.push(ClassBytesRange::new(b'0', b'9'));
            }
        }
        Class::Unicode(signs) => {
            if signs.ranges().iter().any(|range| range.start() <= '9' && range.end() >= '0') {
                signs.push(ClassUnicodeRange::new('0', '9'));
            }
        }
    }
    class
}
