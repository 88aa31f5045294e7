//! Addresses: a number and a street's name, a house with a name, pieces before a postcode: `Flat 3, 12 High Street`, `64 Hooper Manor`,
//! `Rose Cottage, Mill Lane`, `PO Box 12`.
//!
//! ```text
//! numbered.rs   a number and a street: 12/4 Leith Walk, PO Box 12
//! flats.rs      flats, floors and blocks, which stand around a house's number
//! house.rs      houses with names, and streets without a number
//! posted.rs     pieces with capitals before a postcode
//! ends.rs       where a street's name ends, and what is none
//! wales.rs      streets and houses of Wales
//! around.rs     words, numbers and gaps around a place, and whether an address is told of there
//! ```

mod around;
mod ends;
mod flats;
mod house;
mod numbered;
mod posted;
mod wales;

use super::lexicon::Lexicon;
use crate::privacy::engine::{SCORE_MIN, Scored, Surroundings, position};
use crate::privacy::recognise::{Kind, RECOGNISERS};
use numbered::BOX_DIGITS_MAX;

/// Words of a street's name before its end, at most.
const WORDS_MAX: usize = 4;

/// More than the parts of it that are found by themselves.
const POSTED: f32 = 0.85;
const NUMBERED: f32 = 0.8;
const NAMED: f32 = 0.6;

/// Finds addresses.
pub fn find(lexicon: &Lexicon, around: &Surroundings<'_>, scored: &mut Vec<Scored>) {
    let text = around.text;
    let search = Search { lexicon, text, is_loose: !(around.has_capital && around.has_small) };
    let mut at = 0;
    if around.has_digit {
        while let Some(start) = position(text, at, b'0'..=b'9', |byte| byte.is_ascii_digit()) {
            let digits = text[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            at = start + digits;
            if digits <= BOX_DIGITS_MAX
                && let Some(address) = search.numbered(start, at, false)
            {
                at = at.max(address.end);
                scored.push(address);
            }
        }
    }
    if around.has_capital && around.has_small {
        search.named(scored);
    }
    if around.has_capital && around.has_digit {
        for place in 0..scored.len() {
            let one = scored[place];
            if one.kind == Kind::Postcode
                && one.score >= SCORE_MIN
                && text[..one.end].last().is_some_and(u8::is_ascii_alphabetic)
                && let Some(address) = search.posted(one.start)
            {
                scored.push(address);
            }
        }
    }
}

fn address(start: usize, end: usize, score: f32) -> Scored {
    // Before names, of which streets have many.
    Scored { start, end, kind: Kind::Address, score: score + 0.3, row: RECOGNISERS.len(), is_named: false }
}

struct Search<'a> {
    lexicon: &'a Lexicon,
    text: &'a [u8],
    is_loose: bool,
}
