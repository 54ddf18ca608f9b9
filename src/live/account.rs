//! Mailboxes of a live run: what the run has delivered is put into them, and what is gone taken out.

use std::collections::BTreeMap;

use crate::mail::Mailbox;
use crate::message_store::{Account, INBOX, JUNK, Stored, stored_copies};
use crate::model::Scenario;
use crate::units::SimTime;

use super::chronicle::{Chronicle, Delivered};

/// A mailbox, and what is known of the run's doings in it.
#[derive(Debug, Default)]
pub(super) struct Followed {
    account: Account,
    /// Of what the run has delivered, the last that lies here.
    seen: u32,
    /// Where the deliveries lie that the run's own readers may take out again.
    places: Vec<(u32, &'static str, u32)>,
    /// How many removals by the run's own readers are known, and those among them that are to come.
    removals: usize,
    expected: Vec<(SimTime, u32)>,
}

/// Accounts by mailbox.
pub(super) type Accounts = BTreeMap<Mailbox, Followed>;

impl Followed {
    /// Takes notice of what the run has delivered, and of what its own readers took out.
    pub(super) fn follow(
        &mut self,
        scenario: &Scenario,
        chronicle: &Chronicle,
        mailbox: Mailbox,
        now: SimTime,
    ) -> &mut Account {
        // What the chronicle has forgotten, this forgets.
        let oldest = chronicle.mailbox(mailbox).next().map_or(u32::MAX, |delivered| delivered.uid);
        while let Some(&(number, ..)) = self.places.first().filter(|place| place.0 < oldest) {
            self.take_out(number);
        }
        for delivered in chronicle.behind(mailbox, self.seen) {
            if !chronicle.is_told(delivered, now) {
                break;
            }
            self.seen = delivered.uid;
            let Some(mut stored) = stored_copy(scenario, chronicle, delivered) else { continue };
            stored.junk = delivered.junk;
            let text = chronicle.content(delivered.key);
            let (name, uid) = self.account.put(&stored, text);
            self.places.push((delivered.uid, name, uid));
        }
        let removals = chronicle.removals(mailbox);
        self.expected.extend(&removals[self.removals.min(removals.len())..]);
        self.removals = removals.len();
        let seen = self.seen;
        for (_, number) in
            self.expected.extract_if(.., |(at, one)| *at <= now && *one <= seen).collect::<Vec<_>>()
        {
            self.take_out(number);
        }
        &mut self.account
    }

    /// Returns the numbers of the run's deliveries that readers have taken out since this was asked last.
    pub(super) fn removed(&mut self) -> Vec<u32> {
        let mut numbers = Vec::new();
        for name in [INBOX, JUNK] {
            let Some(folder) = self.account.folder(name) else { continue };
            for uid in folder.take_removed() {
                let is_it = |place: &(u32, &str, u32)| place.1 == name && place.2 == uid;
                if let Some(place) = self.places.iter().position(is_it) {
                    numbers.push(self.places.remove(place).0);
                }
            }
        }
        numbers
    }

    fn take_out(&mut self, number: u32) {
        let Ok(place) = self.places.binary_search_by_key(&number, |place| place.0) else {
            return;
        };
        let (_, name, uid) = self.places.remove(place);
        self.account.take_out(name, uid);
    }
}

fn stored_copy(
    scenario: &Scenario,
    chronicle: &Chronicle,
    delivered: &Delivered,
) -> Option<Stored> {
    let story = chronicle.story(delivered.key)?;
    let copies = stored_copies(scenario, story, delivered.copy);
    copies.into_iter().find(|stored| stored.from == delivered.at)
}
