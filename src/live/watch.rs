//! Connections that wait: a thread sleeps in the kernel until its client says something, or it is told
//! something, and a thousand that idle cost nothing.

use std::collections::BTreeMap;
use std::io;
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};

use rustix::buffer::spare_capacity;
use rustix::event::{EventfdFlags, epoll, eventfd};

use crate::scenario::CallerId;

use super::order::{Next, Output, Signal};

/// Watches the sockets of connections that wait.
#[derive(Debug)]
pub(super) struct Watch {
    epoll: OwnedFd,
    /// Written to at the end.
    waker: OwnedFd,
    waiting: Mutex<BTreeMap<CallerId, Sender<Signal>>>,
}

/// The key of the waker; no connection has it.
const WAKER: u64 = u64::MAX;
/// Sockets that are looked at in one go.
const BATCH: usize = 64;

impl Watch {
    /// # Errors
    /// If the system has no room for it.
    pub(super) fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let waker = eventfd(0, EventfdFlags::CLOEXEC)?;
        epoll::add(&epoll, &waker, epoll::EventData::new_u64(WAKER), epoll::EventFlags::IN)?;
        Ok(Self { epoll, waker, waiting: Mutex::default() })
    }

    fn list(&self) -> std::sync::MutexGuard<'_, BTreeMap<CallerId, Sender<Signal>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has `signals` be told once when there is something to be read, or the other side has closed.
    ///
    /// # Errors
    /// If the system has no room for it.
    pub(super) fn park(
        &self,
        caller: CallerId,
        socket: &TcpStream,
        signals: Sender<Signal>,
    ) -> io::Result<()> {
        self.list().insert(caller, signals);
        let flags = epoll::EventFlags::IN | epoll::EventFlags::RDHUP | epoll::EventFlags::ONESHOT;
        let key = epoll::EventData::new_u64(u64::from(caller.0));
        let added = epoll::add(&self.epoll, socket, key, flags);
        if added.is_err() {
            self.list().remove(&caller);
        }
        Ok(added?)
    }

    /// Watches a socket no longer.
    pub(super) fn unpark(&self, caller: CallerId, socket: &TcpStream) {
        self.list().remove(&caller);
        // It is not watched any more if this fails.
        let _ = epoll::delete(&self.epoll, socket);
    }

    /// Watches until [`Self::end`].
    pub(super) fn keep(&self) {
        let mut events = Vec::with_capacity(BATCH);
        loop {
            let waited = epoll::wait(&self.epoll, spare_capacity(&mut events), None);
            if waited.is_err_and(|cause| cause != rustix::io::Errno::INTR) {
                break;
            }
            for event in events.drain(..) {
                let key = event.data.u64();
                let Ok(key) = u32::try_from(key) else { return self.send_home() };
                if let Some(signals) = self.list().remove(&CallerId(key)) {
                    // The connection may be gone already.
                    let _ = signals.send(Signal::Readable);
                }
            }
        }
        self.send_home();
    }

    fn send_home(&self) {
        for (_, signals) in std::mem::take(&mut *self.list()) {
            let told = Output { octets: Vec::new(), next: Next::Close };
            // The connection may be gone already.
            let _ = signals.send(Signal::Output(told));
        }
    }

    /// Ends the watch: whoever waits is told to close.
    pub(super) fn end(&self) {
        // A full counter wakes as well.
        let _ = rustix::io::write(&self.waker, &1u64.to_ne_bytes());
    }
}
