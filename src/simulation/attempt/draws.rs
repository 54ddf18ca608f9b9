//! Random draws of one try, keyed by what it is about and made only if something is random.

use rand_chacha::ChaCha8Rng;

use crate::random::{Distribution, Draw as _, PurposeStreams};
pub(crate) use crate::random::{mix as key, name_key};
use crate::smtp::Draws;
use crate::units::SimDuration;

/// The parts of the key of a run's draws: what they are for, and which.
pub(crate) type DrawKey = [u64; 7];

/// The draws of one try, by the parts of their key: its stream is opened, and the key mixed, at the
/// first draw, since most tries draw nothing. (A key mixed in vain cost 130 instructions, five of
/// them for each delivery.)
#[derive(Debug)]
pub(crate) struct TryDraws<'a, const PARTS: usize> {
    streams: &'a PurposeStreams,
    key: [u64; PARTS],
    stream: Option<ChaCha8Rng>,
}

impl<'a, const PARTS: usize> TryDraws<'a, PARTS> {
    #[inline]
    pub(crate) fn new(streams: &'a PurposeStreams, key: [u64; PARTS]) -> Self {
        Self { streams, key, stream: None }
    }

    fn stream(&mut self) -> &mut ChaCha8Rng {
        self.stream.get_or_insert_with(|| self.streams.at(key(&self.key)))
    }

    /// Draws evenly from zero to `bound`.
    #[inline]
    pub(crate) fn up_to(&mut self, bound: SimDuration) -> SimDuration {
        if bound == SimDuration::ZERO {
            return SimDuration::ZERO;
        }
        self.stream().duration_between(SimDuration::ZERO, bound)
    }

    /// Draws evenly from 0 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.stream().unit_f64()
    }

    /// Draws one of so many, at least one, by its place.
    pub(crate) fn place(&mut self, count: usize) -> usize {
        self.stream().below(count as u64) as usize
    }

    #[inline]
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        if items.len() > 1 {
            self.stream().shuffle(items);
        }
    }
}

impl<const PARTS: usize> Draws for TryDraws<'_, PARTS> {
    #[inline]
    fn time(&mut self, distribution: &Distribution) -> SimDuration {
        constant(distribution).unwrap_or_else(|| distribution.sample_duration(self.stream()))
    }
}

/// Draws a single time; the parts of its key are asked for only if there is chance in it.
#[inline]
pub(crate) fn time<const PARTS: usize>(
    streams: &PurposeStreams,
    distribution: &Distribution,
    parts: impl FnOnce() -> [u64; PARTS],
) -> SimDuration {
    constant(distribution).unwrap_or_else(|| TryDraws::new(streams, parts()).time(distribution))
}

/// Returns the time if there is no chance in it.
#[inline]
pub(crate) fn constant(distribution: &Distribution) -> Option<SimDuration> {
    match distribution {
        Distribution::Constant(seconds) if *seconds <= 0.0 => Some(SimDuration::ZERO),
        Distribution::Constant(seconds) => Some(SimDuration::from_secs_f64(*seconds)),
        _ => None,
    }
}
