//! From which of its addresses a host connects.

use crate::model::SourceChoice;
use crate::network::AddressId;
use crate::random::SessionDraw;
use crate::trace::FactSink;

use super::draws::TryDraws;
use super::run::Run;
use crate::simulation::world::World;

impl<S: FactSink> World<'_, '_, S> {
    /// Returns the address from which the client of a run connects to the address `towards`.
    #[inline(always)]
    pub(crate) fn source_of_run(&mut self, run: &mut Run, towards: AddressId) -> Option<AddressId> {
        let sole = self.hosts[run.client.index()].config.sole_address;
        if sole.is_some() { sole } else { self.draw_source(run, towards) }
    }

    /// The same, where a host has several addresses: the one dedicated to the sender's domain, or one
    /// drawn from the others, of the family that leads there.
    #[inline(never)]
    fn draw_source(&mut self, run: &Run, towards: AddressId) -> Option<AddressId> {
        let client = run.client;
        let family = self.family_of(towards);
        let leads_there = |address: AddressId| self.family_of(address) == family;
        let host = &self.hosts[client.index()];
        let (choice, turn) = (host.config.source_choice, host.turns);
        let dedicated = &host.config.dedicated_addresses;
        if !run.carries_nothing() {
            let domain = self.messages[run.message].sender().map(|mailbox| mailbox.domain);
            let mut own = dedicated.iter().filter(|(owner, _)| Some(*owner) == domain);
            if let Some((_, address)) = own.find(|(_, address)| leads_there(*address)) {
                return Some(*address);
            }
        }
        let in_pool = |address: &&AddressId| {
            leads_there(**address) && dedicated.iter().all(|(_, own)| own != *address)
        };
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
                TryDraws::new(&self.draws.session, key).place(count)
            }
            (SourceChoice::Sticky, count) if run.carries_nothing() => {
                let key = self.draw_key(run, SessionDraw::SourceAddress, 0);
                TryDraws::new(&self.draws.session, key).place(count)
            }
            (SourceChoice::Sticky, count) => {
                let message = self.messages[run.message].stream_key();
                let key = [message, host.key, SessionDraw::SourceAddress.number()];
                TryDraws::new(&self.draws.session, key).place(count)
            }
        };
        pool.get(place).copied()
    }
}
