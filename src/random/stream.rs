//! Streams of random words, named by what they are for.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Purpose;

/// Separates these keys from any other use of the same hash. Part of the promised format.
const CONTEXT: &str = "mailsim named random streams 1";

/// All random streams of one replication of one scenario.
///
/// # Determinism
/// The key of ChaCha8 is `blake3::derive_key(CONTEXT, seed ‖ replication ‖ purpose)` with both
/// numbers as eight octets, least significant first, and the purpose in UTF-8; the stream number of
/// ChaCha8 is the caller's key. Streams of different seeds, replications, purposes or keys are
/// independent for all that a simulation can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
    replication: u64,
}

impl Streams {
    /// Returns the streams of a replication; the first replication is 0.
    #[must_use]
    pub const fn new(seed: u64, replication: u64) -> Self {
        Self { seed, replication }
    }

    /// Returns the seed of the scenario.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// Returns the number of the replication.
    #[must_use]
    pub const fn replication(&self) -> u64 {
        self.replication
    }

    /// Returns the streams of one purpose. Keep it where streams are opened often: the purpose is
    /// then hashed only once.
    #[must_use]
    pub fn purpose(&self, purpose: Purpose) -> PurposeStreams {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(&self.seed.to_le_bytes());
        hasher.update(&self.replication.to_le_bytes());
        hasher.update(purpose.name().as_bytes());
        PurposeStreams { seed: *hasher.finalize().as_bytes() }
    }

    /// Returns the stream of a purpose and a key, at its beginning.
    #[must_use]
    pub fn stream(&self, purpose: Purpose, key: u64) -> ChaCha8Rng {
        self.purpose(purpose).at(key)
    }
}

/// The random streams of one purpose, one for each key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurposeStreams {
    seed: [u8; 32],
}

impl PurposeStreams {
    /// Returns the stream of `key`, at its beginning.
    #[must_use]
    pub fn at(&self, key: u64) -> ChaCha8Rng {
        let mut stream = ChaCha8Rng::from_seed(self.seed);
        stream.set_stream(key);
        stream
    }

    /// Returns the first `count` words of the stream of `key`.
    pub fn words(&self, key: u64, count: usize) -> impl Iterator<Item = u64> + use<> {
        let mut stream = self.at(key);
        (0..count).map(move |_| stream.next_u64())
    }
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::{Purpose, Streams};

    #[test]
    fn a_stream_depends_on_its_name_alone() {
        let streams = Streams::new(42, 0);
        let mut alone = streams.stream(Purpose::MailSize, 7);
        let mut noise = streams.stream(Purpose::MailSize, 6);
        let mut among_others = streams.purpose(Purpose::MailSize).at(7);
        for _ in 0..200 {
            noise.next_u64();
            assert_eq!(alone.next_u64(), among_others.next_u64());
        }
        let words: Vec<u64> = streams.purpose(Purpose::MailSize).words(7, 3).collect();
        let mut again = streams.stream(Purpose::MailSize, 7);
        assert!(words.iter().all(|word| *word == again.next_u64()) && words.len() == 3);
    }

    /// The words are a promise about the format: the same on every platform and in every release.
    /// The values come from a second implementation, written from the definitions of BLAKE3 and
    /// ChaCha8 in another language, and not from this one.
    #[test]
    fn words_are_those_of_the_definition() {
        let golden = [
            (
                42,
                0,
                "mail/size",
                0,
                [0x085b_849d_c488_6bda, 0x74c6_1b13_5ba2_c39e, 0x91c7_afb2_2888_7cc8],
                0xb0cf_b010_bec2_b2e0,
            ),
            (
                42,
                0,
                "mail/size",
                u64::MAX,
                [0x71c1_b972_db27_ba6e, 0xd243_28bb_bed5_bced, 0x5227_5a7e_affd_280e],
                0xb134_fab1_2944_bcc4,
            ),
            (
                1,
                3,
                "link/latency",
                7,
                [0xb136_629c_e70d_c2e0, 0x7841_c7a5_f650_ac8a, 0x94c5_6b03_2ef5_e497],
                0x2421_4b08_46d2_3631,
            ),
        ];
        for (seed, replication, purpose, key, first, fortieth) in golden {
            let words =
                Streams::new(seed, replication).purpose(Purpose::Other(purpose)).words(key, 40);
            let words: Vec<u64> = words.collect();
            assert_eq!(words[..3], first, "{purpose} {key}");
            assert_eq!(words[39], fortieth, "{purpose} {key}");
        }
    }

    #[test]
    fn each_part_of_the_name_matters() {
        let first = |seed, replication, purpose: &'static str, key| {
            Streams::new(seed, replication).stream(Purpose::Other(purpose), key).next_u64()
        };
        let mut words = vec![
            first(42, 0, "mail/size", 0),
            first(43, 0, "mail/size", 0),
            first(42, 1, "mail/size", 0),
            first(42, 0, "mail/sizf", 0),
            first(42, 0, "mail/size", 1),
            first(0, 42, "mail/size", 0),
            first(42, 0, "", 0),
        ];
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), 7);
    }

    #[test]
    fn replications_are_uncorrelated() {
        // The correlation of n independent pairs has standard error 1/sqrt(n).
        let count = 20_000;
        let unit = |word: u64| (word >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
        let mut product = 0.0;
        for key in 0..count {
            let draw = |replication| {
                Streams::new(1, replication).stream(Purpose::Other("p"), key).next_u64()
            };
            product += unit(draw(0)) * unit(draw(1)) * 12.0;
        }
        let correlation = product / count as f64;
        assert!(correlation.abs() < 4.0 / (count as f64).sqrt(), "{correlation}");
    }
}
