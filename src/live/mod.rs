//! Real programs talk to the simulated network.
//!
//! # Scope and limitations
//! Simulated hosts answer SMTP, POP3 and IMAP on sockets of this machine, in the time of the machine or
//! faster. What real clients send enters the run and travels on by the rules; what the run delivers can
//! be read. Greylists, limits, outages and queues are those of the world at that moment. A real client
//! sits beside its host: no link of the network lies on its own connection, but the server's service
//! times, delays and faults apply, scaled by the speed. What a host refuses is accepted by the system
//! and reset then, since the listening socket is the machine's. A reply to something said earlier is not
//! changed by an outage that is set afterwards. What real readers take out of a mailbox is gone for the
//! run's own readers; flags and folders stay among real readers. A host's part may be played by a real
//! server (`deliver`): what comes to it leaves the network.
//!
//! # Design
//! The model stays pure: virtual time is moved, and inputs are put, by the room (`room`), which owns one
//! [`Moment`](crate::simulation::Moment) in one thread. Doors (`door`) have a thread for each connection,
//! which knows lines, dots and TLS and nothing else: what comes goes to the room by a bounded queue, what
//! is due goes back. A thread that waits sleeps in the kernel (`watch`). The clock of the machine is turned into virtual time in one place (`clock`). Every
//! input is kept with its virtual time and written as a scenario (`record`), which runs to the same facts
//! without a network: the world takes an input of the scenario and one of a socket by the same call. An
//! outage that is set in the course of the run is one of the scenario from that time on: the world is run
//! again up to now with it, which is the same world up to now.
//!
//! Where time stands still (speed 0) it moves by what short replies take, below a second, and when it is
//! told to go on. An advance stops at each reply that becomes due and gives the client a quarter of a
//! second to react, so that its time is the same in each run.
//!
//! # Crates
//! TLS is rustls with ring, the certificate is made by rcgen, both well kept; ring asks for a C compiler
//! alone, where aws-lc, the other provider, brings a library of its own to build. native-tls was weighed and
//! left, since it needs the system's OpenSSL. Threads were chosen rather than tokio: a thousand idle connections take a
//! thousand small stacks, no dependency, and blocking code that fits a screen. smtp-codec, imap-codec and
//! mailin were weighed: the server's side of SMTP is the model itself, which has to give the reply that
//! the run gives. HTTP is that of [`crate::serve`].

mod account;
mod chronicle;
mod clock;
mod deliver;
mod door;
mod http;
mod http_answers;
mod order;
mod outbound;
mod pending;
mod question;
mod record;
mod room;
mod session;
mod store;
mod tls;
mod watch;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use serde_json::json;

use crate::mail::HostId;
use crate::model::Scenario;
use crate::scenario::{Loaded, Override, Problem, Problems};
use crate::serve::Response;
use crate::simulation::Simulation;
use crate::talk::{Request, TalkError, host_of, own_name, prepare};
use crate::units::{SimDuration, SimTime};

pub use chronicle::Chronicle;
pub use deliver::Deliver;
pub use door::{Door, Listen, SERVICES, Service};
pub use http::Interface;
pub use tls::Identity;

use clock::Clock;
use door::Hall;
use order::Order;
use record::{Base, Journal};
use room::{End, Entrance, Room, Visits};
use watch::Watch;

/// Reads the text of a scenario, with the files that it names.
pub type Read<'a> = dyn Fn(&str) -> Result<Loaded, Problems> + Sync + 'a;

/// What is played, and how.
pub struct Live<'a> {
    /// The text of the scenario.
    pub text: String,
    /// What the command line changes in it.
    pub overrides: Vec<Override>,
    /// Reads such a text.
    pub read: &'a Read<'a>,
    /// Virtual time at which it begins.
    pub from: SimDuration,
    /// Seconds of virtual time in one; 0: time stands still.
    pub speed: f64,
    /// Where real programs sit; none: at a host of their own beside each server.
    pub client: Option<String>,
    /// The file of the record.
    pub record: Option<PathBuf>,
    /// Real servers that play the parts of hosts.
    pub delivers: Vec<Deliver>,
    /// So many inputs are kept; behind them nobody is served any more.
    pub most_inputs: usize,
}

/// Inputs that are kept if nothing else is said, in some 300 MB.
pub const MOST_INPUTS: usize = 10_000_000;

impl std::fmt::Debug for Live<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Live").field("speed", &self.speed).finish_non_exhaustive()
    }
}

/// Why nothing can be played.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The scenario with its callers has problems.
    #[error("the scenario cannot be run")]
    Scenario(Problems),
    /// A host or service is not there.
    #[error(transparent)]
    Talk(#[from] TalkError),
    /// Something else, in words.
    #[error("{0}")]
    Words(String),
    /// The record cannot be written.
    #[error("cannot write {}: {cause}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
}

