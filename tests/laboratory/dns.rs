//! A name server of a few records: MX and address of the experiment's domains and hosts, nothing else.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread;

use super::experiment::{Experiment, NAME_SERVER};

const TYPE_A: u16 = 1;
const TYPE_MX: u16 = 15;
/// Time to live of every record [s]: short, so that each delivery asks anew.
const TTL: u32 = 1;

/// Answers questions until the process ends.
pub(crate) fn serve(experiment: Arc<Experiment>) -> io::Result<()> {
    let socket = UdpSocket::bind((NAME_SERVER, 53))?;
    thread::spawn(move || {
        let mut datagram = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut datagram) {
            reply(&experiment, &socket, &datagram[..length], from);
        }
    });
    Ok(())
}

fn reply(experiment: &Experiment, socket: &UdpSocket, question: &[u8], from: SocketAddr) {
    if let Some(answer) = answer(experiment, question) {
        // A resolver that has gone needs no answer.
        let _ = socket.send_to(&answer, from);
    }
}

/// Returns the answer to a question (RFC 1035 §4.1); nothing to what is none.
fn answer(experiment: &Experiment, question: &[u8]) -> Option<Vec<u8>> {
    let (name, end) = read_name(question)?;
    let kind = u16::from_be_bytes([*question.get(end)?, *question.get(end + 1)?]);
    let records = records(experiment, &name, kind);
    let exists = experiment.domains.iter().any(|domain| domain.name == name)
        || experiment.sinks.iter().any(|host| host.name == name);
    let mut message = question.get(..2)?.to_vec();
    // An authoritative response, recursion asked for and available; the code says "no such name".
    message.extend([0x85, if exists { 0x80 } else { 0x83 }]);
    message.extend([0, 1, 0, u8::try_from(records.len()).ok()?, 0, 0, 0, 0]);
    message.extend(question.get(12..end + 4)?);
    for data in records {
        // The name of the record is that of the question, which stands at octet 12.
        message.extend([0xc0, 12]);
        message.extend(kind.to_be_bytes());
        message.extend([0, 1]);
        message.extend(TTL.to_be_bytes());
        message.extend(u16::try_from(data.len()).ok()?.to_be_bytes());
        message.extend(data);
    }
    Some(message)
}

/// Returns the data of the records of one kind at a name.
fn records(experiment: &Experiment, name: &str, kind: u16) -> Vec<Vec<u8>> {
    match kind {
        TYPE_A => {
            let hosts = experiment.sinks.iter().filter(|host| host.name == name);
            let addresses = hosts.filter_map(|host| host.address.parse::<Ipv4Addr>().ok());
            addresses.map(|address| address.octets().to_vec()).collect()
        }
        TYPE_MX => {
            let domain = experiment.domains.iter().find(|domain| domain.name == name);
            let exchangers = domain.map_or(&[][..], |domain| &domain.exchangers);
            let data = |preference: u16, sink: usize| {
                let mut data = preference.to_be_bytes().to_vec();
                data.extend(written(&experiment.sinks[sink].name));
                data
            };
            exchangers.iter().map(|(preference, sink)| data(*preference, *sink)).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the name asked for, in lower case, and where its type follows.
fn read_name(question: &[u8]) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    let mut at = 12;
    loop {
        let length = usize::from(*question.get(at)?);
        let label = question.get(at + 1..at + 1 + length)?;
        at += 1 + length;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        labels.push(String::from_utf8_lossy(label).to_lowercase());
    }
}

/// Returns a name as it is written in a message, uncompressed.
fn written(name: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    for label in name.split('.') {
        octets.push(u8::try_from(label.len()).expect("the names of an experiment are short"));
        octets.extend(label.as_bytes());
    }
    octets.push(0);
    octets
}
