//! Scratch space: in files that have no name, encrypted with a key that dies with the run; or in memory, for tests.
//!
//! The file is unlinked as soon as it is open, so that a killed run leaves nothing behind. AES-256-GCM (NIST SP 800-38D) by ring, for
//! which processors have instructions; the nonce is the number of the piece, never used twice under one key.

use crate::data::scratch::{Allowance, Piece, Scratch, ScratchFault};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Scratch space on disk.
pub struct DiskScratch {
    file: File,
    key: LessSafeKey,
    room: Mutex<Room>,
    allowance: Arc<Allowance>,
}

/// What of the file is taken.
#[derive(Default)]
struct Room {
    end: u64,
    /// Pieces so far: the number of the next.
    pieces: u64,
    /// Where pieces of a length were given up.
    free: HashMap<u64, Vec<u64>>,
}

impl Room {
    /// A place for `length` bytes, unless the file would grow past the allowance.
    fn take(&mut self, length: u64, allowance: &Allowance) -> Option<Piece> {
        let offset = match self.free.get_mut(&length).and_then(Vec::pop) {
            Some(given_up) => given_up,
            None if allowance.take(length) => {
                self.end += length;
                self.end - length
            }
            None => return None,
        };
        self.pieces += 1;
        Some(Piece { offset, length, number: self.pieces - 1 })
    }
}

impl DiskScratch {
    /// Opens scratch space in `folder`, which is made when it is not there, for this user alone. It grows as far as `allowance` lets it.
    pub fn open(folder: &Path, allowance: &Arc<Allowance>) -> io::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let path = folder.join(format!("{}.scratch", uuid::Uuid::now_v7()));
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        std::fs::remove_file(&path)?;
        let mut secret = [0; 32];
        let no_key = |_| io::Error::other("no randomness");
        SystemRandom::new().fill(&mut secret).map_err(no_key)?;
        let key = UnboundKey::new(&AES_256_GCM, &secret).map_err(no_key)?;
        Ok(DiskScratch { file, key: LessSafeKey::new(key), room: Mutex::default(), allowance: Arc::clone(allowance) })
    }
}

impl Drop for DiskScratch {
    fn drop(&mut self) {
        if let Ok(room) = self.room.get_mut() {
            self.allowance.give_back(room.end);
        }
    }
}

fn nonce(number: u64) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce[..8].copy_from_slice(&number.to_le_bytes());
    Nonce::assume_unique_for_key(nonce)
}

impl Scratch for DiskScratch {
    fn put(&self, mut sealed: Vec<u8>) -> Result<Piece, ScratchFault> {
        let full = ScratchFault("written: no room, or the disk failed");
        let length = (sealed.len() + AES_256_GCM.tag_len()) as u64;
        let taken = self.room.lock().map_err(|_| full)?.take(length, &self.allowance);
        let piece = taken.ok_or(ScratchFault("written: more than `spill_max` would lie there"))?;
        let sealing = self.key.seal_in_place_append_tag(nonce(piece.number), Aad::empty(), &mut sealed);
        sealing.map_err(|_| full)?;
        self.file.write_all_at(&sealed, piece.offset).map_err(|_| full)?;
        Ok(piece)
    }

    fn get(&self, piece: Piece) -> Result<Vec<u8>, ScratchFault> {
        let gone = ScratchFault("read again");
        let mut sealed = vec![0; usize::try_from(piece.length).map_err(|_| gone)?];
        self.file.read_exact_at(&mut sealed, piece.offset).map_err(|_| gone)?;
        let length = self.key.open_in_place(nonce(piece.number), Aad::empty(), &mut sealed).map_err(|_| gone)?.len();
        sealed.truncate(length);
        Ok(sealed)
    }

    fn free(&self, piece: Piece) {
        if let Ok(mut room) = self.room.lock() {
            room.free.entry(piece.length).or_default().push(piece.offset);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(folder: &Path) -> DiskScratch {
        DiskScratch::open(folder, &Arc::new(Allowance::new(1 << 20))).expect("scratch")
    }

    #[test]
    fn grows_as_far_as_it_may_and_leaves_that_to_who_comes_next() {
        let folder = tempfile::tempdir().expect("a folder");
        let allowance = Arc::new(Allowance::new(300));
        let scratch = DiskScratch::open(folder.path(), &allowance).expect("scratch");
        let first = scratch.put(vec![1; 100]).expect("room");
        scratch.put(vec![2; 100]).expect("room");
        let full = ScratchFault("written: more than `spill_max` would lie there");
        assert_eq!(scratch.put(vec![3; 100]), Err(full));
        scratch.free(first);
        scratch.put(vec![3; 100]).expect("the room of the first");
        drop(scratch);
        assert!(allowance.take(300), "what is gone takes no room");
    }

    #[test]
    fn gives_back_what_was_put_and_leaves_no_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let scratch = open(folder.path());
        let pieces: Vec<_> = (0..50u8).map(|n| scratch.put(vec![n; usize::from(n) * 100]).expect("room")).collect();
        for (n, piece) in pieces.iter().enumerate().rev() {
            assert_eq!(scratch.get(*piece), Ok(vec![n as u8; n * 100]));
        }
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }

    #[test]
    fn takes_the_place_of_what_was_given_up_and_seals_it_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let scratch = open(folder.path());
        let (first, second) = (scratch.put(vec![1; 100]).expect("room"), scratch.put(vec![2; 100]).expect("room"));
        scratch.free(first);
        let (other, third) = (scratch.put(vec![3; 99]).expect("room"), scratch.put(vec![3; 100]).expect("room"));
        assert_eq!((third.offset, third.number), (first.offset, 3));
        assert_eq!(scratch.get(third), Ok(vec![3; 100]));
        assert_eq!((scratch.get(second), scratch.get(other)), (Ok(vec![2; 100]), Ok(vec![3; 99])));
        assert_eq!(scratch.get(first), Err(ScratchFault("read again")), "what was given up is gone");
    }

    #[test]
    fn makes_a_folder_that_nobody_else_may_look_into() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder").path().join("run");
        open(&folder);
        assert_eq!(std::fs::metadata(&folder).expect("a folder").permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn writes_nothing_that_can_be_read_and_refuses_what_was_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let scratch = open(folder.path());
        let piece = scratch.put(b"wren.alder@example.org".to_vec()).expect("room");
        let mut raw = vec![0; piece.length as usize];
        scratch.file.read_exact_at(&mut raw, 0).expect("raw bytes");
        assert!(!raw.windows(4).any(|window| window == b"wren"));
        raw[3] ^= 1;
        scratch.file.write_all_at(&raw, 0).expect("written");
        assert_eq!(scratch.get(piece), Err(ScratchFault("read again")));
    }
}
