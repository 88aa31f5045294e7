//! What looks like personal data in a text that nobody declared as such: the last look at what was written.
//!
//! Of all that the [engine](super::engine) finds only that counts here which hardly anything else is: a night ends by it. Names of
//! people, postcodes and streets are in many a column that is open on purpose, as the names and places of power stations are.
//! Never in here: the value found. A finding is a kind and a count.

use super::columns::{Asked, CellKind, CellTold, ColumnTally, Memo, Said, may_be_sentence, said, told_of_found};
use super::engine::{Engine, Finding, Header, NotMade, Work, plain};
use super::recognise::{KINDS, Kind, has_check, is_card};
use crate::data::CountedTexts;
use arrow::array::{Array, Int64Array, StringViewArray};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Mutex;

/// Whole numbers below which cards among them could be chance: one number in ten has Luhn's sum.
const CARDS_AMONG_MIN: u64 = 16;

/// Whole numbers that stand near each other and are judged together.
const CARDS_NEAR: u64 = 32_768;

/// Cells, or different texts, that one thread looks at in one go.
const CELLS_AT_ONCE: usize = 4096;

/// How sure a kind with a check of its own must be, and one that leans on words around it.
const SURE: f32 = 0.5;
const SURER: f32 = 0.8;

/// Signs of a UUID, with its hyphens.
const UUID_BYTES: usize = 36;

/// The kind of a payment card's number.
pub const CARD: &str = "card";

/// Whole numbers of a column, and the payment cards among them: told from chance among numbers that stand near each other, and among all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cards {
    /// Of those that stand near each other and were judged.
    found: u64,
    near: Among,
    all: Among,
}

/// Whole numbers, and those of them that could be cards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Among {
    numbers: u64,
    cards: u64,
}

impl Cards {
    /// How many are.
    pub fn found(self) -> u64 {
        self.all.found().max(self.found + self.near.found())
    }

    /// These and the numbers behind them.
    #[must_use]
    pub fn and(self, behind: Cards) -> Self {
        let both =
            Cards { found: self.found + behind.found, near: self.near.and(behind.near), all: self.all.and(behind.all) };
        if both.near.numbers >= CARDS_NEAR { both.ended() } else { both }
    }

    /// What comes now does not stand near.
    #[must_use]
    pub fn ended(self) -> Self {
        Cards { found: self.found + self.near.found(), near: Among::default(), ..self }
    }
}

impl Among {
    /// How many are cards: none unless most could be.
    fn found(self) -> u64 {
        if self.numbers >= CARDS_AMONG_MIN && self.cards > self.numbers / 2 { self.cards } else { 0 }
    }

    fn and(self, more: Among) -> Self {
        Among { numbers: self.numbers + more.numbers, cards: self.cards + more.cards }
    }
}

/// All recognisers, compiled once for a run.
pub struct Recognisers {
    engine: &'static Engine,
    /// What threads gave back.
    spare: Mutex<Vec<Memo<Told>>>,
    /// What [`Memo`] calls the columns whose names say something about their cells.
    named: Mutex<HashMap<String, u32>>,
}

/// What [`Memo`] calls cells that are looked at for what no open column may hold; the same with what a verdict goes by, where the
/// column's name says nothing; and the first column whose name does.
const BARE: u32 = 0;
const UNNAMED: u32 = 1;
const NAMED_FIRST: u32 = 2;

/// What one cell tells.
#[derive(Clone, Copy, Default, PartialEq)]
struct Told {
    /// A bit a kind that no open column may hold.
    in_the_open: u32,
    /// For the verdict on the column.
    cell: CellTold,
}

/// What a thread has to look at cells with.
struct Room {
    work: Work,
    found: Vec<Finding>,
}

/// How many cells hold something of each kind.
type Counts = BTreeMap<&'static str, u64>;

/// Counts, and what a verdict goes by.
type Looked = (Counts, ColumnTally);

impl Recognisers {
    /// Compiles the patterns.
    pub fn new() -> Result<Self, NotMade> {
        Engine::shared().map(|engine| Recognisers { engine, spare: Mutex::default(), named: Mutex::default() })
    }

