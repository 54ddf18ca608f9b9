//! Mail that mailboxes make by themselves: copies of aliases and lists, and automatic replies.

use std::collections::{BTreeMap, BTreeSet};

use crate::mail::Mailbox;
use crate::random::Distribution;
use crate::units::SimDuration;

/// An address that stands for others (RFC 5321 §3.9).
#[derive(Debug, Clone, PartialEq)]
pub struct Redistribution {
    /// For whom it stands.
    pub members: Vec<Mailbox>,
    /// The list's owner, who becomes the reverse path of its copies (§3.9.2); none: an alias, whose
    /// copies keep the reverse path that they came with (§3.9.1).
    pub owner: Option<Mailbox>,
    /// Whether copies get a footer, or a tag in their subject: DKIM signatures do not survive that
    /// (RFC 6377 §3.3).
    pub changes_text: bool,
    /// Whether copies name the list in their From field instead of the author, as lists do whose
    /// authors' domains publish DMARC (RFC 7960 §4.1.3.1).
    pub rewrites_author: bool,
    /// How long each message waits for a moderator before copies of it are made; none: it does not.
    pub moderation: Option<Distribution>,
    /// Copies for so many members at a time; none: for all at once.
    pub parts: Option<Parts>,
}

impl Redistribution {
    /// Returns the members in the parts in which they get their copies, in order.
    pub fn parted(&self) -> impl Iterator<Item = &[Mailbox]> {
        self.members.chunks(self.parts.map_or(usize::MAX, |parts| parts.size.max(1) as usize))
    }
}

/// How a list hands its copies over bit by bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// Members in one part, each of which is a message of its own.
    pub size: u32,
    /// Time from one part to the next.
    pub every: SimDuration,
}

/// Which mail a responder answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// What a person wrote to it, as far as the header tells: no copies of lists and no mail that says
    /// of itself that a program sent it (RFC 3834 §2).
    People,
    /// Whatever has a reverse path to answer to.
    Everything,
}

/// A mailbox that answers by itself. The default is what RFC 3834 asks for; each rule can be left out,
/// to see what it is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Responder {
    /// The time in which a correspondent is answered once (§2 suggests several days).
    pub every: SimDuration,
    /// What it answers.
    pub answers: Answers,
    /// Whether its replies have the null reverse path (§3.3), so that nothing comes back; if not, they
    /// have the mailbox itself.
    pub null_reverse_path: bool,
    /// Whether its replies say of themselves what they are, by a field `Auto-Submitted: auto-replied`
    /// (§3.1.7, §5).
    pub marks: bool,
}

impl Default for Responder {
    fn default() -> Self {
        Self {
            every: SimDuration::from_days(7),
            answers: Answers::People,
            null_reverse_path: true,
            marks: true,
        }
    }
}

/// What mailboxes do by themselves with the mail that reaches them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Automatic {
    /// Aliases and lists by their address.
    pub redistributions: BTreeMap<Mailbox, Redistribution>,
    /// Mailboxes that answer.
    pub responders: BTreeMap<Mailbox, Responder>,
}

impl Automatic {
    /// Returns whether no mailbox does anything by itself.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.redistributions.is_empty() && self.responders.is_empty()
    }

    /// Returns one, by its place, of those to whom a message to this list, or a notice about a copy of
    /// it, goes on.
    fn next(&self, address: &Mailbox, place: usize) -> Option<Mailbox> {
        let list = self.redistributions.get(address)?;
        let owner = || list.owner.filter(|_| place == list.members.len());
        list.members.get(place).copied().or_else(owner)
    }

    /// Returns a circle of aliases and lists, if there is one: each stands for the next or has it as
    /// its owner, and the last the first. A list that is its own owner is one: each notice about a
    /// copy would be sent to all members, and make another notice.
    #[must_use]
    pub fn circle(&self) -> Option<Vec<Mailbox>> {
        let mut harmless: BTreeSet<Mailbox> = BTreeSet::new();
        let mut path: Vec<(Mailbox, usize)> = Vec::new();
        let mut on_path: BTreeMap<Mailbox, usize> = BTreeMap::new();
        for &start in self.redistributions.keys() {
            on_path.insert(start, path.len());
            path.push((start, 0));
            while let Some((address, place)) = path.last_mut() {
                let member = self.next(address, *place);
                *place += 1;
                let Some(member) = member else {
                    on_path.remove(address);
                    harmless.insert(*address);
                    path.pop();
                    continue;
                };
                if let Some(&begin) = on_path.get(&member) {
                    return Some(path[begin..].iter().map(|(address, _)| *address).collect());
                }
                if self.redistributions.contains_key(&member) && !harmless.contains(&member) {
                    on_path.insert(member, path.len());
                    path.push((member, 0));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::DomainId;

    fn automatic(lists: &[(u32, &[u32])]) -> Automatic {
        let mailbox = |local: u32| Mailbox { domain: DomainId(0), local };
        let list = |&(address, members): &(u32, &[u32])| {
            let members = members.iter().map(|&local| mailbox(local)).collect();
            let list = Redistribution {
                members,
                owner: None,
                changes_text: false,
                rewrites_author: false,
                moderation: None,
                parts: None,
            };
            (mailbox(address), list)
        };
        Automatic { redistributions: lists.iter().map(list).collect(), ..Automatic::default() }
    }

    #[test]
    fn circles_are_found_and_meshes_are_none() {
        let circle = |lists: &[(u32, &[u32])]| {
            let found = automatic(lists).circle();
            found.map(|circle| circle.iter().map(|mailbox| mailbox.local).collect::<Vec<_>>())
        };
        assert_eq!(circle(&[(1, &[5, 6]), (2, &[1, 5]), (3, &[1, 2])]), None);
        assert_eq!(circle(&[(1, &[1])]), Some(vec![1]));
        assert_eq!(circle(&[(1, &[2]), (2, &[5, 3]), (3, &[2])]), Some(vec![2, 3]));
    }

    #[test]
    fn a_list_that_is_its_own_owner_is_a_circle() {
        let mut owned = automatic(&[(1, &[5, 6])]);
        let list = Mailbox { domain: DomainId(0), local: 1 };
        let of_list = |automatic: &mut Automatic, owner| {
            automatic.redistributions.get_mut(&list).expect("it is there").owner = Some(owner);
        };
        of_list(&mut owned, Mailbox { domain: DomainId(0), local: 7 });
        assert_eq!(owned.circle(), None);
        of_list(&mut owned, list);
        assert_eq!(owned.circle(), Some(vec![list]));
    }
}
