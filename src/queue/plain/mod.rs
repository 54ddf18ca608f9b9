//! A plain schedule: each message has its own attempts, and no memory of hosts is shared.
//!
//! By default what RFC 5321 §4.5.4.1 advises. Many servers differ from it in figures only, and
//! their profiles are settings of this manager: hMailServer, MailEnable, IceWarp, IMail, Haraka,
//! KumoMTA, Stalwart and Maddy, and whatever server somebody describes by a schedule of his own.
//! One file for each idea:
//!
//! - `gaps`: when the next attempt follows a failed one (list, ages, formula);
//! - `looks`: servers without a timer for each message look for due ones every so often;
//! - `threads`: how many messages are tried at once, and in which order;
//! - `lane`: deliveries at once to one destination;
//! - `settings`: these, how a message ends (after an attempt, by timer, looking ahead, by number of
//!   attempts), notices, chance, connections, and KumoMTA's rule for dead sites.
//!
//! Not modelled: priorities of messages (IceWarp has five), Stalwart's shuffling of messages due at
//! the same moment, and what a thread does between two deliveries.

mod gaps;
mod lane;
mod looks;
mod manager;
mod settings;
mod threads;

pub use gaps::{Form, Gaps};
pub use manager::Plain;
pub use settings::{Expiry, NoticesTo, Order, Settings, Unit};
