//! What an SMTP server has taken from somebody who typed, as mail of the scenario.

use std::sync::Arc;

use crate::units::{Octets, SimDuration, SimTime};

/// A message that a server took.
#[derive(Debug, Clone, PartialEq)]
pub struct Posted {
    /// The reverse path; none: the null path.
    pub from: Option<String>,
    /// The forward paths that were accepted.
    pub to: Vec<String>,
    /// When its first try began.
    pub at: SimTime,
    /// How long after that it was taken, where an earlier try was put off.
    pub again_after: Option<SimDuration>,
    /// Octets of header and body.
    pub size: Octets,
    /// Received fields in its header.
    pub received_fields: u32,
    /// The address in its From field.
    pub author: Option<String>,
    /// What content filters think of it.
    pub score: f64,
    /// Its octets, if they were kept.
    pub content: Option<Arc<[u8]>>,
    /// Whether MAIL declared the size.
    pub declares_size: bool,
    /// Whether the client had authenticated.
    pub authenticated: bool,
}

/// Returns a message as a `[[mail]]` of the scenario, submitted by host `client` to `server`; none:
/// it has the null reverse path, which only servers use.
#[must_use]
pub fn as_toml(posted: &Posted, client: &str, server: &str, port: u16) -> Option<String> {
    let from = posted.from.as_ref()?;
    let to: Vec<String> = posted.to.iter().map(|to| quoted(to)).collect();
    let at = posted.at.since_start().exact();
    // One who types does not try again by himself.
    let retry = posted.again_after.map_or("never".to_owned(), |wait| wait.exact().to_string());
    let mut text = format!(
        "[[mail]]\nfrom = {}\nto = [{}]\nat = \"{at}\"\nsize = \"{}B\"\n",
        quoted(from),
        to.join(", "),
        posted.size.get()
    );
    if posted.received_fields > 0 {
        text.push_str(&format!("received_fields = {}\n", posted.received_fields));
    }
    if let Some(author) = posted.author.as_ref().filter(|author| *author != from) {
        text.push_str(&format!("author = {}\n", quoted(author)));
    }
    if posted.score > 0.0 {
        text.push_str(&format!("score = {}\n", posted.score));
    }
    text.push_str(&format!(
        "submit = {{ client = {}, server = {}, port = {port}, retry = \"{retry}\", \
         declares_size = {}, authenticates = {} }}\n",
        quoted(client),
        quoted(server),
        posted.declares_size,
        posted.authenticated
    ));
    Some(text)
}

/// Returns a TOML basic string.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
