//! Folders: listing, making, and putting messages into them.

use super::fetch::flags_among;
use super::tokens::{Token, fits, spelt};
use super::{Done, Open, bad, is_seen};
use crate::message_store::account::{
    Account, Content, INBOX, JUNK, Message, OWN_MESSAGES, OWN_OCTETS, canonical,
};

/// The longest name of a folder \[octets\].
const NAME: usize = 1000;

fn name(arguments: &[Token], place: usize) -> Result<String, String> {
    let name = arguments.get(place).and_then(Token::text);
    let name = name.ok_or_else(|| bad("a folder has to be named, as INBOX"))?;
    if name.len() > NAME || name.contains(char::is_control) {
        return Err("NO [CANNOT] no folder has such a name".to_owned());
    }
    Ok(name)
}

pub(super) fn carry_out(
    verb: &str,
    arguments: &[Token],
    out: &mut Vec<u8>,
    account: &mut Account,
) -> Done {
    match verb {
        "LIST" | "LSUB" => list(verb, arguments, out, account)?,
        "STATUS" => status(arguments, out, account)?,
        "CREATE" => account.create(&name(arguments, 0)?)?,
        "DELETE" => {
            let name = name(arguments, 0)?;
            let name = canonical(&name);
            if [INBOX, JUNK].contains(&name) {
                return Err("NO [CANNOT] INBOX and Junk stay".to_owned());
            }
            account.folders.remove(name).ok_or("NO [NONEXISTENT] there is no such folder")?;
        }
        "RENAME" => {
            let (from, to) = (name(arguments, 0)?, name(arguments, 1)?);
            if [INBOX, JUNK].contains(&canonical(&from)) {
                return Err("NO [CANNOT] INBOX and Junk keep their names".to_owned());
            }
            account.rename(&from, &to)?;
        }
        // All folders are subscribed.
        _ => {}
    }
    Ok(format!("{verb} completed"))
}

fn list(
    verb: &str,
    arguments: &[Token],
    out: &mut Vec<u8>,
    account: &Account,
) -> Result<(), String> {
    let words: Vec<&Token> = arguments.iter().filter(|word| word.text().is_some()).collect();
    let [reference, pattern, ..] = words.as_slice() else {
        return Err(bad("write it as LIST \"\" \"*\""));
    };
    let (reference, pattern) =
        (reference.text().unwrap_or_default(), pattern.text().unwrap_or_default());
    if pattern.is_empty() {
        out.extend_from_slice(format!("* {verb} (\\Noselect) \"/\" \"\"\r\n").as_bytes());
        return Ok(());
    }
    let pattern = format!("{reference}{pattern}");
    if pattern.len() > NAME {
        return Err(bad("no folder has so long a name"));
    }
    for name in account.folders.keys() {
        let fit = match name.as_str() {
            INBOX => fits(pattern.to_ascii_uppercase().as_bytes(), INBOX.as_bytes()),
            name => fits(pattern.as_bytes(), name.as_bytes()),
        };
        if fit {
            // RFC 6154 §2.
            let use_of = match name.as_str() {
                JUNK => " \\Junk",
                "Sent" => " \\Sent",
                "Trash" => " \\Trash",
                "Drafts" => " \\Drafts",
                _ => "",
            };
            let inner = format!("{name}/");
            let has = account.folders.keys().any(|other| other.starts_with(&inner));
            let children = if has { "HasChildren" } else { "HasNoChildren" };
            let line = format!("* {verb} (\\{children}{use_of}) \"/\" {}\r\n", spelt(name));
            out.extend_from_slice(line.as_bytes());
        }
    }
    Ok(())
}

