//! Tests of the generator: theory on one side, measurement on the other. Tolerances are five
//! standard errors, which chance passes once in some million.

use super::*;
use crate::fault::Interval;
use crate::mail::{DomainId, HostId};
use crate::random::Distribution;
use crate::units::SimDuration;
use crate::workload::{
    Ahead, Encoding, NoticeWishes, Replayed, Sizes, SubmissionSettings, Written,
};

const HOUR: SimDuration = SimDuration::from_hours(1);

fn mailbox(local: u32) -> Mailbox {
    Mailbox { domain: DomainId(0), local }
}

fn entry(arrivals: Arrivals) -> MailEntry {
    MailEntry {
        name: String::new(),
        from: Correspondents::Population { domain: DomainId(1), count: 50 },
        to: vec![
            Correspondents::Population { domain: DomainId(0), count: 20 },
            Correspondents::AnyOf(vec![mailbox(0), mailbox(1), mailbox(2)]),
        ],
        cc: 0,
        bcc: 0,
        arrivals,
        size: Sizes {
            text: Distribution::LogNormal { median: 20_000.0, sigma: 1.0 },
            attachment: None,
            encoding: Encoding::BASE64,
        },
        window: Interval { from: SimTime::ZERO, to: SimTime::MAX },
        limit: None,
        submission: SubmissionSettings {
            client: None,
            server: HostId(0),
            further_servers: Vec::new(),
            port: 587,
            messages_per_session: 1,
            parallel_sessions: 1,
            outbox_retry: None,
            declares_size: true,
            authenticates: true,
            verifies: false,
        },
        received_fields: 0,
        author: None,
        score: None,
        unwanted_share: 0.0,
        notices: NoticeWishes::default(),
        replay: Vec::new(),
        waiting: Vec::new(),
    }
}

fn poisson(rate: &str) -> Arrivals {
    Arrivals::Poisson { rate: rate.parse().unwrap(), profile: None }
}

fn all(entry: &MailEntry, seed: u64, horizon: SimTime) -> Vec<NewMessage> {
    let mut generator = Generator::new(entry, 3, &Streams::new(seed, 0), horizon);
    let mut message = NewMessage::default();
    let mut messages = Vec::new();
    while generator.next_into(&mut message) {
        messages.push(message.clone());
    }
    messages
}

fn seconds(messages: &[NewMessage]) -> Vec<f64> {
    messages.iter().map(|message| message.at.as_secs_f64()).collect()
}

fn hours(count: u64) -> SimTime {
    SimTime::ZERO + HOUR * count
}

/// The number of arrivals has mean and variance λT; gaps have mean 1/λ and standard deviation 1/λ.
#[test]
fn poisson_counts_and_gaps_follow_the_law() {
    let expected = 20_000.0;
    let messages = all(&entry(poisson("200/h")), 1, hours(100));
    let count = messages.len() as f64;
    assert!((count - expected).abs() < 5.0 * expected.sqrt(), "{count}");
    let times = seconds(&messages);
    let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    assert!((mean - 18.0).abs() < 5.0 * 18.0 / count.sqrt(), "{mean}");
    // The share of gaps above the mean is 1/e.
    let above = gaps.iter().filter(|gap| **gap > 18.0).count() as f64 / gaps.len() as f64;
    let share = (-1.0_f64).exp_m1() + 1.0;
    assert!((above - share).abs() < 5.0 * (share * (1.0 - share) / count).sqrt(), "{above}");
    // Counts in separate hours are as variable as their mean: the variance of a sample variance of
    // n Poisson counts of mean m is about (2 m² + m) / n.
    let mut hourly = [0.0; 100];
    times.iter().for_each(|time| hourly[(time / 3600.0) as usize] += 1.0);
    let variance = hourly.iter().map(|n| (n - 200.0) * (n - 200.0)).sum::<f64>() / 100.0;
    let error = ((2.0 * 200.0 * 200.0 + 200.0) / 100.0_f64).sqrt();
    assert!((variance - 200.0).abs() < 5.0 * error, "{variance}");
}

