//! mailsim is a deterministic simulator of mail networks.
//!
//! Mail user agents, submission servers, relays, primary and backup exchangers, DNS and POP/IMAP
//! stores are nodes of a graph. They exchange SMTP transactions in virtual time; a seeded scenario
//! says who they are, what mail flows and what fails. The run reproduces queueing, retries,
//! bounces and hop counts, byte for byte.
//!
//! # Five minutes
//!
//! A scenario goes in, an outcome comes out. Here the only exchanger refuses connections for an
//! hour, and Postfix at the sender does what Postfix does:
//!
//! ```
//! use mailsim::scenario::{Source, load};
//! use mailsim::simulation::Simulation;
//!
//! let text = r#"
//!     title = "The exchanger is down for an hour"
//!     question = "How late is a message sent a minute into the outage?"
//!     seed = 42
//!     duration = "6h"
//!
//!     [[host]]
//!     name = "smtp.sender.example"
//!     roles = ["submission", "relay"]
//!     mta = "postfix"
//!
//!     [[host]]
//!     name = "mx.recipient.example"
//!     roles = ["mx", "store"]
//!     mta = "postfix"
//!
//!     [[domain]]
//!     name = "sender.example"
//!     mx = [{ host = "smtp.sender.example", preference = 10 }]
//!     mailboxes = ["alice"]
//!
//!     [[domain]]
//!     name = "recipient.example"
//!     mx = [{ host = "mx.recipient.example", preference = 10 }]
//!     mailboxes = ["bob"]
//!
//!     [[mail]]
//!     from = "alice@sender.example"
//!     to = ["bob@recipient.example"]
//!     at = "1h1m"
//!
//!     [[outage]]
//!     host = "mx.recipient.example"
//!     from = "1h"
//!     for = "1h"
//!     mode = "refuse"
//! "#;
//! let no_files = |name: &str| Err(format!("{name}: this example has no other files"));
//! let source = Source { file: "outage.toml", text, read_file: &no_files };
//! let scenario = load(&source, &[]).map_err(|problems| problems.render(false))?.scenario;
//!
//! let outcome = Simulation::new(&scenario).outcome();
//! assert_eq!(outcome.summary.mail.delivered, 1);
//!
//! // Postfix tries again after about 5, 10, 20, 40 and 80 minutes of age; the outage ends at an
//! // age of 59 minutes, so the sixth attempt succeeds, 75 to 85 minutes late.
//! let latency = outcome.summary.figure("submission_to_delivery.max").unwrap();
//! assert!((4_500.0..6_000.0).contains(&latency), "{latency} s");
//!
//! // The same scenario and seed give the same outcome, always and everywhere.
//! assert_eq!(Simulation::new(&scenario).outcome().totals, outcome.totals);
//! # Ok::<(), String>(())
//! ```
//!
//! To see everything that happened rather than figures, pass a [`trace::FactSink`] to
//! [`simulation::Simulation::run`]; [`trace::FactLog`] keeps all facts.
//!
//! # Map
//!
//! A room is a folder of `src`. Numbers are layers: a room imports lower numbers, and those of its
//! own number only where the table says so.
//!
//! | layer | room | what is in it |
//! |---|---|---|
//! | 0 | [`units`] | virtual time, octets, rates, and how they are read from text |
//! | 1 | [`engine`] | the event queue, its order, cancellation by generation |
//! | 1 | [`random`] | named ChaCha8 streams, distributions on portable mathematics |
//! | 1 | [`statistics`] | estimates with intervals, from independent values |
//! | 1 | [`mail`] | vocabulary: addresses, replies, status codes, Received fields |
//! | 2 | [`network`] | hosts and links as a graph, routes, transfer times |
//! | 2 | [`fault`] | what fails and when, as intervals on a time line |
//! | 2 | [`dns`] | zones, look-ups, caches (uses `network`, `fault`) |
//! | 2 | [`trace`] | the facts a run states |
//! | 3 | [`smtp`] | sessions settled at once: the time of every reply |
//! | 3 | [`screening`] | blocklists, sender policies and content filters |
//! | 3 | [`workload`] | who writes to whom, when, how much |
//! | 3 | [`access`] | POP3 and IMAP: habits of readers, cost of a visit |
//! | 4 | [`queue`] | queue managers, one folder for each MTA family |
//! | 4 | [`measure`] | facts in, records and figures out (uses `units`, `mail`, `trace`) |
//! | 5 | [`model`] | the checked scenario: hosts, domains, mail, outages, notes |
//! | 5 | [`profiles`] | mail servers and their settings, by the servers' own names |
//! | 5 | [`scenario`] | TOML in, a checked scenario out (uses `model`, `profiles`) |
//! | 6 | [`simulation`] | the composition root: hosts, sessions, queues and faults in one world |
//! | 6 | [`story`] | messages told one by one: dialogues, Received fields |
//! | 7 | [`message_store`] | what lies in a mailbox; POP3 and IMAP as a store speaks them |
//! | 7 | [`talk`] | SMTP, POP3 and IMAP typed by hand, answered by a world held at a moment (uses `message_store`) |
//! | 8 | [`mod@reference`] | the keys of scenario and study files, for people |
//! | 7 | [`study`] | studies: what they ask, runs in parallel, estimates, comparisons, ranking |
//! | 7 | [`import`] | configuration, zones and logs of real servers in, a scenario's text out |
//! | 7 | [`export`] | tables of a run in, the forms that other tools read out |
//! | 8 | [`manual`] | the manual: chapters in Markdown, as text or as a page |
//! | 8 | [`report`] | tables, charts, the page, the terminal's text |
//! | 9 | [`workbench`] | a scenario checked, run, changed and talked to without file, thread or clock: what a page needs |
//! | 10 | [`serve`] | the page on loopback, with controls that change the scenario and run it again |
//! | 10 | [`live`] | real programs talk to the run over sockets of this machine (uses `serve`) |
//! | 10 | `site` | the static site, with the engine in its pages; with the feature of that name |
//! | 11 | [`cli`] | the command line; the only room that prints |
//!
//! # Invariants
//!
//! Each is checked by a test.
//!
//! - The engine knows no mail, no random draw and no float. The model (layers 0 to 6) knows no
//!   file, thread, clock or environment of the machine.
//! - Events of one instant run by class (faults, what ends, what starts, observers), then in order
//!   of insertion; an event is cancelled by generation, never removed.
//! - A session is settled in one call against fault time lines known in advance; there is no second
//!   way to run one. One that nothing disturbs may be a former one moved in time, if it is the same
//!   that the call would give. The dialogue is derived from its stage times when somebody asks.
//! - A queue manager is told what happened and answers with orders in a sink. Retry rules and
//!   sessions are tested without an engine.
//! - Results are facts stated by the run and read by whoever measures; whoever measures sees no
//!   host. Charts and page are made from the result folder alone.
//! - Only whole runs are made in parallel. A study's runs differ in the number of their replication,
//!   its cells share their draws, and neither threads nor shards nor an interrupt change a byte.
//! - Every draw comes from a stream named by its purpose and keyed by what it is about, never by
//!   the order of events, so two scenarios that differ in one host send the same mail.
//! - At every instant: recipients submitted and created = delivered + failed + discarded + queued +
//!   in transit. A second copy exists only where a final reply was lost or came too late.

