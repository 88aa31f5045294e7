//! HMAC-SHA-256 of many short texts under one key: what pseudonyms and shifts of dates are made of.
//!
//! By ring, which is in the tree for TLS. A text that fits one block, as nearly all do, goes another way where one is faster: its hash is
//! then two compressions, from where the key leaves the hash within and the one around it.
//!
//! - Where the processor has instructions for SHA-256, most of ring's time goes into copying and finishing a hash: `sha2`'s compression
//!   alone takes less than half of it.
//! - Where it has none but AVX2, many texts ([`Mac::tags`]) are hashed side by side ([`lanes`]): one as long as an e-mail address in 0.15
//!   microseconds, by ring in 0.48 and by `sha2` in 0.62 (Intel Cascade Lake). One alone is still ring's.
//! - Where it has neither, ring hashes all.
//!
//! Never in here: what is hashed.

mod lanes;

use lanes::{BLOCK_WORDS, LANES, Lanes, Words};
use ring::hmac;
use sha2::block_api::compress256;

/// A key, and what it makes of texts. Debug prints no key.
#[derive(Clone)]
pub struct Mac {
    /// For texts of any length.
    key: hmac::Key,
    road: Road,
}

/// The way of a text that fits one block.
#[derive(Clone)]
enum Road {
    /// That of all others.
    Ring,
    /// By itself, with the processor's instructions for SHA-256.
    Alone(Behind),
    /// Beside others where there are others, or else that of all.
    Beside(Lanes, Behind),
}

/// SHA-256 behind the block of the key, of the hash within and of the hash around it.
#[derive(Clone)]
struct Behind {
    inner: State,
    outer: State,
}

/// SHA-256 under way, between two blocks.
type State = [u32; 8];

/// Where SHA-256 begins. FIPS 180-4, 5.3.3.
const BEGIN: State =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
/// Bytes of a block, and of the count of bits that ends the last one.
const BLOCK: usize = 64;
const COUNT: usize = 8;
/// Bytes of the longest text that leaves room in its block for its end.
const SHORT_MAX: usize = BLOCK - COUNT - 1;
/// Behind the last byte that is hashed. FIPS 180-4, 5.1.1.
const END: u8 = 0x80;
/// What a key's block is made from. RFC 2104, 2.
const INNER_PAD: u8 = 0x36;
const OUTER_PAD: u8 = 0x5c;

/// What it makes of a text.
pub type Tag = [u8; 32];

impl Mac {
    /// With a key of 32 bytes.
    pub fn new(key: &[u8; 32]) -> Self {
        let road = match Lanes::new() {
            _ if has_instructions() => Road::Alone(Behind::new(key)),
            Some(lanes) => Road::Beside(lanes, Behind::new(key)),
            None => Road::Ring,
        };
        Self::made(key, road)
    }

    fn made(key: &[u8; 32], road: Road) -> Self {
        Mac { key: hmac::Key::new(hmac::HMAC_SHA256, key), road }
    }

    /// The tag of a text.
    #[inline]
    pub fn of(&self, text: &[u8]) -> Tag {
        self.of_parts(&[text])
    }

    /// The tag of a text that lies in parts.
    #[inline]
    pub fn of_parts(&self, parts: &[&[u8]]) -> Tag {
        let bytes = bytes_of(parts);
        match &self.road {
            Road::Alone(behind) if bytes <= SHORT_MAX => behind.of_short(&ended_behind(bytes, parts)),
            _ => {
                let mut hash = hmac::Context::with_key(&self.key);
                parts.iter().for_each(|part| hash.update(part));
                let mut tag = Tag::default();
                tag.copy_from_slice(hash.sign().as_ref());
                tag
            }
        }
    }

    /// For the tags of about so many texts, none of them added yet: as many at once as the processor hashes side by side.
    pub fn tags(&self, count: usize) -> Tags<'_> {
        Tags { mac: self, tags: Vec::with_capacity(count), waiting: Waiting::default() }
    }
}

/// The tags of many texts under way.
pub struct Tags<'m> {
    mac: &'m Mac,
    /// Those that wait have a place and no tag yet.
    tags: Vec<Tag>,
    waiting: Waiting,
}

