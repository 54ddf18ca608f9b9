//! From which of its addresses a host connects.

use crate::engine::Handle;
use crate::network::AddressId;
use crate::random::SessionDraw;
use crate::scenario::SourceChoice;
use crate::trace::FactSink;

use super::draws::TryDraws;
use super::run::Run;
use super::world::World;

impl<S: FactSink> World<'_, '_, S> {
    /// Draws the address of the client for a connection that a run makes now.
    #[inline]
    pub(super) fn draw_source(&mut self, handle: Handle) -> Option<AddressId> {
        let run = self.runs.get(handle)?;
        let client = run.client;
        match self.hosts[client.index()].config.addresses[..] {
            // Nearly all hosts have one.
            [] => None,
            [only] => Some(only),
            _ => self.draw_from_pool(handle),
        }
    }

    #[inline(never)]
    fn draw_from_pool(&mut self, handle: Handle) -> Option<AddressId> {
        let run = self.runs.get(handle)?;
        let client = run.client;
        let host = &self.hosts[client.index()];
        let (choice, turn) = (host.config.source_choice, host.turns);
        let dedicated = &host.config.dedicated_addresses;
        let in_pool = |address: &&AddressId| dedicated.iter().all(|(_, own)| own != *address);
        let pool: Vec<AddressId> = host.config.addresses.iter().filter(in_pool).copied().collect();
        let place = match (choice, pool.len()) {
            (_, 0) => return None,
            (_, 1) => 0,
            (SourceChoice::InTurn, count) => {
                self.hosts[client.index()].turns += 1;
                (turn % count as u64) as usize
            }
            (SourceChoice::Random, count) => {
                let key = self.try_key(run, SessionDraw::SourceAddress);
                TryDraws::new(&self.session_streams, key).place(count)
            }
            (SourceChoice::Sticky, count) if run.carries_nothing() => {
                let key = self.draw_key(run, SessionDraw::SourceAddress, 0);
                TryDraws::new(&self.session_streams, key).place(count)
            }
            (SourceChoice::Sticky, count) => {
                let message = self.messages[run.message].stream_key();
                let key = [message, host.key, SessionDraw::SourceAddress.number()];
                TryDraws::new(&self.session_streams, key).place(count)
            }
        };
        pool.get(place).copied()
    }

    /// Returns the address from which the message of a run comes: the one dedicated to its sender's
    /// domain, or the one from which the connection was made.
    pub(super) fn source_address(&self, run: &Run) -> Option<AddressId> {
        let dedicated = &self.hosts[run.client.index()].config.dedicated_addresses;
        if dedicated.is_empty() || run.carries_nothing() {
            return run.source;
        }
        let domain = self.messages[run.message].sender().map(|mailbox| mailbox.domain);
        let own = dedicated.iter().find(|(owner, _)| Some(*owner) == domain);
        own.map(|(_, address)| *address).or(run.source)
    }

    /// The same, as a number for the trace.
    pub(super) fn address_of_run(&self, handle: Handle) -> Option<u32> {
        self.runs.get(handle).and_then(|run| self.source_address(run)).map(|address| address.0)
    }
}