fn status(arguments: &[Token], out: &mut Vec<u8>, account: &mut Account) -> Result<(), String> {
    let name = name(arguments, 0)?;
    let items = arguments.get(1).ok_or_else(|| bad("STATUS needs items, as (MESSAGES UNSEEN)"))?;
    let folder = account.folder(&name).ok_or("NO [NONEXISTENT] there is no such folder")?;
    let count = |fits: &dyn Fn(&Message) -> bool| {
        folder.messages.iter().filter(|message| fits(message)).count() as u64
    };
    let mut told = Vec::new();
    for item in items.members() {
        let item = item.text().unwrap_or_default().to_ascii_uppercase();
        let number = match item.as_str() {
            "MESSAGES" => folder.messages.len() as u64,
            "RECENT" => 0,
            "UNSEEN" => count(&|message| !is_seen(message)),
            "UIDNEXT" => u64::from(folder.next_uid),
            "UIDVALIDITY" => u64::from(folder.validity),
            "SIZE" => folder.messages.iter().map(|message| message.size).sum(),
            "DELETED" => count(&|message| message.has("\\Deleted")),
            _ => return Err(bad("there is no such item of STATUS")),
        };
        told.push(format!("{item} {number}"));
    }
    let line = format!("* STATUS {} ({})\r\n", spelt(&name), told.join(" "));
    out.extend_from_slice(line.as_bytes());
    Ok(())
}

/// APPEND: folder, flags if any, a date if any, and the message.
pub(super) fn append(arguments: &[Token], account: &mut Account, now: &str) -> Done {
    let name = name(arguments, 0)?;
    let full = account.count() >= OWN_MESSAGES;
    if full {
        return Err("NO [OVERQUOTA] there are too many messages".to_owned());
    }
    if account.own_octets() > OWN_OCTETS {
        return Err("NO [OVERQUOTA] the mailbox is full".to_owned());
    }
    let folder = account.folder(&name).ok_or("NO [TRYCREATE] there is no such folder")?;
    let (mut flags, mut date) = (Vec::new(), now.to_owned());
    let [between @ .., Token::Word { octets, .. }] = &arguments[1..] else {
        return Err(bad("a message is to follow"));
    };
    for word in between {
        match word {
            Token::List(list) => flags = flags_among(list)?,
            Token::Word { octets, .. } => date = String::from_utf8_lossy(octets).into_owned(),
        }
    }
    let uid = folder.add("own", Content::Octets(octets.as_slice().into()), flags, date);
    Ok(format!("[APPENDUID {} {uid}] APPEND completed", folder.validity))
}

/// COPY and MOVE.
pub(super) fn copy(
    open: &Open,
    uid: bool,
    arguments: &[Token],
    account: &mut Account,
    moves: bool,
    out: &mut Vec<u8>,
) -> Done {
    let chosen: Vec<u32> =
        open.chosen(arguments.first(), uid)?.into_iter().map(|(_, uid)| uid).collect();
    let to = name(arguments, 1)?;
    if account.count() + chosen.len() > OWN_MESSAGES {
        return Err("NO [OVERQUOTA] there are too many messages".to_owned());
    }
    let from = account.folder(&open.name).ok_or("NO the folder is gone")?;
    let messages: Vec<_> =
        from.messages.iter().filter(|message| chosen.contains(&message.uid)).cloned().collect();
    let target = account.folder(&to).ok_or("NO [TRYCREATE] there is no such folder")?;
    let mut new = Vec::new();
    let old: Vec<String> = messages.iter().map(|message| message.uid.to_string()).collect();
    for message in messages {
        let Message { name, content, flags, date, .. } = message;
        new.push(target.add(&name, content, flags, date).to_string());
    }
    let validity = target.validity;
    if moves && let Some(from) = account.folder(&open.name) {
        from.remove(|message| chosen.contains(&message.uid));
    }
    let verb = if moves { "MOVE" } else { "COPY" };
    if new.is_empty() {
        return Ok(format!("{verb} completed"));
    }
    let code = format!("[COPYUID {validity} {} {}]", old.join(","), new.join(","));
    if moves {
        out.extend_from_slice(format!("* OK {code} moved\r\n").as_bytes());
        return Ok("MOVE completed".to_owned());
    }
    Ok(format!("{code} {verb} completed"))
}