/// Short texts that wait until there are enough to be hashed side by side.
#[derive(Default)]
struct Waiting {
    places: [usize; LANES],
    blocks: [Words; BLOCK_WORDS],
    count: usize,
}

impl Tags<'_> {
    /// Adds a text that lies in parts.
    #[inline]
    pub fn add(&mut self, parts: &[&[u8]]) {
        let bytes = bytes_of(parts);
        match &self.mac.road {
            Road::Beside(lanes, behind) if bytes <= SHORT_MAX => {
                self.waiting.add(self.tags.len(), &ended_behind(bytes, parts));
                self.tags.push(Tag::default());
                if self.waiting.count == LANES {
                    self.waiting.settle(*lanes, behind, &mut self.tags);
                }
            }
            _ => self.tags.push(self.mac.of_parts(parts)),
        }
    }

    /// The tag of each text, in the order in which they were added.
    pub fn finish(mut self) -> Vec<Tag> {
        if let Road::Beside(lanes, behind) = &self.mac.road {
            self.waiting.settle(*lanes, behind, &mut self.tags);
        }
        self.tags
    }
}

impl Waiting {
    #[inline]
    fn add(&mut self, place: usize, block: &[u8; BLOCK]) {
        for (words, bytes) in self.blocks.iter_mut().zip(block.as_chunks().0) {
            words[self.count] = u32::from_be_bytes(*bytes);
        }
        self.places[self.count] = place;
        self.count += 1;
    }

    /// Puts the tags of those that wait into their places. What is in the other lanes is hashed too, for nobody.
    fn settle(&mut self, lanes: Lanes, behind: &Behind, tags: &mut [Tag]) {
        let within = lanes.compress(&behind.inner, &self.blocks);
        let mut around = [[0; LANES]; BLOCK_WORDS];
        let end = ended_behind(size_of::<Tag>(), &[]);
        for (words, bytes) in around.iter_mut().zip(end.as_chunks().0) {
            *words = [u32::from_be_bytes(*bytes); LANES];
        }
        around[..within.len()].copy_from_slice(&within);
        let settled = lanes.compress(&behind.outer, &around);
        for (lane, place) in self.places[..self.count].iter().enumerate() {
            tags[*place] = tag_of(settled.map(|words| words[lane]));
        }
        self.count = 0;
    }
}

impl Behind {
    fn new(key: &[u8; 32]) -> Self {
        // RFC 2104: a key shorter than a block is filled up with zeros.
        let mut block = [0; BLOCK];
        block[..key.len()].copy_from_slice(key);
        let behind = |pad: u8| {
            let mut state = BEGIN;
            compress256(&mut state, &[block.map(|byte| byte ^ pad)]);
            state
        };
        Behind { inner: behind(INNER_PAD), outer: behind(OUTER_PAD) }
    }

    /// The tag of the text that this block ends with.
    fn of_short(&self, block: &[u8; BLOCK]) -> Tag {
        let within = ended(self.inner, block);
        ended(self.outer, &ended_behind(within.len(), &[&within]))
    }
}

fn bytes_of(parts: &[&[u8]]) -> usize {
    parts.iter().map(|part| part.len()).sum()
}

/// Whether the processor has instructions for SHA-256 by which `sha2` goes.
fn has_instructions() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("sha") && is_x86_feature_detected!("sse4.1");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("sha2");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return false;
}

