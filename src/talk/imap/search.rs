//! SEARCH (RFC 9051 §6.4.4), as far as flags, sizes, addresses and numbers go.

use crate::trace::FactSink;

use super::reading::in_set;
use super::{ImapTalk, Message};

impl<S: FactSink> ImapTalk<'_, '_, S> {
    pub(super) fn search(
        &mut self,
        uid: bool,
        arguments: &[String],
        lines: &mut Vec<String>,
    ) -> Result<(), String> {
        if arguments.is_empty() {
            return Err("BAD SEARCH needs a key, as UNSEEN or FROM alice".to_owned());
        }
        let all = "1:*".to_owned();
        let mut found = Vec::new();
        // By UID, since there is no number 1 where the folder is empty.
        for (number, message) in self.chosen(Some(&all), true)? {
            if self.fits(number, &message, arguments)? {
                found.push(if uid { message.uid.to_string() } else { number.to_string() });
            }
        }
        lines.push(format!("* SEARCH {}", found.join(" ")).trim_end().to_owned());
        Ok(())
    }

    /// Returns whether a message fits all keys.
    fn fits(&self, number: usize, message: &Message, keys: &[String]) -> Result<bool, String> {
        let mut keys = keys.iter();
        let mut fits = true;
        while let Some(key) = keys.next() {
            let upper = key.to_ascii_uppercase();
            let negated = upper == "NOT";
            let upper = match negated {
                true => keys.next().ok_or("BAD NOT needs a key")?.to_ascii_uppercase(),
                false => upper,
            };
            let mut text = || keys.next().ok_or(format!("BAD {upper} needs an argument"));
            let stored = &message.stored;
            let contains = |field: &str, text: &String| {
                field.to_ascii_lowercase().contains(&text.to_ascii_lowercase())
            };
            let one = match upper.as_str() {
                "ALL" => true,
                "SEEN" => self.has_flag(message, "\\Seen"),
                "UNSEEN" => !self.has_flag(message, "\\Seen"),
                "DELETED" => self.has_flag(message, "\\Deleted"),
                "UNDELETED" => !self.has_flag(message, "\\Deleted"),
                "FLAGGED" => self.has_flag(message, "\\Flagged"),
                "UNFLAGGED" => !self.has_flag(message, "\\Flagged"),
                "ANSWERED" => self.has_flag(message, "\\Answered"),
                "UNANSWERED" => !self.has_flag(message, "\\Answered"),
                "FROM" => contains(&stored.sender, text()?),
                "TO" => contains(&stored.recipient, text()?),
                "SUBJECT" => contains(&stored.subject, text()?),
                "LARGER" => stored.size.get() > octets(text()?)?,
                "SMALLER" => stored.size.get() < octets(text()?)?,
                "UID" => {
                    let set = text()?;
                    in_set(set, message.uid, u32::MAX).ok_or(format!("BAD {set} is no set"))?
                }
                set => {
                    let place = u32::try_from(number).unwrap_or(u32::MAX);
                    in_set(set, place, u32::MAX).ok_or(format!("BAD {key} is no key known here"))?
                }
            };
            fits &= one != negated;
        }
        Ok(fits)
    }
}

fn octets(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("BAD {text} is no number of octets"))
}
