//! One store's parts of a dataset: filled in the order of the rows; read back, scanned and uploaded beside the next.
//!
//! What is tallied and scanned is what was encoded, decoded again, not what was meant to be.

use crate::data::{Audience, ColumnType, CountedTexts, Name, Period, RiskBeyond, RiskTerms, Treatment};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::format::parquet_back::NotReadable;
use crate::job::OutputPlan;
use crate::privacy::{
    CARD, Cards, ColumnTreatment, Content, Disagreement, Recognisers, Risk, RiskFault, RiskMeter, RiskRows, readable,
};
use crate::reconcile::Tally;
use crate::store::{Encoded, Part, Parts, Staged, Staging, StoreError};
use crate::world::compute;
use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;

/// Full parts that are not in their place yet: the next one fills meanwhile, and no third takes memory.
const PARTS_FULL_MAX: usize = 1;

/// Pieces of a part that are looked at side by side.
const PIECES: usize = 2;

impl LaneDone {
    /// What an open or internal column that is kept is of, whoever knows better.
    pub fn content(&self, shown: &ColumnTreatment) -> Option<Disagreement> {
        self.contents.get(shown.column.name.as_str())?.of(&shown.column)
    }

    /// What a column is of that was declared to be about nobody, where it is about somebody all the same.
    fn disagreement(&self, shown: &ColumnTreatment) -> Option<Disagreement> {
        self.contents.get(shown.column.name.as_str())?.against(&shown.column)
    }

    /// Why the store may not have it: columns that are not of their class.
    fn disagrees(&self) -> Result<(), Failure> {
        let audience = self.output.audience;
        let mut found = self.output.columns.iter().filter_map(|shown| Some((shown, self.disagreement(shown)?)));
        match found.next().filter(|_| audience != Audience::Restricted) {
            None => Ok(()),
            Some((shown, Disagreement { kind, share, .. })) => {
                let more = match found.count() {
                    0 => String::new(),
                    more => format!("; columns of which the same is to be said: {more}"),
                };
                let what = format!(
                    "`{}` is declared {} and is {kind} by what it holds (share of its cells: {:.0} %), and `{audience}` \
                     would see it{more}",
                    shown.column.name,
                    shown.column.class,
                    share * 100.0
                );
                Err(Failure::new(ending::CLASS_DISAGREES, Phase::Stage, what))
            }
        }
    }
}

/// A lane under way.
pub struct Lane {
    parts: Option<Parts>,
    /// The period of the rows that come now.
    period: Option<Period>,
    send: Option<mpsc::Sender<Full>>,
    room: Arc<Semaphore>,
    shipping: JoinHandle<(LaneDone, Result<(), Failure>)>,
    bytes: u64,
}

/// A part on its way, and the room that it takes until it is in its place.
struct Full {
    part: Part,
    period: Option<Period>,
    _room: OwnedSemaphorePermit,
}

/// What a store got.
pub struct LaneDone {
    /// The output it is for.
    pub output: OutputPlan,
    /// The tally of what was read back.
    pub written: Tally,
    /// Column -> cells that looked like personal data.
    pub findings: BTreeMap<String, u64>,
    /// Open or internal column that is kept -> what its cells tell of it.
    contents: BTreeMap<String, Content>,
    /// The risk that is left, once all is written.
    pub risk: Option<Risk>,
    /// Parts.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The parts in their place, unseen; `None` in a dry run and once they are published.
    pub staged: Option<Staged>,
}

impl Lane {
    /// Starts a lane; without `staging` (a dry run) parts are looked at and let go.
    pub fn start(
        output: &OutputPlan,
        parts: Parts,
        staging: Option<Staging>,
        recognisers: Arc<Recognisers>,
        meter: Option<RiskMeter>,
    ) -> Self {
        let (send, receive) = mpsc::channel(PARTS_FULL_MAX);
        let shipping = tokio::spawn(ship(output.clone(), receive, staging, recognisers, meter));
        let room = Arc::new(Semaphore::new(PARTS_FULL_MAX));
        Lane { parts: Some(parts), period: None, send: Some(send), room, shipping, bytes: 0 }
    }

