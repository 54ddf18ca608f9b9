//! Settings that take one of several words.

use crate::network::{AddressFamilies, PreferredFamily};
use crate::queue::plain::{Expiry, NoticesTo, Order, Unit};
use crate::smtp::{LookupFailure, Vrfy};

/// A setting that takes one of several words.
pub(crate) trait Choice {
    /// The words.
    fn words(&self) -> &'static [&'static str];
    /// The word chosen.
    fn word(&self) -> &'static str;
    /// Chooses one of the words.
    fn choose(&mut self, word: &str);
}

/// Gives each value of a type its word.
macro_rules! words {
    ($type:ty: $($value:ident = $word:literal),+) => {
        impl Choice for $type {
            fn words(&self) -> &'static [&'static str] {
                &[$($word),+]
            }

            fn word(&self) -> &'static str {
                match self {
                    $(<$type>::$value => $word),+
                }
            }

            fn choose(&mut self, word: &str) {
                match word {
                    $($word => *self = <$type>::$value,)+
                    _ => {}
                }
            }
        }
    };
}

words!(AddressFamilies: All = "all", Own = "own", Ipv4 = "ipv4", Ipv6 = "ipv6");
words!(PreferredFamily: Any = "any", Ipv4 = "ipv4", Ipv6 = "ipv6");
words!(LookupFailure: Defer = "defer", NoExchangers = "no_mx", Fail = "fail");
words!(Expiry: AfterAttempt = "attempt", Timer = "timer", Ahead = "ahead");
words!(Order: Arrival = "arrival", SmallestFirst = "smallest", NeverTriedFirst = "never_tried");
words!(NoticesTo: All = "all", Local = "local", Nobody = "nobody");
words!(Unit: Message = "message", Destination = "destination", Recipient = "recipient");
words!(Vrfy: Unsure = "unsure", AsRcpt = "as_rcpt", Answers = "answers", Disabled = "disabled", Unknown = "unknown");
