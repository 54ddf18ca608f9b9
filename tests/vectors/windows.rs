//! hMailServer, MailEnable, IceWarp and IMail. Where a setting has no documented default the row
//! states one: it tests the schedule, not the setting.

use crate::harness::{GivesUp, Row};

/// Four retries after an hour each (`DBScripts/CreateTablesMSSQL.sql`), and no more.
#[test]
fn hmailserver_tries_five_times() {
    let mut row = Row::of("\"hmailserver\"", &[0, 3600, 7200, 10800, 14400]);
    row.count = Some(5);
    row.end = Some((14_400, GivesUp::AfterAttempt));
    row.holds();
}

/// 15, 30, 60 minutes, then every four hours (help, "SMTP delivery options").
#[test]
fn mailenable_slows_down_to_four_hours() {
    let attempts: &[u64] =
        &[0, 900, 2700, 6300, 20700, 35100, 49500, 63900, 78300, 92700, 107_100, 121_500];
    let mut row = Row::of(
        r#"{ profile = "mailenable", lifetime = "0", tries = 12, delay_notice = "0" }"#,
        attempts,
    );
    row.end = Some((121_500, GivesUp::AfterAttempt));
    row.holds();
    // Whichever comes first.
    let mut row = Row::of(
        r#"{ profile = "mailenable", lifetime = "1d", tries = 12, delay_notice = "4h" }"#,
        &attempts[..10],
    );
    row.end = Some((92_700, GivesUp::AfterAttempt));
    row.delay_notice = Some(20_700);
    row.holds();
}

/// 2, 10, 38, 70 minutes, then every two hours (FAQ 2997, read as gaps).
#[test]
fn icewarp_slows_down_to_two_hours() {
    let mut row = Row::of(
        r#"{ profile = "icewarp", undeliverable_after = "4d", warning_after = "0" }"#,
        &[0, 120, 720, 3000, 7200, 14400, 21600, 28800, 36000, 43200, 50400, 57600],
    );
    row.end = Some((345_600, GivesUp::AfterAttempt));
    row.holds();
    // The other reading of the same list.
    let offsets = r#"{ profile = "icewarp", offsets = "2m 10m 38m 70m 120m*",
        undeliverable_after = "4d", warning_after = "0" }"#;
    Row::of(offsets, &[0, 120, 600, 2280, 4200, 7200, 10_200]).holds();
}

/// Whatever waits is tried each time the queue timer reaches zero.
#[test]
fn imail_tries_at_each_run_of_its_timer() {
    let mut row = Row::of(
        r#"{ profile = "imail", queue_timer = "30m", tries_before_return = 5, look_phase = "0" }"#,
        &[0, 1800, 3600, 5400, 7200],
    );
    row.count = Some(5);
    row.end = Some((7200, GivesUp::AfterAttempt));
    row.holds();
}
