//! Events of a topic are alike: the same fields in the same order, and between their values the same text. What one of them was
//! read as, by JSON's grammar, is kept as a shape, and the next ones are read along it, from value to value. One that leaves every
//! shape is read by the grammar again, so that what comes out is the same either way.
//!
//! Never in here: what a value means.

use super::event::{Operation, Source, Spoken};
use super::scan::{Json, NotJson, Scanner};
use super::value::{Names, Row, Value};

/// Shapes that are kept: mostly there is one, and one more where fields come or go.
const SHAPES_MAX: usize = 4;
/// Bytes of an event that becomes a shape, at most.
const SHAPE_BYTES_MAX: usize = 1 << 16;

/// The shapes of a block's events.
#[derive(Debug, Default)]
pub struct Shapes {
    known: Vec<Shape>,
    /// The one that fitted last.
    last: usize,
}

/// What an event along a shape says, besides its row.
pub struct Along {
    /// Whether it is an update.
    pub is_update: bool,
    /// Its transaction.
    pub source: Source,
}

/// The way through an event.
#[derive(Debug, Default)]
struct Shape {
    steps: Vec<Step>,
    tail: String,
}

/// A value and the text before it.
#[derive(Debug)]
struct Step {
    before: String,
    what: What,
}

/// What becomes of a value.
#[derive(Debug)]
enum What {
    /// It fills these columns.
    Cell(Vec<(usize, usize)>),
    /// It tells of the transaction.
    Source(Spoken),
    /// It says what the event does.
    Operation,
    /// Nothing.
    Passed,
}

impl Shapes {
    /// Reads an event in which a row came to be or was changed, into `row`; `None` where it has none of the known shapes: `row` is
    /// then empty.
    pub fn read<'a>(&mut self, text: &'a str, row: &mut Row<'a>) -> Option<Along> {
        for turn in 0..self.known.len() {
            let at = (self.last + turn) % self.known.len();
            let along = self.known[at].read(text, row);
            if along.is_some() {
                self.last = at;
                return along;
            }
            row.clear();
        }
        None
    }

    /// Keeps the shape of an event that was read by the grammar as one in which a row came to be or was changed.
    pub fn learn(&mut self, text: &str, names: &Names) {
        if self.known.len() == SHAPES_MAX || text.len() > SHAPE_BYTES_MAX {
            return;
        }
        if let Ok(Some(shape)) = Shape::of(text, names) {
            self.known.push(shape);
        }
    }
}

