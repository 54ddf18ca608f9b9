//! Dialogues as packets in a file that Wireshark and tshark read (pcapng).
//!
//! A capture at the client: each line leaves or comes when the client said or heard it. Packets are
//! made up around them: a handshake of three, acknowledgments with the next packet, an end if the
//! connection was closed. What went over TLS is shown as plain text, and each such packet says so in
//! its comment; STARTTLS itself is left out, for a reader would look for TLS behind it.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use etherparse::PacketBuilder;
use pcap_file::DataLink;
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};

/// Something said on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// When the client said or heard it \[ns since the start\].
    pub at: u64,
    /// Whether the client said it.
    pub by_client: bool,
    /// The octets.
    pub octets: Vec<u8>,
    /// Whether TLS hid it.
    pub under_tls: bool,
}

/// How a connection begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// It stood before.
    Stands,
    /// It stands from this moment on.
    Connected(u64),
    /// The server refuses at this moment.
    Refused(u64),
    /// Nothing answers.
    Unanswered,
}

/// A connection, or what one message used of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialogue {
    /// The client.
    pub client: SocketAddr,
    /// The server.
    pub server: SocketAddr,
    /// When it was begun \[ns since the start\].
    pub started: u64,
    /// How it begins.
    pub opening: Opening,
    /// What was said.
    pub said: Vec<Said>,
    /// When it was closed \[ns since the start\]; none: it stays open, or nobody knows.
    pub closed: Option<u64>,
    /// What it is, for a comment on its first packet.
    pub about: String,
}

/// A datagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// When it passes the client \[ns since the start\].
    pub at: u64,
    /// From where.
    pub from: SocketAddr,
    /// Where to.
    pub to: SocketAddr,
    /// What it holds.
    pub octets: Vec<u8>,
    /// For its comment.
    pub about: String,
}

/// The most octets of a segment.
const SEGMENT: usize = 1400;
const WINDOW: u16 = 64_240;

/// A packet.
struct Packet {
    at: u64,
    octets: Vec<u8>,
    comment: String,
}

/// Returns the text of the file. `start` is the moment at which the run began \[s since 1970\].
///
/// # Errors
/// If an address of one family is to reach one of the other, or a packet is larger than one may be.
pub fn capture(
    dialogues: &[Dialogue],
    datagrams: &[Datagram],
    start: i64,
) -> Result<Vec<u8>, String> {
    let mut packets = Vec::new();
    for dialogue in dialogues {
        stream(dialogue, &mut packets)?;
    }
    for datagram in datagrams {
        let Datagram { at, from, to, octets, about } = datagram;
        let udp = addressed(*from, *to)?.udp(from.port(), to.port());
        let mut packet = Vec::new();
        udp.write(&mut packet, octets).map_err(|error| error.to_string())?;
        packets.push(Packet { at: *at, octets: packet, comment: about.clone() });
    }
    packets.sort_by_key(|packet| packet.at);
    write(&packets, start).map_err(|error| error.to_string())
}

fn write(packets: &[Packet], start: i64) -> pcap_file::PcapResult<Vec<u8>> {
    let mut writer = PcapNgWriter::new(Vec::new())?;
    let mut interface = InterfaceDescriptionBlock::new(DataLink::RAW, 0);
    let name = InterfaceDescriptionOption::IfName(Cow::Borrowed("mailsim"));
    interface.options.push(name);
    // Stamps count nanoseconds.
    interface.options.push(InterfaceDescriptionOption::IfTsResol(9));
    writer.write_pcapng_block(interface)?;
    for packet in packets {
        let at = u64::try_from(start).unwrap_or(0).saturating_mul(1_000_000_000);
        let comment = EnhancedPacketOption::Comment(Cow::Borrowed(packet.comment.as_str()));
        let length = u32::try_from(packet.octets.len()).unwrap_or(u32::MAX);
        writer.write_pcapng_block(EnhancedPacketBlock {
            interface_id: 0,
            timestamp: Duration::from_nanos(at.saturating_add(packet.at)),
            original_len: length,
            data: Cow::Borrowed(&packet.octets),
            options: if packet.comment.is_empty() { Vec::new() } else { vec![comment] },
        })?;
    }
    Ok(writer.into_inner())
}

