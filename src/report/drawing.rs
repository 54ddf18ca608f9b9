//! Where the page draws what: the layout of the network, computed once.
//!
//! The same scenario looks the same everywhere. Mail flows from left to right: who writes, who
//! takes submissions, who relays, exchangers, stores.

use std::collections::{BTreeMap, BTreeSet};

use crate::mail::HostId;
use crate::model::{Host, Scenario};

use super::drawn_links::links;
use super::parts::{Part, parts};
use super::picture::PicturedGroup;

/// Most places in the drawing. Of more hosts, those that differ in a number alone share a place;
/// of more places, those that come first in the scenario are drawn.
const MOST_PLACES: usize = 48;
/// Fewest hosts that share a place.
const FEWEST_GROUPED: usize = 3;
/// Most places in a column; what goes beyond stands beside it.
const MOST_ROWS: usize = 5;

/// The drawing: everything by the position of a host in the scenario.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Drawing {
    /// Column and row of each host drawn; the first of a group stands for all of it.
    pub(super) places: BTreeMap<usize, (f64, f64)>,
    pub(super) groups: Vec<PicturedGroup>,
    /// Pairs of hosts drawn between which mail can go, the smaller position first. Where links lead
    /// from one to the other these links are drawn in its stead.
    pub(super) links: BTreeSet<(usize, usize)>,
    /// The hosts of each part into which a cut splits the network; none: nothing splits it.
    pub(super) parts: Vec<Vec<usize>>,
}

impl Drawing {
    /// Returns the drawing of a scenario.
    pub(super) fn of(scenario: &Scenario) -> Self {
        let mut groups =
            if scenario.hosts.len() > MOST_PLACES { groups(&scenario.hosts) } else { Vec::new() };
        // Who is drawn in whose place.
        let mut stand_in: Vec<usize> = (0..scenario.hosts.len()).collect();
        for group in &groups {
            stand_in[group.first..group.first + group.count].fill(group.first);
        }
        let drawn: Vec<usize> = (0..scenario.hosts.len())
            .filter(|&host| stand_in[host] == host)
            .take(MOST_PLACES)
            .collect();
        groups.retain(|group| drawn.contains(&group.first));
        let links = links(scenario, &stand_in, &drawn);
        let parts = parts(scenario, &drawn, &links);
        let columns = match &parts[..] {
            [one, other] => facing(scenario, one, other),
            _ => straightened(scenario, columns(scenario, &drawn), &links),
        };
        let places = places(&columns, &links);
        let parts = parts.into_iter().map(|part| part.hosts).collect();
        Self { places, groups, links, parts }
    }
}

/// Returns the groups: neighbours in the scenario with consecutive numbers, the same roles and
/// mail server.
fn groups(hosts: &[Host]) -> Vec<PicturedGroup> {
    let mut groups = Vec::new();
    let mut first = 0;
    while first < hosts.len() {
        let mut next = first + 1;
        while next < hosts.len() && follows(&hosts[next - 1], &hosts[next]) {
            next += 1;
        }
        if next - first >= FEWEST_GROUPED
            && let Some((prefix, number, suffix)) = numbered(&hosts[first].name)
        {
            let (prefix, suffix) = (prefix.to_owned(), suffix.to_owned());
            groups.push(PicturedGroup { first, count: next - first, prefix, number, suffix });
        }
        first = next;
    }
    groups
}

fn follows(one: &Host, other: &Host) -> bool {
    let (Some(a), Some(b)) = (numbered(&one.name), numbered(&other.name)) else { return false };
    let names = a.0 == b.0 && a.2 == b.2 && a.1.checked_add(1) == Some(b.1);
    names && one.roles == other.roles && one.profile == other.profile
}

/// Takes a name such as `mx-12.example` apart: what stands before its number, the number, the rest.
fn numbered(name: &str) -> Option<(&str, u64, &str)> {
    let (label, suffix) = name.split_at(name.find('.').unwrap_or(name.len()));
    let digits = label.len() - label.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (prefix, number) = label.split_at(label.len() - digits);
    Some((prefix, number.parse().ok()?, suffix))
}

