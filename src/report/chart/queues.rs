//! How long queues were, host by host, over time.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::super::run_data::RunData;

use super::axis::Axis;
use super::plot::{
    BLUE, Captions, DASHES, Drawn, Entry, GREEN, INK, ORANGE, PURPLE, Plot, SKY, Sign,
};

/// Hosts drawn one by one; the rest is drawn as one line.
const HOSTS: usize = 5;
const COLOURS: [RGBColor; HOSTS + 1] = [BLUE, ORANGE, GREEN, PURPLE, SKY, INK];

pub(super) fn draw<DB: DrawingBackend>(area: &DrawingArea<DB, Shift>, data: &RunData) -> Drawn {
    let series = busiest(data);
    let legend: Vec<_> = series
        .iter()
        .enumerate()
        .map(|(place, (label, _))| Entry {
            label: label.clone(),
            colour: COLOURS[place],
            sign: Sign::Line(DASHES[place]),
        })
        .collect();
    let most = series.iter().flat_map(|(_, points)| points).map(|(_, count)| *count).max();
    let captions = Captions {
        title: "How much mail waited, and where?".to_owned(),
        reading: "Messages in the queues of each host (incoming, active and deferred together), \
                  sampled; shaded: outages."
            .to_owned(),
    };
    let axes = (
        Axis::time("time since the start", 0.0, data.duration()),
        Axis::count("messages waiting", most.unwrap_or(0)),
    );
    let plot = Plot::new(area, &captions, &legend, axes, &super::bands(data))?;
    if series.is_empty() {
        return plot.remark("no queue held a message at any sampling instant");
    }
    for (place, (_, points)) in series.iter().enumerate() {
        let points: Vec<_> = points.iter().map(|&(at, count)| (at, count as f64)).collect();
        plot.line(&points, COLOURS[place], DASHES[place])?;
    }
    Ok(())
}

/// Returns the hosts with the longest queues, and all others in sum.
fn busiest(data: &RunData) -> Vec<(String, Vec<(f64, u64)>)> {
    let peak = |points: &[(f64, u64)]| points.iter().map(|point| point.1).max().unwrap_or(0);
    let mut hosts: Vec<_> = data
        .queues
        .iter()
        .map(|(host, points)| (peak(points), host, points))
        .filter(|(peak, ..)| *peak > 0)
        .collect();
    let instants = data.queues.values().flatten().map(|point| point.0);
    let step = sampling_step(instants);
    hosts.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let alone = if hosts.len() == HOSTS + 1 { HOSTS + 1 } else { HOSTS.min(hosts.len()) };
    let rest = hosts.split_off(alone);
    let mut series: Vec<_> = hosts
        .into_iter()
        .map(|(_, host, points)| (host.clone(), filled(points, step, data.duration())))
        .collect();
    if !rest.is_empty() {
        // Sums by time; all hosts are sampled at the same instants.
        let mut sum = std::collections::BTreeMap::new();
        for (at, count) in rest.iter().flat_map(|(_, _, points)| points.iter()) {
            // Instants are whole microseconds, so this is exact.
            sum.entry((at * 1e6).round() as u64).or_insert((*at, 0)).1 += count;
        }
        let sum: Vec<_> = sum.into_values().collect();
        let label = format!("{} other hosts", rest.len());
        series.push((label, filled(&sum, step, data.duration())));
    }
    series
}

/// Returns the least time between two instants; zero if there is but one.
fn sampling_step(instants: impl Iterator<Item = f64>) -> f64 {
    let mut instants: Vec<_> = instants.collect();
    instants.sort_by(f64::total_cmp);
    let steps = instants.windows(2).map(|pair| pair[1] - pair[0]).filter(|&step| step > 0.0);
    steps.reduce(f64::min).unwrap_or(0.0)
}

/// Puts zeros where samples were left out: a host without mail and sessions is not sampled, except
/// for once when it has become empty.
fn filled(points: &[(f64, u64)], step: f64, end: f64) -> Vec<(f64, u64)> {
    let mut whole = vec![(0.0, 0)];
    for &(at, count) in points {
        let (latest, level) = whole[whole.len() - 1];
        if at - latest > step * 1.5 {
            if level > 0 {
                whole.push((latest + step, 0));
            }
            whole.push((at - step, 0));
        }
        whole.push((at, count));
    }
    if whole[whole.len() - 1].1 == 0 {
        whole.push((end, 0));
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_was_not_sampled_had_nothing() {
        let points = [(20.0, 3), (30.0, 0), (80.0, 1), (90.0, 0)];
        let step = sampling_step(points.iter().map(|point| point.0));
        assert_eq!(
            filled(&points, step, 100.0)[..5],
            [(0.0, 0), (10.0, 0), (20.0, 3), (30.0, 0), (70.0, 0)]
        );
        assert_eq!(filled(&points, step, 100.0)[5..], [(80.0, 1), (90.0, 0), (100.0, 0)]);
    }
}
