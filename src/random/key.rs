//! Keys of streams, mixed from what they are about.

/// Returns 64 bits that stand for a name in a key, so that draws do not depend on the order of a
/// scenario's tables.
#[must_use]
pub fn name_key(name: &str) -> u64 {
    name.bytes().fold(name.len() as u64, |state, byte| mix(&[state, u64::from(byte)]))
}

/// Mixes the parts of a key into 64 bits (SplitMix64's finalizer after each part).
#[must_use]
pub fn mix(parts: &[u64]) -> u64 {
    parts.iter().fold(0x9e37_79b9_7f4a_7c15, |state, part| {
        let mut mixed = (state ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}
