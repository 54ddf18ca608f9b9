//! The engine: what happens next, in an order that is promised.
//!
//! # Scope and limitations
//! The room holds the queue of pending events and the means to cancel them. It knows no mail, draws
//! nothing at random, computes with no float and looks at no clock. It does not run anything either:
//! the caller pops an event, acts on it and pushes what follows. One run needs one thread.
//!
//! # The promised order
//! **Events run in the order of (time, class, insertion).**
//!
//! 1. An earlier event runs before a later one. Time never runs backwards.
//! 2. Of the events at one instant, faults and repairs run first, then what ends, then what starts,
//!    then observers ([`Class`]). So an outage `[from, until)` holds from its first instant, a slot
//!    that becomes free at an instant is there for whoever asks at that instant, and who looks at
//!    an instant sees it completed.
//! 3. Of the events at one instant and of one class, the one pushed first runs first.
//!
//! An event may be pushed at the very instant that is being processed, with any class. It then runs
//! at that instant, before those of a higher class that are still pending, but of course not before
//! what has already run. The order depends on the sequence of pushes and pops alone, never on the
//! machine or on how the queue stores its events.
//!
//! # Cancellation
//! **Cancelled by generation, not by removal.** A pending event is never taken out of the queue. It
//! carries a [`Handle`] (or a bare [`Generation`]) of what it is about; when that is gone or has
//! moved on, the handle is stale and the event is ignored when its time comes. A stale handle never
//! becomes valid again.
//!
//! # Validation
//! `event_queue.rs` is tested against a plain list sorted by (time, class, sequence) over random
//! pushes and pops, among them pushes at the current instant and events with stale handles.
//! `benches/event_queue.rs` measures it against the standard binary heap.

mod cancellation;
mod event_queue;

pub use cancellation::{Generation, Handle, Slots};
pub use event_queue::{Class, EventQueue};