    /// Adds rows; gives the bytes of a part that is full now.
    pub async fn append(&mut self, encoded: Encoded) -> Result<u64, Failure> {
        let Some(parts) = &mut self.parts else { return Ok(0) };
        let full = parts.append(encoded).map_err(|error| Failure::store(&error, Phase::Stage))?;
        match full {
            Some(part) => self.send(part).await,
            None => Ok(0),
        }
    }

    /// What comes next is of `period`, and goes into parts of its own; gives the bytes of the part that this ends.
    pub async fn turn_to(&mut self, period: Option<Period>) -> Result<u64, Failure> {
        let Some(parts) = self.parts.as_mut().filter(|_| self.period != period) else { return Ok(0) };
        let bytes = match parts.cut().map_err(|error| Failure::store(&error, Phase::Stage))? {
            Some(part) => self.send(part).await?,
            None => 0,
        };
        self.period = period;
        Ok(bytes)
    }

    async fn send(&mut self, part: Part) -> Result<u64, Failure> {
        let bytes = part.bytes().len() as u64;
        self.bytes += bytes;
        let gone = || Failure::new(ending::STORE_AWAY, Phase::Stage, "the parts could not be written");
        let Some(send) = &self.send else { return Err(gone()) };
        // A lane that failed has closed its end, and gives its room back.
        let room = Arc::clone(&self.room).acquire_owned().await.map_err(|_| gone())?;
        send.send(Full { part, period: self.period, _room: room }).await.map_err(|_| gone())?;
        Ok(bytes)
    }

