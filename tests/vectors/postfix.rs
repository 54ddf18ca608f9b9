//! Postfix: `src/qmgr/qmgr_active.c` and `src/global/mail_params.h`. The phase of the queue scans is
//! given; a message deferred at second t is tried at the first scan from t + delay - 1 on.

use crate::harness::{GivesUp, Row};

macro_rules! postfix {
    ($phase:literal) => {
        concat!(
            "{ profile = \"postfix\", clock_lag = \"0\", timer_lag = \"0\", scan_phase = \"",
            $phase,
            "\" }"
        )
    };
}

#[test]
fn refused_with_a_scan_at_the_arrival() {
    let mut row = Row::of(
        postfix!("0s"),
        &[0, 300, 600, 1200, 2400, 4800, 9000, 13200, 17400, 21600, 25800, 30000],
    );
    row.end = Some((433_200, GivesUp::AfterAttempt));
    row.count = Some(108);
    row.holds();
}

#[test]
fn refused_with_a_scan_a_minute_after_the_arrival() {
    let mut row = Row::of(
        postfix!("60s"),
        &[0, 360, 960, 2160, 4560, 8760, 12960, 17160, 21360, 25560, 29760, 33960],
    );
    row.end = Some((432_960, GivesUp::AfterAttempt));
    row.count = Some(107);
    row.holds();
}

#[test]
fn refused_with_a_scan_in_the_middle() {
    let mut row = Row::of(
        postfix!("150s"),
        &[0, 450, 1050, 2250, 4650, 8850, 13050, 17250, 21450, 25650, 29850, 34050],
    );
    row.end = Some((433_050, GivesUp::AfterAttempt));
    row.count = Some(107);
    row.holds();
}

#[test]
fn a_black_hole_moves_the_whole_schedule() {
    let mut row = Row::of(
        postfix!("0s"),
        &[0, 600, 1500, 3300, 6900, 11100, 15300, 19500, 23700, 27900, 32100, 36300],
    );
    row.mode = "blackhole";
    row.end = Some((435_330, GivesUp::AfterAttempt));
    row.count = Some(107);
    row.holds();
}
