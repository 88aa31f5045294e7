//! The epoch of the leader under which a record was written: all else of a record the client's safe side tells.

use rdkafka::bindings::rd_kafka_message_leader_epoch;
use rdkafka::message::BorrowedMessage;

/// The epoch; `None` where the broker tells none.
#[expect(unsafe_code, reason = "one call that reads a number of a record, which the client's safe side leaves out")]
pub fn leader_epoch(message: &BorrowedMessage<'_>) -> Option<i32> {
    // SAFETY: the record is there for as long as it is borrowed, and nothing is kept of it.
    let epoch = unsafe { rd_kafka_message_leader_epoch(message.ptr()) };
    (epoch >= 0).then_some(epoch)
}