/// What the room knows besides the world.
pub(crate) struct Context {
    base: Base,
    record: Option<PathBuf>,
    most_inputs: usize,
    /// Hosts whose part real servers play, and where those listen.
    delivers: Vec<(HostId, SocketAddr)>,
    orders: SyncSender<Order>,
    stop: Arc<AtomicBool>,
    identity: Identity,
    doors: Vec<String>,
    saved: AtomicUsize,
}

impl Context {
    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn end(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Returns what came in, as a scenario.
    fn record(&self, journal: &Journal) -> String {
        self.base.text(journal)
    }

    /// Writes the record, if there is news. What cannot be written now is written later, or told at the
    /// end.
    fn save(&self, journal: &Journal) {
        if self.record.is_some() && self.saved.load(Ordering::Relaxed) != journal.count() + 1 {
            let _ = self.write(journal);
        }
    }

    fn write(&self, journal: &Journal) -> Result<(), LiveError> {
        let Some(path) = &self.record else { return Ok(()) };
        let text = self.record(journal);
        record::write_whole(path, &text)
            .map_err(|cause| LiveError::Record { path: path.clone(), cause })?;
        self.saved.store(journal.count() + 1, Ordering::Relaxed);
        Ok(())
    }
}

/// What a live run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Virtual time reached.
    pub at: SimTime,
    /// Messages that servers took from real programs.
    pub taken: u32,
    /// Whether the record was full, so that nobody was served any more.
    pub full: bool,
    /// Facts stated, and their digest.
    pub digest: (u64, String),
}

/// Plays a scenario for real programs until `stop` becomes true. `opened` is told where it is listened
/// once everything stands.
///
/// # Errors
/// If the scenario has no such hosts, or the record cannot be written.
pub fn play(
    live: &Live<'_>,
    doors: &[Door],
    http: Option<&Interface>,
    stop: &Arc<AtomicBool>,
    opened: &mut dyn FnMut(),
) -> Result<Ended, LiveError> {
    let plain = (live.read)(&live.text).map_err(LiveError::Scenario)?.scenario;
    let more = hosts_of_callers(&plain, live, doors);
    let outside = outside(&plain, &live.delivers)?;
    let base = Base::new(&live.text, &live.overrides, &more, (&outside, &plain.passwords));
    let mut base = base.map_err(LiveError::Words)?;
    let mut journal = Journal::default();
    journal.add(&plain, &plain.inputs);
    let mut loaded = (live.read)(&base.text(&journal)).map_err(LiveError::Scenario)?;
    let listens: Vec<&str> = doors.iter().map(|door| door.listen.host.as_str()).collect();
    let delivers =
        deliver::played(&loaded.scenario, &live.delivers, &listens).map_err(LiveError::Words)?;
    let names: Vec<String> = doors.iter().map(|door| door.listen.host.clone()).collect();
    let identity = Identity::for_hosts(&names).map_err(LiveError::Words)?;
    let entrances = entrances(&loaded.scenario, live, doors)?;
    let (orders, taken) = sync_channel(1024);
    // It goes with the room: whoever sends then is told so.
    let mut taken = Some(taken);
    let first = loaded.scenario.inputs.iter().map(|input| input.caller.0 + 1).max().unwrap_or(1);
    let hall = Hall {
        orders,
        stop: stop.clone(),
        identity: identity.clone(),
        callers: AtomicU32::new(first),
        under_way: AtomicUsize::new(0),
        asking: AtomicUsize::new(0),
        watch: Watch::new().map_err(|cause| LiveError::Words(cause.to_string()))?,
    };
    let mut visits = Visits::new(Clock::new(SimTime::ZERO + live.from, live.speed));
    let mut at = SimTime::ZERO + live.from;
    let mut former = Chronicle::new();
    let words = doors.iter().map(|door| {
        let listen = &door.listen;
        format!("{} {} {}", listen.name, listen.host, listen.address)
    });
    let words: Vec<String> = words.collect();
    let mut answer = None;
    let close_all = || {
        stop.store(true, Ordering::Relaxed);
        hall.watch.end();
        doors.iter().for_each(Door::wake);
        http.iter().for_each(|http| http.wake());
    };
    thread::scope(|scope| {
        for (number, door) in doors.iter().enumerate() {
            let hall = &hall;
            scope.spawn(move || door::keep(scope, (number, door), hall));
        }
        if let Some(http) = http {
            let hall = &hall;
            scope.spawn(move || http::keep(scope, http, hall));
        }
        scope.spawn(|| hall.watch.keep());
        opened();
        let taken = taken.take().expect("there is one room");
        loop {
            let mut chronicle = Chronicle::new();
            chronicle.inherit(&mut former);
            let context = Context {
                base: base.clone(),
                record: live.record.clone(),
                most_inputs: live.most_inputs,
                delivers: delivers.clone(),
                orders: hall.orders.clone(),
                stop: stop.clone(),
                identity: identity.clone(),
                doors: words.clone(),
                saved: AtomicUsize::new(0),
            };
            let world = Simulation::new(&loaded.scenario).hold(at, &mut chronicle);
            if let Some(answer) = answer.take() {
                tell_outage(answer, at);
            }
            let end = SimTime::ZERO + loaded.scenario.duration;
            let mut room = Room {
                world,
                visits: &mut visits,
                journal: &mut journal,
                entrances: &entrances,
                orders: &taken,
                context: &context,
                end,
            };
            let ending = room.serve();
            if matches!(ending, End::Over) {
                stop.store(true, Ordering::Relaxed);
                room.send_home();
                close_all();
            }
            at = room.world.now();
            let came = room.world.taken();
            drop(room);
            let written = context.write(&journal);
            match ending {
                End::Over => {
                    let digest = chronicle.digest();
                    let full = journal.count() >= live.most_inputs;
                    return written.map(|()| Ended { at, taken: came, full, digest });
                }
                End::Again { tables, answer: asked } => {
                    former = chronicle;
                    let changed = base.with(&tables);
                    match (live.read)(&changed.text(&journal)) {
                        Ok(again) => {
                            (base, loaded) = (changed, again);
                            at = at.saturating_add(SimDuration::from_nanos(1));
                            answer = Some(asked);
                        }
                        Err(problems) => {
                            refuse(&asked, &problems);
                            match (live.read)(&base.text(&journal)) {
                                Ok(again) => loaded = again,
                                Err(problems) => {
                                    close_all();
                                    return Err(LiveError::Scenario(problems));
                                }
                            }
                        }
                    }
                }
            }
        }
    })
}