    /// Sends the last part and waits until all are in their place.
    pub async fn finish(mut self) -> (LaneDone, Result<(), Failure>) {
        let last =
            self.parts.take().map(Parts::finish).transpose().map_err(|error| Failure::store(&error, Phase::Stage));
        let sent = match last {
            Ok(Some(Some(part))) => self.send(part).await.map(|_| ()),
            Ok(_) => Ok(()),
            Err(failure) => Err(failure),
        };
        self.send = None;
        match self.shipping.await {
            Ok((done, shipped)) => (done, shipped.and(sent)),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
}

async fn ship(
    output: OutputPlan,
    mut parts: mpsc::Receiver<Full>,
    mut staging: Option<Staging>,
    recognisers: Arc<Recognisers>,
    mut meter: Option<RiskMeter>,
) -> (LaneDone, Result<(), Failure>) {
    let (findings, contents) = (BTreeMap::new(), BTreeMap::new());
    let mut done = LaneDone {
        output,
        written: Tally::default(),
        findings,
        contents,
        risk: None,
        files: 0,
        bytes: 0,
        staged: None,
    };
    let mut shipped = Ok(());
    while let Some(Full { part, period, _room }) = parts.recv().await {
        shipped = ship_one(part, period, &mut done, staging.as_mut(), &recognisers, meter.as_mut()).await;
        if shipped.is_err() {
            break;
        }
    }
    done.staged = staging.map(Staging::finish);
    let mut shipped = shipped.and_then(|()| done.disagrees());
    if let Some(meter) = meter.filter(|_| shipped.is_ok()) {
        let terms = meter.terms().clone();
        match compute(move || meter.finish()).await {
            Ok(risk) => {
                done.risk = Some(risk);
                shipped = within(&risk, &terms, &done.output);
            }
            Err(fault) => shipped = Err(uncounted(&fault)),
        }
    }
    (done, shipped)
}

/// Why the store may not have it: somebody stands too much alone.
fn within(risk: &Risk, terms: &RiskTerms, output: &OutputPlan) -> Result<(), Failure> {
    let beyond = risk.beyond(terms);
    if beyond.is_empty() || terms.beyond == RiskBeyond::Warn {
        return Ok(());
    }
    let by = terms.quasi.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let what = format!("by {by} people stand out in what `{}` would see: {}", output.audience, beyond.join("; "));
    Err(Failure::new(ending::RISK, Phase::Stage, what))
}

fn uncounted(fault: &RiskFault) -> Failure {
    let ending = if matches!(fault, RiskFault::Scratch(_)) { ending::DISK } else { ending::JOB_INVALID };
    Failure::new(ending, Phase::Stage, fault.to_string())
}

async fn ship_one(
    part: Part,
    period: Option<Period>,
    done: &mut LaneDone,
    staging: Option<&mut Staging>,
    recognisers: &Arc<Recognisers>,
    meter: Option<&mut RiskMeter>,
) -> Result<(), Failure> {
    let (output, recognisers) = (done.output.clone(), Arc::clone(recognisers));
    let (part, seen) = compute(move || {
        let seen = look(&part, &output, &recognisers);
        (part, seen)
    })
    .await;
    let Seen { tally, findings, contents, risk, .. } =
        seen.map_err(|error| Failure::store(&error, Phase::Reconcile))?;
    done.written = std::mem::take(&mut done.written).and(tally);
    done.files += 1;
    done.bytes += part.bytes().len() as u64;
    if let Some(meter) = meter {
        for rows in risk {
            rows.and_then(|rows| meter.add(rows)).map_err(|fault| uncounted(&fault))?;
        }
    }
    for (column, content) in contents {
        add_content(&mut done.contents, column, content);
    }
    for ((column, kind), cells) in findings {
        *done.findings.entry(column.clone()).or_default() += cells;
        let mut shown = done.output.columns.iter().map(|shown| &shown.column);
        let is_known = shown.any(|shown| shown.name.as_str() == column && shown.not_personal.contains_key(kind));
        if done.output.audience != Audience::Restricted && !is_known {
            let what = format!(
                "`{column}` holds what looks like {kind} (cells: {cells}), and `{}` would see it",
                done.output.audience
            );
            return Err(Failure::new(ending::PERSONAL_DATA, Phase::Stage, what));
        }
    }
    match staging {
        Some(staging) => staging.add_of(&part, period).await.map_err(|error| Failure::store(&error, Phase::Stage)),
        None => Ok(()),
    }
}

/// What a part holds, or a piece of it.
#[derive(Default)]
struct Seen {
    tally: Tally,
    /// Column and kind -> cells.
    findings: BTreeMap<(String, &'static str), u64>,
    contents: BTreeMap<String, Content>,
    /// Columns of whole numbers.
    cards: BTreeMap<String, Cards>,
    risk: Vec<Result<RiskRows, RiskFault>>,
}

impl Seen {
    /// Both pieces together, the second behind the first.
    fn and(mut self, more: Seen) -> Self {
        self.tally = self.tally.and(more.tally);
        for (what, cells) in more.findings {
            *self.findings.entry(what).or_default() += cells;
        }
        for (column, content) in more.contents {
            add_content(&mut self.contents, column, content);
        }
        for (column, cards) in more.cards {
            self.add_cards(&column, cards);
        }
        self.risk.extend(more.risk);
        self
    }

    fn add_cards(&mut self, column: &str, cards: Cards) {
        let all = self.cards.entry(column.to_owned()).or_default();
        *all = all.and(cards);
    }

    /// With the cards of the whole part among what was found.
    fn with_cards(mut self) -> Self {
        let found = std::mem::take(&mut self.cards).into_iter().map(|(column, cards)| ((column, CARD), cards.found()));
        self.findings.extend(found.filter(|(_, cards)| *cards > 0));
        self
    }
}

fn add_content(contents: &mut BTreeMap<String, Content>, column: String, content: Content) {
    let content = match contents.remove(&column) {
        Some(before) => before.and(content),
        None => content,
    };
    contents.insert(column, content);
}

/// Reads a part back: its tally, and what looks like personal data in text that anything of a value may have got into.
///
/// Labels are words of the schema, pseudonyms are digits of a hash or a cipher.
///
/// In pieces, since nothing else is left to do beside the last part; in as many on every machine, so that what is found does not hang
/// on how many cores there are.
fn look(part: &Part, output: &OutputPlan, recognisers: &Recognisers) -> Result<Seen, StoreError> {
    let may_be_packed =
        |name: &str| output.columns.iter().any(|shown| shown.column.name.as_str() == name && is_counted(shown, output));
    let pieces = part.read_back_in(PIECES, &may_be_packed)?;
    let look = |rows| look_through(rows, part.dataset(), output, recognisers);
    // Whoever stages the part asks for its hash: it is made meanwhile, and nobody waits for it.
    let (seen, _) = rayon::join(|| pieces.into_par_iter().map(look).collect::<Vec<_>>(), || part.sha256());
    Ok(seen.into_iter().try_fold(Seen::default(), |seen, more| more.map(|more| seen.and(more)))?.with_cards())
}

/// Whether it is enough to look at each text of a column once, and to know how often it is there: not where rows are told apart by them.
fn is_counted(shown: &ColumnTreatment, output: &OutputPlan) -> bool {
    let tells_rows_apart =
        |terms: &RiskTerms| terms.quasi.iter().chain(&terms.sensitive).any(|name| *name == shown.column.name);
    is_looked_at_whole(shown) && !output.risk.as_ref().is_some_and(tells_rows_apart)
}

/// Whether the texts of a column are looked at as they are: what was scrubbed, fields of JSON and types that PostgreSQL prints go a way of
/// their own.
fn is_looked_at_whole(shown: &ColumnTreatment) -> bool {
    let is_printed = matches!(shown.column.column_type, ColumnType::Printed(_));
    !is_printed && !matches!(shown.treatment, Treatment::Scrub | Treatment::Fields(_))
}

fn look_through(
    rows: impl Iterator<Item = Result<RecordBatch, StoreError>>,
    dataset: &Name,
    output: &OutputPlan,
    recognisers: &Recognisers,
) -> Result<Seen, StoreError> {
    let mut seen = Seen::default();
    let kept = || output.columns.iter().filter(|shown| shown.treatment == Treatment::Keep);
    let scanned = || output.columns.iter().filter(|shown| !shown.treatment.leaves_nothing());
    let unread = |_: NotReadable| StoreError::ReadBack { dataset: dataset.to_string() };
    for batch in rows {
        let batch = batch?;
        for shown in scanned() {
            let Some(cells) = batch.column_by_name(shown.column.name.as_str()) else { continue };
            let name = shown.column.name.to_string();
            if let Some(numbers) = cells.as_primitive_opt::<Int64Type>() {
                seen.add_cards(&name, recognisers.cards(numbers));
            }
            let (found, content) = look_at(cells, shown, output.audience, recognisers).map_err(unread)?;
            for (kind, cells) in found.into_iter().filter(|(_, cells)| *cells > 0) {
                *seen.findings.entry((name.clone(), kind)).or_default() += cells;
            }
            if let Some(content) = content {
                add_content(&mut seen.contents, name, content);
            }
        }
        seen.risk.extend(output.risk.as_ref().map(|terms| RiskRows::of(&batch, terms)));
        let is_kept = |name: &str| kept().any(|shown| shown.column.name.as_str() == name);
        seen.tally = std::mem::take(&mut seen.tally).and(Tally::of_some(&batch, is_kept));
    }
    seen.cards.values_mut().for_each(|cards| *cards = cards.ended());
    Ok(seen)
}

/// Cells of one column: how many hold what no column of its kind may hold, and what they tell of the whole.
fn look_at(
    cells: &ArrayRef,
    shown: &ColumnTreatment,
    audience: Audience,
    recognisers: &Recognisers,
) -> Result<(BTreeMap<&'static str, u64>, Option<Content>), NotReadable> {
    let ColumnTreatment { column, treatment } = shown;
    let of_fields = match treatment {
        Treatment::Fields(fields) => readable(cells, column.name.as_str(), fields),
        _ => None,
    };
    let cells = of_fields.as_ref().unwrap_or(cells);
    // Scrubbed text holds nothing of any kind, not only of those that no column may hold.
    if *treatment == Treatment::Scrub {
        let texts = cells.as_string_view_opt().ok_or(NotReadable)?;
        return Ok((recognisers.left(texts, column.name.as_str()), None));
    }
    let texts = CountedTexts::of(cells);
    // A column of texts that is not known as one must not pass for one in which nothing was found.
    let is_text = matches!(
        cells.data_type(),
        DataType::Utf8View | DataType::Utf8 | DataType::LargeUtf8 | DataType::Dictionary(..)
    );
    let is_apart = matches!(texts, Some(CountedTexts::Different(..)));
    if is_text && texts.is_none() || is_apart && !is_looked_at_whole(shown) {
        return Err(NotReadable);
    }
    let is_judged = *treatment == Treatment::Keep && !column.class.is_personal() && audience != Audience::Restricted;
    let (found, content) = match is_judged {
        true => Content::look(cells, column, recognisers),
        false => (BTreeMap::new(), None),
    };
    match texts.filter(|_| content.is_none()) {
        Some(texts) => Ok((recognisers.findings(texts), None)),
        None => Ok((found, content)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Class, Column};
    use crate::privacy::{Keys, redact};
    use crate::store::{Encoder, PartLimits};
    use arrow::array::{Int64Array, StringViewArray};

    const ROWS: usize = 300;

    /// Columns of texts, what they are treated with, and what their rows hold in turn.
    fn columns() -> Vec<(ColumnTreatment, [Option<&'static str>; 3])> {
        let column = |name: &str, word: &str, class, treatment, cells| {
            let column = Column::plain(Name::new(name).expect("a name"), ColumnType::parse(word).expect("a type"));
            (ColumnTreatment { column: Column { class, ..column }, treatment }, cells)
        };
        let uuid = Some("0199a3c4-5b6d-7e8f-9012-3456789abcde");
        vec![
            column("technology", "text", Class::Open, Treatment::Keep, [Some("Onshore Wind"), Some("Solar PV"), None]),
            column("contact", "text", Class::Open, Treatment::Keep, [Some("wren@example.org"), Some("n/a"), Some("")]),
            column("settled_in", "uuid", Class::Internal, Treatment::Keep, [uuid, None, uuid]),
            column("grade", "char(2)", Class::Open, Treatment::Keep, [Some("A"), Some("B"), None]),
            column("terms", "json", Class::Open, Treatment::Keep, [Some(r#"{"to":"07700 900123"}"#), Some("{}"), None]),
            column(
                "phone",
                "text",
                Class::Personal,
                Treatment::Mask { last: 3 },
                [Some("07700 900123"), None, Some("")],
            ),
            column(
                "full_name",
                "text",
                Class::Personal,
                Treatment::Label,
                [Some("Wren Alder"), None, Some("Rook Ash")],
            ),
            column(
                "remarks",
                "text",
                Class::Personal,
                Treatment::Scrub,
                [Some("ask wren@example.org"), None, Some("no")],
            ),
            column("tags", "text[]", Class::Open, Treatment::Keep, [Some("{a,b}"), Some("{}"), None]),
            column("district", "text", Class::Open, Treatment::Keep, [Some("ZZ1"), Some("ZZ2"), None]),
        ]
    }

    #[test]
    fn a_part_tells_the_same_by_its_dictionaries_and_row_by_row() {
        let (shown, cells): (Vec<_>, Vec<_>) = columns().into_iter().unzip();
        let arrays =
            cells.iter().map(|of| Arc::new((0..ROWS).map(|row| of[row % 3]).collect::<StringViewArray>()) as ArrayRef);
        // Ten cards in each group, and numbers that are none.
        let numbers = [("account", Some(4_111_111_111_111_111)), ("serial", None)].map(|(name, card)| {
            let column = Column::plain(Name::new(name).expect("a name"), ColumnType::Bigint);
            let of = |row: i64| card.filter(|_| row < 10).or((card.is_none()).then_some(row));
            let cells: ArrayRef = Arc::new((0..ROWS as i64).map(of).collect::<Int64Array>());
            (ColumnTreatment { column: Column { class: Class::Internal, ..column }, treatment: Treatment::Keep }, cells)
        });
        let (numbered, numbers): (Vec<_>, Vec<_>) = numbers.into_iter().unzip();
        let (shown, arrays) = ([shown, numbered].concat(), arrays.chain(numbers));
        let names = shown.iter().map(|shown| shown.column.name.to_string());
        let rows = RecordBatch::try_from_iter_with_nullable(names.zip(arrays).map(|(name, cells)| (name, cells, true)));
        let dataset = Name::new("notes").expect("a name");
        let redacted =
            redact(&rows.expect("rows"), &shown, Audience::Analytics, &dataset, &Keys::none()).expect("treated");
        let encoder = Encoder::new(&redacted, &shown, "0199", None).expect("an encoder");
        let mut parts = Parts::new(&encoder, PartLimits { rows_max: 1_000, bytes_max: 1 << 20 });
        for _ in 0..2 {
            let group = encoder.encode(std::slice::from_ref(&redacted)).expect("a row group");
            assert!(parts.append(group).expect("appended").is_none());
        }
        let part = parts.finish().expect("encoded").expect("a part");
        let terms = RiskTerms {
            quasi: vec![Name::new("district").expect("a name")],
            sensitive: None,
            k_min: None,
            l_min: None,
            under_5_max: None,
            under_10_max: None,
            unique_max: None,
            beyond: RiskBeyond::Warn,
        };
        let output = OutputPlan {
            store: Name::new("warehouse").expect("a name"),
            audience: Audience::Analytics,
            columns: shown,
            suppress_rows: Vec::new(),
            risk: Some(terms),
            small_cells: None,
        };
        let recognisers = Recognisers::new().expect("patterns");
        let counted = look(&part, &output, &recognisers).expect("looked at");
        let mut row_by_row = part.read_back_in(1, &|_| false).expect("readable");
        let row_by_row =
            look_through(row_by_row.remove(0), &dataset, &output, &recognisers).expect("looked at").with_cards();
        assert_eq!(counted.tally, row_by_row.tally);
        assert_eq!(counted.findings, row_by_row.findings);
        let found = |column: &str, kind| counted.findings.get(&(column.to_owned(), kind)).copied();
        assert_eq!([found("contact", "email"), found("terms", "phone")], [Some(200), Some(200)]);
        assert_eq!([found("account", CARD), found("serial", CARD)], [Some(20), None]);
        let disagreements = |seen: &Seen| {
            let of =
                |shown: &ColumnTreatment| seen.contents.get(shown.column.name.as_str()).map(|of| of.of(&shown.column));
            output.columns.iter().map(of).collect::<Vec<_>>()
        };
        assert_eq!(disagreements(&counted), disagreements(&row_by_row));
        let is_packed =
            |name: &str| output.columns.iter().any(|of| of.column.name.as_str() == name && is_counted(of, &output));
        let batch =
            part.read_back_in(1, &is_packed).expect("readable").remove(0).next().expect("a batch").expect("rows");
        let packed =
            batch.schema().fields().iter().filter(|of| matches!(of.data_type(), DataType::Dictionary(..))).count();
        assert_eq!(packed, 7, "all but those that are taken apart or tell rows apart");
    }
}
