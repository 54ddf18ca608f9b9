//! What a server's Received field adds to a message.

use crate::mail::{HostId, Mailbox, ReceivedLengths, ReceivedStyle, TransmissionType};
use crate::smtp::transmission;
use crate::trace::FactSink;

use crate::simulation::attempt::run::Run;
use crate::simulation::world::World;

impl<S: FactSink> World<'_, '_, S> {
    /// Returns the octets of the field that `server` writes on top of the message that a run has
    /// brought.
    pub(crate) fn received_octets(&self, run: &Run, server: HostId) -> u64 {
        let target = run.target.expect("a try has a target");
        let (client, config) =
            (&self.hosts[run.client.index()].config, &self.hosts[server.index()].config);
        let seen = self.seen_by_server(run.client, target);
        let seen = if seen == run.client { client } else { &self.hosts[seen.index()].config };
        let with = transmission(
            self.habits_of(run).port,
            run.ordinal_on_connection,
            &run.marks,
            client.client,
            config.server,
        );
        let address = seen.addresses.first();
        let address = address.map(|address| &self.scenario.addresses[address.index()]);
        let one = match run.recipients.as_slice() {
            [recipient] => Some(self.messages[*recipient].mailbox),
            _ => None,
        };
        let sender = self.messages[run.message].sender();
        let unnamed = config.server.options.clients_unnamed;
        let host = if unnamed { config.server.received.unnamed() } else { seen.name.as_str() };
        self.field_octets(
            server,
            one,
            sender,
            &ReceivedLengths {
                from: client.name.len() as u64,
                from_host: host.len() as u64,
                from_address: address.map_or(0, |address| address.literal.len() as u64),
                with: with.as_str().len() as u64,
                same_name: !unnamed && (std::ptr::eq(client, seen) || client.name == seen.name),
                ..NOTHING
            },
        )
    }

    /// Returns the octets of the field that a host writes on top of a message that it takes from
    /// itself: a copy for the members of a list.
    pub(crate) fn own_received_octets(&self, host: HostId, sender: Option<Mailbox>) -> u64 {
        let config = &self.hosts[host.index()].config;
        let address = config.addresses.first();
        let address = address.map(|address| &self.scenario.addresses[address.index()]);
        let name = config.name.len() as u64;
        self.field_octets(
            host,
            None,
            sender,
            &ReceivedLengths {
                from: name,
                from_host: name,
                from_address: address.map_or(0, |address| address.literal.len() as u64),
                with: TransmissionType::Esmtp.as_str().len() as u64,
                same_name: true,
                ..NOTHING
            },
        )
    }

    pub(crate) fn field_octets(
        &self,
        server: HostId,
        one: Option<Mailbox>,
        sender: Option<Mailbox>,
        lengths: &ReceivedLengths,
    ) -> u64 {
        let config = &self.hosts[server.index()].config;
        let style = config.server.received;
        let length = |mailbox: Mailbox| self.scenario.mailbox_length(mailbox);
        let names_sender = matches!(style, ReceivedStyle::Exim | ReceivedStyle::Haraka);
        let lengths = ReceivedLengths {
            by: config.name.len() as u64,
            for_path: one.map(length),
            reverse_path: sender.filter(|_| names_sender).map_or(0, length),
            ..*lengths
        };
        style.octets(&lengths, self.now, config.clock_error_ns)
    }
}

const NOTHING: ReceivedLengths = ReceivedLengths {
    from: 0,
    from_host: 0,
    from_address: 0,
    by: 0,
    with: 0,
    for_path: None,
    reverse_path: 0,
    same_name: false,
};