/// The second and last block of a hash, of a text of so many bytes, at most [`SHORT_MAX`], that lies in parts.
#[inline]
fn ended_behind(bytes: usize, parts: &[&[u8]]) -> [u8; BLOCK] {
    debug_assert!(bytes <= SHORT_MAX);
    let (mut block, mut at) = ([0; BLOCK], 0);
    for part in parts {
        block[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    block[bytes] = END;
    let bits = 8 * (BLOCK + bytes) as u64;
    block[BLOCK - COUNT..].copy_from_slice(&bits.to_be_bytes());
    block
}

/// What a hash comes to whose last block this is.
fn ended(mut state: State, block: &[u8; BLOCK]) -> Tag {
    compress256(&mut state, std::slice::from_ref(block));
    tag_of(state)
}

fn tag_of(state: State) -> Tag {
    let mut tag = Tag::default();
    for (bytes, word) in tag.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    tag
}

impl std::fmt::Debug for Mac {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mac")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Python's hmac module over a key of sevens and a text of 0xa5, of 0, 36, 55, 56 and 130 bytes.
    const KNOWN: [(usize, &str); 5] = [
        (0, "9dac6a74401b46ed9b489d0e19d68d1b13cc6b5090352fdcfa5bd74df4e69d87"),
        (36, "b2ed8c07e5944c0ad91a09cfbfd98b4427313c8d959a3964cabd05470d122b8c"),
        (55, "9eb96b07f65ed06d468db9a85e9318324b2eaa0c7ce7fd0bd3c1ab73dfafbbaf"),
        (56, "8a5efcbfd19b2f22fc449ecd084772d12ae5294a272e4596a1ea585d2de27bcd"),
        (130, "2b757fab7351910370067644f4460dda106bed837882651bde4dbd278ef542c7"),
    ];

    /// One under that key for every way that a short text may go on this machine.
    fn on_all_roads(key: &[u8; 32]) -> impl Iterator<Item = Mac> {
        let beside = Lanes::new().map(|lanes| Road::Beside(lanes, Behind::new(key)));
        let roads = [Some(Road::Ring), Some(Road::Alone(Behind::new(key))), beside];
        roads.into_iter().flatten().map(|road| Mac::made(key, road))
    }

    fn tags_of(mac: &Mac, texts: &[Vec<u8>]) -> Vec<Tag> {
        let mut tags = mac.tags(texts.len());
        for (one, two) in texts.iter().map(|text| text.split_at(text.len() / 3)) {
            tags.add(&[one, two]);
        }
        tags.finish()
    }

    #[test]
    fn tags_are_those_of_python_on_every_road() {
        let texts = KNOWN.map(|(length, _)| vec![0xa5; length]);
        for mac in on_all_roads(&[7; 32]) {
            let alone = texts.iter().map(|text| mac.of(text));
            for tags in [alone.collect(), tags_of(&mac, &texts)] {
                for ((length, known), tag) in KNOWN.iter().zip(tags) {
                    let tag: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
                    assert_eq!(tag, *known, "{length} bytes");
                }
            }
        }
    }

    #[test]
    fn all_roads_agree_on_texts_of_every_length_about_a_block() {
        let texts: Vec<_> = (0..3 * BLOCK).map(|length| vec![0xa5; length]).collect();
        let by_ring: Vec<_> = texts.iter().map(|text| Mac::made(&[7; 32], Road::Ring).of(text)).collect();
        for mac in on_all_roads(&[7; 32]) {
            assert_eq!(texts.iter().map(|text| mac.of(text)).collect::<Vec<_>>(), by_ring);
            assert_eq!(tags_of(&mac, &texts), by_ring);
        }
    }

    proptest! {
        #[test]
        fn tags_are_the_same_however_the_text_is_cut(
            key: [u8; 32], text in proptest::collection::vec(any::<u8>(), 0..130), at: usize,
        ) {
            let whole = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &text);
            let (first, second) = text.split_at(at % (text.len() + 1));
            for mac in on_all_roads(&key) {
                prop_assert_eq!(mac.of(&text), whole.as_ref());
                prop_assert_eq!(mac.of_parts(&[first, second]), whole.as_ref());
                prop_assert_eq!(format!("{mac:?}"), "Mac");
            }
        }

        #[test]
        fn each_of_many_texts_has_the_tag_that_it_has_alone(
            key: [u8; 32], texts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..70), 0..40),
        ) {
            let by_ring = hmac::Key::new(hmac::HMAC_SHA256, &key);
            let alone: Vec<_> = texts.iter().map(|text| hmac::sign(&by_ring, text)).collect();
            for mac in on_all_roads(&key) {
                let tags = tags_of(&mac, &texts);
                prop_assert!(tags.iter().map(|tag| &tag[..]).eq(alone.iter().map(|tag| tag.as_ref())));
            }
        }
    }
}