#![forbid(unsafe_code)]

// What a user of the library reads about: scenarios in, facts and figures out, studies, reports. The
// other rooms are open to the program, its tests and benches.
pub mod measure;
pub mod model;
pub mod report;
pub mod scenario;
pub mod simulation;
pub mod study;
pub mod trace;
pub mod units;

#[doc(hidden)]
pub mod access;
#[cfg(not(target_family = "wasm"))]
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod dns;
#[doc(hidden)]
pub mod engine;
#[cfg(not(target_family = "wasm"))]
#[doc(hidden)]
pub mod export;
#[doc(hidden)]
pub mod fault;
#[cfg(not(target_family = "wasm"))]
#[doc(hidden)]
pub mod import;
#[cfg(not(target_family = "wasm"))]
#[doc(hidden)]
pub mod live;
#[doc(hidden)]
pub mod mail;
#[cfg(not(target_family = "wasm"))]
#[doc(hidden)]
pub mod manual;
#[doc(hidden)]
pub mod message_store;
#[doc(hidden)]
pub mod network;
#[doc(hidden)]
pub mod profiles;
#[doc(hidden)]
pub mod queue;
#[doc(hidden)]
pub mod random;
#[doc(hidden)]
pub mod reference;
#[doc(hidden)]
pub mod screening;
#[cfg(not(target_family = "wasm"))]
#[doc(hidden)]
pub mod serve;
#[cfg(feature = "site")]
#[doc(hidden)]
pub mod site;
#[doc(hidden)]
pub mod smtp;
#[doc(hidden)]
pub mod statistics;
#[doc(hidden)]
pub mod story;
#[doc(hidden)]
pub mod talk;
#[doc(hidden)]
pub mod workbench;
#[doc(hidden)]
pub mod workload;
