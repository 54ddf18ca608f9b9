//! The largest numbers a scenario may ask for. Beyond them a file is a slip of the pen, and a run
//! would end in want of memory rather than in a result.

/// Hosts of the network, populations counted out.
pub(crate) const HOSTS: u64 = 1_000_000;
/// Links, those of populations counted out.
pub(crate) const LINKS: u64 = 1_000_000;
/// Mailboxes of one domain.
pub(crate) const MAILBOXES: u64 = 1 << 31;
/// Devices that read one mailbox.
pub(crate) const DEVICES: usize = 100;
/// Addresses of one host.
pub(crate) const ADDRESSES: u64 = 1_000;
/// Addresses of all hosts.
pub(crate) const ALL_ADDRESSES: u64 = 10_000_000;
/// Messages of one `[[mail]]` entry, by its mean rate.
pub(crate) const MESSAGES: u64 = 1_000_000_000;
/// Received fields that a message carries already.
pub(crate) const RECEIVED_FIELDS: u64 = 1_000;
/// Octets of one message.
pub(crate) const MESSAGE_OCTETS: u64 = 1 << 40;
/// Years of virtual time.
pub(crate) const YEARS: u64 = 100;
/// The longest span: `YEARS` of 365 days \[s\].
pub(crate) const SECONDS: u64 = YEARS * 365 * 86_400;
/// Largest count of sessions, processes, recipients and the like.
pub(crate) const PIECES: u64 = 1_000_000_000;
/// Samples of the queues in one run.
pub(crate) const SAMPLES: u64 = 1_000_000;
