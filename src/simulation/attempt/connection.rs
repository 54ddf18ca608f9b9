//! Connections: the server slots they hold, and those kept for the next delivery.

use crate::engine::Handle;
use crate::mail::HostId;
use crate::network::AddressId;
use crate::queue::Destination;
use crate::trace::SessionMarks;
use crate::units::SimTime;

use super::run::Target;

/// An open connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) client: HostId,
    /// The client's address.
    pub(crate) source: Option<AddressId>,
    /// Whom the server takes for its client.
    pub(crate) seen: HostId,
    pub(crate) target: Target,
    /// When it stood, at the client.
    pub(crate) connected: SimTime,
    /// When the server's slot was taken.
    pub(crate) since: SimTime,
    /// Whether it still holds that slot: a server that starts again knows nothing of it.
    pub(crate) holds_slot: bool,
    pub(crate) extended: bool,
    pub(crate) transactions: u32,
    /// Whether its last transaction was refused before the message was sent.
    pub(crate) refused: bool,
    /// How many recipients have been refused in a row.
    pub(crate) refused_in_a_row: u32,
    /// Of a connection opened for a queue manager: when its opening began, and its marks, until its
    /// first message tells of them.
    pub(crate) opening: Option<Box<(SimTime, SessionMarks)>>,
    /// While kept: when its time is over.
    pub(crate) kept: Option<Kept>,
}

/// A connection that waits for the next delivery.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    pub(crate) until: SimTime,
    pub(crate) too_old: SimTime,
}

/// For whom a connection is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeper {
    /// For any delivery to this destination.
    Destination(Destination),
    /// For the process of the MTA with this number.
    Process(u32),
}

/// The kept connections of one host, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    kept: Vec<(Keeper, Handle)>,
}

impl Cache {
    pub(crate) fn put(&mut self, keeper: Keeper, connection: Handle) {
        self.kept.push((keeper, connection));
    }

    /// Takes out the first connection of `keeper` that is `wanted`.
    pub(crate) fn take(
        &mut self,
        keeper: Keeper,
        wanted: impl Fn(Handle) -> bool,
    ) -> Option<Handle> {
        let index = self.kept.iter().position(|(kept, c)| *kept == keeper && wanted(*c))?;
        Some(self.kept.remove(index).1)
    }

    /// Takes out the first connection that is `wanted`, whoever keeps it.
    pub(crate) fn take_any(&mut self, wanted: impl Fn(Keeper, Handle) -> bool) -> Option<Handle> {
        let index = self.kept.iter().position(|(keeper, c)| wanted(*keeper, *c))?;
        Some(self.kept.remove(index).1)
    }

    /// Returns how many connections `keeper` has.
    pub(crate) fn count(&self, keeper: Keeper) -> usize {
        self.kept.iter().filter(|(kept, _)| *kept == keeper).count()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    pub(crate) fn forget(&mut self, connection: Handle) {
        self.kept.retain(|(_, kept)| *kept != connection);
    }

    pub(crate) fn drain(&mut self) -> Vec<Handle> {
        std::mem::take(&mut self.kept).into_iter().map(|(_, connection)| connection).collect()
    }
}
