//! What a word may be: a forename, a surname, an ordinary word, a title, a greeting, the end of a street's name. Read once; a look-up is
//! a hash and a glance.

use super::words;
use unicode_normalization::UnicodeNormalization;

/// About twice as many places as words: few glances a look-up.
const PLACES_LOG: u32 = 18;

/// Bits that tell forenames from most other words.
const FORENAME_BITS: usize = 1 << 17;

/// What a word may be, in bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Word(u32);

const FORENAME: u32 = 0;
const SURNAME: u32 = 2;
const ORDINARY: u32 = 4;

/// What else a word may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Is {
    /// A place.
    Place = 1 << 6,
    /// No part of a name, though it is written with a capital.
    Stop = 1 << 7,
    /// A title before a name.
    Title = 1 << 8,
    /// A word right before a name.
    Cue = 1 << 9,
    /// A word right behind one.
    CueBehind = 1 << 10,
    /// A small word inside of one.
    Particle = 1 << 11,
    /// A word behind a name that makes it a firm or a building.
    Firm = 1 << 12,
    /// The end of a street's name.
    Street = 1 << 13,
    /// The end of a street's name in small letters too.
    StreetSurely = 1 << 14,
    /// A word before the number of a part of a house.
    Unit = 1 << 15,
    /// The end of a house's name.
    House = 1 << 16,
    /// A word before an address.
    Lives = 1 << 17,
    /// A word that no street is called.
    Between = 1 << 18,
    /// Words in a row, right before a name.
    CueWords = 1 << 19,
    /// Words in a row that are a place, a firm or a figure.
    Known = 1 << 20,
    /// What somebody has done or is to do.
    Does = 1 << 21,
    /// Words in a row that are a firm with a `&` between.
    Joined = 1 << 28,
    /// Where energy is made.
    Site = 1 << 29,
    /// A word beside the name of such a site.
    OfSites = 1 << 30,
}

const LISTS: [(&str, Is); 16] = [
    (words::PLACES, Is::Place),
    (words::STOPS, Is::Stop),
    (words::TITLES, Is::Title),
    (words::CUES, Is::Cue),
    (words::CUES_BEHIND, Is::CueBehind),
    (words::PARTICLES, Is::Particle),
    (words::FIRMS, Is::Firm),
    (words::STREETS, Is::Street),
    (words::STREETS_SURE, Is::StreetSurely),
    (words::UNITS, Is::Unit),
    (words::HOUSES, Is::House),
    (words::LIVES, Is::Lives),
    (words::BETWEEN, Is::Between),
    (words::DOES, Is::Does),
    (words::SITES, Is::Site),
    (words::OF_SITES, Is::OfSites),
];

impl Word {
    /// How common it is as a forename: 3 for the commonest, 0 for none.
    pub fn forename(self) -> u8 {
        (self.0 >> FORENAME & 3) as u8
    }

    /// How common it is as a surname.
    pub fn surname(self) -> u8 {
        (self.0 >> SURNAME & 3) as u8
    }

    /// How common it is as an ordinary word.
    pub fn ordinary(self) -> u8 {
        (self.0 >> ORDINARY & 3) as u8
    }

    /// Whether it is that.
    pub fn is(self, what: Is) -> bool {
        self.0 & what as u32 != 0
    }

    /// Whether no list has it.
    pub fn is_unknown(self) -> bool {
        self.0 == 0
    }
}

/// The words.
pub struct Lexicon {
    /// The upper 32 bits tell words apart, the lower are a [`Word`]; 0 is an empty place.
    places: Vec<u64>,
    /// A bit for the hash of each forename that is not rare: few enough bits to stay near, so that most words are passed over at once.
    forenames: Vec<u64>,
}

