//! What strangers may hand to mailsim, and where it goes: one function for each kind, which takes any
//! octets and must come back. cargo-fuzz calls them by way of `targets`; the tests call them with the
//! corpus and with all that was ever found.
#![allow(dead_code, unused_imports, reason = "each target feeds one of them")]

mod folder;
mod http;
mod import;
mod replay;
mod scenario;
mod study;
mod talk;

pub(crate) use folder::folder;
pub(crate) use http::http;
pub(crate) use import::import;
pub(crate) use replay::replay;
pub(crate) use scenario::scenario;
pub(crate) use study::study;
pub(crate) use talk::talk;

/// Two sites with a server each, and a mail.
const SMALL: &str = include_str!("../../../scenarios/first-message.toml");

/// Returns a text that is worth reading: what names large numbers takes long, and is no other case.
fn text_of(data: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(data).ok()?;
    let large =
        text.split(|c: char| !c.is_ascii_digit() && c != '_').any(|digits| digits.len() > 5);
    (!large).then_some(text)
}

/// The files that a scenario names are not there.
fn nothing(name: &str) -> Result<String, String> {
    Err(format!("{name}: there are no files"))
}
