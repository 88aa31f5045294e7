//! Records of one partition on their way into an object: copied once, out of the client's memory.

use super::epoch::leader_epoch;
use arrow::array::{
    ArrayBuilder, ArrayRef, AsArray, BinaryBuilder, BinaryViewBuilder, Int32Builder, Int64Array, Int64Builder,
    ListBuilder, RecordBatch, StringBuilder, StructBuilder, TimestampMillisecondBuilder,
};
use arrow::datatypes::{DataType, Field, Fields, Int64Type};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use std::sync::Arc;

/// Bytes of values that are allocated at once: a buffer is never grown by copying.
const BLOCK_BYTES: u32 = 1 << 20;
/// What a record takes besides what it holds: offset, time, epoch, two views and the place of its headers.
const RECORD_BYTES: usize = 64;

/// Records of one partition, in order.
pub struct Buffer {
    /// Where the partition is read from: what is before is landed, or about to be.
    first: i64,
    /// The offset behind the last record.
    next: i64,
    bytes: usize,
    offsets: Int64Builder,
    times: TimestampMillisecondBuilder,
    keys: BinaryViewBuilder,
    values: BinaryViewBuilder,
    headers: HeadersBuilder,
    epochs: Int32Builder,
}

/// A buffer that is to be landed: everything of the partition from `first` to before `next`.
pub struct Filled {
    /// The offset that it begins with.
    pub first: i64,
    /// The offset behind it. Between its last record and this one the partition holds nothing that may be read.
    pub next: i64,
    /// What it takes in memory.
    pub bytes: usize,
    /// Its records: [`RECORD_COLUMNS`](crate::changes::RECORD_COLUMNS) headers, and the epoch of the leader.
    pub records: RecordBatch,
}

fn header_fields() -> Fields {
    Fields::from(vec![Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Binary, true)])
}

/// Headers of records.
pub type HeadersBuilder = ListBuilder<StructBuilder>;

/// None yet.
pub fn headers_builder() -> HeadersBuilder {
    let item = Field::new("item", DataType::Struct(header_fields()), false);
    ListBuilder::new(StructBuilder::from_fields(header_fields(), 0)).with_field(item)
}

/// Adds a header to the record in hand.
pub fn push_header(headers: &mut HeadersBuilder, name: &str, value: Option<&[u8]>) {
    let one = headers.values();
    if let Some(names) = one.field_builder::<StringBuilder>(0) {
        names.append_value(name);
    }
    if let Some(values) = one.field_builder::<BinaryBuilder>(1) {
        values.append_option(value);
    }
    one.append(true);
}

impl Buffer {
    /// Empty, from `first` on.
    pub fn new(first: i64) -> Self {
        let blocks = || BinaryViewBuilder::new().with_fixed_block_size(BLOCK_BYTES);
        Buffer {
            first,
            next: first,
            bytes: 0,
            offsets: Int64Builder::new(),
            times: TimestampMillisecondBuilder::new().with_timezone("UTC"),
            keys: blocks(),
            values: blocks(),
            headers: headers_builder(),
            epochs: Int32Builder::new(),
        }
    }

    /// What it takes in memory.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether it holds no record.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// Takes a record.
    pub fn push(&mut self, message: &BorrowedMessage<'_>) {
        self.offsets.append_value(message.offset());
        self.times.append_option(message.timestamp().to_millis());
        self.keys.append_option(message.key());
        self.values.append_option(message.payload());
        self.bytes += RECORD_BYTES + message.key_len() + message.payload_len();
        for header in message.headers().into_iter().flat_map(|headers| headers.iter()) {
            push_header(&mut self.headers, header.key, header.value);
            self.bytes += RECORD_BYTES + header.key.len() + header.value.map_or(0, <[u8]>::len);
        }
        self.headers.append(true);
        self.epochs.append_option(leader_epoch(message));
        self.next = message.offset() + 1;
    }

    /// What it holds, up to before `next`; it goes on from there, empty. `None` only if its columns did not fit together.
    pub fn fill(&mut self, next: i64) -> Option<Filled> {
        let next = next.max(self.next);
        let mut filled = std::mem::replace(self, Buffer::new(next));
        let columns: [(&str, ArrayRef, bool); 6] = [
            ("offset", Arc::new(filled.offsets.finish()), false),
            ("timestamp", Arc::new(filled.times.finish()), true),
            ("key", Arc::new(filled.keys.finish()), true),
            ("value", Arc::new(filled.values.finish()), true),
            ("headers", Arc::new(filled.headers.finish()), true),
            ("leader_epoch", Arc::new(filled.epochs.finish()), true),
        ];
        let records = RecordBatch::try_from_iter_with_nullable(columns).ok()?;
        Some(Filled { first: filled.first, next, bytes: filled.bytes, records })
    }
}

impl Filled {
    /// The same without what is before `next`, which is landed already; `None` where that is all of it.
    pub fn beyond(self, next: i64) -> Option<Self> {
        if next <= self.first {
            return Some(self);
        }
        if next >= self.next {
            return None;
        }
        let landed = self.offsets().values().partition_point(|offset| *offset < next);
        let records = self.records.slice(landed, self.records.num_rows() - landed);
        Some(Filled { first: next, records, ..self })
    }

    /// The offsets of its records.
    pub fn offsets(&self) -> &Int64Array {
        self.records.column(0).as_primitive::<Int64Type>()
    }
}