impl Lexicon {
    /// Reads the lists.
    pub fn new() -> Self {
        let mut lexicon = Lexicon { places: vec![0; 1 << PLACES_LOG], forenames: vec![0; FORENAME_BITS / 64] };
        for (text, shift) in [
            (include_str!("data/forenames.txt"), FORENAME),
            (include_str!("data/surnames.txt"), SURNAME),
            (include_str!("data/words.txt"), ORDINARY),
        ] {
            let mut rank = 0;
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                match line.strip_prefix("= ") {
                    Some(number) => rank = number.bytes().next().map_or(0, |digit| u32::from(digit - b'0')),
                    None => line.split(' ').for_each(|word| lexicon.add(word, rank << shift)),
                }
            }
        }
        for (list, is) in LISTS {
            list.split_whitespace().for_each(|word| lexicon.add(word, is as u32));
        }
        for (list, is) in [
            (words::CUE_PAIRS, Is::CueWords as u32),
            (words::PLACE_PAIRS, Is::Known as u32),
            (words::PLACES_KNOWN, Is::Known as u32),
            (words::FIRMS_KNOWN, Is::Known as u32),
            (words::SITES_KNOWN, Is::Known as u32 | Is::Site as u32),
        ] {
            let phrases = list.split(['|', '\n']).filter(|phrase| !phrase.is_empty() && !phrase.starts_with('#'));
            phrases.for_each(|phrase| lexicon.add(phrase, if phrase.contains('&') { Is::Joined as u32 } else { is }));
        }
        lexicon
    }

    fn add(&mut self, word: &str, is: u32) {
        let hash = hash(word.as_bytes());
        if Word(is).forename() > 1 {
            let bit = hash as usize % FORENAME_BITS;
            self.forenames[bit / 64] |= 1 << (bit % 64);
        }
        let (mut place, mark, mask) = (hash as usize, mark(hash), self.places.len() - 1);
        place &= mask;
        while self.places[place] != 0 && self.places[place] >> 32 != mark {
            place = (place + 1) & mask;
        }
        self.places[place] |= mark << 32 | u64::from(is);
    }

    /// What a word, in any case, or words in a row may be.
    pub fn look(&self, word: &[u8]) -> Word {
        if word.is_ascii() {
            return self.look_plain(word);
        }
        // Letters without their marks: Zoë is in the lists as zoe.
        let text = String::from_utf8_lossy(word);
        let mut plain = String::with_capacity(word.len());
        for sign in text.nfd() {
            match without_stroke(sign) {
                Some(letters) => plain.push_str(letters),
                None if sign.is_ascii() => plain.push(sign),
                None => {}
            }
        }
        self.look_plain(plain.as_bytes())
    }

    /// Whether a word may be a forename that is not rare; where not, it is none.
    pub fn may_be_forename(&self, word: &[u8]) -> bool {
        let bit = hash(word) as usize % FORENAME_BITS;
        !word.is_ascii() || self.forenames[bit / 64] >> (bit % 64) & 1 == 1
    }

    fn look_plain(&self, word: &[u8]) -> Word {
        let hash = hash(word);
        let mask = self.places.len() - 1;
        let (mut place, mark) = (hash as usize & mask, mark(hash));
        loop {
            match self.places[place] {
                0 => return Word(0),
                found if found >> 32 == mark => return Word(found as u32),
                _ => place = (place + 1) & mask,
            }
        }
    }
}

/// Letters whose strokes are no marks to Unicode, as the lists write them: `Pawe\u{142}`, `S\u{f8}ren`, `Y\u{131}ld\u{131}z`.
fn without_stroke(sign: char) -> Option<&'static str> {
    Some(match sign {
        '\u{d8}' | '\u{f8}' => "o",
        '\u{141}' | '\u{142}' => "l",
        '\u{110}' | '\u{111}' | '\u{d0}' | '\u{f0}' => "d",
        '\u{131}' => "i",
        '\u{c6}' | '\u{e6}' => "ae",
        '\u{152}' | '\u{153}' => "oe",
        '\u{de}' | '\u{fe}' => "th",
        '\u{df}' => "ss",
        _ => return None,
    })
}

