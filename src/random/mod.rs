//! Randomness: named streams, draws and distributions that are the same on every platform.
//!
//! # Scope and limitations
//! All chance of a run comes from here. A stream is named by what it is for (a purpose such as
//! "mail/size", and a key such as the number of a message), never by when it is created, so that
//! two scenarios that differ in one host draw the same for all the others. The generator is ChaCha8,
//! whose words are fixed by its definition; what is made of the words (numbers, choices, shuffles,
//! distributions) is computed here with `libm` alone, so that neither a platform's mathematics nor
//! a new release of a library changes a result. It is not meant for cryptography.
//!
//! # Design
//! Distributions are sampled by inverting their distribution function, one word for one value. That
//! keeps streams in step when a parameter changes: the same word gives the same quantile.
//!
//! # Validation
//! Samples are compared with the theoretical distribution (Kolmogorov-Smirnov) and mean; the normal
//! quantile with `libm::erfc`; the words of some streams are pinned, since they are a promise.

mod distribution;
mod draw;
mod empirical;
mod key;
mod normal;
mod purpose;
mod stream;

pub use distribution::{Distribution, DistributionError};
pub use draw::Draw;
pub use empirical::Empirical;
pub use key::{mix, name_key};
pub use normal::normal_quantile;
pub use purpose::{Purpose, SessionDraw};
pub use rand_chacha::ChaCha8Rng;
pub use stream::{PurposeStreams, Streams};