/// Returns the names of hosts whose part real servers play, as the scenario spells them.
fn outside(scenario: &Scenario, delivers: &[Deliver]) -> Result<Vec<String>, LiveError> {
    let named = delivers.iter().map(|deliver| host_of(scenario, &deliver.host));
    let mut outside = Vec::new();
    for id in named {
        outside.push(scenario.hosts[id?.index()].name.clone());
    }
    let recorded = scenario.hosts.iter().filter(|host| host.outside);
    outside.extend(recorded.map(|host| host.name.clone()));
    outside.sort();
    outside.dedup();
    Ok(outside)
}

fn tell_outage(answer: std::sync::mpsc::Sender<Response>, at: SimTime) {
    let value =
        json!({ "time": http_answers::clock_text(at), "seconds": http_answers::seconds(at) });
    // Whoever asked may be gone.
    let _ = answer.send(Response::json(200, &value));
}

fn refuse(answer: &std::sync::mpsc::Sender<Response>, problems: &Problems) {
    let lines: Vec<String> = problems.0.iter().map(Problem::one_line).collect();
    let _ = answer.send(Response::json(422, &json!({ "error": lines.join("\n") })));
}

/// Returns the tables of hosts at which callers sit, as far as the scenario has none.
fn hosts_of_callers(scenario: &Scenario, live: &Live<'_>, doors: &[Door]) -> String {
    let mut more = String::new();
    let mut names: Vec<String> = doors.iter().map(|door| own_name(&door.listen.host)).collect();
    names.sort();
    names.dedup();
    for name in names {
        let known = scenario.hosts.iter().any(|host| host.name.eq_ignore_ascii_case(&name));
        if live.client.is_none() && !known {
            more.push_str(&format!(
                "\n[[host]]\nname = {}\nroles = [\"mua\"]\nmta = \"none\"\n",
                crate::scenario::text_value(&name)
            ));
        }
    }
    more
}

fn entrances(
    scenario: &Scenario,
    live: &Live<'_>,
    doors: &[Door],
) -> Result<Vec<Entrance>, LiveError> {
    let mut entrances = Vec::new();
    for door in doors {
        let service = door.listen.service;
        let request = Request {
            host: &door.listen.host,
            at: live.from,
            protocol: service.protocol,
            port: Some(service.port),
            from: live.client.as_deref(),
        };
        let visitor = prepare(scenario, &request)?;
        let visitor = crate::talk::Visitor { adjacent: true, ..visitor };
        entrances.push(Entrance { visitor, secure: service.secure });
    }
    Ok(entrances)
}
