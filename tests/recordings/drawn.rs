//! When a server's queue scans fell, and what its machine took its time for: what is drawn for
//! each run.

use mailsim::queue::ScanPhase;
use mailsim::random::{Distribution, Draw, normal_quantile};
use mailsim::smtp::ServiceTimes;
use mailsim::units::SimDuration;

use crate::recording::{Recording, ServerParameters};
use crate::sink::seconds;

/// Returns the work of a server whose pace is drawn.
///
/// On the machine of the recordings, which was shared, the middle one of a case's messages took 1
/// to 30 ms to be accepted and as long to be handed to a delivery agent, by how busy the machine
/// was; single ones took from 1 ms up to a quarter of a second (first deliveries of cases in which
/// nothing fails: 03e, 06a, 09a, 12a). So the median is drawn for each run, and each message's time
/// around it. Where a process has to be started first it takes 20 to 250 ms more (01b, 10a, 10g,
/// 11a); how much, and how often, is drawn for each run too.
///
/// The same experiments on an idle machine were faster: 3 ms from acceptance to delivery in the
/// middle of 01e, where the first recording has 26 ms; up to 20 ms less than the first recordings
/// have, in several cases drawn at random. On a busy one they were up to 0.3 s slower. So medians
/// reach from 0.2 ms to twice the slowest seen first, and a single time up to 0.4 s.
pub(crate) fn service_times(random: &mut impl Draw) -> ServiceTimes {
    let often = libm::pow(random.unit_f64(), 3.0);
    let longer = 0.02 * libm::pow(250.0 / 20.0, random.unit_f64());
    let mut work = |least: f64, greatest: f64| {
        let median = least * libm::pow(greatest / least, random.unit_f64());
        let (mut times, mut weights) = (Vec::new(), Vec::new());
        for time in around(median) {
            times.extend([time, time + longer]);
            weights.extend([1.0 - often, often]);
        }
        Distribution::empirical(times, &weights).expect("finite times can be drawn from")
    };
    ServiceTimes {
        message: work(0.0002, 0.05),
        agent: work(0.0002, 0.06),
        local: work(0.0002, 0.005),
        ..ServiceTimes::default()
    }
}

/// Returns the work of Exim, and how long its delivery processes take to tidy up.
///
/// Exim begins a process for each message. On the machine of the recordings the first delivery
/// process tried its first host 8 ms (07a) to 0.5 s (01c, 11a) after the message came; within one
/// case most were alike (03e: 0.12 to 0.19 s), single ones were not (09a: 0.01 to 0.47 s). Queue
/// runners took 10 to 200 ms from one message to the next (01a, 01b). A process then needed 1 to 70
/// ms to write what it had learnt into the retry database (02a, 01b), in which time others still
/// tried the same host. Where `burst` messages came at once, their processes shared two processors:
/// the last waited for the work of all (01b: 20 within 0.7 s, half of which tried the host before
/// the first had written that it was down; 10a: 100 within 3 s).
///
/// One machine is idle or busy for all that it does: of 73 recordings without slow servers the
/// middle delivery at once took 7 to 25 ms in a third (03x and 03y 7 and 8 ms, 07a 13 ms, single
/// ones from 5 ms on, over two servers from 12 ms on), whose machine was idle, and 0.1 s and more
/// in others. So how `busy` it was, from 0 to 1, is drawn for each run, and each kind of work of
/// each server around it.
pub(crate) fn exim_times(
    random: &mut impl Draw,
    burst: u32,
    busy: f64,
) -> (ServiceTimes, Distribution) {
    let crowd = 1.0 + f64::from(burst) / 40.0;
    let alike = 0.3 + 0.9 * random.unit_f64();
    let queue = 0.003 * libm::pow(0.06 / 0.003, random.unit_f64()) * f64::from(burst.max(1) - 1);
    let mut work = |floor: f64, least: f64, greatest: f64, longest: f64| {
        let share = 0.75 * busy + 0.25 * random.unit_f64();
        let median = least * libm::pow(greatest / least, share);
        let time = |step| (floor + median * libm::exp(alike * normal_step(step))).min(longest);
        (0..STEPS).map(time).collect::<Vec<f64>>()
    };
    let empirical = |times: Vec<f64>| {
        Distribution::empirical(times, &[]).expect("finite times can be drawn from")
    };
    let mut begins = work(0.0, 0.0005, 0.3, 0.6);
    // Each place in the queue for a processor is as likely as the others.
    let places = begins.len();
    for (place, time) in begins.iter_mut().enumerate() {
        *time += queue * ((place * 77) % places) as f64 / places as f64;
    }
    let service = ServiceTimes {
        message: empirical(work(SHORTEST, 0.0005, 0.08 * crowd, 0.5)),
        pickup: empirical(begins),
        agent: empirical(work(0.003, 0.001, 0.35, 0.7)),
        local: empirical(work(SHORTEST, 0.0005, 0.03, 0.25)),
        ..ServiceTimes::default()
    };
    (service, empirical(work(SHORTEST, 0.001, 0.08 * crowd, 0.4)))
}

