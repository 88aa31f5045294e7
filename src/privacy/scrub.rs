//! Free text -> the same text with each finding replaced by its label: `call <person_name> on <phone>`.
//!
//! What is left is looked at once more, since a label may let something else be seen, and replaced again; a cell that still holds
//! something after [`PASSES_MAX`] looks is replaced as a whole. So nothing that the last scan could find gets past it.

use super::engine::{Engine, Header, NotMade, Work};
use arrow::array::{Array, ArrayRef, StringViewArray, StringViewBuilder};
use arrow::compute::concat;
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Looks at one cell, at most.
const PASSES_MAX: usize = 4;

/// Cells that one thread takes in one go.
const CELLS_AT_ONCE: usize = 1024;

/// What stands for a cell that cannot be scrubbed clean.
const WHOLE: &str = "<free_text>";

/// Kind -> pieces that were replaced.
pub type Replaced = BTreeMap<&'static str, u64>;

/// Scrubs every cell, and counts what was replaced by kind; NULL stays NULL. `column` is the column's name, whose words are heard as those beside a value are.
pub fn scrub(cells: &StringViewArray, column: &str) -> Result<(ArrayRef, Replaced), NotMade> {
    let engine = Engine::shared()?;
    let header = Header::new(column);
    let pieces = (0..cells.len()).into_par_iter().step_by(CELLS_AT_ONCE).map(|start| {
        let mut scrubber = Scrubber::of(engine, &header);
        let piece = cells.slice(start, CELLS_AT_ONCE.min(cells.len() - start));
        let mut scrubbed = StringViewBuilder::with_capacity(piece.len());
        for cell in &piece {
            match cell {
                Some(cell) => scrubbed.append_value(scrubber.scrubbed(cell)),
                None => scrubbed.append_null(),
            }
        }
        (Arc::new(scrubbed.finish()) as ArrayRef, scrubber.end())
    });
    let (pieces, replaced): (Vec<ArrayRef>, Vec<Replaced>) = pieces.unzip();
    let mut all = Replaced::new();
    for (kind, count) in replaced.into_iter().flatten() {
        *all.entry(kind).or_default() += count;
    }
    let pieces: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
    match pieces[..] {
        [] => Ok((Arc::new(StringViewArray::from_iter_values::<&str, _>([])), all)),
        // Pieces are all of one type.
        _ => concat(&pieces).map(|cells| (cells, all)).map_err(|_| NotMade),
    }
}

/// Scrubs one text after another.
pub struct Scrubber<'a> {
    engine: &'a Engine,
    header: Cow<'a, Header>,
    work: Work,
    text: String,
    next: String,
    replaced: Replaced,
}

impl<'a> Scrubber<'a> {
    /// Of texts under the name `column`.
    pub fn new(column: &str) -> Result<Self, NotMade> {
        Ok(Self::with(Engine::shared()?, Cow::Owned(Header::new(column))))
    }

    fn of(engine: &'a Engine, header: &'a Header) -> Self {
        Self::with(engine, Cow::Borrowed(header))
    }

    fn with(engine: &'a Engine, header: Cow<'a, Header>) -> Self {
        let work = engine.take_work();
        Scrubber { engine, header, work, text: String::new(), next: String::new(), replaced: Replaced::new() }
    }

    /// The text with each finding replaced.
    pub fn scrubbed(&mut self, cell: &str) -> &str {
        let Scrubber { engine, header, work, text, next, replaced } = self;
        text.clear();
        text.push_str(cell);
        let mut found = std::mem::take(&mut work.found);
        for pass in 0..=PASSES_MAX {
            engine.find(text, header, work, &mut found);
            if found.is_empty() {
                break;
            }
            next.clear();
            if pass == PASSES_MAX {
                next.push_str(WHOLE);
                *replaced.entry("free_text").or_default() += 1;
                std::mem::swap(text, next);
                break;
            }
            let mut from = 0;
            for finding in &found {
                next.push_str(&text[from..finding.start]);
                next.push('<');
                next.push_str(finding.kind.id());
                next.push('>');
                *replaced.entry(finding.kind.id()).or_default() += 1;
                from = finding.end;
            }
            next.push_str(&text[from..]);
            std::mem::swap(text, next);
        }
        work.found = found;
        text
    }