type Addressed = etherparse::PacketBuilderStep<etherparse::IpHeaders>;

fn addressed(from: SocketAddr, to: SocketAddr) -> Result<Addressed, String> {
    match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            Ok(PacketBuilder::ipv4(from.octets(), to.octets(), 64))
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            Ok(PacketBuilder::ipv6(from.octets(), to.octets(), 64))
        }
        (from, to) => Err(format!("{from} cannot reach {to}")),
    }
}

/// One side's flags.
#[derive(Clone, Copy, Default)]
struct Flags {
    syn: bool,
    ack: bool,
    fin: bool,
    rst: bool,
}

/// What has been sent in each direction: the client's first.
struct Stream<'d> {
    dialogue: &'d Dialogue,
    next: [u32; 2],
    packets: Vec<Packet>,
}

impl Stream<'_> {
    fn send(
        &mut self,
        at: u64,
        by_client: bool,
        flags: Flags,
        octets: &[u8],
        comment: &str,
    ) -> Result<(), String> {
        let Dialogue { client, server, .. } = *self.dialogue;
        let (from, to) = if by_client { (client, server) } else { (server, client) };
        let (own, other) = if by_client { (0, 1) } else { (1, 0) };
        let mut tcp = addressed(from, to)?.tcp(from.port(), to.port(), self.next[own], WINDOW);
        if flags.ack {
            tcp = tcp.ack(self.next[other]);
        }
        if flags.syn {
            tcp = tcp.syn();
        }
        if flags.fin {
            tcp = tcp.fin();
        }
        if flags.rst {
            tcp = tcp.rst();
        }
        if !octets.is_empty() {
            tcp = tcp.psh();
        }
        let mut packet = Vec::new();
        tcp.write(&mut packet, octets).map_err(|error| error.to_string())?;
        self.packets.push(Packet { at, octets: packet, comment: comment.to_owned() });
        let used = u32::try_from(octets.len()).unwrap_or(u32::MAX);
        self.next[own] =
            self.next[own].wrapping_add(used + u32::from(flags.syn) + u32::from(flags.fin));
        Ok(())
    }
}

fn stream(dialogue: &Dialogue, packets: &mut Vec<Packet>) -> Result<(), String> {
    let mut stream = Stream { dialogue, next: [1000, 5000], packets: Vec::new() };
    let (syn, ack) = (Flags { syn: true, ..Flags::default() }, true);
    let plain = Flags { ack, ..Flags::default() };
    let about = dialogue.about.as_str();
    match dialogue.opening {
        Opening::Stands => {}
        Opening::Connected(at) => {
            stream.send(dialogue.started, true, syn, &[], about)?;
            stream.send(at, false, Flags { syn: true, ack, ..Flags::default() }, &[], "")?;
            stream.send(at, true, plain, &[], "")?;
        }
        Opening::Refused(at) => {
            stream.send(dialogue.started, true, syn, &[], about)?;
            stream.send(at, false, Flags { rst: true, ack, ..Flags::default() }, &[], "")?;
        }
        Opening::Unanswered => stream.send(dialogue.started, true, syn, &[], about)?,
    }
    let mut last = dialogue.started;
    for (number, said) in dialogue.said.iter().enumerate() {
        last = last.max(said.at);
        let first = number == 0 && dialogue.opening == Opening::Stands;
        let tls = "under TLS, shown as plain text";
        let comment = match (said.under_tls, first) {
            (true, _) => tls,
            (false, true) => about,
            (false, false) => "",
        };
        for piece in said.octets.chunks(SEGMENT) {
            stream.send(last, said.by_client, plain, piece, comment)?;
        }
    }
    if let Some(closed) = dialogue.closed {
        let at = closed.max(last);
        let fin = Flags { fin: true, ack, ..Flags::default() };
        stream.send(at, true, fin, &[], "")?;
        stream.send(at, false, fin, &[], "")?;
        stream.send(at, true, plain, &[], "")?;
    }
    packets.append(&mut stream.packets);
    Ok(())
}
