//! How long a TCP connection needs for a run of octets.

use crate::units::{Octets, SimDuration, SimTime};

use super::Bandwidth;

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
    /// How long before time zero the ticks of the kernel's timers began, on which repetitions are
    /// late; none: they are exact. Linux keeps long timers only roughly (`kernel/time/timer.c`, 250
    /// ticks a second): one of 64 ticks or more fires at the next multiple of 8 ticks, from 512 on
    /// of 64, from 4096 on of 512, and so on. So a request that nominally fails after 131 s fails
    /// after 132 to 135 s, at multiples of 2.048 s, as the recordings have it.
    pub ticking: Option<SimDuration>,
}

impl SynSchedule {
    /// Times that double, six of them.
    const DOUBLING: u32 = 6;

    /// Returns when packets are sent, from the first at zero, with exact timers.
    pub fn offsets(self) -> impl Iterator<Item = SimDuration> {
        (0..=self.linear + Self::DOUBLING).map(move |number| self.offset(number))
    }

    /// Returns when the kernel reports that nobody answered, with exact timers.
    #[must_use]
    pub fn gives_up_after(self) -> SimDuration {
        self.offset(self.linear + Self::DOUBLING + 1)
    }

    /// Returns when the packets of a request that begins at `at` are sent, and last when the kernel
    /// gives up.
    pub fn moments(self, at: SimTime) -> impl Iterator<Item = SimTime> {
        let mut last = at;
        (0..=self.linear + Self::DOUBLING + 1).map(move |number| {
            if number > 0 {
                let timeout = self.offset(number).saturating_sub(self.offset(number - 1));
                last += timeout;
                if let Some(began) = self.ticking {
                    last = timer_fires(last, timeout, began);
                }
            }
            last
        })
    }

    fn offset(self, number: u32) -> SimDuration {
        let linear = number.min(self.linear);
        let doubled = number - linear;
        let nominal = u64::from(linear) + (1_u64 << doubled) - 1;
        SimDuration::from_secs(nominal)
    }
}

/// Returns when a timer of Linux fires that was set for `due`, `timeout` ahead, where the ticks of the
/// kernel's timers began so long before time zero (see [`SynSchedule::ticking`]).
#[must_use]
pub fn timer_fires(due: SimTime, timeout: SimDuration, began: SimDuration) -> SimTime {
    let ticks = timeout.as_nanos() / TICK.as_nanos();
    let (mut step, mut reach) = (TICK.as_nanos(), 64);
    while ticks >= reach {
        step *= 8;
        reach *= 8;
    }
    let counted = due.as_nanos() + began.as_nanos();
    SimTime::from_nanos((counted / step + 1) * step - began.as_nanos())
}

/// Length of a tick of the kernel's timer (`CONFIG_HZ=250`).
const TICK: SimDuration = SimDuration::from_millis(4);

/// How TCP cuts a long run of octets.
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
    /// Segments that may be sent before the first acknowledgement, where there is slow start.
    pub initial_window: u64,
}

impl Default for TransferSettings {
    fn default() -> Self {
        Self { segment: Octets(1365), initial_window: 10 }
    }
}

