//! Mail that hosts of the scenario hand out to real servers of this machine.

use std::net::SocketAddr;
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use crate::mail::{HostId, MailboxNames as _};
use crate::message_store::{Content, header_at_hand};
use crate::scenario::Answered;
use crate::simulation::Errand;

use super::order::Order;
use super::outbound::{Letter, hand_out};
use super::room::Room;

/// A real server that plays the part of a host: `mx.real.example=127.0.0.1:2526`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deliver {
    /// The host of the scenario.
    pub host: String,
    /// Where the server listens.
    pub address: SocketAddr,
}

impl FromStr for Deliver {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "write it as mx.real.example=127.0.0.1:2526";
        let (host, address) = text.split_once('=').ok_or(form)?;
        let address = match address.parse::<u16>() {
            Ok(port) => SocketAddr::from(([127, 0, 0, 1], port)),
            Err(_) => address.parse().map_err(|_| {
                format!("{address} is no address with a port, as 127.0.0.1:2526; {form}")
            })?,
        };
        if host.is_empty() || address.port() == 0 {
            return Err(form.to_owned());
        }
        Ok(Self { host: host.to_owned(), address })
    }
}

/// Messages on their way out at once; further ones wait for their turn.
const ON_THE_WAY: usize = 200;
/// What a client waits for a reply of virtual time (RFC 5321 §4.5.3.2), by the machine's clock no less
/// than the shortest and, where time stands still, the longest of these.
const PATIENCE: f64 = 300.0;
const SHORTEST: f64 = 10.0;
const STANDING: f64 = 30.0;
/// A session has a dozen replies at most: behind this nobody waits for it any more.
const WHOLE: u32 = 12;
/// A thread needs little room.
const STACK: usize = 512 << 10;

impl Room<'_, '_, '_> {
    fn patience(&self) -> Duration {
        let speed = self.visits.clock.speed();
        let seconds = if speed > 0.0 { (PATIENCE / speed).max(SHORTEST) } else { STANDING };
        Duration::from_secs_f64(seconds.min(PATIENCE))
    }

    /// Hands out what hosts of the run have for real servers.
    pub(super) fn send_errands(&mut self) {
        if self.context.delivers.is_empty() {
            return;
        }
        let patience = self.patience();
        for errand in self.world.errands() {
            // A world that is run again orders what is under way once more.
            let deadline = Instant::now() + patience * WHOLE;
            if self.visits.errands.insert(errand.id, deadline).is_none() {
                self.visits.outbox.push_back(errand);
            }
        }
        while self.visits.errands.len() - self.visits.outbox.len() < ON_THE_WAY
            && let Some(errand) = self.visits.outbox.pop_front()
        {
            let Some(letter) = self.letter(&errand) else { continue };
            let orders = self.context.orders.clone();
            let hand_out = move || {
                let (answered, lines) = hand_out(&letter, patience);
                // The room may be gone.
                let _ = orders.send(Order::Answered { answered, lines });
            };
            if thread::Builder::new().stack_size(STACK).spawn(hand_out).is_err() {
                // Its turn comes when others are done.
                self.visits.outbox.push_front(errand);
                break;
            }
        }
    }

    /// Whether time that stands still waits for a real server.
    pub(super) fn awaits_answers(&self) -> bool {
        let now = Instant::now();
        self.visits.errands.values().any(|deadline| *deadline > now)
    }

    fn letter(&mut self, errand: &Errand) -> Option<Letter> {
        let scenario = self.world.scenario();
        let &(_, address) =
            self.context.delivers.iter().find(|(host, _)| *host == errand.server)?;
        let chronicle = self.world.sink();
        let story = chronicle.story(errand.message);
        let copies = story.map(|story| story.copies.iter());
        let copy = copies.and_then(|mut copies| {
            copies.position(|copy| errand.recipients.contains(&copy.created.mailbox))
        });
        let octets =
            |lines: &[String]| lines.join("\r\n") + if lines.is_empty() { "" } else { "\r\n" };
        let (traces, written) = match story.zip(copy) {
            Some((story, copy)) => header_at_hand(scenario, story, copy),
            None => (Vec::new(), Vec::new()),
        };
        let text = match chronicle.content(errand.message) {
            Some(content) => [octets(&traces).as_bytes(), &**content].concat(),
            None => {
                let header = format!("{}{}\r\n", octets(&traces), octets(&written));
                let header = header.into_bytes().into();
                Content::Simulated { header, size: errand.size.get() }.octets()
            }
        };
        Some(Letter {
            id: errand.id,
            address,
            hello: scenario.host(errand.client).to_owned(),
            from: errand.sender.map(|sender| scenario.mailbox(sender)).unwrap_or_default(),
            to: errand.recipients.iter().map(|to| scenario.mailbox(*to)).collect(),
            text,
        })
    }

    /// A real server has answered.
    pub(super) fn answered(&mut self, answered: Answered, lines: Vec<String>) {
        let now = self.world.now();
        for line in lines {
            self.visits.note(now, crate::scenario::CallerId(0), line);
        }
        self.visits.errands.remove(&answered.id);
        self.world.answer(answered);
        // What comes of it at once happens now, though time may stand still.
        self.world.pass_to(now);
        self.send_errands();
    }
}

/// Returns the hosts whose part real servers play, and where those are.
///
/// # Errors
/// If there is no such host, or it is both played and listened for.
pub(super) fn played(
    scenario: &crate::model::Scenario,
    delivers: &[Deliver],
    listens: &[&str],
) -> Result<Vec<(HostId, SocketAddr)>, String> {
    let mut played = Vec::new();
    for Deliver { host, address } in delivers {
        let id = crate::talk::host_of(scenario, host).map_err(|error| error.to_string())?;
        let name = &scenario.hosts[id.index()].name;
        if scenario.hosts.iter().any(|other| other.behind_proxy == Some(id)) {
            return Err(format!("{host} is a proxy; name the server behind it"));
        }
        if listens.iter().any(|listens| listens.eq_ignore_ascii_case(name)) {
            return Err(format!(
                "{host} cannot be played by a real server and answer at a door too"
            ));
        }
        played.push((id, *address));
    }
    for host in scenario.hosts.iter().filter(|host| host.outside) {
        if !played.iter().any(|(id, _)| scenario.hosts[id.index()].name == host.name) {
            return Err(format!(
                "a real server plays {} in this record: say where, --deliver {}=ADDRESS:PORT",
                host.name, host.name
            ));
        }
    }
    Ok(played)
}

#[cfg(test)]
mod tests {
    use super::Deliver;

    #[test]
    fn a_delivery_names_host_and_address() {
        let deliver: Deliver = "mx.real.example=127.0.0.1:2526".parse().unwrap();
        assert_eq!((deliver.host.as_str(), deliver.address.port()), ("mx.real.example", 2526));
        assert_eq!("mx=25".parse::<Deliver>().unwrap().address.to_string(), "127.0.0.1:25");
        for wrong in ["", "mx", "mx=", "mx=x", "=25", "mx=0", "mx=127.0.0.1"] {
            assert!(wrong.parse::<Deliver>().is_err(), "{wrong}");
        }
    }
}
