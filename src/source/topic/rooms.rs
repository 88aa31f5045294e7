//! Pieces of local files, each read into the room that one before it has left: a new room would be cleared before it is read into,
//! and its memory fetched page by page, which together takes half as long as reading.
//!
//! Never in here: what is in them.

use bytes::Bytes;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex};

/// Rooms that nobody uses: as many as there were pieces at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Rooms(Arc<Mutex<Vec<Vec<u8>>>>);

/// A piece in its room, which is free again when nobody reads it any more.
struct Taken {
    room: Vec<u8>,
    bytes: usize,
    rooms: Rooms,
}

impl Rooms {
    /// The bytes of `range` of `file`, as far as it has them.
    pub(super) fn read(&self, file: &File, range: Range<u64>) -> io::Result<Bytes> {
        let wanted = usize::try_from(range.end.saturating_sub(range.start)).map_err(io::Error::other)?;
        let room = self.0.lock().ok().and_then(|mut rooms| rooms.pop()).unwrap_or_default();
        let mut taken = Taken { room, bytes: 0, rooms: self.clone() };
        if taken.room.len() < wanted {
            taken.room.resize(wanted, 0);
        }
        while taken.bytes < wanted {
            match file.read_at(&mut taken.room[taken.bytes..wanted], range.start + taken.bytes as u64) {
                Ok(0) => break,
                Ok(bytes) => taken.bytes += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Bytes::from_owner(taken))
    }
}

impl AsRef<[u8]> for Taken {
    fn as_ref(&self) -> &[u8] {
        &self.room[..self.bytes]
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Ok(mut rooms) = self.rooms.0.lock() {
            rooms.push(std::mem::take(&mut self.room));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_there_and_uses_a_room_again_only_when_it_is_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("object");
        std::fs::write(&path, b"0123456789").expect("written");
        let (file, rooms) = (File::open(&path).expect("a file"), Rooms::default());
        let read = |range| rooms.read(&file, range).expect("a piece");
        let (first, second) = (read(0..6), read(4..8));
        assert_eq!((&first[..], &second[..]), (&b"012345"[..], &b"4567"[..]));
        // A part of a piece holds its room as the whole does.
        let part = first.slice(1..3);
        let room = part.as_ptr();
        drop(first);
        assert_eq!((&read(8..20)[..], &read(10..20)[..], &part[..]), (&b"89"[..], &b""[..], &b"12"[..]));
        drop(part);
        let again = read(3..5);
        assert_eq!((&again[..], again.as_ptr().wrapping_add(1)), (&b"34"[..], room));
    }
}