/// Returns how many messages came at once at most: within half a second.
pub(crate) fn burst(recording: &Recording) -> u32 {
    let mut times: Vec<f64> = recording.submissions.iter().map(|s| s.t_s).collect();
    times.sort_by(f64::total_cmp);
    let within = |from: &f64| times.iter().filter(|&at| (*from..from + 0.5).contains(at)).count();
    u32::try_from(times.iter().map(within).max().unwrap_or(0)).unwrap_or(u32::MAX)
}

/// Returns the work of a scripted sink, whose pace is drawn too: from some tenths of a millisecond
/// to some milliseconds for a transaction (09a against 10g).
pub(crate) fn sink_times(random: &mut impl Draw) -> ServiceTimes {
    let longest = 0.0001 * libm::pow(20.0, random.unit_f64());
    let time = Distribution::Uniform { low: 0.0, high: longest };
    ServiceTimes {
        greeting: time.clone(),
        command: time.clone(),
        message: time,
        ..ServiceTimes::default()
    }
}

/// Returns how long after its arrival the client read the reply to its dot, which is when a
/// recording says that a message was accepted: mostly within a millisecond, now and then up to 40
/// ms (the queue manager had the message that long before: 02a, 03g, 04a).
pub(crate) fn reading_lateness() -> Distribution {
    let quantile = |step| (0.0007 * libm::exp(1.4 * normal_step(step))).min(0.04);
    let times = (0..STEPS).map(quantile).collect();
    Distribution::empirical(times, &[]).expect("finite times can be drawn from")
}

/// Returns the time that a queue manager needed for one message before it took the next: mostly
/// well below a millisecond, now and then up to 20 ms when others had the processor (gaps between
/// the messages of one scan: 01b, 05e, 10e).
pub(crate) fn take_up_time() -> Distribution {
    let quantile = |step| (0.000_15 * libm::exp(1.8 * normal_step(step))).min(0.02);
    let times = (0..STEPS).map(quantile).collect();
    Distribution::empirical(times, &[]).expect("finite times can be drawn from")
}

/// Returns the time from one look of Haraka for due messages to the next. Its timer of a second was
/// set again 1 ms late on an idle machine (03c: 33 ms in 24 s) and up to 20 ms on a busy one (03e with
/// 421 at EHLO: 260 ms in 13 s).
pub(crate) fn look_interval(random: &mut impl Draw) -> SimDuration {
    SimDuration::from_secs_f64(1.0 + 0.001 * libm::pow(20.0, random.unit_f64()))
}

