//! The phase of queue scans, and runs that somebody asked for.

use super::super::finding::{Class, Ledger};
use super::super::network::{Entry, Network, Said};
use super::header::SECOND;
use super::history::{History, Taken};
use super::pace::median;
use super::{Family, Server};
use crate::scenario::text_value;

/// The phase of queue scans, and runs that somebody asked for.
pub(super) fn add(
    history: &History,
    servers: &[Server],
    network: &mut Network,
    ledger: &mut Ledger,
) {
    for (index, server) in servers.iter().enumerate() {
        let name = &history.servers[index];
        let runs: Vec<i64> =
            history.queue_runs.iter().filter(|(s, _)| *s == index).map(|(_, at)| *at).collect();
        if server.family == Family::Exim && runs.len() > 1 {
            exim_runs(name, &runs, network, ledger);
            continue;
        }
        let taken: Vec<Taken> =
            history.taken_up.iter().filter(|taken| taken.server == index).copied().collect();
        if let Some(seconds) = server.interval {
            let said =
                Said::new(text_value(&format!("{seconds}s")), "from the log: how it was started");
            let host = network.host(name, String::new);
            host.settings.entry("queue_interval".to_owned()).or_insert(said);
        }
        if !taken.is_empty() {
            let keys = match server.family {
                Family::Postfix => ("queue_run_delay", 300, "scan_phase"),
                _ => ("queue_interval", 1800, "run_phase"),
            };
            let fine: Vec<i64> =
                history.scans.iter().filter(|(s, _)| *s == index).map(|(_, at)| *at).collect();
            scan_phase(name, keys, (&taken, &fine), network, ledger);
        }
    }
}

fn exim_runs(name: &str, runs: &[i64], network: &mut Network, ledger: &mut Ledger) {
    let mut gaps: Vec<i64> = runs.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let Some(gap) = median(&mut gaps) else { return };
    let interval = ((gap + SECOND / 2) / SECOND).max(1);
    let phase = runs[0].rem_euclid(interval * SECOND) / 1000;
    let host = network.host(name, String::new);
    let from = format!("from the log: {} queue runs", runs.len());
    let value = text_value(&format!("{interval}s"));
    host.settings.entry("queue_interval".to_owned()).or_insert(Said::new(value, from.clone()));
    host.settings
        .entry("run_phase".to_owned())
        .or_insert(Said::new(text_value(&format!("{phase}ms")), from.clone()));
    ledger.say(Class::Understood, format!("queue runs of {name}"), from);
}

fn scan_phase(
    name: &str,
    (setting, default, phase): (&str, i64, &str),
    (taken, fine): (&[Taken], &[i64]),
    network: &mut Network,
    ledger: &mut Ledger,
) {
    let host = network.host(name, String::new);
    let period = host
        .settings
        .get(setting)
        .and_then(|said| said.value.trim_matches('"').parse::<crate::units::SimDuration>().ok());
    let period =
        period.map_or(default * SECOND, |span| (span.as_nanos() / 1000) as i64).max(SECOND);
    // The second of the period in which most messages were taken up; neighbours count half.
    let slots = (period / SECOND).max(1) as usize;
    let mut counts = vec![0_u32; slots];
    for Taken { at, .. } in taken {
        let slot = (at.rem_euclid(period) / SECOND) as usize % slots;
        counts[slot] += 1;
    }
    let best = (0..slots).max_by_key(|&slot| {
        let next = counts[(slot + 1) % slots];
        (2 * counts[slot] + next, std::cmp::Reverse(slot))
    });
    let Some(best) = best else { return };
    let near = |at: i64| {
        let away = (at.rem_euclid(period) / SECOND - best as i64).rem_euclid(slots as i64);
        away <= 1 || away == slots as i64 - 1
    };
    let on_time = taken.iter().filter(|taken| near(taken.at)).count();
    let from = format!("from the log: {on_time} of {} retries are on this second", taken.len());
    if on_time * 2 < taken.len() {
        let says = format!(
            "retries keep no common phase: {setting} may be another than is known, so the phase is \
             drawn"
        );
        return ledger.say(Class::Assumed, format!("{phase} of {name}"), says);
    }
    let value = text_value(&format!("{}ms", within(best as i64, period, fine)));
    host.settings.entry(phase.to_owned()).or_insert(Said::new(value, from.clone()));
    ledger.say(Class::Understood, format!("{phase} of {name}"), from);
    if slots < 30 {
        return;
    }
    // Retries off the phase were asked for.
    let mut rest: &[Taken] = taken;
    while let Some(&Taken { at, waiting, .. }) = rest.first() {
        let alike = rest.iter().take_while(|other| other.at - at <= 2 * SECOND).count();
        rest = &rest[alike..];
        // Whoever flushes the queue wakes all of it; single messages may just have waited for a
        // process.
        if !near(at) && alike as u64 * 5 >= u64::from(waiting) * 4 {
            let keys = vec![
                ("host", text_value(name)),
                ("at", text_value(&format!("{}ms", at / 1000))),
                ("do", text_value("flush")),
            ];
            let from = "from the log: retries between two scans of the queue".to_owned();
            network.actions.push(Entry { from, keys });
        }
    }
}

/// The phase \[ms\] of scans that are seen on a second of the period: by those whose moment is told
/// more finely, if there are any.
fn within(second: i64, period: i64, fine: &[i64]) -> i64 {
    let begin = second * SECOND;
    // A scan just before the turn of a second is logged after it.
    let mut near: Vec<i64> = fine
        .iter()
        .map(|at| (at - begin + period / 2).rem_euclid(period) - period / 2)
        .filter(|away| (-SECOND / 2..3 * SECOND / 2).contains(away))
        .collect();
    let away = median(&mut near).unwrap_or(3 * SECOND / 10);
    (begin + away).rem_euclid(period) / 1000
}
