//! Time that is to go on, for whoever asked for it.

use std::sync::mpsc::Sender;

use crate::mail::MessageKey;
use crate::serve::Response;
use crate::story::{Copy, Story};
use crate::trace::Fact;
use crate::units::SimTime;
use serde_json::json;

use super::http_answers::{clock_text, seconds};
use super::question::Until;
use super::room::Room;

/// An advance, or a wait, under way.
#[derive(Debug)]
pub(super) struct Pending {
    /// No further than this.
    pub(super) target: SimTime,
    /// What is waited for; none: the target alone.
    pub(super) wait: Option<(Until, Option<MessageKey>)>,
    pub(super) answer: Sender<Response>,
}

impl Room<'_, '_, '_> {
    /// Answers whoever waits, if what he waits for has happened; returns whether nobody waits any more.
    pub(super) fn look_at_pending(&mut self) -> bool {
        let Some(pending) = &self.visits.pending else { return true };
        let (wait, target) = (pending.wait, pending.target);
        let happened = wait.map(|(until, message)| self.has_happened(until, message));
        let is_over = self.world.now() >= target;
        if happened != Some(true) && !is_over {
            return false;
        }
        let Some(pending) = self.visits.pending.take() else { return true };
        let now = self.world.now();
        let mut value = json!({ "time": clock_text(now), "seconds": seconds(now) });
        if let Some(happened) = happened {
            value["happened"] = happened.into();
        }
        let status = if happened == Some(false) { 408 } else { 200 };
        // Whoever asked may be gone.
        let _ = pending.answer.send(Response::json(status, &value));
        true
    }

    fn has_happened(&mut self, until: Until, message: Option<MessageKey>) -> bool {
        let entry = u32::try_from(self.world.scenario().mail.len()).unwrap_or(u32::MAX);
        let taken = self.world.taken();
        let now = self.world.now();
        let chronicle = self.world.sink();
        let fits = |story: &Story| match message {
            Some(key) => story.key == key,
            None => matches!(story.key, MessageKey::Mail { entry: of, .. } if of == entry),
        };
        let mut count = 0;
        let mut all = true;
        for story in chronicle.stories().filter(|story| fits(story)) {
            count += 1;
            all &= match until {
                Until::Accepted => true,
                Until::Delivered => chronicle.is_delivered(story, now),
                Until::Over => story.copies.iter().all(is_over),
            };
        }
        match message {
            Some(_) => count > 0 && all,
            // Those on their way into the run belong to them.
            None if until == Until::Accepted => taken > 0,
            None => count > 0 && count >= taken && all,
        }
    }

    /// Returns the message of this name.
    pub(super) fn key_named(&mut self, name: &str) -> Option<MessageKey> {
        let stories = self.world.sink().stories();
        let mut keys = stories.map(|story| story.key);
        keys.find(|key| key.to_string() == name)
    }
}

fn is_over(copy: &Copy) -> bool {
    copy.facts.iter().any(|(_, fact)| matches!(fact, Fact::Final { .. }))
}