/// Returns the hosts at which mail is read and none is written.
fn readers(scenario: &Scenario) -> BTreeSet<usize> {
    let writes =
        |host: &HostId| scenario.mail.iter().any(|entry| entry.submission.client == Some(*host));
    let from = scenario.reading.iter().filter_map(|reading| reading.from);
    from.filter(|host| !writes(host)).map(HostId::index).collect()
}

/// Returns the hosts drawn in columns by role, without empty ones.
fn columns(scenario: &Scenario, drawn: &[usize]) -> Vec<Vec<usize>> {
    let readers = readers(scenario);
    let fronts: BTreeSet<HostId> =
        scenario.hosts.iter().filter_map(|host| host.behind_proxy).collect();
    let mut columns: Vec<Vec<usize>> = vec![Vec::new(); 7];
    for &index in drawn {
        let host = &scenario.hosts[index];
        // A proxy with nobody behind it only forwards what goes by: it stands in the middle.
        let forwards = host.roles.proxy && !fronts.contains(&HostId::from_index(index));
        let place = if forwards { 2 } else { column(host, readers.contains(&index)) };
        columns[place].push(index);
    }
    columns.retain(|column| !column.is_empty());
    columns
}

/// Lets a relay stand before the one host that it hands mail to, where both would share a column, so that
/// a chain is drawn straight.
fn straightened(
    scenario: &Scenario,
    columns: Vec<Vec<usize>>,
    links: &BTreeSet<(usize, usize)>,
) -> Vec<Vec<usize>> {
    let relays = |host: usize| scenario.hosts[host].roles.relay;
    let split = |column: Vec<usize>| match column[..] {
        [a, b] if links.contains(&(a.min(b), a.max(b))) && relays(a) != relays(b) => {
            let (first, last) = if relays(a) { (a, b) } else { (b, a) };
            vec![vec![first], vec![last]]
        }
        _ => vec![column],
    };
    columns.into_iter().flat_map(split).collect()
}

/// Returns the columns of two parts that face each other across the cut between them: people outside,
/// then servers, then the hosts at the cut.
fn facing(scenario: &Scenario, one: &Part, other: &Part) -> Vec<Vec<usize>> {
    let columns = |part: &Part| {
        let mut columns: Vec<Vec<usize>> = vec![Vec::new(); 3];
        for &index in &part.hosts {
            let roles = scenario.hosts[index].roles;
            let serves = roles.submission || roles.relay || roles.mx || roles.store || roles.dns;
            let place = if part.ends.contains(&index) { 2 } else { usize::from(serves) };
            columns[place].push(index);
        }
        columns
    };
    let (mut all, facing) = (columns(one), columns(other));
    all.extend(facing.into_iter().rev());
    all.retain(|column| !column.is_empty());
    all
}

/// Returns column and row of each host drawn: columns as given, rows so that linked hosts stand
/// near each other (two sweeps of the barycentre rule).
fn places(columns: &[Vec<usize>], links: &BTreeSet<(usize, usize)>) -> BTreeMap<usize, (f64, f64)> {
    let mut columns = columns.to_vec();
    let tallest = columns.iter().map(Vec::len).max().unwrap_or(1);
    let mut rows: BTreeMap<usize, f64> =
        columns.iter().flatten().map(|&host| (host, 0.0)).collect();
    for _ in 0..2 {
        for column in &mut columns {
            let mut pulled: Vec<(f64, usize)> =
                column.iter().map(|&host| (pull(host, links, &rows), host)).collect();
            pulled.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            *column = pulled.into_iter().map(|(_, host)| host).collect();
            let first = (tallest - column.len()) as f64 / 2.0;
            for (place, &host) in column.iter().enumerate() {
                rows.insert(host, first + place as f64);
            }
        }
    }
    apart(stand(&columns), links)
}

/// Returns the mean row of a host's neighbours.
fn pull(host: usize, links: &BTreeSet<(usize, usize)>, rows: &BTreeMap<usize, f64>) -> f64 {
    let near = links.iter().filter_map(|&(a, b)| match host {
        _ if a == host => Some(rows[&b]),
        _ if b == host => Some(rows[&a]),
        _ => None,
    });
    let (sum, count) = near.fold((0.0, 0.0), |(sum, count), row| (sum + row, count + 1.0));
    if count > 0.0 { sum / count } else { rows[&host] }
}

