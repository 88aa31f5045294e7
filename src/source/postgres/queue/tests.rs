//! What a queue gives to whom, and when.

use super::*;
use crate::data::Name;
use crate::source::postgres::table::tests::table;

fn ask(queue: &Queue) -> oneshot::Receiver<Result<Started, SourceError>> {
    let (answer, answered) = oneshot::channel();
    queue.push(Asked { extract: table(1).extract, is_to_be_read: true, answer });
    answered
}

fn part(task: Option<Task>) -> Option<usize> {
    match task {
        Some(Task::Read(_, part, _)) => Some(part),
        _ => None,
    }
}

#[test]
fn gives_the_parts_of_an_extract_in_order_and_then_the_next_extract() {
    let queue = Queue::default();
    let (_first, _second) = (ask(&queue), ask(&queue));
    assert!(matches!(queue.take(true), Some(Task::Look(_))));
    assert!(queue.take(false).is_none(), "the second extract was begun before the first was looked at");
    let mut begun = queue.begin(table(3));
    assert_eq!([0, 1, 2].map(|_| part(queue.take(false))), [Some(0), Some(1), Some(2)]);
    assert!(matches!(queue.take(false), Some(Task::Look(_))));
    assert!((0..3).all(|_| begun.try_recv().is_ok()) && begun.try_recv().is_err());
}

#[test]
fn keeps_what_is_the_first_sessions_for_it() {
    let queue = Queue::default();
    let _asked = ask(&queue);
    queue.take(false);
    let mut table = table(1);
    table.division.is_of_one_session = true;
    let _begun = queue.begin(table);
    assert!(queue.take(false).is_none());
    assert_eq!(part(queue.take(true)), Some(0));
}

#[test]
fn opens_as_many_sessions_as_there_is_something_to_do_for_and_no_more_than_allowed() {
    let queue = Queue::default();
    queue.first();
    let (_one, _two) = (ask(&queue), ask(&queue));
    assert_eq!([queue.open_more(1), queue.open_more(5), queue.open_more(5)], [0, 1, 0]);
    queue.take(true);
    let _begun = queue.begin(table(9));
    assert_eq!([queue.open_more(5), queue.open_more(5)], [3, 0]);
}

#[test]
fn goes_on_without_a_session_that_could_not_come_and_not_without_one_that_read() {
    let away = || SourceError::Away {
        from: Name::new("db").expect("a name"),
        during: "connecting".into(),
        answer: Some(Answer::SqlState("53300".into())),
    };
    let queue = Queue::default();
    queue.first();
    let (_one, mut two) = (ask(&queue), ask(&queue));
    assert_eq!(queue.open_more(2), 1);
    queue.failed(away());
    assert_eq!((queue.lost(), queue.open_more(2)), (None, 0));
    queue.take(true);
    let mut begun = queue.begin(table(2));
    let task = queue.take(true);
    queue.ended(Some(away()));
    assert_eq!(queue.lost(), Some(("connecting".into(), Some(Answer::SqlState("53300".into())))));
    // The part that is being read is told, the other never comes, and nobody answers the second extract.
    assert!(task.is_some() && begun.try_recv().is_ok());
    assert_eq!(begun.try_recv().err(), Some(mpsc::error::TryRecvError::Disconnected));
    assert_eq!(two.try_recv().err(), Some(oneshot::error::TryRecvError::Closed));
}