#[test]
fn a_daily_profile_shapes_the_hours_and_keeps_the_mean() {
    let mut profile = [0.0; 24];
    (8..18).for_each(|hour| profile[hour] = 2.0);
    profile[12] = 1.0;
    let arrivals = Arrivals::Poisson { rate: "100/h".parse().unwrap(), profile: Some(profile) };
    let days = 50;
    let messages = all(&entry(arrivals), 2, hours(24 * days));
    let mut counts = [0.0; 24];
    messages.iter().for_each(|m| counts[(m.at.as_secs() / 3600 % 24) as usize] += 1.0);
    let total: f64 = profile.iter().sum();
    for (hour, count) in counts.into_iter().enumerate() {
        let expected = 100.0 * 24.0 * days as f64 * profile[hour] / total;
        assert!((count - expected).abs() <= 5.0 * expected.sqrt(), "hour {hour}: {count}");
    }
}

#[test]
fn no_rate_or_no_intensity_means_no_mail() {
    assert!(all(&entry(poisson("0")), 1, hours(1000)).is_empty());
    let arrivals = Arrivals::Poisson { rate: "9/s".parse().unwrap(), profile: Some([0.0; 24]) };
    assert!(all(&entry(arrivals), 1, hours(1000)).is_empty());
}

/// Common random numbers: what is changed changes, the rest stays.
#[test]
fn each_property_has_draws_of_its_own() {
    let base = entry(poisson("100/h"));
    let before = all(&base, 7, hours(50));
    let compare = |changed: &MailEntry, same: &dyn Fn(&NewMessage, &NewMessage) -> bool| {
        let after = all(changed, 7, hours(50));
        assert_eq!(after.len(), before.len());
        assert!(before.iter().zip(&after).all(|(a, b)| a.at == b.at && same(a, b)));
        assert_ne!(after, before);
    };
    let mut larger = base.clone();
    larger.size.text = Distribution::Constant(5.0);
    larger.size.attachment = Some(Distribution::Exponential { mean: 1e6 });
    compare(&larger, &|a, b| a.from == b.from && a.to == b.to && a.size != b.size);
    let mut other_senders = base.clone();
    other_senders.from = Correspondents::One(mailbox(9));
    compare(&other_senders, &|a, b| a.to == b.to && a.size == b.size);
    let mut one_more = base.clone();
    one_more.to.push(Correspondents::One(mailbox(19)));
    compare(&one_more, &|a, b| a.from == b.from && a.size == b.size && b.to.starts_with(&a.to));
    // Other times leave the messages of the same ordinal as they are.
    let other_times = all(&entry(Arrivals::Every { interval: HOUR }), 7, hours(50));
    let rest = |m: &NewMessage| (m.ordinal, m.from, m.to.clone(), m.size);
    assert!(before.iter().zip(&other_times).all(|(a, b)| rest(a) == rest(b)));
    assert_eq!(other_times.len(), 50);
    assert_ne!(all(&base, 8, hours(50)), before);
}

/// Chi-squared with k - 1 degrees of freedom has mean k - 1 and variance 2 (k - 1).
#[test]
fn senders_and_recipients_are_equally_likely() {
    let messages = all(&entry(poisson("2000/h")), 4, hours(10));
    let check = |choices: usize, picks: &mut dyn Iterator<Item = u32>| {
        let mut counts = vec![0.0; choices];
        let mut total = 0.0;
        picks.for_each(|pick| {
            counts[pick as usize] += 1.0;
            total += 1.0;
        });
        let expected = total / choices as f64;
        let squares = counts.iter().map(|count: &f64| (count - expected) * (count - expected));
        let statistic = squares.sum::<f64>() / expected;
        let freedom = choices as f64 - 1.0;
        assert!((statistic - freedom).abs() < 5.0 * (2.0 * freedom).sqrt(), "{statistic}");
    };
    check(50, &mut messages.iter().map(|m| m.from.local));
    check(20, &mut messages.iter().map(|m| m.to[0].local));
    // One recipient only if both draws agree: probability 3/20 · 1/3.
    let single = messages.iter().filter(|m| m.to.len() == 1).count() as f64;
    let total = messages.len() as f64;
    let error = (0.05 * 0.95 / total).sqrt();
    assert!((single / total - 0.05).abs() < 5.0 * error, "{single} of {total}");
}

#[test]
fn sizes_follow_their_distribution_and_attachments_grow() {
    let mut entry = entry(poisson("2000/h"));
    let messages = all(&entry, 5, hours(10));
    let below = messages.iter().filter(|m| m.size.get() < 20_000).count() as f64;
    let total = messages.len() as f64;
    assert!((below / total - 0.5).abs() < 5.0 * (0.25 / total).sqrt(), "median: {below}");
    let size_of = |entry: &MailEntry| all(entry, 5, hours(1))[0].size;
    entry.size.text = Distribution::Constant(2_000.4);
    entry.size.attachment = Some(Distribution::Constant(1e6));
    assert_eq!(size_of(&entry), Octets::new(2_000 + 1_368_424));
    entry.size.text = Distribution::Constant(0.0);
    entry.size.attachment = None;
    assert_eq!(size_of(&entry), Octets::new(1));
    entry.size.attachment = Some(Distribution::Constant(1e300));
    assert_eq!(size_of(&entry), LARGEST);
}

