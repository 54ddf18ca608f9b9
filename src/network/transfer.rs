//! How long a TCP connection needs for a run of octets.

use crate::units::{BitRate, Octets, SimDuration};

/// When a connecting client repeats its first packet.
///
/// Linux sends the first `linear` repetitions a second apart (`tcp_syn_linear_timeouts`: 4 since
/// kernel 6.5, before that 0) and then doubles the time-out from one second, six times
/// (`tcp_syn_retries`; RFC 6298 for the initial second). Without linear ones: 1, 3, 7, 15, 31,
/// 63 s, giving up at 127 s; with four: 1, 2, 3, 4, 5, 7, 11, 19, 35, 67 s, giving up at 131 s, as
/// the recordings have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SynSchedule {
    /// Repetitions one second apart before the doubling begins.
    pub linear: u32,
    /// By how many thousandths each wait is longer than it should be. Linux keeps long timers only
    /// roughly (`kernel/time/timer.c`): up to an eighth late, some hundredths on average.
    pub late_per_mille: u32,
}

impl SynSchedule {
    /// Times that double, six of them.
    const DOUBLING: u32 = 6;

    /// Returns when packets are sent, from the first at zero.
    pub fn offsets(self) -> impl Iterator<Item = SimDuration> {
        (0..=self.linear + Self::DOUBLING).map(move |number| self.offset(number))
    }

    /// Returns when the kernel reports that nobody answered.
    #[must_use]
    pub fn gives_up_after(self) -> SimDuration {
        self.offset(self.linear + Self::DOUBLING + 1)
    }

    fn offset(self, number: u32) -> SimDuration {
        let linear = number.min(self.linear);
        let doubled = number - linear;
        let nominal = u64::from(linear) + (1_u64 << doubled) - 1;
        SimDuration::from_millis(nominal * (1000 + u64::from(self.late_per_mille)))
    }
}

/// How TCP sends a long run of octets.
///
/// The defaults reproduce recording 14 (Postfix over an emulated link): an initial window of ten
/// segments (RFC 6928), doubling each round trip (RFC 5681), with Postfix's stream writes of 4096
/// octets cut into three segments each, so that a segment carries 1365 octets of the message on
/// average and not the 1448 that would fit. That is why 100 kB cost three extra round trips
/// rather than two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransferSettings {
    /// Octets of the message in one segment.
    pub segment: Octets,
    /// Octets of headers sent with each segment (IPv4 and TCP with time stamps: 52).
    pub overhead: Octets,
    /// Segments that may be sent before the first acknowledgement.
    pub initial_window: u64,
}

impl Default for TransferSettings {
    fn default() -> Self {
        Self { segment: Octets(1365), overhead: Octets(52), initial_window: 10 }
    }
}

/// Returns the time from sending the first octet of `size` until the last octet has *left* the
/// sender, on a path of round trip `round_trip` and bandwidth `rate`; half a round trip later it
/// has arrived. Zero for a size within the initial window on an unlimited path.
///
/// Windows double each round trip until they cover the path (window ≥ rate × round trip); from
/// then on the path is full and only its bandwidth counts.
#[must_use]
pub fn body_transfer(
    size: Octets,
    round_trip: SimDuration,
    rate: Option<BitRate>,
    settings: TransferSettings,
) -> SimDuration {
    let segments = size.0.div_ceil(settings.segment.0).max(1);
    let wire = |segments: u64| -> SimDuration {
        let octets = Octets(segments * (settings.segment.0 + settings.overhead.0));
        rate.map_or(SimDuration::ZERO, |rate| rate.transmission_time(octets))
    };
    let (mut window, mut left, mut elapsed) =
        (settings.initial_window, segments, SimDuration::ZERO);
    while left > window && wire(window) < round_trip {
        left -= window;
        window *= 2;
        elapsed += round_trip;
    }
    elapsed + wire(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: SimDuration = SimDuration::from_millis(100);

    fn schedule(linear: u32) -> SynSchedule {
        SynSchedule { linear, late_per_mille: 0 }
    }

    #[test]
    fn late_timers_add_up() {
        let schedule = SynSchedule { linear: 0, late_per_mille: 30 };
        let millis: Vec<u64> = schedule.offsets().map(|o| o.as_nanos() / 1_000_000).collect();
        assert_eq!(millis[..4], [0, 1_030, 3_090, 7_210]);
    }

    #[test]
    fn first_packets_are_repeated_as_linux_does() {
        let seconds = |linear| -> Vec<u64> {
            schedule(linear).offsets().map(|offset| offset.as_secs()).collect()
        };
        assert_eq!(seconds(0), [0, 1, 3, 7, 15, 31, 63]);
        assert_eq!(seconds(4), [0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67]);
        assert_eq!(schedule(0).gives_up_after().as_secs(), 127);
        assert_eq!(schedule(4).gives_up_after().as_secs(), 131);
    }

    #[test]
    fn slow_start_doubles_each_round() {
        let rounds = |octets| {
            body_transfer(Octets(octets), RTT, None, TransferSettings::default()).as_nanos()
                / RTT.as_nanos()
        };
        // Ten segments fit the first window; 10 + 20 + 40 = 70 segments leave within two rounds.
        assert_eq!(rounds(13_650), 0);
        assert_eq!(rounds(13_651), 1);
        assert_eq!(rounds(70 * 1365), 2);
        assert_eq!(rounds(100_000), 3);
    }

    #[test]
    fn a_full_pipe_is_bound_by_its_bandwidth() {
        let rate: BitRate = "10Mbit/s".parse().unwrap();
        let time = body_transfer(Octets(5_000_000), RTT, Some(rate), TransferSettings::default());
        let wire = 5_000_000.0 * (1417.0 / 1365.0) * 8.0 / 10e6;
        let seconds = time.as_secs_f64();
        assert!(seconds > wire && seconds < wire + 4.0 * 0.1, "{seconds} against {wire}");
    }
}
