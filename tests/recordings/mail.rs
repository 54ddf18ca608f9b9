//! What is sent in a recording, and what is done to its servers.

use std::collections::BTreeMap;

use mailsim::fault::Interval;
use mailsim::mail::HostId;
use mailsim::model::{Action, Command};
use mailsim::random::Distribution;
use mailsim::units::{Octets, SimTime};
use mailsim::workload::{
    Arrivals, Correspondents, Encoding, MailEntry, NoticeWishes, Replayed, Sizes,
    SubmissionSettings,
};

use crate::names::Names;
use crate::recording::{Action as Done, Recording, Submission};
use crate::sink::{interval, seconds};

/// Makes one entry of each session of the MUA. Messages of one session that differ in what an
/// entry fixes for all its messages go into entries, and so sessions, of their own.
pub(crate) fn mail(
    recording: &Recording,
    names: &Names,
    mua: Option<HostId>,
) -> Result<(Vec<MailEntry>, Vec<Vec<usize>>), String> {
    type Key = (u32, u32, bool);
    let received = |submission: &Submission| {
        let lines = submission.extra_headers.lines();
        lines.filter(|line| line.to_ascii_lowercase().starts_with("received:")).count()
    };
    let mut sessions: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (index, submission) in recording.submissions.iter().enumerate() {
        let fields = u32::try_from(received(submission)).map_err(|error| error.to_string())?;
        let key = (submission.session.no, fields, submission.declare_size);
        sessions.entry(key).or_default().push(index);
    }
    let (mut entries, mut members) = (Vec::new(), Vec::new());
    for ((_, received_fields, declares_size), mut session) in sessions {
        session.sort_by_key(|&index| recording.submissions[index].session.order);
        let first = &recording.submissions[session[0]];
        let at = seconds(first.t_s);
        let replay =
            session.iter().map(|&index| replayed(&recording.submissions[index], at, names));
        let replay = replay.collect::<Result<Vec<_>, String>>()?;
        entries.push(MailEntry {
            name: String::new(),
            from: Correspondents::One(replay[0].from),
            to: replay[0].to.iter().copied().map(Correspondents::One).collect(),
            cc: 0,
            bcc: 0,
            arrivals: Arrivals::Replay,
            waiting: Vec::new(),
            size: Sizes {
                text: Distribution::Constant(0.0),
                attachment: None,
                encoding: Encoding::BASE64,
            },
            window: interval(None, None),
            limit: None,
            submission: SubmissionSettings {
                client: mua,
                server: names.host(&first.session.to_server)?,
                further_servers: Vec::new(),
                port: 25,
                messages_per_session: HostId::from_index(session.len()).0,
                parallel_sessions: 1,
                outbox_retry: None,
                declares_size,
                authenticates: true,
                verifies: false,
            },
            received_fields,
            author: None,
            score: None,
            unwanted_share: 0.0,
            notices: NoticeWishes::default(),
            replay,
        });
        members.push(session);
    }
    Ok((entries, members))
}

fn replayed(submission: &Submission, at: SimTime, names: &Names) -> Result<Replayed, String> {
    Ok(Replayed {
        at,
        from: names.mailbox(&submission.from)?,
        to: submission.to.iter().map(|to| names.mailbox(to)).collect::<Result<_, _>>()?,
        size: Octets(submission.size_bytes),
    })
}

pub(crate) type Actions = (Vec<Action>, Vec<(usize, Interval)>);

pub(crate) fn actions(recording: &Recording, names: &Names) -> Result<Actions, String> {
    let (mut actions, mut flushes) = (Vec::new(), Vec::new());
    for done in &recording.timeline.actions {
        let end = done.done_s.unwrap_or(done.t_s);
        let (what, at) = match done.action.as_str() {
            "queue_flush" => {
                let within = interval(Some(done.t_s), Some(end));
                flushes.push((actions.len(), within));
                (Command::Flush, done.t_s)
            }
            // An outage (see `sink.rs`), which ends when the server is started again.
            "server_abort" => continue,
            "server_start" if ends_a_crash(recording, done) => continue,
            "server_stop" => (Command::Stop, done.t_s),
            "server_start" => (Command::Start, end),
            _ => return Err(unknown_action(done)),
        };
        actions.push(Action { at: seconds(at), host: names.host(&done.host)?, what });
    }
    Ok((actions, flushes))
}

/// Returns whether a server that is started had been killed rather than stopped.
fn ends_a_crash(recording: &Recording, started: &Done) -> bool {
    let mut before = recording.timeline.actions.iter().filter(|done| {
        let ends = ["server_abort", "server_stop"].contains(&&*done.action);
        ends && done.host == started.host && done.t_s < started.t_s
    });
    before.next_back().is_some_and(|done| done.action == "server_abort")
}

fn unknown_action(done: &Done) -> String {
    format!("the action `{}` is not modelled", done.action)
}
