//! What a topic holds of some keys, and where.
//!
//! The topic itself is asked, not what is landed of it: there a key may be treated, and what is not landed yet is not.
//! Never in here: what is sent.

use super::cluster::Stretch;
use super::fault::RelayFault;
use super::read::Whole;
use rdkafka::message::Message;
use std::collections::{BTreeMap, HashMap};

/// What a partition holds of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Records with a value.
    pub values: u64,
    /// The last of them.
    pub value: Option<i64>,
    /// The last record without one.
    pub tombstone: Option<i64>,
}

impl Held {
    /// Whether a value stands behind every tombstone: compaction keeps it for ever.
    pub fn is_alive(&self) -> bool {
        self.value.is_some_and(|value| self.tombstone.is_none_or(|tombstone| tombstone < value))
    }

    fn take(&mut self, offset: i64, has_value: bool) {
        if has_value {
            self.values += 1;
            self.value = Some(offset);
        } else {
            self.tombstone = Some(offset);
        }
    }
}

/// What a topic holds of keys.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Number of a key and partition -> what stands there.
    pub held: BTreeMap<(usize, i32), Held>,
    /// What was read of each partition.
    pub stretches: Vec<Stretch>,
}

impl Seen {
    /// Whether a value of any key stands behind its tombstones.
    pub fn has_alive(&self) -> bool {
        self.held.values().any(Held::is_alive)
    }
}

/// Reads a topic for `keys`, each with its number. Blocks.
pub fn seek(of: &Whole<'_>, keys: &HashMap<Vec<u8>, usize>) -> Result<Seen, RelayFault> {
    let mut held: BTreeMap<(usize, i32), Held> = BTreeMap::new();
    let stretches = of.each(&mut |message| {
        if let Some(key) = message.key().and_then(|key| keys.get(key)) {
            let held = held.entry((*key, message.partition())).or_default();
            held.take(message.offset(), message.payload().is_some());
        }
        Ok(())
    })?;
    Ok(Seen { held, stretches })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_alive_where_a_value_stands_behind_its_tombstones_and_nowhere_else() {
        let mut held = Held::default();
        assert!(!held.is_alive());
        held.take(3, true);
        assert!(held.is_alive());
        held.take(4, false);
        assert_eq!((held.is_alive(), held.values), (false, 1));
        held.take(9, true);
        assert_eq!(held, Held { values: 2, value: Some(9), tombstone: Some(4) });
        assert!(held.is_alive());
    }
}