    /// What was replaced in all of them.
    pub fn end(self) -> Replaced {
        self.engine.give_back(self.work);
        self.replaced
    }
}

#[cfg(test)]
mod tests {
    use super::super::recognise::RECOGNISERS;
    use super::*;
    use arrow::array::AsArray;

    fn scrubbed(cells: &[Option<&str>]) -> Vec<Option<String>> {
        let (scrubbed, _) = scrub(&cells.iter().copied().collect(), "notes").expect("scrubbed");
        scrubbed.as_string_view().iter().map(|cell| cell.map(str::to_owned)).collect()
    }

    #[test]
    fn replaces_what_it_finds_and_leaves_the_rest() {
        let cells = [
            Some("Spoke to Sarah Whitcombe on 07700 900461, NI QQ 12 34 56 C; unit T_DRAXX-3 is out."),
            None,
            Some(""),
            Some("The unit was out from 3 May to 9 May."),
            Some("Zo\u{eb} Hartley \u{2013} zoe@example.org"),
        ];
        let expected = [
            Some("Spoke to <person_name> on <phone>, NI <nino>; unit T_DRAXX-3 is out."),
            None,
            Some(""),
            Some("The unit was out from 3 May to 9 May."),
            Some("<person_name> \u{2013} <email>"),
        ];
        assert_eq!(scrubbed(&cells), expected.map(|cell| cell.map(str::to_owned)));
        assert_eq!(scrubbed(&[]), []);
    }

    #[test]
    fn leaves_nothing_to_find() {
        let engine = Engine::shared().expect("an engine");
        let all: Vec<String> = RECOGNISERS
            .iter()
            .flat_map(|row| row.examples)
            .map(|text| format!("Dear Mr Hale, {text} thanks"))
            .collect();
        let (mut work, mut found) = (engine.work(), Vec::new());
        let cells: Vec<_> = all.iter().map(|text| Some(text.as_str())).collect();
        for (before, after) in all.iter().zip(scrubbed(&cells)) {
            engine.find(&after.expect("a text"), &Header::none(), &mut work, &mut found);
            assert_eq!(found, [], "{before}");
        }
    }

    proptest::proptest! {
        #[test]
        fn keeps_rows_and_nulls_and_leaves_nothing_of_any_text(
            cells in proptest::collection::vec(proptest::option::of((0..RECOGNISERS.len(), ".{0,24}", 0..RECOGNISERS.len())), 0..6)
        ) {
            let text = |(first, between, second): (usize, String, usize)| {
                let example = |row: usize| RECOGNISERS[row].examples.first().copied().unwrap_or_default();
                format!("{}{between}{}", example(first), example(second))
            };
            let cells: Vec<Option<String>> = cells.into_iter().map(|cell| cell.map(text)).collect();
            let column = "contact name and account";
            let before: StringViewArray = cells.iter().map(Option::as_deref).collect();
            let (after, _) = scrub(&before, column).expect("scrubbed");
            proptest::prop_assert_eq!(after.len(), before.len());
            let engine = Engine::shared().expect("an engine");
            let (mut work, mut found) = (engine.take_work(), Vec::new());
            for (before, after) in before.iter().zip(after.as_string_view()) {
                proptest::prop_assert_eq!(before.is_none(), after.is_none());
                engine.find(after.unwrap_or_default(), &Header::new(column), &mut work, &mut found);
                proptest::prop_assert!(found.is_empty() || after == Some(WHOLE), "{before:?}: {found:?}");
            }
            engine.give_back(work);
        }
    }
}