/// Never 0, so that no word looks like an empty place.
fn mark(hash: u64) -> u64 {
    (hash >> 32).max(1)
}

/// Of the letters in small, eight at a time; what stands between them is left out.
fn hash(word: &[u8]) -> u64 {
    if let Some(letters) = short(word) {
        return mixed(letters ^ (word.len() as u64) << 57);
    }
    let (mut hash, mut letters, mut count) = (0u64, 0u64, 0u32);
    for byte in word.iter().filter(|byte| byte.is_ascii_alphabetic()) {
        letters = letters << 8 | u64::from(byte | 0x20);
        count += 1;
        if count.is_multiple_of(8) {
            hash = mixed(hash ^ letters);
            letters = 0;
        }
    }
    mixed(hash ^ letters ^ u64::from(count) << 57)
}

/// The letters of a word of four to seven that are nothing else, in small: most words are, and need no walk.
fn short(word: &[u8]) -> Option<u64> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (true, Some(first), Some(last)) = (word.len() < 8, word.first_chunk::<4>(), word.last_chunk::<4>()) else {
        return None;
    };
    // Where the two overlap they say the same.
    let bits = 8 * word.len() as u32;
    let bytes = u64::from(u32::from_be_bytes(*first)) << (bits - 32) | u64::from(u32::from_be_bytes(*last));
    let all = u64::MAX >> (64 - bits) & (ONES << 7);
    let small = (bytes | ONES << 5) & u64::MAX >> (64 - bits);
    // The high bit of a byte's sum says that it is `a` at least, or beyond `z`; of ASCII no sum carries into the next byte.
    let (least, beyond) = (small + ONES * (0x80 - 0x61), small + ONES * (0x80 - 0x7b));
    (small & all == 0 && least & !beyond & all == all).then_some(small)
}

fn mixed(hash: u64) -> u64 {
    let hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ hash >> 29
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_word_is_the_same_to_both_ways_of_reading_it() {
        let (letters, mut of_letters) = ("abmyzABMYZ", 0);
        let others = ["@", "[", "`", "{", "-", "'", " ", "1", "\u{e1}", "\u{7f}", "\0"];
        for length in 1..10 {
            let word: String = letters.chars().cycle().skip(length).take(length).collect();
            let marked = others.iter().flat_map(|other| (0..length).map(move |at| (at, other)));
            let all = marked.map(|(at, other)| [&word[..at], other, &word[at + 1..]].concat());
            for word in std::iter::once(word.clone()).chain(all) {
                // As of a longer word, whose letters are taken one by one: a hyphen says nothing.
                let long = format!("{word}{}", "-".repeat(9));
                assert_eq!(hash(word.as_bytes()), hash(long.as_bytes()), "{word}");
                of_letters += usize::from(short(word.as_bytes()).is_some());
            }
        }
        assert_eq!(of_letters, 4);
    }

    #[test]
    fn knows_names_and_words_in_any_case() {
        let lexicon = Lexicon::new();
        let of = |word: &str| lexicon.look(word.as_bytes());
        assert_eq!((of("Sarah").forename(), of("sarah").forename(), of("SARAH").ordinary()), (3, 3, 0));
        assert_eq!((of("Smith").surname(), of("O'Brien").surname() > 0, of("the").ordinary()), (3, true, 3));
        assert_eq!(of("Zo\u{eb}").forename(), of("zoe").forename());
        for (name, plain) in [("\u{141}ukasz", "lukasz"), ("S\u{f8}ren", "soren"), ("Y\u{131}ld\u{131}z", "yildiz")] {
            assert!(of(name) == of(plain) && !of(plain).is_unknown(), "{name}");
        }
        assert!(of("Monday").is(Is::Stop) && of("London").is(Is::Place) && of("Mrs").is(Is::Title));
        assert!(of("xqzzyv").is_unknown());
    }
}