    /// How many cells of a column hold something of each kind that must not be in any column nobody declared as personal.
    pub fn findings<'a>(&self, column: impl Into<CountedTexts<'a>>) -> BTreeMap<&'static str, u64> {
        let header = Header::none();
        let (found, _) = self.each(&column.into(), BARE, &|cell, Room { work, found }| {
            // Names are in open columns on purpose.
            self.engine.find_but_names(cell, &header, work, found);
            Told { in_the_open: in_the_open(cell, found), ..Told::default() }
        });
        found
    }

    /// The same of the column `name`, with what a verdict on the column as a whole goes by.
    ///
    /// Cells are looked at once and no more, as far as that tells what they are: in a column whose name speaks of people each is
    /// also held against every shape, and in a sentence names are looked for too.
    pub fn findings_and_tally<'a>(
        &self,
        column: impl Into<CountedTexts<'a>>,
        name: &str,
    ) -> (BTreeMap<&'static str, u64>, ColumnTally) {
        let (column, none, header) = (column.into(), Header::none(), Header::new(name));
        if matches!(said(name), Said::Surely(_) | Said::Perhaps(_)) {
            let tally = ColumnTally::for_verdict(CellKind::Text);
            return self.each(&column, self.called(name), &|cell, Room { work, found }| {
                self.engine.find_but_names(cell, &none, work, found);
                let in_the_open = in_the_open(cell, found);
                Told { in_the_open, cell: tally.tell(cell, &header, self.engine, work) }
            });
        }
        self.each(&column, UNNAMED, &|cell, Room { work, found }| {
            self.engine.find_but_names(cell, &none, work, found);
            let in_the_open = in_the_open(cell, found);
            if may_be_sentence(cell) {
                self.engine.find(cell, &none, work, found);
            }
            Told { in_the_open, cell: told_of_found(cell, found, self.engine, work) }
        })
    }

    /// How many cells of the column `name` still hold something of any kind, after all of it was replaced.
    pub fn left(&self, column: &StringViewArray, name: &str) -> BTreeMap<&'static str, u64> {
        let header = Header::new(name);
        let of_piece = |start: usize| {
            let (mut counts, mut work, mut found) = (Counts::new(), self.engine.take_work(), Vec::new());
            for row in piece(start, column.len()).filter(|row| column.is_valid(*row)) {
                self.engine.find(column.value(row), &header, &mut work, &mut found);
                count(kinds_of(&found), 1, &mut counts);
            }
            self.engine.give_back(work);
            counts
        };
        (0..column.len()).into_par_iter().step_by(CELLS_AT_ONCE).map(of_piece).reduce(Counts::new, added)
    }

    /// Whole numbers of the column `name`, for a verdict on it: held against shapes where its name speaks of people, or where their
    /// check digits do.
    pub fn numbers(&self, numbers: impl Iterator<Item = i128>, name: &str) -> ColumnTally {
        let header = Header::new(name);
        // `contact_id` speaks of people, and no number is a name.
        let is_named = matches!(said(name), Said::Surely(kind) | Said::Perhaps(kind) if kind.may_be_number());
        let (mut tally, mut work) = (ColumnTally::for_verdict(CellKind::Number), self.engine.take_work());
        let mut unlike = 0;
        for number in numbers {
            if is_named {
                tally.add(&number.to_string(), &header, self.engine, &mut work);
            } else if has_check(number) {
                tally.add_shapes(&number.to_string(), self.engine, &mut work);
            } else {
                unlike += 1;
            }
        }
        tally.add_unlike(unlike);
        self.engine.give_back(work);
        tally
    }

    /// What [`Memo`] calls the column of that name.
    fn called(&self, name: &str) -> u32 {
        match self.named.lock() {
            Ok(mut named) => {
                let next = NAMED_FIRST + named.len() as u32;
                *named.entry(name.to_owned()).or_insert(next)
            }
            // Beyond all columns: nothing is remembered.
            Err(_) => u32::MAX,
        }
    }

    /// Looks at every cell that there is and that was not looked at before, on all cores, and adds up what each told.
    fn each(&self, cells: &CountedTexts<'_>, column: u32, look: &(dyn Fn(&str, &mut Room) -> Told + Sync)) -> Looked {
        let begin = || (Counts::new(), ColumnTally::for_verdict(CellKind::Text));
        let of_piece = |start: usize| {
            let mut memo = self.spare.lock().ok().and_then(|mut spare| spare.pop()).unwrap_or_default();
            let mut room = Room { work: self.engine.take_work(), found: Vec::new() };
            let (mut counts, mut tally) = begin();
            for (cell, times) in piece(start, cells.places()).filter_map(|place| cells.at(place)) {
                let asked = memo.ask(cell, times, column);
                if let Asked::Known { is_first } = asked {
                    tally.add_known(cell, times, is_first);
                    continue;
                }
                let told = look(cell, &mut room);
                count(told.in_the_open, times, &mut counts);
                tally.add_told(cell, times, &told.cell);
                if let Asked::New(new) = asked {
                    memo.keep(new, told);
                }
            }
            memo.settle(|told, cells| {
                count(told.in_the_open, cells, &mut counts);
                tally.count(&told.cell, cells);
            });
            self.engine.give_back(room.work);
            if let Ok(mut spare) = self.spare.lock() {
                spare.push(memo);
            }
            (counts, tally)
        };
        let both = |(counts, tally): Looked, (more, other): Looked| (added(counts, more), tally.and(other));
        (0..cells.places()).into_par_iter().step_by(CELLS_AT_ONCE).map(of_piece).reduce(begin, both)
    }

    /// How many whole numbers there are, and how many of them could be payment cards.
    pub fn cards(&self, numbers: &Int64Array) -> Cards {
        let is_one = |number: &i64| {
            (300_000_000_000_000..=6_999_999_999_999_999).contains(number) && {
                let digits: Vec<u8> = number.to_string().bytes().map(|sign| sign - b'0').collect();
                is_card(&digits)
            }
        };
        let cards = numbers.iter().flatten().filter(is_one).count();
        let among = Among { numbers: (numbers.len() - numbers.null_count()) as u64, cards: cards as u64 };
        Cards { near: among, all: among, found: 0 }
    }
}