#[test]
fn regular_arrivals_keep_to_the_window_and_the_limit() {
    let second = SimDuration::from_secs(1);
    let at = |entry: &MailEntry, horizon| seconds(&all(entry, 1, SimTime::from_secs(horizon)));
    let mut every = entry(Arrivals::Every { interval: second * 10 });
    every.window = Interval { from: SimTime::from_secs(5), to: SimTime::from_secs(35) };
    assert_eq!(at(&every, 100), [5.0, 15.0, 25.0], "half-open window");
    assert_eq!(at(&every, 25), [5.0, 15.0], "half-open horizon");
    every.limit = Some(2);
    assert_eq!(at(&every, 100), [5.0, 15.0]);
    let mut bursts = entry(Arrivals::Bursts { count: 2, interval: Some(second * 30) });
    assert_eq!(at(&bursts, 61), [0.0, 0.0, 30.0, 30.0, 60.0, 60.0]);
    bursts.arrivals = Arrivals::Bursts { count: 3, interval: None };
    assert_eq!(at(&bursts, 100), [0.0; 3]);
    bursts.arrivals = Arrivals::Bursts { count: 0, interval: Some(second) };
    assert!(at(&bursts, 100).is_empty());
    bursts.arrivals = Arrivals::Every { interval: SimDuration::ZERO };
    assert_eq!(at(&bursts, 100), [0.0], "no time passes: once");
    let listed = (0..5).map(|n| SimTime::from_secs(n * 10)).collect();
    let mut listed = entry(Arrivals::At(listed));
    listed.window = every.window;
    assert_eq!(at(&listed, 100), [10.0, 20.0, 30.0]);
    let ordinals = all(&listed, 1, SimTime::from_secs(100)).into_iter().map(|m| m.ordinal);
    assert!(ordinals.eq(0..3));
}

#[test]
fn replayed_messages_come_as_recorded() {
    let replayed = |n: u32| Replayed {
        at: SimTime::from_secs(u64::from(n)),
        from: mailbox(n),
        to: vec![mailbox(1), mailbox(n), mailbox(1)],
        size: Octets::new(u64::from(n) * 100),
    };
    let mut entry = entry(Arrivals::Replay);
    entry.replay = (0..4).map(replayed).collect();
    entry.window.from = SimTime::from_secs(1);
    let messages = all(&entry, 1, SimTime::from_secs(3));
    let seen: Vec<_> = messages.iter().map(|m| (m.from.local, m.size.get())).collect();
    assert_eq!(seen, [(1, 100), (2, 200)]);
    assert_eq!(messages[0].to, [mailbox(1)]);
    assert_eq!(messages[1].to, [mailbox(1), mailbox(2)]);
}

#[test]
fn repetitions_among_many_recipients_are_dropped_in_order() {
    let mut many: Vec<Mailbox> = (0..200).map(|n| mailbox(n * 7 % 100)).collect();
    let expected: Vec<Mailbox> = many[..100].to_vec();
    remove_repetitions(&mut many);
    assert_eq!(many, expected);
}

#[test]
fn messages_drawn_ahead_are_those_of_the_generator() {
    let horizon = SimTime::ZERO + HOUR * 30;
    let one = Correspondents::Population { domain: DomainId(0), count: 20 };
    let lists = [
        vec![one],
        entry(poisson("10/h")).to,
        // More than are drawn together.
        (0..70).map(|local| Correspondents::AnyOf(vec![mailbox(local)])).collect(),
    ];
    for to in lists {
        let listed = MailEntry { to, ..entry(poisson("10/h")) };
        let one_by_one = all(&listed, 1, horizon);
        assert!(one_by_one.len() > 100);
        let mut ahead = Ahead::new(Generator::new(&listed, 3, &Streams::new(1, 0), horizon));
        for expected in &one_by_one {
            let Written { ordinal, at, from, size, to } = ahead.message().expect("as many");
            assert_eq!(*expected, NewMessage { ordinal, at, from, to: to.to_vec(), size });
            ahead.advance();
        }
        assert_eq!(ahead.message(), None);
    }
}
