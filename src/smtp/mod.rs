//! SMTP sessions, settled at once.
//!
//! A session is a pure function of what both sides bring and of the fault time lines it runs
//! into: it is run to its end (or to the next point that depends on somebody else, such as a free
//! server slot) in one call, with the time of every reply computed. Nothing here schedules events
//! or draws random numbers. Not modelled: the octets of commands (their round trips count, their
//! transmission time does not), and TLS or AUTH failures beyond the rules in [`Deviation`].

mod acceptance;
mod dialogue;
mod greylisting;
mod next_host;
mod order;
mod rules;
mod session;
mod settings;
mod transmission;
mod wire;

pub use acceptance::{
    Acceptance, Counted, Limit, Party, Reputation, Standing, Traffic, Verification,
};
pub use dialogue::{
    Conversation, Ending, Extensions, ForwardPath, Line, Speaker, WEB_PORT, dialogue, extensions,
    greeting, spelt, verified_in_words,
};
pub use greylisting::{GreylistKey, GreylistRules, NotWhitelisted, Whitelisted};
pub use next_host::NextHost;
pub use order::{Offers, Order, Verb, plain_reply, verified};
pub use rules::{BreakingPoint, Deviation, Manner, Replies, Rule, Rules, RulesMet, Slot};
pub use session::{
    Draws, Failure, Heard, Letter, RecipientPolicy, Screened, Session, Spoken, Transaction,
    failure_by,
};
pub use settings::{
    ClientOptions, ClientSettings, ClientTimeouts, ClientTls, LookupFailure, ServerOptions,
    ServerSettings, ServiceTimes, TemporaryLookups, Vrfy,
};
pub use transmission::transmission;
pub use wire::{Conditions, Connect, CrashFault, PortFault, Wire, connects_at_once, sending_time};