/// Places of the piece that begins at `start`, of so many in all.
fn piece(start: usize, places: usize) -> Range<usize> {
    start..places.min(start + CELLS_AT_ONCE)
}

/// A bit a kind of which the cell holds what has no place in a column that is open.
fn in_the_open(cell: &str, found: &[Finding]) -> u32 {
    found
        .iter()
        .filter(|finding| counts_in_the_open(cell, finding))
        .fold(0, |kinds, finding| kinds | 1 << finding.kind as u32)
}

fn kinds_of(found: &[Finding]) -> u32 {
    found.iter().fold(0, |kinds, finding| kinds | 1 << finding.kind as u32)
}

/// Counts cells once for each kind that they hold.
fn count(mut kinds: u32, cells: u64, counts: &mut Counts) {
    while kinds != 0 {
        *counts.entry(KINDS[kinds.trailing_zeros() as usize].1).or_default() += cells;
        kinds &= kinds - 1;
    }
}

fn added(mut all: Counts, more: Counts) -> Counts {
    for (kind, cells) in more {
        *all.entry(kind).or_default() += cells;
    }
    all
}

/// Whether a finding has no place in a column that is open.
fn counts_in_the_open(cell: &str, finding: &Finding) -> bool {
    if is_in_uuid(cell, finding) {
        return false;
    }
    // As the engine saw it: `\u002B447..` and digits of other scripts are numbers that anybody can call.
    let plain = || plain(&cell[finding.start..finding.end]);
    match finding.kind {
        Kind::Email | Kind::Iban | Kind::Card | Kind::DrivingLicence | Kind::Credential => finding.score >= SURE,
        // With its last letter: without it eight signs are any reference.
        Kind::Nino => finding.score >= SURE && plain().ends_with(char::is_alphabetic),
        Kind::NhsNumber | Kind::Upn => finding.score >= SURER,
        // Mobile numbers are people's; a number of a switchboard is its firm's.
        Kind::Phone => {
            finding.score >= SURE && is_mobile(plain().chars().filter_map(|sign| sign.to_digit(10)).collect())
        }
        _ => false,
    }
}

