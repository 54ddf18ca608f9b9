//! Where the time of an open story went so far, in little room.

/// A span of time that a story counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    /// From submission until the first server had the message.
    UntilAccepted,
    /// In tries that handed it to the first server.
    Submitting,
    /// In tries that handed the message on.
    HandingOn,
    /// In tries that failed, after the first server had it.
    Failing,
}

impl Span {
    /// How many there are.
    pub(super) const COUNT: usize = 4;
}

/// What a story keeps of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// Nanoseconds.
    Nanos(u64),
    /// Too long to be kept here.
    Elsewhere,
    /// Not over yet.
    Open,
}

/// The spans of a story in 5 octets each: up to 2^40 ns, 18 min. Few are longer, so that these may
/// take more room elsewhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spans {
    low: [u32; Span::COUNT],
    high: [u8; Span::COUNT],
}

/// Stands for a span that is kept elsewhere.
const ELSEWHERE: u64 = (1 << 40) - 1;
/// Stands for one that is not over.
const OPEN: u64 = ELSEWHERE - 1;

impl Spans {
    /// Returns the spans at submission: no time is spent, and no server has the message.
    pub(super) fn new() -> Self {
        let mut spans = Self { low: [0; Span::COUNT], high: [0; Span::COUNT] };
        spans.put(Span::UntilAccepted, OPEN);
        spans
    }

    pub(super) fn get(&self, span: Span) -> Kept {
        let nanos = u64::from(self.high[span as usize]) << 32 | u64::from(self.low[span as usize]);
        match nanos {
            ELSEWHERE => Kept::Elsewhere,
            OPEN => Kept::Open,
            nanos => Kept::Nanos(nanos),
        }
    }

    /// Keeps a span of `nanos` nanoseconds, or notes that it is kept elsewhere; returns whether it is
    /// kept here.
    pub(super) fn set(&mut self, span: Span, nanos: u64) -> bool {
        let fits = nanos < OPEN;
        self.put(span, if fits { nanos } else { ELSEWHERE });
        fits
    }

    fn put(&mut self, span: Span, nanos: u64) {
        self.low[span as usize] = nanos as u32;
        self.high[span as usize] = (nanos >> 32) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_kept_as_it_is_or_elsewhere() {
        let mut spans = Spans::new();
        assert_eq!(spans.get(Span::UntilAccepted), Kept::Open);
        assert_eq!(spans.get(Span::Failing), Kept::Nanos(0));
        for nanos in [1, (1 << 32) + 7, (1 << 40) - 3] {
            assert!(spans.set(Span::Failing, nanos));
            assert_eq!(spans.get(Span::Failing), Kept::Nanos(nanos));
        }
        for nanos in [(1 << 40) - 2, 1 << 40, u64::MAX] {
            assert!(!spans.set(Span::UntilAccepted, nanos));
            assert_eq!(spans.get(Span::UntilAccepted), Kept::Elsewhere);
        }
        assert_eq!(size_of::<Spans>(), 20);
    }
}
