//! What a queue gives to whom, and when.

use super::*;
use crate::data::Name;
use crate::source::postgres::table::tests::table;

/// The first session of the only role, and another.
const FIRST: Who = Who { role: 0, is_first: true };
const LATER: Who = Who { role: 0, is_first: false };
/// The first session of a second role.
const OTHER: Who = Who { role: 1, is_first: true };

fn ask(queue: &Queue) -> oneshot::Receiver<Result<Started, SourceError>> {
    ask_of(queue, 0)
}

fn ask_of(queue: &Queue, role: usize) -> oneshot::Receiver<Result<Started, SourceError>> {
    let (answer, answered) = oneshot::channel();
    queue.push(Asked { extract: table(1).extract, role, is_to_be_read: true, answer });
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
    let queue = Queue::new([5]);
    let (_first, _second) = (ask(&queue), ask(&queue));
    assert!(matches!(queue.take(FIRST), Some(Task::Look(_))));
    assert!(queue.take(LATER).is_none(), "the second extract was begun before the first was looked at");
    let mut begun = queue.begin(table(3), 0);
    assert_eq!([0, 1, 2].map(|_| part(queue.take(LATER))), [Some(0), Some(1), Some(2)]);
    assert!(matches!(queue.take(LATER), Some(Task::Look(_))));
    assert!((0..3).all(|_| begun.try_recv().is_ok()) && begun.try_recv().is_err());
}

#[test]
fn keeps_what_is_the_first_sessions_for_it() {
    let queue = Queue::new([5]);
    let _asked = ask(&queue);
    queue.take(LATER);
    let mut table = table(1);
    table.division.is_of_one_session = true;
    let _begun = queue.begin(table, 0);
    assert!(queue.take(LATER).is_none());
    assert_eq!(part(queue.take(FIRST)), Some(0));
}

#[test]
fn opens_as_many_sessions_as_there_is_something_to_do_for_and_no_more_than_allowed() {
    let alone = Queue::new([1]);
    alone.first(0);
    let _asked = (ask(&alone), ask(&alone));
    assert!(alone.open_more().is_empty());
    let queue = Queue::new([5]);
    queue.first(0);
    let (_one, _two) = (ask(&queue), ask(&queue));
    assert_eq!([queue.open_more().len(), queue.open_more().len()], [1, 0]);
    queue.take(FIRST);
    let _begun = queue.begin(table(9), 0);
    assert_eq!([queue.open_more().len(), queue.open_more().len()], [3, 0]);
}

#[test]
fn goes_on_without_a_session_that_could_not_come_and_not_without_one_that_read() {
    let away = || SourceError::Away {
        from: Name::new("db").expect("a name"),
        during: "connecting".into(),
        answer: Some(Answer::SqlState("53300".into())),
    };
    let queue = Queue::new([2]);
    queue.first(0);
    let (_one, mut two) = (ask(&queue), ask(&queue));
    assert_eq!(queue.open_more(), [0]);
    queue.failed(0, away());
    assert_eq!((queue.lost(), queue.open_more()), (None, Vec::new()));
    queue.take(FIRST);
    let mut begun = queue.begin(table(2), 0);
    let task = queue.take(FIRST);
    queue.ended(0, Some(away()));
    assert_eq!(queue.lost(), Some(("connecting".into(), Some(Answer::SqlState("53300".into())))));
    // The part that is being read is told, the other never comes, and nobody answers the second extract.
    assert!(task.is_some() && begun.try_recv().is_ok());
    assert_eq!(begun.try_recv().err(), Some(mpsc::error::TryRecvError::Disconnected));
    assert_eq!(two.try_recv().err(), Some(oneshot::error::TryRecvError::Closed));
}

#[test]
fn leaves_what_is_another_roles_to_its_sessions_and_begins_nothing_behind_it() {
    let queue = Queue::new([2, 3]);
    queue.first(0);
    queue.first(1);
    let _asked = (ask_of(&queue, 1), ask_of(&queue, 0), ask_of(&queue, 1));
    // One session of each role is there: it does what its only extract takes, and of the second role there are two.
    assert_eq!(queue.open_more(), [1]);
    assert!(queue.take(FIRST).is_none() && matches!(queue.take(OTHER), Some(Task::Look(_))));
    assert!(queue.take(FIRST).is_none(), "an extract was begun before the one that stands before it was looked at");
    let _begun = queue.begin(table(2), 1);
    assert_eq!(queue.open_more(), [1]);
    assert!(queue.take(FIRST).is_none(), "a session read what its role may not");
    assert_eq!((part(queue.take(OTHER)), part(queue.take(OTHER))), (Some(0), Some(1)));
    assert!(queue.take(OTHER).is_none() && matches!(queue.take(FIRST), Some(Task::Look(_))));
}

#[test]
fn a_role_without_room_for_another_session_is_no_matter_of_the_others() {
    let full = SourceError::Away {
        from: Name::new("db").expect("a name"),
        during: "connecting".into(),
        answer: Some(Answer::SqlState("53300".into())),
    };
    let queue = Queue::new([2, 2]);
    queue.first(0);
    queue.first(1);
    let _asked = (ask_of(&queue, 0), ask_of(&queue, 0), ask_of(&queue, 1), ask_of(&queue, 1));
    assert_eq!(queue.open_more(), [0, 1]);
    queue.failed(0, full);
    queue.joined(1);
    assert!(queue.lost().is_none());
    queue.ended(1, None);
    assert!(queue.lost().is_some() && queue.take(FIRST).is_none());
}
