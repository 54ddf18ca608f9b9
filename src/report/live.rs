//! What a page that is served holds besides: the data of its controls, and leave to ask its server.

use std::fmt::Write as _;

use super::html::escaped;
use super::player_data::inside_script;

/// What makes a page's player live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// The data of the controls as JSON; `src/player/source/live.ts` is the reading side.
    pub controls: String,
    /// The word by which the page's own script is told from any other, letters and digits.
    pub nonce: String,
}

impl Live {
    /// Returns what the page's content security policy says: the one script, and requests to the
    /// server that the page came from.
    pub(super) fn policy(&self) -> String {
        let nonce = escaped(&self.nonce);
        format!(
            "script-src 'nonce-{nonce}'; connect-src 'self'; form-action 'none'; base-uri 'none'; "
        )
    }

    /// Writes the data of the controls; returns the attribute of the page's script.
    pub(super) fn write_controls(&self, html: &mut String) -> String {
        // Writing to memory succeeds.
        let _ = writeln!(
            html,
            "<script type=\"application/json\" id=\"live\">{}</script>",
            inside_script(&self.controls)
        );
        format!(" nonce=\"{}\"", escaped(&self.nonce))
    }
}

#[cfg(test)]
mod tests {
    use super::Live;

    #[test]
    fn nothing_a_change_says_ends_the_element_that_holds_it() {
        let controls = "{\"title\":\"</script><script>\"}".to_owned();
        let live = Live { controls, nonce: "n\"".to_owned() };
        let mut html = String::new();
        assert_eq!(live.write_controls(&mut html), " nonce=\"n&quot;\"");
        assert_eq!(html.matches("</script>").count(), 1, "{html}");
        assert!(live.policy().contains("'nonce-n&quot;'"));
    }
}
