//! The largest numbers a scenario may ask for. Beyond them a file is a slip of the pen, and a run
//! would end in want of memory rather than in a result.

/// Hosts of the network, populations counted out.
pub(super) const HOSTS: u64 = 1_000_000;
/// Links, those of populations counted out.
pub(super) const LINKS: u64 = 1_000_000;
/// Mailboxes of one domain.
pub(super) const MAILBOXES: u64 = 1 << 31;
/// Devices that read one mailbox.
pub(super) const DEVICES: usize = 100;
/// Addresses of one host.
pub(super) const ADDRESSES: u64 = 1_000;
/// Addresses of all hosts.
pub(super) const ALL_ADDRESSES: u64 = 10_000_000;
/// Messages of one `[[mail]]` entry, by its mean rate.
pub(super) const MESSAGES: u64 = 1_000_000_000;
/// Received fields that a message carries already.
pub(super) const RECEIVED_FIELDS: u64 = 1_000;
/// Octets of one message.
pub(super) const MESSAGE_OCTETS: u64 = 1 << 40;
/// Years of virtual time.
pub(super) const YEARS: u64 = 100;
/// The longest span: `YEARS` of 365 days \[s\].
pub(super) const SECONDS: u64 = YEARS * 365 * 86_400;
/// Largest count of sessions, processes, recipients and the like.
pub(super) const PIECES: u64 = 1_000_000_000;
/// Samples of the queues in one run.
pub(super) const SAMPLES: u64 = 1_000_000;