/// Stands the hosts in columns that are no taller than [`MOST_ROWS`], centred.
fn stand(columns: &[Vec<usize>]) -> BTreeMap<usize, (f64, f64)> {
    let heights = columns.iter().flat_map(|column| {
        let beside = column.len().div_ceil(MOST_ROWS);
        column.chunks(column.len().div_ceil(beside))
    });
    let stacks: Vec<&[usize]> = heights.collect();
    let tallest = stacks.iter().map(|stack| stack.len()).max().unwrap_or(1);
    let mut places = BTreeMap::new();
    for (column, stack) in stacks.iter().enumerate() {
        let first = (tallest - stack.len()) as f64 / 2.0;
        for (row, &host) in stack.iter().enumerate() {
            places.insert(host, (column as f64, first + row as f64));
        }
    }
    places
}

/// Moves columns up or down so that few links run behind a host that they do not lead to.
fn apart(
    mut places: BTreeMap<usize, (f64, f64)>,
    links: &BTreeSet<(usize, usize)>,
) -> BTreeMap<usize, (f64, f64)> {
    const MOVES: [f64; 5] = [0.0, 0.5, -0.5, 1.0, -1.0];
    let last = places.values().map(|(column, _)| *column).fold(0.0, f64::max);
    let mut column = 1.0;
    while column < last {
        let hidden = |by: f64| hidden(&places, links, column, by);
        // Of equally good ones the first, which moves least.
        let best = MOVES.into_iter().min_by_key(|&by| hidden(by)).unwrap_or(0.0);
        for place in places.values_mut().filter(|place| place.0 == column) {
            place.1 += best;
        }
        column += 1.0;
    }
    let top = places.values().map(|(_, row)| *row).fold(f64::INFINITY, f64::min);
    for place in places.values_mut() {
        place.1 -= top;
    }
    places
}

/// Counts the links that run behind hosts of a column, were it moved `by` so many rows.
fn hidden(
    places: &BTreeMap<usize, (f64, f64)>,
    links: &BTreeSet<(usize, usize)>,
    column: f64,
    by: f64,
) -> usize {
    /// Nearer than this a link touches a host \[rows\].
    const NEAR: f64 = 0.4;
    let rows: Vec<f64> =
        places.values().filter(|place| place.0 == column).map(|place| place.1 + by).collect();
    let crossing = links.iter().filter_map(|(a, b)| {
        let (from, to) = (places[a], places[b]);
        let part = (column - from.0) / (to.0 - from.0);
        // Between both ends, and not at one of them.
        (part > 0.0 && part < 1.0).then_some(from.1 + (to.1 - from.1) * part)
    });
    crossing.map(|at| rows.iter().filter(|&&row| (row - at).abs() < NEAR).count()).sum()
}

