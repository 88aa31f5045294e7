//! What many nights come to: which are due, late or missed, and whether last night is like those before it.
//!
//! ```text
//! ledger.rs    a run's report, read again: what is known of a night once it is over
//! due.rs       timetable and ledger -> what to do now
//! reach.rs     which nights a published one makes good besides its own
//! band.rs      rows of a night against those of the same weekday
//! series.rs    the rows of each dataset, night by night
//! told.rs      who was told of what
//! figures.rs   availability, time to repair, time between failures
//! ```
//!
//! Pure: reports and the moment come in as parameters. Never in here: a value of the data; reports have none.

mod band;
mod due;
mod figures;
mod ledger;
mod reach;
mod series;
mod told;

pub use band::{Alarm, Band, Counted, Direction, Rule, alarms, band};
pub use due::{Attempt, Standing, candidates, standing};
pub use figures::{Figures, figures, published_at};
pub use ledger::{LedgerColumn, LedgerDataset, LedgerProblem, LedgerRun, LedgerStore};
pub use reach::Tables;
pub use series::{Series, last_alarm, series};
pub use told::{AGAIN_AFTER, After, Present, Telling, Told};