/// Returns the time from sending the first octet of `size` until the last octet has *left* the
/// sender, on a path of round trip `round_trip` that carries `bandwidth`; half a round trip later it
/// has arrived. Zero for a size within the initial window on an unlimited path.
///
/// Windows double each round trip until they cover the path (window ≥ rate × round trip); from
/// then on the path is full and only its bandwidth counts. Each segment has its headers, and the
/// last is as long as what it carries.
#[must_use]
pub fn body_transfer(
    size: Octets,
    round_trip: SimDuration,
    bandwidth: Bandwidth,
    settings: TransferSettings,
) -> SimDuration {
    let segments = size.0.div_ceil(settings.segment.0).max(1);
    let full = Octets(settings.segment.0 + bandwidth.header.0);
    let (mut window, mut left, mut elapsed) =
        (settings.initial_window, segments, SimDuration::ZERO);
    while bandwidth.slow_start
        && left > window
        && bandwidth.transmission_time(full * window) < round_trip
    {
        left -= window;
        window *= 2;
        elapsed += round_trip;
    }
    let sent = settings.segment * (segments - left);
    let rest = size.saturating_sub(sent) + bandwidth.header * left;
    elapsed + bandwidth.transmission_time(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: SimDuration = SimDuration::from_millis(100);

    fn schedule(linear: u32) -> SynSchedule {
        SynSchedule { linear, ticking: None }
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
    fn coarse_timers_fire_on_their_own_grid() {
        // Recording 02a of Exim: requests that began at 0.2, 7.1, 14.1, 21.2 and 28.0 s failed at
        // these times, whole multiples of 2.048 s apart.
        let failed = [133.979, 142.173, 148.320, 156.512, 162.657];
        let began = [0.25, 7.15, 14.1, 21.25, 28.05];
        let exact = SynSchedule { linear: 4, ticking: None };
        let grid = 2.048;
        let phase = grid - failed[0] % grid;
        for (began, failed) in began.into_iter().zip(failed) {
            let ticking = Some(SimDuration::from_secs_f64(phase + 0.01));
            let schedule = SynSchedule { ticking, ..exact };
            let at = SimTime::ZERO + SimDuration::from_secs_f64(began);
            let last = schedule.moments(at).last().map(SimTime::as_secs_f64);
            let difference = last.unwrap_or(0.0) - failed;
            assert!((-0.05..0.05).contains(&difference), "{began}: {last:?}, recorded {failed}");
            let nominal = exact.moments(at).last().map(SimTime::as_secs_f64);
            assert_eq!(nominal, Some((at + exact.gives_up_after()).as_secs_f64()));
        }
    }

    #[test]
    fn slow_start_doubles_each_round() {
        let rounds = |octets| {
            let settings = TransferSettings::default();
            let time = body_transfer(Octets(octets), RTT, Bandwidth::UNLIMITED, settings);
            time.as_nanos() / RTT.as_nanos()
        };
        // Ten segments fit the first window; 10 + 20 + 40 = 70 segments leave within two rounds.
        assert_eq!(rounds(13_650), 0);
        assert_eq!(rounds(13_651), 1);
        assert_eq!(rounds(70 * 1365), 2);
        assert_eq!(rounds(100_000), 3);
    }

    #[test]
    fn a_full_pipe_is_bound_by_its_bandwidth() {
        let line = bandwidth("10Mbit/s");
        let time = body_transfer(Octets(5_000_000), RTT, line, TransferSettings::default());
        let wire = 5_000_000.0 * (1417.0 / 1365.0) * 8.0 / 10e6;
        let seconds = time.as_secs_f64();
        assert!(seconds > wire && seconds < wire + 4.0 * 0.1, "{seconds} against {wire}");
    }

    fn bandwidth(rate: &str) -> Bandwidth {
        rate.parse::<crate::units::BitRate>().expect("a rate").into()
    }

    /// An octet more costs the time of an octet, and of headers where it begins a segment.
    #[test]
    fn the_last_segment_is_as_long_as_what_it_carries() {
        let line = bandwidth("1kbit/s");
        let time = |octets| {
            body_transfer(Octets(octets), RTT, line, TransferSettings::default()).as_nanos()
        };
        let octet = 8_000_000;
        assert_eq!(time(100), (100 + 52) * octet);
        assert_eq!(time(1000) - time(100), 900 * octet);
        assert_eq!(time(1366) - time(1365), 53 * octet);
    }

    /// Forouzan's and Tanenbaum's lines know no headers and no windows: size over rate.
    #[test]
    fn a_plain_line_takes_size_over_rate() {
        let line = Bandwidth { header: Octets::ZERO, slow_start: false, ..bandwidth("1kbit/s") };
        let time = |octets| {
            body_transfer(Octets(octets), RTT, line, TransferSettings::default()).as_secs_f64()
        };
        assert_eq!(time(2_750), 22.0);
        assert_eq!(time(5_250), 42.0);
    }
}