/// Returns the work of a Sendmail, whose pace is drawn. A message that has arrived gets a process
/// of its own, which begins 1 ms after the acceptance on the machine at rest (the middle one of 20
/// in r07 had been handed over 46 ms after it, 41 of them the acknowledgement's) and up to 80 ms
/// while others had it; once a process works, it needs a millisecond or so for a delivery, at most
/// 20 (gaps between the jobs of a run: 01a, 04a). The processes of messages that come together,
/// `together` of them, share two processors, so the last ones wait for each of the others: 0.5 ms
/// (r01: the middle one of ten 9 ms) to 10 ms (01b, 10a).
pub(crate) fn sendmail_times(together: usize, random: &mut impl Draw) -> ServiceTimes {
    let ServiceTimes { message, local, .. } = service_times(random);
    let mut between =
        |least: f64, greatest: f64| least * libm::pow(greatest / least, random.unit_f64());
    let crowd = (together - 1) as f64 * between(0.0005, 0.01);
    let mut begin = around(between(0.001, 0.08));
    let longest = between(0.0005, 0.02);
    // Each place in the queue for a processor is as likely as the others.
    let places = begin.len();
    for (place, time) in begin.iter_mut().enumerate() {
        *time += crowd * ((place * 77) % places) as f64 / places as f64;
    }
    let begin = Distribution::empirical(begin, &[]).expect("finite times can be drawn from");
    let each = Distribution::Uniform { low: 0.0002, high: longest };
    ServiceTimes { message, pickup: begin, agent: each, local, ..ServiceTimes::default() }
}

/// Returns how much longer than the interval it took until the next queue run, the same within a
/// case: 1 to 2 ms on the machine at rest, up to 3 ms while others had it (r03: 84 ms in 46 runs; 6
/// ms are allowed for).
pub(crate) fn run_lag(random: &mut impl Draw) -> SimDuration {
    SimDuration::from_secs_f64(0.0008 * libm::pow(0.006 / 0.0008, random.unit_f64()))
}

/// Returns when the queue runs fall. A recording says that the first one began 15 ms after the
/// daemon had logged that it started; the first lines of runs show that it was up to 18 ms earlier
/// (45 servers, half of them 5 ms or more).
pub(crate) fn run_phase(stated: &ScanPhase, random: &mut impl Draw) -> ScanPhase {
    match stated {
        ScanPhase::At(phase) => {
            let earlier = SimDuration::from_secs_f64(0.018 * random.unit_f64());
            ScanPhase::At(phase.saturating_sub(earlier))
        }
        other => other.clone(),
    }
}

/// Returns the time that an envelope of OpenSMTPD took through its queue process: some
/// milliseconds, for whether an idle session that looked for work each second saw a message that
/// had just become due was a matter of chance (01a, 02a, 03e).
pub(crate) fn handover_time(random: &mut impl Draw) -> Distribution {
    let median = 0.001 * libm::pow(5.0, random.unit_f64());
    Distribution::empirical(around(median), &[]).expect("finite times can be drawn from")
}

/// Returns the time in which a new message of OpenSMTPD came to the transfer agent, counted from the
/// reply to its dot: it had come before the client read that reply in 128 of 198 cases, those in
/// which a session of the server with itself went on without a pause (07a).
pub(crate) fn first_handover_time(random: &mut impl Draw) -> Distribution {
    let median = 0.001 * libm::pow(5.0, random.unit_f64());
    let mut times = around(median);
    let late = 70.0 / 198.0;
    let mut weights = vec![late / times.len() as f64; times.len()];
    times.push(0.0);
    weights.push(1.0 - late);
    Distribution::empirical(times, &weights).expect("finite times can be drawn from")
}

/// Returns how late a timer of OpenSMTPD may fire: sessions that looked for work each second did so 1
/// ms later each time in some cases (01a, 04a, 13a), 2 to 4 ms in others (03x, 03y), on an idle machine
/// less than that.
pub(crate) fn timer_lag(random: &mut impl Draw) -> SimDuration {
    SimDuration::from_secs_f64(0.001 * libm::pow(8.0, random.unit_f64()))
}

/// Returns the time that OpenSMTPD's processes took to agree on one command of a client: of the
/// messages whose MAIL came 4 ms after a whole second 14 of 44 were created in the second before,
/// of those with 3 ms 40 of 41, with 5 ms none of 29.
pub(crate) fn command_time() -> Distribution {
    Distribution::Uniform { low: 0.0, high: 0.0005 }
}