impl Shape {
    fn read<'a>(&self, text: &'a str, row: &mut Row<'a>) -> Option<Along> {
        let mut scanner = Scanner::new(text);
        let mut along = Along { is_update: false, source: Source::default() };
        for step in &self.steps {
            if !scanner.skips(&step.before) {
                return None;
            }
            match &step.what {
                What::Cell(places) => row.fill(places, Value::from(scanner.value().ok()?)),
                What::Source(spoken) => along.source.hear(*spoken, Value::from(scanner.value().ok()?)),
                What::Operation => {
                    let Json::Text(letter) = scanner.value().ok()? else { return None };
                    let letter = letter.plain()?;
                    if Operation::of(letter) != Some(Operation::Upsert) {
                        return None;
                    }
                    along.is_update = letter == "u";
                }
                What::Passed => scanner.pass().ok()?,
            }
        }
        (scanner.skips(&self.tail) && scanner.end().is_ok()).then_some(along)
    }

    /// The shape of an envelope without a schema beside it; `None` where it cannot be followed.
    fn of(text: &str, names: &Names) -> Result<Option<Self>, NotJson> {
        let mut scanner = Scanner::new(text);
        let mut shape = Shape::default();
        let mut from = scanner.clone();
        let mut goes_on = scanner.enter()?;
        let (mut has_row, mut has_source) = (false, false);
        while goes_on {
            let name = scanner.name()?;
            let Some(name) = name.plain() else { return Ok(None) };
            match (name, scanner.peek()) {
                ("schema" | "payload", _) => return Ok(None),
                ("after", Some(b'{')) if !has_row => {
                    has_row = true;
                    shape.object(&mut scanner, &mut from, &|name, _| match names.places(name) {
                        [] => Some(What::Passed),
                        places => Some(What::Cell(places.to_vec())),
                    })?;
                }
                ("source", Some(b'{')) if !has_source => {
                    has_source = true;
                    shape.object(&mut scanner, &mut from, &|name, value| match (Spoken::of(name), value) {
                        (Some(spoken), _) => Some(What::Source(spoken)),
                        // The connector's name and such: the same in every event.
                        (None, Json::Text(_) | Json::Null | Json::True | Json::False) => None,
                        (None, Json::Number(_) | Json::Nested(_)) => Some(What::Passed),
                    })?;
                }
                ("after" | "source", _) => return Ok(None),
                ("op", _) => shape.step(&mut scanner, &mut from, What::Operation)?,
                // What is not there is mostly in none of them, and is part of the text between the values.
                (_, Some(b'n')) => drop(scanner.value()?),
                _ => shape.step(&mut scanner, &mut from, What::Passed)?,
            }
            goes_on = scanner.more()?;
        }
        shape.tail = from.upto(&scanner).to_owned();
        scanner.end()?;
        Ok(has_row.then_some(shape))
    }

    /// The fields of an object; those of which `what` says nothing are part of the text between the values.
    fn object<'a>(
        &mut self,
        scanner: &mut Scanner<'a>,
        from: &mut Scanner<'a>,
        what: &dyn Fn(&str, Json<'a>) -> Option<What>,
    ) -> Result<(), NotJson> {
        let mut goes_on = scanner.enter()?;
        while goes_on {
            let name = scanner.name()?;
            let value = scanner.clone().value()?;
            let mut room = String::new();
            match what(name.read(&mut room)?, value) {
                Some(what) => self.step(scanner, from, what)?,
                None => drop(scanner.value()?),
            }
            goes_on = scanner.more()?;
        }
        Ok(())
    }

    fn step<'a>(&mut self, scanner: &mut Scanner<'a>, from: &mut Scanner<'a>, what: What) -> Result<(), NotJson> {
        self.steps.push(Step { before: from.upto(scanner).to_owned(), what });
        scanner.value()?;
        *from = scanner.clone();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::debezium;
    use super::super::event::Unread;
    use super::super::value::testing;
    use super::*;

    const EVENT: &str = r#"{"before":null,"after":{"id":1,"name":"a","at":5},"source":{"version":"3","name":"bank","ts_ms":9,"snapshot":"false","txId":571,"lsn":7,"xmin":null},"transaction":null,"op":"u","ts_ms":10}"#;

    /// All that is read of an event, with what was read before in `shapes`.
    fn read(text: &str, names: &mut Names, shapes: &mut Shapes) -> Result<Option<String>, Unread> {
        let mut row = names.row();
        let event = debezium::read(text, "", names, shapes, &mut row)?;
        let cells: Vec<_> = (0..2).map(|place| row.cell(place)).collect();
        Ok(event
            .map(|event| format!("{:?} {} {:?} {cells:?}", event.operation, event.is_untouched_possible, event.source)))
    }

    #[test]
    fn reads_along_a_shape_what_the_grammar_reads() {
        let columns = [testing::column("id", "bigint"), testing::column("name", "text")];
        let mut names = Names::new(&columns.iter().collect::<Vec<_>>());
        let changed: Vec<String> = [
            (r#""id":1"#, r#""id": 22 "#),
            (r#""name":"a""#, r#""name":null"#),
            (r#""name":"a""#, r#""name":"a \"quoted\" one""#),
            (r#""name":"a""#, r#""name":["a",{"b":1}]"#),
            (r#""name":"a""#, r#""name":"a","name":"b""#),
            (r#""name":"a","#, ""),
            (r#""name":"a","#, r#""other":"a","#),
            (r#""before":null"#, r#""before":{"id":1}"#),
            (r#""before":null"#, r#""before":{"id":1"#),
            (r#""transaction":null"#, r#""transaction":{"id":"571:7","total_order":1}"#),
            (r#""op":"u""#, r#""op":"c""#),
            (r#""op":"u""#, r#""op":"r""#),
            (r#""op":"u""#, r#""op":"d""#),
            (r#""op":"u""#, r#""op":"t""#),
            (r#""op":"u""#, r#""op":"x""#),
            (r#""op":"u""#, r#""op":1"#),
            (r#""op":"u""#, r#""op":"u","op":"u""#),
            (r#""op":"u""#, r#""op":"u","after":{"id":3}"#),
            (r#""after":{"id":1,"name":"a","at":5}"#, r#""after":null"#),
            (r#""snapshot":"false""#, r#""snapshot":"true""#),
            (r#""txId":571"#, r#""txId":null"#),
            (r#""lsn":7"#, r#""lsn":07"#),
            (r#""ts_ms":10"#, r#""ts_ms":1x"#),
            (r#""version":"3""#, r#""version":"4""#),
            ("10}", "10} "),
            ("10}", "10}}"),
            ("10}", "10"),
        ]
        .iter()
        .map(|(was, is)| EVENT.replacen(was, is, 1))
        .collect();
        let mut shapes = Shapes::default();
        for text in changed.iter().flat_map(|changed| [EVENT, changed, EVENT, changed]) {
            assert_eq!(
                read(text, &mut names, &mut shapes),
                read(text, &mut names, &mut Shapes::default()),
                "{text} after {shapes:?}"
            );
        }
        assert_eq!(shapes.known.len(), SHAPES_MAX);
    }

    #[test]
    fn an_event_that_is_alike_leaves_no_shape_of_its_own() {
        let columns = [testing::column("id", "bigint"), testing::column("name", "text")];
        let mut names = Names::new(&columns.iter().collect::<Vec<_>>());
        let mut shapes = Shapes::default();
        for id in 1..9 {
            let text = EVENT.replace(r#""id":1"#, &format!(r#""id":{id}"#)).replace("571", &format!("57{id}"));
            assert!(read(&text, &mut names, &mut shapes).is_ok());
        }
        assert_eq!(shapes.known.len(), 1);
        assert!(shapes.read(EVENT, &mut names.row()).is_some());
    }
}
