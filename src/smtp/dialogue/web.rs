//! What a browser and a server's web page say to each other, in place of an SMTP dialogue.

use crate::mail::Stage;

use super::words::spelt;
use super::{Script, reached};

impl Script<'_, '_> {
    /// A message written at the server's web page.
    pub(super) fn web_page(&mut self) {
        let about = self.about;
        let marks = &about.marks;
        if about.transaction <= 1 {
            let to = format!("connects to {} port {}", about.address, about.port);
            self.happens(Some(about.started), to);
            if !reached(marks.connected) {
                self.fail_at(Stage::Connect);
                return;
            }
            self.heard = Some(marks.connected);
            self.happens(self.heard, "connected");
            self.happens(self.heard, "TLS handshake");
            // When the handshake was over the trace does not hold.
            self.heard = None;
            self.client("POST /login (credentials)");
            if !reached(marks.auth) {
                self.fail_at(Stage::Auth);
                return;
            }
            self.server(Some(marks.auth), "200 OK");
        }
        let size = about.size.get();
        self.client(format!("POST /send (the message as written, {size} octets)"));
        if let Some(ending) = self.ends_at(Stage::Body) {
            self.happens(None, "the message breaks off on its way");
            self.fail(ending);
            return;
        }
        if !reached(marks.dot) {
            self.fail_at(Stage::Dot);
            return;
        }
        self.server(Some(marks.dot), "200 OK");
        for path in about.forward_paths {
            if let Some(reply) = path.refusal {
                let refusal = spelt(reply, Stage::Rcpt);
                self.server(Some(marks.dot), format!("(not sent to {}: {refusal})", path.address));
            }
        }
    }
}
