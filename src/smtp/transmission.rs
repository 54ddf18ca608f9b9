//! By which protocol a message came, as its Received field says (RFC 3848).

use crate::mail::TransmissionType;
use crate::trace::SessionMarks;

use super::{ClientSettings, ClientTls, ServerSettings, WEB_PORT};

/// Returns the keyword for a message that came by this port in the `transaction`-th transaction of its
/// connection. On a connection used again the stages before MAIL are those of its first transaction.
#[must_use]
pub fn transmission(
    port: u16,
    transaction: u32,
    marks: &SessionMarks,
    client: &ClientSettings,
    server: &ServerSettings,
) -> TransmissionType {
    if port == WEB_PORT {
        return TransmissionType::Http;
    }
    let again = transaction > 1;
    let submission = port != 25;
    let opportunistic = client.tls == ClientTls::Opportunistic && server.starttls;
    let reached = |mark| mark != crate::units::SimTime::MAX;
    let tls = reached(marks.tls) || port == 465 || again && (submission || opportunistic);
    let auth = reached(marks.auth) || again && submission;
    match (server.ehlo, tls, auth) {
        (false, ..) => TransmissionType::Smtp,
        (true, false, false) => TransmissionType::Esmtp,
        (true, true, false) => TransmissionType::Esmtps,
        (true, false, true) => TransmissionType::Esmtpa,
        (true, true, true) => TransmissionType::Esmtpsa,
    }
}
