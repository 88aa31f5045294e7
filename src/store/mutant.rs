//! Faults that the simulator plants into the protocol, one at a time, to show that it would find them.
//!
//! Compiled only in unit tests; elsewhere [`is`] is `false` and costs nothing. Never in here: anything that a release may do.

/// A fault of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mutant {
    /// A create-only write is believed what it answers.
    AnswerBelieved,
    /// A conflict that stored nothing is taken for somebody else's object.
    ConflictTaken,
    /// A create-only write writes over what is there.
    WritesOver,
    /// The tables are committed before the job's record.
    TablesFirst,
    /// A night that was begun is not completed.
    NoRecovery,
    /// A night is taken for done when its first table is.
    FirstTableOnly,
    /// A manifest does not say which was before it.
    Unchained,
    /// The second cloud gets the log entry before the objects.
    SecondLogFirst,
    /// The second cloud gets the newest version alone.
    SecondNewestOnly,
    /// An older state is put over a newer one.
    OlderOverNewer,
    /// A period that is published is published again.
    PeriodTwice,
    /// The rows of `nightferry_runs` are appended whether or not they are there.
    RunsTwice,
    /// The files of the version before stay part of the table.
    OldFilesStay,
    /// What no version names is collected however young it is.
    NoGrace,
    /// What is listed is deleted at once.
    OnePhase,
    /// What the second cloud still lacks is collected.
    SecondForgotten,
    /// Files that are about to be collected are gone back to.
    MarkedIgnored,
    /// A checkpoint is named before it is there.
    HintFirst,
    /// A night is published though its people are to be forgotten since.
    ListIgnored,
    /// A hint where records begin is believed, though it names one that is not there.
    BeginningBelieved,
    /// A checkpoint has the state of the version before.
    CheckpointOfBefore,
    /// Entries of a log go before it is said where it begins.
    LogCutFirst,
    /// What is found beside whoever deletes or writes over is told at once.
    LooksOnce,
    /// A writer of a plain copy ends it though a later version came.
    StalledCopyGoesOn,
}

#[cfg(test)]
thread_local! {
    static PLANTED: std::cell::Cell<Option<Mutant>> = const { std::cell::Cell::new(None) };
}

/// Plants `mutant` on this thread, or none.
#[cfg(test)]
pub(super) fn plant(mutant: Option<Mutant>) {
    PLANTED.set(mutant);
}

/// Whether `mutant` is planted.
#[inline(always)]
pub(super) fn is(mutant: Mutant) -> bool {
    #[cfg(test)]
    return PLANTED.get() == Some(mutant);
    #[cfg(not(test))]
    {
        let _ = mutant;
        false
    }
}
