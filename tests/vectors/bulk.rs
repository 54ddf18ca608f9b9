//! Haraka, KumoMTA, Stalwart, Maddy and schedules of one's own. What chance adds is left out.

use crate::harness::{GivesUp, Row, Seen};

/// 2^(n + 5) seconds after the n-th failure; the thirteenth is the last (`outbound/config.js`).
#[test]
fn haraka_doubles_and_gives_up_at_the_thirteenth_failure() {
    let mut row = Row::of(
        r#"{ profile = "haraka", look_every = "0" }"#,
        &[0, 64, 192, 448, 960, 1984, 4032, 8128, 16320, 32704, 65472, 131_008, 262_080],
    );
    row.count = Some(13);
    row.end = Some((262_080, GivesUp::AfterAttempt));
    row.holds();
}

/// The timer queue fires once a second: each attempt comes up to a second after it is due.
#[test]
fn haraka_looks_once_a_second() {
    let seen = Seen::of(r#"{ profile = "haraka", look_every = "1s", look_phase = "0" }"#, "refuse")
        .attempts;
    for (number, gap) in seen.windows(2).map(|pair| pair[1] - pair[0]).enumerate() {
        let planned = 64 << number;
        assert!((planned..=planned + 1).contains(&gap), "{gap} s for {planned} s");
    }
}

/// 20 minutes doubling; the tenth attempt would come after seven days, so the ninth is the last
/// (`queue.rs`, `increment_attempts_and_update_delay`). Nobody is told.
#[test]
fn kumomta_looks_ahead() {
    let mta = r#"{ profile = "kumomta", spread = "0", look_every = "0" }"#;
    let mut row = Row::of(mta, &[0, 1200, 3600, 8400, 18000, 37200, 75600, 152_400, 306_000]);
    row.count = Some(9);
    row.end = Some((306_000, GivesUp::AfterAttempt));
    row.holds();
    assert_eq!(Seen::of(mta, "refuse").failure_notices, 0);
}

/// The gaps deviate by up to 30 s either way and wait for the wheel, which turns every 3 s.
#[test]
fn kumomta_varies_its_gaps() {
    let mta = r#"{ profile = "kumomta", look_phase = "0" }"#;
    let seen = Seen::of(mta, "refuse").attempts;
    for (number, gap) in seen.windows(2).map(|pair| pair[1] - pair[0]).enumerate() {
        let planned = 1200 << number;
        assert!((planned - 30..=planned + 33).contains(&gap), "{gap} s for {planned} s");
    }
    assert!(seen.windows(2).any(|pair| (pair[1] - pair[0]) % 1200 != 0), "{seen:?}");
}

/// The list of its registry; notice after a day and expiry after three, both by timer.
#[test]
fn stalwart_ends_by_timer() {
    let mut row = Row::of("\"stalwart\"", &[0, 120, 420, 1020, 1920, 3720, 7320, 14520, 100_920]);
    row.count = Some(9);
    row.end = Some((259_200, GivesUp::ByTimer));
    row.delay_notice = Some(86_400);
    row.holds();
}

/// 15 minutes times the whole part of 1.25^(n - 1); the twentieth failure is the last
/// (`queue.go`, `tryDelivery`).
#[test]
fn maddy_cuts_its_factor_to_a_whole_number() {
    let mut row = Row::of(
        "\"maddy\"",
        &[
            0, 900, 1800, 2700, 3600, 5400, 8100, 10800, 14400, 18900, 25200, 33300, 43200, 55800,
            72000, 91800, 117_000, 148_500, 188_100, 237_600,
        ],
    );
    row.count = Some(20);
    row.end = Some((237_600, GivesUp::AfterAttempt));
    row.holds();
}

/// The length of an attempt moves schedules of gaps, not schedules of ages, nor gaps that count from
/// the start.
#[test]
fn the_length_of_an_attempt_moves_gaps() {
    for (schedule, attempts) in [
        (r#"gaps = "5m 10m*""#, &[0, 330, 960, 1590][..]),
        (r#"gaps = "5m 10m*", gaps_from_start = true"#, &[0, 300, 900, 1500]),
        (r#"offsets = "5m 15m 25m*""#, &[0, 300, 900, 1500]),
    ] {
        let mta = format!(
            "{{ profile = \"schedule\", {schedule}, tries = 4, connect_timeout = \"30s\" }}"
        );
        let seen = Seen::of(&mta, "blackhole");
        assert_eq!(seen.attempts, attempts, "{schedule}");
    }
}

/// Every way of stating a schedule and of giving up.
#[test]
fn a_schedule_of_ones_own() {
    for (schedule, attempts, end) in [
        (r#"gaps = "5m 10m 30m 1h*", tries = 6"#, &[0, 300, 900, 2700, 6300, 9900][..], 9900),
        (r#"gaps = ["5m", "10m"], tries = 4"#, &[0, 300, 900, 1500], 1500),
        // A list without a star is all there is.
        (r#"gaps = "5m 10m*2""#, &[0, 300, 900, 1500], 1500),
        (r#"offsets = "5m 1h""#, &[0, 300, 3600], 3600),
        (
            r#"first_gap = "1m", gap_factor = 2, longest_gap = "3m", lifetime = "8m""#,
            &[0, 60, 180, 360, 540],
            540,
        ),
        (
            r#"first_gap = "1m", gap_factor = 2, lifetime = "8m", expiry = "ahead""#,
            &[0, 60, 180, 420],
            420,
        ),
        (r#"first_gap = "1m", lifetime = "150s", expiry = "timer""#, &[0, 60, 120], 150),
    ] {
        let seen = Seen::of(&format!("{{ profile = \"schedule\", {schedule} }}"), "refuse");
        assert_eq!(seen.attempts, attempts, "{schedule}");
        assert_eq!(seen.end.map(|end| end.0), Some(end), "{schedule}");
    }
}
