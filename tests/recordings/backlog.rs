//! Sessions that the test machine turned away, not the server.
//!
//! A server asks the kernel to keep so many connections waiting until it takes them on (`listen`
//! with a backlog). When many more sessions are opened at one instant, as in Exim's case 10b (100
//! sessions, backlog 20), the kernel of the test machine drops their packets or resets them: they
//! come seconds later, as repetitions fall, or never. The model knows no backlog, so such sessions
//! are left out of a recording before it is compared: those that were opened together, more of
//! them than fit the backlog, and never got a greeting. The others are replayed when the server
//! had them, and judged.

use std::collections::{BTreeMap, BTreeSet};

use crate::recording::{Recording, ServerParameters, Submission};

/// Takes the submissions of such sessions, and their outcomes, out of a recording. Returns how many.
pub(crate) fn leave_out(recording: &mut Recording) -> usize {
    let mut together: BTreeMap<(&str, u64), BTreeSet<u32>> = BTreeMap::new();
    for submission in &recording.submissions {
        if let Some(instant) = instant(submission) {
            let sessions = together.entry((&submission.session.to_server, instant)).or_default();
            sessions.insert(submission.session.no);
        }
    }
    let crowded = |submission: &Submission| {
        let server = &submission.session.to_server;
        let backlog = recording.settings_neutral.get(server).and_then(backlog);
        let sessions = instant(submission).and_then(|at| together.get(&(server.as_str(), at)));
        sessions.zip(backlog).is_some_and(|(sessions, backlog)| sessions.len() > backlog as usize)
    };
    let turned_away = |submission: &&Submission| {
        let no_greeting = match &submission.rejected {
            None => true,
            Some(reason) => {
                reason.starts_with("client: ConnectionError")
                    || reason.ends_with("(listen backlog)")
            }
        };
        submission.t_accept_s.is_none() && no_greeting && crowded(submission)
    };
    let ids: BTreeSet<String> =
        recording.submissions.iter().filter(turned_away).map(|s| s.id.clone()).collect();
    recording.submissions.retain(|submission| !ids.contains(&submission.id));
    recording.outcomes.retain(|outcome| !ids.contains(&outcome.id));
    ids.len()
}

/// Returns how many connections a server has the kernel keep for it, where that is known.
fn backlog(server: &ServerParameters) -> Option<u32> {
    // `SMTPD_BACKLOG` in OpenSMTPD's `smtpd-defines.h`.
    server.accept.backlog.or((server.server == "opensmtpd").then_some(5))
}

/// The instant at which a session was to be opened \[ms\].
fn instant(submission: &Submission) -> Option<u64> {
    submission.session.planned_t_s.map(|at| (at.max(0.0) * 1000.0) as u64)
}
