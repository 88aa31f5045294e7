//! One child of an array job of AWS Batch -> its part of what was asked: one of several jobs, or one period of many days.
//!
//! A job's datasets are never divided: they are published together or not at all. And no part is left to nobody, or to two: there
//! are as many children as parts, or none of them does anything.

use crate::data::{Every, Period};
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{Job, Written};
use crate::report::BatchReport;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Most children of an array job (AWS Batch, "Array jobs").
const CHILDREN_MAX: usize = 10_000;

/// A child of an array job: which of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Child {
    index: usize,
    size: usize,
}

/// What a run takes of the job files that were named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its job.
    pub job: PathBuf,
    /// Whether it takes one period of the days that were named, and which.
    pub period: Option<Child>,
}

/// The child that this process is. Says what is wrong where it is one and nobody said so, or the other way round.
pub fn child(is_asked: bool, batch: Option<&BatchReport>) -> Result<Option<Child>, Failure> {
    let index = batch.and_then(|batch| batch.array_index);
    match (is_asked, index, batch.and_then(|batch| batch.array_size)) {
        (false, None, _) => Ok(None),
        (true, Some(index), Some(size)) if index < size => {
            Ok(Some(Child { index: index as usize, size: size as usize }))
        }
        (true, Some(_), _) => Err(refused("AWS Batch does not tell how many children the array job has".into())),
        (true, None, _) => Err(refused("--array is for a child of an array job of AWS Batch, and this is none".into())),
        (false, Some(_), _) => {
            Err(refused("this is a child of an array job, and without --array each of them would do all of it".into()))
        }
    }
}

/// The job of a child, or of a run by itself, among those that were named.
pub fn taken(jobs: Vec<PathBuf>, child: Option<Child>) -> Result<Taken, Failure> {
    let mut files = BTreeSet::new();
    // One file has many spellings, and links. What is not there is told by whoever reads it.
    let twice = jobs.iter().any(|job| !files.insert(job.canonicalize().unwrap_or_else(|_| job.clone())));
    let count = jobs.len();
    let mut jobs = jobs.into_iter();
    match (child, jobs.next()) {
        (period, Some(job)) if count == 1 => Ok(Taken { job, period }),
        (Some(_), _) if twice => Err(refused("a job is named twice: two children would do the same".into())),
        (Some(child), Some(first)) => {
            of_equal(child, count, "jobs")?;
            let job = std::iter::once(first).chain(jobs).nth(child.index).unwrap_or_default();
            Ok(Taken { job, period: None })
        }
        _ => Err(refused("a run is of one job; several are for --array, one a child".into())),
    }
}

/// The days of a child: one period of those that were asked for, by the longest in which a table of the job is written.
pub fn period(job: &Job, asked: Period, child: Child) -> Result<Period, Failure> {
    let every: Option<Vec<Every>> = job.datasets.iter().map(|dataset| every(&dataset.write)).collect();
    let whole = "a job with a table that is not written by periods has one state, and nothing to divide";
    let every = every.ok_or_else(|| refused(whole.into()))?;
    let longest = longest(&every).ok_or_else(|| {
        refused(
            "the job has tables by financial and by delivery years: no period of one is in a period of the other"
                .into(),
        )
    })?;
    let many = || refused(format!("an array job has at most {CHILDREN_MAX} children"));
    let periods = longest.periods(asked, CHILDREN_MAX).ok_or_else(many)?;
    of_equal(child, periods.len(), "periods")?;
    let whole = periods.get(child.index).copied().unwrap_or(asked);
    // A table takes the whole period anyway; the run is for the days that were asked for.
    Ok(Period { from: whole.from.max(asked.from), to: whole.to.min(asked.to) })
}

/// The longest, if every other lies within it.
fn longest(every: &[Every]) -> Option<Every> {
    let longest = Every::ALL.into_iter().rfind(|of| every.contains(of))?;
    let crosses = longest == Every::DeliveryYear && every.contains(&Every::FinancialYear);
    (!crosses).then_some(longest)
}

fn every(written: &Written) -> Option<Every> {
    match written {
        Written::ReplacePeriod { every, .. } => Some(*every),
        Written::Replace | Written::Merge { .. } => None,
    }
}

/// Refuses an array of another size than there are parts.
fn of_equal(child: Child, parts: usize, of: &str) -> Result<(), Failure> {
    let what = || format!("there are {parts} {of} and {} children; hint: --array-properties size={parts}", child.size);
    if parts == child.size { Ok(()) } else { Err(refused(what())) }
}

fn refused(what: String) -> Failure {
    Failure::new(ending::ARRAY, Phase::Files, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(index: Option<u32>, size: Option<u32>) -> BatchReport {
        BatchReport { job: "a".into(), array_index: index, array_size: size, ..BatchReport::default() }
    }

    #[test]
    fn is_a_child_where_both_say_so_and_refused_where_one_does() {
        assert_eq!(child(false, None).expect("none"), None);
        assert_eq!(child(false, Some(&batch(None, None))).expect("none"), None);
        let third = child(true, Some(&batch(Some(2), Some(3)))).expect("a child");
        assert_eq!(third, Some(Child { index: 2, size: 3 }));
        for (is_asked, batch) in [
            (true, None),
            (true, Some(batch(None, None))),
            (true, Some(batch(Some(2), None))),
            (true, Some(batch(Some(3), Some(3)))),
            (false, Some(batch(Some(0), Some(3)))),
        ] {
            assert_eq!(child(is_asked, batch.as_ref()).expect_err("refused").ending.id, "E-ARRAY-2");
        }
    }

    #[test]
    fn takes_one_job_each_and_never_a_job_twice_or_too_many() {
        let jobs = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        let of = |index, size| Some(Child { index, size });
        let alone = taken(jobs(&["a"]), of(1, 3)).expect("one job");
        assert_eq!((alone.job, alone.period), ("a".into(), of(1, 3)));
        let second = taken(jobs(&["a", "b"]), of(1, 2)).expect("a job");
        assert_eq!((second.job, second.period), ("b".into(), None));
        for (names, child) in [(jobs(&["a", "b"]), None), (jobs(&["a", "b"]), of(1, 3)), (jobs(&["a", "a"]), of(0, 2))]
        {
            assert_eq!(taken(names, child).expect_err("refused").ending.code, 2);
        }
    }

    #[test]
    fn goes_by_the_longest_period_that_holds_the_others() {
        use Every::{Day, DeliveryYear, FinancialYear, Month, Quarter};
        assert_eq!(longest(&[Day, Quarter, Month]), Some(Quarter));
        assert_eq!(longest(&[DeliveryYear, Quarter]), Some(DeliveryYear));
        assert_eq!(longest(&[FinancialYear, DeliveryYear]), None);
    }
}
