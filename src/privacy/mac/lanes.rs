//! SHA-256's compression of several blocks side by side, all behind one state: FIPS 180-4, 6.2.2, line by line, every word of it eight
//! words.
//!
//! One text of a line is a chain of 64 rounds that wait for each other; eight texts are eight chains, and vectors of eight words walk
//! them in a third of the time. No crate that is kept for long does this for short texts under a key, so it is here, in arrays that the
//! compiler turns into vectors where it may use AVX2. No branch and no place in memory hangs on what is hashed. Every tag that comes
//! of it is held against ring's and `sha2`'s by the tests of [`super`].
//!
//! Never in here: how a key becomes a state, and what a block is made of.

/// Blocks side by side.
pub const LANES: usize = 8;

/// A word of each lane.
pub type Words = [u32; LANES];

/// FIPS 180-4, 4.2.2.
#[rustfmt::skip]
const ROUNDS: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

/// Words of a block.
pub const BLOCK_WORDS: usize = 16;

/// Leave to go by AVX2: there is one only where the processor has it.
#[derive(Clone, Copy)]
pub struct Lanes(());

impl Lanes {
    /// `None` where the processor has no vectors of eight words.
    pub fn new() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        return is_x86_feature_detected!("avx2").then_some(Lanes(()));
        #[cfg(not(target_arch = "x86_64"))]
        return None;
    }

    /// The states behind the blocks, where every lane began from `start`.
    #[cfg_attr(
        target_arch = "x86_64",
        expect(unsafe_code, reason = "a call of a safe function for which the processor was asked before")
    )]
    pub fn compress(self, start: &[u32; 8], blocks: &[Words; BLOCK_WORDS]) -> [Words; 8] {
        // SAFETY: `self` was made where the processor has AVX2, and the function asks for nothing else.
        #[cfg(target_arch = "x86_64")]
        return unsafe { compress_by_avx2(start, blocks) };
        #[cfg(not(target_arch = "x86_64"))]
        return compress(start, blocks);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn compress_by_avx2(start: &[u32; 8], blocks: &[Words; BLOCK_WORDS]) -> [Words; 8] {
    compress(start, blocks)
}

#[inline(always)]
fn compress(start: &[u32; 8], blocks: &[Words; BLOCK_WORDS]) -> [Words; 8] {
    let mut schedule = *blocks;
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = start.map(|word| [word; LANES]);
    for (pass, constants) in ROUNDS.as_chunks::<BLOCK_WORDS>().0.iter().enumerate() {
        for (at, constant) in constants.iter().enumerate() {
            if pass > 0 {
                let behind = |words: usize| schedule[(at + words) % BLOCK_WORDS];
                let recent = map(behind(14), |word| word.rotate_right(17) ^ word.rotate_right(19) ^ (word >> 10));
                let old = map(behind(1), |word| word.rotate_right(7) ^ word.rotate_right(18) ^ (word >> 3));
                schedule[at] = add(add(recent, behind(9)), add(old, schedule[at]));
            }
            let sum = map(e, |e| e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25));
            let choice = map_three(e, f, g, |e, f, g| g ^ (e & (f ^ g)));
            let scheduled = map(schedule[at], |word| word.wrapping_add(*constant));
            let first = add(add(h, sum), add(choice, scheduled));
            let sum = map(a, |a| a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22));
            let majority = map_three(a, b, c, |a, b, c| (a & b) | (c & (a | b)));
            (h, g, f, e) = (g, f, e, add(d, first));
            (d, c, b, a) = (c, b, a, add(first, add(sum, majority)));
        }
    }
    let mut ended = [a, b, c, d, e, f, g, h];
    for (words, start) in ended.iter_mut().zip(start) {
        *words = map(*words, |word| word.wrapping_add(*start));
    }
    ended
}

#[inline(always)]
fn map(words: Words, of: impl Fn(u32) -> u32) -> Words {
    words.map(of)
}

#[inline(always)]
fn map_three(one: Words, two: Words, three: Words, of: impl Fn(u32, u32, u32) -> u32) -> Words {
    let mut made = [0; LANES];
    for lane in 0..LANES {
        made[lane] = of(one[lane], two[lane], three[lane]);
    }
    made
}

#[inline(always)]
fn add(one: Words, two: Words) -> Words {
    let mut sums = [0; LANES];
    for lane in 0..LANES {
        sums[lane] = one[lane].wrapping_add(two[lane]);
    }
    sums
}