/// Returns the column of a host: the later a message comes to it, the further to the right.
fn column(host: &Host, reads: bool) -> usize {
    let roles = host.roles;
    if roles.dns {
        1
    } else if roles.proxy {
        3
    } else if roles.submission {
        1
    } else if roles.store {
        if roles.mx { 4 } else { 5 }
    } else if host.behind_proxy.is_some() {
        4
    } else if roles.mx {
        3
    } else if roles.relay {
        2
    } else if reads {
        6
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_name_stands_at_the_end_of_its_first_label() {
        assert_eq!(numbered("mx-12.b.example"), Some(("mx-", 12, ".b.example")));
        assert_eq!(numbered("mx7"), Some(("mx", 7, "")));
        assert_eq!(numbered("mx.b2.example"), None);
    }

    #[test]
    fn no_link_runs_behind_a_host_where_there_is_room() {
        // A sender, a backup and the primary in a row; the sender writes to both.
        let places = stand(&[vec![0], vec![1], vec![2]]);
        let links = BTreeSet::from([(0, 1), (0, 2), (1, 2)]);
        assert_eq!(hidden(&places, &links, 1.0, 0.0), 1);
        let places = apart(places, &links);
        assert_eq!(hidden(&places, &links, 1.0, 0.0), 0);
        assert!(places.values().all(|place| place.1 >= 0.0), "{places:?}");
    }

    #[test]
    fn a_tall_column_stands_beside_itself() {
        let columns = [vec![0], (1..=20).collect::<Vec<_>>()];
        let places = stand(&columns);
        assert_eq!(places.len(), 21);
        let rows = places.values().map(|(_, row)| *row).fold(0.0, f64::max);
        assert!(rows < MOST_ROWS as f64, "{rows}");
        let wide = places.values().map(|(column, _)| *column).fold(0.0, f64::max);
        assert_eq!(wide, 4.0, "twenty stand in four columns");
        let distinct: BTreeSet<String> =
            places.values().map(|(column, row)| format!("{column} {row}")).collect();
        assert_eq!(distinct.len(), 21, "no two share a place");
    }

    fn lesson(name: &str) -> Scenario {
        let file = format!("{}/scenarios/lessons/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&file).unwrap();
        let beside = |name: &str| Err(name.to_owned());
        let source = crate::scenario::Source { file: &file, text: &text, read_file: &beside };
        crate::scenario::load(&source, &[]).unwrap().scenario
    }

    #[test]
    fn the_way_from_an_alias_and_from_a_list_is_drawn() {
        let scenario = lesson("14-who-may-send-for-a-domain");
        let at = |name: &str| scenario.hosts.iter().position(|host| host.name == name).unwrap();
        let drawing = Drawing::of(&scenario);
        let recipient = at("mx.recipient.example");
        for hands_on in ["mail.school.example", "lists.club.example"] {
            let host = at(hands_on);
            let link = (host.min(recipient), host.max(recipient));
            assert!(drawing.links.contains(&link), "{hands_on}");
        }
    }

    #[test]
    fn senders_that_never_write_to_each_other_are_not_joined() {
        let scenario = lesson("18-one-outage-five-senders");
        let at = |name: &str| scenario.hosts.iter().position(|host| host.name == name).unwrap();
        let joined = |a: usize, b: usize| (a.min(b), a.max(b));
        let links = Drawing::of(&scenario).links;
        let (exim, postfix) = (at("mail.exim.example"), at("mail.postfix.example"));
        assert!(!links.contains(&joined(exim, postfix)));
        assert!(links.contains(&joined(exim, at("mx.recipient.example"))));
    }

    #[test]
    fn a_chain_is_drawn_straight() {
        let drawing = Drawing::of(&lesson("03-relays-and-hops"));
        let rows: BTreeSet<String> =
            drawing.places.values().map(|(_, row)| row.to_string()).collect();
        assert_eq!(rows.len(), 1, "{:?}", drawing.places);
    }

    #[test]
    fn links_are_drawn_where_they_lead_from_one_to_the_other() {
        let scenario = lesson("16-no-dns-and-a-split-network");
        let at = |name: &str| scenario.hosts.iter().position(|host| host.name == name).unwrap();
        let drawing = Drawing::of(&scenario);
        let joined = |one: &str, other: &str| {
            let (a, b) = (at(one), at(other));
            drawing.links.contains(&(a.min(b), a.max(b)))
        };
        // The cable can be seen when it is cut; a server's way to another leads along it.
        assert!(joined("ix.east.example", "ix.west.example"));
        assert!(joined("mail.anna.example", "ix.east.example"));
        assert!(!joined("mail.anna.example", "mail.dora.example"));
        // Mail programs are joined by no links: they go straight.
        assert!(joined("mua.mail.anna.example", "mail.anna.example"));
        // Those that only forward stand between those who write and those who receive.
        let column = |name: &str| drawing.places[&at(name)].0;
        assert!(column("mail.anna.example") < column("ix.east.example"));
        // The cable splits the network: the halves stand beside each other, each on its side of the cut.
        let [east, west] = &drawing.parts[..] else { panic!("{:?}", drawing.parts) };
        assert!(east.contains(&at("mx2.carl.example")) && west.contains(&at("mail.carl.example")));
        let of =
            |half: &[usize]| half.iter().map(|host| drawing.places[host].0).collect::<Vec<_>>();
        assert!(of(east).iter().all(|left| of(west).iter().all(|right| left < right)));
    }
}