/// Returns times [s] spread about `median`.
fn around(median: f64) -> Vec<f64> {
    let quantile = |step| (SHORTEST + median * libm::exp(SPREAD * normal_step(step))).min(LONGEST);
    (0..STEPS).map(quantile).collect()
}

/// Returns the normal quantile in the middle of one of `STEPS` equal parts of probability.
fn normal_step(step: u32) -> f64 {
    normal_quantile((f64::from(step) + 0.5) / f64::from(STEPS))
}

/// Values that stand for a distribution.
const STEPS: u32 = 200;
/// Shortest time that anything took on the machine of the recordings [s].
const SHORTEST: f64 = 0.0001;
/// Longest time [s].
const LONGEST: f64 = 0.4;
/// Standard deviation of the logarithm of one message's time among those of a case.
const SPREAD: f64 = 1.2;

/// What is known of one server's queue scans.
#[derive(Debug)]
pub(crate) struct Scans {
    interval_s: f64,
    phase_s: Option<f64>,
    observed_s: Vec<f64>,
    until_s: f64,
}

impl Scans {
    /// Returns the scans as far as the recording fixes them, the others drawn.
    ///
    /// A scan that found no message left no trace. It came one interval after the one before, at
    /// the first activity from the whole second on, so its fraction of a second is drawn below
    /// that of the one before.
    pub(crate) fn phase(&self, random: &mut impl Draw) -> ScanPhase {
        let Some(&first) = self.observed_s.first() else {
            return self.phase_s.map_or(ScanPhase::Random, |phase| {
                ScanPhase::At(SimDuration::from_secs_f64(phase))
            });
        };
        let mut times = Vec::new();
        let mut before = first;
        while before - self.interval_s > 0.0 {
            before -= self.interval_s;
            times.push(before);
        }
        times.reverse();
        let mut last = first;
        for &observed in self.observed_s.iter().chain([&(self.until_s + 1.0)]) {
            while observed - last > 1.5 * self.interval_s {
                let latest = last + self.interval_s + 0.01;
                last = latest - random.unit_f64() * (latest - libm::floor(latest));
                times.push(last);
            }
            if observed <= self.until_s {
                times.push(observed);
            }
            last = observed;
        }
        ScanPhase::Observed(times.into_iter().map(seconds).collect())
    }
}

impl Scans {
    /// Returns the queue runs of a server that logs each of them. Where one is missing because as
    /// many were at work as there may be, it came an interval after the one before; in another run
    /// there may have been room for it.
    pub(crate) fn logged(&self) -> ScanPhase {
        let Some(&first) = self.observed_s.first() else {
            return self.phase_s.map_or(ScanPhase::Random, |phase| {
                ScanPhase::At(SimDuration::from_secs_f64(phase))
            });
        };
        let (mut times, mut last) = (vec![first], first);
        for &observed in self.observed_s.iter().skip(1).chain([&(self.until_s + 1.0)]) {
            while observed - last > 1.5 * self.interval_s {
                last += self.interval_s;
                times.push(last);
            }
            if observed <= self.until_s {
                times.push(observed);
                last = observed;
            }
        }
        ScanPhase::Observed(times.into_iter().filter(|&at| at >= 0.0).map(seconds).collect())
    }
}

pub(crate) fn known_scans(server: &ServerParameters, until_s: f64) -> Scans {
    let mut observed_s = server.queue_runs_observed_s.clone().unwrap_or_default();
    let after_start = server.queue_run_phases_after_start.iter();
    for first in after_start.filter_map(|start| start.first_run_s) {
        if !observed_s.iter().any(|at| libm::fabs(at - first) < 0.5) {
            observed_s.push(first);
        }
    }
    observed_s.sort_by(f64::total_cmp);
    observed_s.dedup();
    let interval_s = server.queue_run_interval_s.unwrap_or(0.0);
    Scans { interval_s, phase_s: server.queue_run_phase_s, observed_s, until_s }
}