/// Whether a finding is a part of a UUID: of a million random ones some have the check digits of anything.
fn is_in_uuid(cell: &str, finding: &Finding) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b'-';
    let (before, behind) = (&cell.as_bytes()[..finding.start], &cell.as_bytes()[finding.start..]);
    let start = finding.start - before.iter().rev().take(UUID_BYTES).take_while(|byte| is_part(byte)).count();
    let end = finding.start + behind.iter().take(UUID_BYTES).take_while(|byte| is_part(byte)).count();
    let token = &cell.as_bytes()[start..end];
    token.len() == UUID_BYTES
        && token.iter().enumerate().all(|(at, byte)| (*byte == b'-') == matches!(at, 8 | 13 | 18 | 23))
}

fn is_mobile(digits: Vec<u32>) -> bool {
    let national = match &digits[..] {
        [0, 0, 4, 4, rest @ ..] | [4, 4, rest @ ..] => rest,
        rest => rest,
    };
    matches!(national, [0, 7, ..] | [7, ..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::packed_texts;
    use arrow::array::{ArrayRef, AsArray, DictionaryArray, StringArray};
    use arrow::compute::cast;
    use arrow::datatypes::{DataType, Int32Type};
    use std::sync::Arc;
    use std::sync::OnceLock;

    /// Where an engine that looks at pieces of a long cell would have its seams.
    const SEAM: usize = 32 * 1024;

    fn recognisers() -> &'static Recognisers {
        static SHARED: OnceLock<Recognisers> = OnceLock::new();
        SHARED.get_or_init(|| Recognisers::new().expect("patterns"))
    }

    fn kinds(cell: &str) -> Vec<&'static str> {
        let column = StringViewArray::from_iter([Some(cell), None]);
        recognisers().findings(&column).into_keys().collect()
    }

    #[test]
    fn finds_what_is_about_a_person() {
        assert_eq!(kinds("write to wren.alder@example.org, please"), ["email"]);
        assert_eq!(kinds("NI: ab 12 34 56 c"), ["nino"]);
        assert_eq!(kinds("GB82 WEST 1234 5698 7654 32"), ["iban"]);
        assert_eq!(kinds("4111 1111 1111 1111"), ["card"]);
        for phone in [
            "07700 900123",
            "+447700900123",
            "+44 (0)7700 900 123",
            "0044 7700 900123",
            "+44-7700-900123",
            "07700.900123",
            "07700/900 123",
            "(07700) 900123",
            "447700900123",
            "(+44) 7700 900123",
            "0 7700 900123",
            "call 077 0090 0123.",
        ] {
            assert_eq!(kinds(phone), ["phone"], "{phone}");
        }
    }

    #[test]
    fn finds_it_in_every_writing_that_a_person_would_read() {
        for address in [
            "wren\u{ff20}example.org",
            "wren@m\u{fc}ller.example",
            "\u{eb}@example.org",
            r#"{"e":"wren\u0040example.org"}"#,
        ] {
            assert_eq!(kinds(address), ["email"], "{address}");
        }
        assert_eq!(kinds("\u{ff10}\u{ff17}\u{ff17}\u{ff10}\u{ff10} \u{ff19}00123"), ["phone"]);
        assert_eq!(kinds("07700\u{2011}900123"), ["phone"]);
        assert_eq!(kinds("tel \u{660}\u{667}\u{667}\u{660}\u{660} 900123"), ["phone"]);
        assert_eq!(kinds(r#"{"mobile":"\u002B447700900123"}"#), ["phone"]);
        assert_eq!(kinds(r#"{"ni":"AB123456\u0043"}"#), ["nino"]);
        assert_eq!(kinds("077\u{200b}00 900123"), ["phone"]);
        for nino in ["AB\u{a0}12\u{a0}34\u{a0}56\u{a0}C", "AB-12-34-56-C", "ab.12.34.56.c"] {
            assert_eq!(kinds(nino), ["nino"], "{nino}");
        }
        for iban in ["GB82-WEST-1234-5698-7654-32", "GB82WEST12345698765432 paid", "BE68 5390 0754 7034 paid twice"] {
            assert_eq!(kinds(iban), ["iban"], "{iban}");
        }
        for card in
            ["4111.1111.1111.1111", "4111\u{a0}1111\u{a0}1111\u{a0}1111", "3782 822463 10005", "378282246310005"]
        {
            assert_eq!(kinds(card), ["card"], "{card}");
        }
    }

    #[test]
    fn finds_what_stands_anywhere_in_a_long_cell() {
        let address = "wren.alder@example.org";
        for at in [0, 26 * 1024 - 11, SEAM - 11, SEAM, 300_000] {
            let cell = format!("{}{address}{}", "\u{eb} ".repeat(at / 3) + &" ".repeat(at % 3), " x".repeat(50_000));
            assert_eq!(kinds(&cell), ["email"], "at {at}");
        }
        let border = SEAM - 8;
        assert_eq!(kinds(&format!("{}07700 900123", ". ".repeat(border / 2))), ["phone"]);
        // A border cuts a long number into what would look like a card.
        let cut = format!("{}4111111111111111{}", " ".repeat(SEAM - 16), "0".repeat(100));
        assert_eq!(kinds(&cut), Vec::<&str>::new());
    }

    #[test]
    fn finds_cards_among_whole_numbers_where_most_are_cards() {
        let recognisers = Recognisers::new().expect("shapes");
        let with_check_digit = |front: i64| {
            let of = |digit: i64| format!("{front}{digit}").bytes().map(|sign| sign - b'0').collect::<Vec<_>>();
            (0..10).find(|digit| is_card(&of(*digit))).map(|digit| front * 10 + digit)
        };
        let cards: Vec<_> = (0..20).map(|n| with_check_digit(411_111_111_111_100 + n * 37)).collect();
        assert_eq!(recognisers.cards(&Int64Array::from(cards.clone())).found(), 20);
        assert_eq!(recognisers.cards(&Int64Array::from(cards[..3].to_vec())).found(), 0);
        let ids: Int64Array = (0..2000).map(|n| Some(4_000_000_000_000_000 + n)).collect();
        assert_eq!(recognisers.cards(&ids).found(), 0);
        let stamps: Int64Array = (0..2000).map(|n| Some(1_795_305_600_000_000 + n)).collect();
        assert_eq!(recognisers.cards(&stamps).found(), 0);
    }

    #[test]
    fn counts_every_cell_of_a_column_that_says_the_same_over_and_over() {
        let said = [
            "AAA-LIG-176",
            "the unit of the north bank",
            "a text that is too long to be remembered by anyone",
            "07700 900123",
            "wren.alder@example.org",
            "",
        ];
        let cells = (0..50_000).map(|row| (row % 13 != 12).then(|| said[row % 13 % said.len()]));
        let column = StringViewArray::from_iter(cells.clone());
        let of = |text| cells.clone().filter(|cell| *cell == Some(text)).count() as u64;
        let expected = BTreeMap::from([("phone", of(said[3])), ("email", of(said[4]))]);
        assert_eq!(recognisers().findings(&column), expected);
    }

    #[test]
    fn passes_what_only_looks_like_it() {
        for harmless in [
            "AAA-LIG-176",
            "T_DRAXX-3",
            "C__FMAGN003",
            "12345678",
            "2020-05-23 00:00:00.0000000",
            "22 7867 6232 781",
            "GB82 WEST 1234 5698 7654 33",
            "4111 1111 1111 1112",
            "TN 12 34 56 C",
            "user@localhost",
            "0199b6c2-7d3a-7c11-a1b2-c3d4e5f60718",
            "AR4-2021-000123",
            "1234567.890123",
            "1234.07123456789",
            "2345.678901234567",
            "41111111-1111-4111-a111-111111111111",
            "00000000-0000-0000-4111-111111111111",
            "be685390-0754-7034-8a1b-0c2d3e4f5a6b",
            "id be685390-0754-7034-8a1b-0c2d3e4f5a6b, and no more",
            "2026-07-12 07:41:32.123456",
            "2026-11-23T02:30:00Z",
            "07/12/2026 100",
            "1200023456789",
            "SC123456",
            "2026-11-23/48",
            "GB12 3456 7890",
            "EXP-2020-0712-345678",
            "447700",
        ] {
            assert_eq!(kinds(harmless), Vec::<&str>::new(), "{harmless}");
        }
    }

    /// The same findings and tallies, part by part, of texts as they stand and of those that differ.
    fn tells_the_same(parts: &[StringViewArray], packed: &[ArrayRef]) -> bool {
        // A memory of its own for each road: what was met in one part is known in the next.
        let [plain, counting] = [Recognisers::new().expect("patterns"), Recognisers::new().expect("patterns")];
        parts.iter().zip(packed).all(|(texts, packed)| {
            let counted = || CountedTexts::of(packed.as_ref()).expect("texts");
            // Of many different values only some are kept, whichever come first.
            let counts = |(found, tally): Looked| {
                let kinds = KINDS.iter().map(|kind| tally.of(kind.0)).collect::<Vec<_>>();
                (found, tally.cells, tally.bytes, tally.sentences, tally.distinct(), kinds)
            };
            let is_same = |name| {
                counts(plain.findings_and_tally(texts, name)) == counts(counting.findings_and_tally(counted(), name))
            };
            plain.findings(texts) == counting.findings(counted())
                && ["note", "contact_name", "phone"].into_iter().all(is_same)
        })
    }

    proptest::proptest! {
        #[test]
        fn tells_the_same_of_texts_one_by_one_and_of_those_that_differ(
            rows in proptest::collection::vec((0..3usize, proptest::option::of(0..VALUES.len())), 0..60),
        ) {
            let part = |part: usize| rows.iter().filter(|(of, _)| *of != part).map(|(_, value)| value.map(|at| VALUES[at])).collect();
            let parts: [StringViewArray; 2] = [part(0), part(1)];
            let packed = parts.each_ref().map(|texts| cast(texts, &packed_texts()).expect("a dictionary"));
            proptest::prop_assert!(tells_the_same(&parts, &packed));
        }
    }

    #[test]
    fn tells_the_same_of_more_texts_than_are_looked_at_in_one_go_and_of_some_that_are_not_there() {
        let texts = (0..10_000).map(|at| match at % 50 {
            0 => format!("{at} wren.alder{at}@example.org"),
            1 => format!("{at} {}", VALUES[at / 50 % VALUES.len()]),
            _ => format!("AAA-{at}"),
        });
        let texts = Arc::new(StringArray::from_iter_values(texts));
        let part = |from: i32| -> ArrayRef {
            // Every third text is not there; every second of the others twice and more; every seventh row has none.
            let keys = (from..20_000).filter(|at| at % 10_000 % 3 != 0).map(|at| (at % 7 != 0).then_some(at % 10_000));
            Arc::new(DictionaryArray::<Int32Type>::new(keys.chain([Some(1), Some(1)]).collect(), texts.clone()))
        };
        let packed = [part(0), part(9_000)];
        let parts =
            packed.each_ref().map(|packed| cast(packed, &DataType::Utf8View).expect("texts").as_string_view().clone());
        assert!(tells_the_same(&parts, &packed));
        let recognisers = Recognisers::new().expect("patterns");
        assert!(recognisers.findings(&parts[0])["email"] > 100);
    }

    #[test]
    fn cards_are_told_from_chance_by_all_of_the_numbers_together() {
        let cards = |numbers: &[i64]| recognisers().cards(&Int64Array::from(numbers.to_vec()));
        let few = cards(&[4_111_111_111_111_111; 10]);
        assert_eq!((few.found(), few.and(few).found()), (0, 20));
        assert_eq!(few.and(cards(&[7; 10])).found(), 0, "no more than half");
    }

    /// With something about people in some, in several ways in one, and with nothing.
    const VALUES: [&str; 9] = [
        "write to wren.alder@example.org, please",
        "Onshore Wind",
        "07700 900123",
        "Sarah Whitcombe",
        "",
        "NI: ab 12 34 56 c and 4111 1111 1111 1111",
        "The unit was out of service from 3 May to 9 May for planned work on the gearbox",
        "Zo\u{eb} Hartley wrote that nothing is left to do before the next settlement run",
        "AB1 2CD",
    ];
}
