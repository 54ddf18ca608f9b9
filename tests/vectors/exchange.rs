//! Exchange: `message-intervals.md`; and the Delivery tab of its ancestor.

use crate::harness::{GivesUp, Row};

#[test]
fn the_mailbox_role_retries_in_three_stages() {
    let mut row = Row::of(
        "\"exchange\"",
        &[0, 60, 120, 180, 240, 540, 840, 1140, 1440, 1740, 2040, 2640, 3240, 3840],
    );
    row.end = Some((172_800, GivesUp::ByTimer));
    row.delay_notice = Some(14_400);
    row.holds();
}

#[test]
fn the_edge_role_takes_longer() {
    let mut row = Row::of(
        "\"exchange-edge\"",
        &[0, 60, 120, 180, 240, 840, 1440, 2040, 2640, 3240, 3840, 5640, 7440],
    );
    row.end = Some((172_800, GivesUp::ByTimer));
    row.delay_notice = Some(14_400);
    row.holds();
}

#[test]
fn exchange_2003_slows_down_to_four_hours() {
    let mut row = Row::of(
        "\"exchange-2003\"",
        &[0, 900, 2700, 6300, 20700, 35100, 49500, 63900, 78300, 92700, 107_100, 121_500],
    );
    row.end = Some((172_800, GivesUp::ByTimer));
    row.delay_notice = Some(43_200);
    row.holds();
}
