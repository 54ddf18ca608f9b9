//! The scenario of one session of case 14: a client, a relay and a server.

use mailsim::dns::{Name, NameId, Records, Zone};
use mailsim::fault::Interval;
use mailsim::mail::{DomainId, HostId, Mailbox};
use mailsim::model::{Domain, Host, NextHop, Roles, Routing, Scenario};
use mailsim::network::{Address, AddressFamily, AddressId, Path, Topology};
use mailsim::profiles;
use mailsim::random::Distribution;
use mailsim::smtp::ClientTls;
use mailsim::units::{BitRate, Octets, SimDuration, SimTime};
use mailsim::workload::{
    Arrivals, Correspondents, Encoding, MailEntry, NoticeWishes, Replayed, Sizes,
    SubmissionSettings,
};

use crate::timing::Session;

/// The host that sends.
pub(crate) const RELAY: HostId = HostId(0);
const SERVER: HostId = HostId(1);
const MUA: HostId = HostId(2);

/// Returns the scenario of `session` with another round trip.
///
/// # Errors
/// What the recording says and the model does not know.
pub(crate) fn scenario(session: &Session, rtt_ms: f64) -> Result<Scenario, String> {
    let rate = session.rate_mbit.filter(|_| rtt_ms > 0.0);
    let default_path = Path {
        latency: SimDuration::from_secs_f64(rtt_ms / 2000.0),
        jitter: SimDuration::ZERO,
        bandwidth: rate.map(|mbit| BitRate::from_bits_per_second((mbit * 1e6) as u64)).into(),
        intermediate: Vec::new(),
    };
    let duration = SimDuration::from_secs(60);
    let mailbox = |domain, local| Mailbox { domain: DomainId(domain), local };
    let recipients = HostId::from_index(session.recipients).0;
    let message = Replayed {
        at: SimTime::from_secs(1),
        from: mailbox(0, 0),
        to: (0..recipients).map(|local| mailbox(1, local)).collect(),
        size: Octets(session.size_bytes),
    };
    Ok(Scenario {
        name: "session".to_owned(),
        title: String::new(),
        question: String::new(),
        look_for: String::new(),
        passwords: Vec::new(),
        seed: 1,
        replication: 0,
        duration,
        sample_every: duration,
        hosts: hosts(session)?,
        addresses: (0..3).map(address).collect(),
        topology: Topology::new(3, Vec::new(), default_path),
        zone: Zone { names: (0..5).map(name).collect() },
        domains: vec![domain(0, 1), domain(1, recipients)],
        mail: vec![entry(session, message)],
        published: Default::default(),
        automatic: Default::default(),
        reading: Vec::new(),
        outages: Vec::new(),
        actions: Vec::new(),
        windows: Vec::new(),
        figures: Vec::new(),
        expectations: Vec::new(),
        notes: Vec::new(),
        elsewhere: None,
        guests: Default::default(),
        inputs: Vec::new(),
    })
}

fn hosts(session: &Session) -> Result<Vec<Host>, String> {
    let mut relay = profiles::postfix();
    relay.client.tls = ClientTls::Opportunistic;
    let mut server = match session.server.as_str() {
        "pipelining" | "no_pipelining" => profiles::sink(),
        "pipelining+postfix receiver" => profiles::postfix(),
        other => return Err(format!("unknown word `{other}` in sessions[].server")),
    };
    server.server.pipelining = session.pipelines();
    server.server.starttls = session.starttls.is_some();
    let routing = [
        Routing {
            relays_all: true,
            smart_host: Some(NextHop::Address(SERVER)),
            ..Routing::default()
        },
        Routing { local: vec![DomainId(0), DomainId(1)], ..Routing::default() },
        Routing::default(),
    ];
    let roles = [
        Roles { submission: true, relay: true, ..Roles::default() },
        Roles { mx: true, store: true, ..Roles::default() },
        Roles { mua: true, ..Roles::default() },
    ];
    let profiles = [relay, server, profiles::none()];
    let parts = profiles.into_iter().zip(routing).zip(roles).enumerate();
    Ok(parts
        .map(|(index, ((profile, routing), roles))| Host {
            name: format!("host{index}.test"),
            outside: false,
            roles,
            addresses: vec![AddressId(HostId::from_index(index).0)],
            dns: NameId(HostId::from_index(index).0),
            profile: profile.name.to_owned(),
            queue: profile.queue.into(),
            client: profile.client.into(),
            server: profile.server.into(),
            routing,
            resolver: mailsim::dns::ResolverSettings::default().into(),
            delivery_processes: None,
            local_processes: None,
            queue_disk: None,
            clock_error_ns: 0,
            standing: Default::default(),
            dedicated_addresses: Vec::new(),
            source_choice: Default::default(),
            screening: None,
            behind_proxy: None,
            proxy_protocol: false,
            knows_proxy_address: false,
        })
        .collect())
}

fn address(host: u32) -> Address {
    Address {
        host: HostId(host),
        literal: format!("10.9.0.{}", host + 1),
        family: AddressFamily::V4,
    }
}

/// Names 0 to 2 are those of the hosts, 3 and 4 those of the domains.
fn name(index: u32) -> Name {
    let mut records = Records { exists: true, ..Records::default() };
    if index < 3 {
        records.addresses.push(AddressId(index));
    }
    let text = if index < 3 { format!("host{index}.test") } else { format!("domain{index}.test") };
    Name { text, revisions: vec![(SimTime::ZERO, records)] }
}

fn domain(index: u32, mailboxes: u32) -> Domain {
    Domain {
        name: format!("domain{}.test", index + 3),
        dns: NameId(index + 3),
        named: Vec::new(),
        mailboxes,
        unknown: Vec::new(),
        also: Default::default(),
        mistyped: Default::default(),
        stray_dots: Default::default(),
        store: Some(SERVER),
    }
}

fn entry(session: &Session, message: Replayed) -> MailEntry {
    MailEntry {
        name: String::new(),
        from: Correspondents::One(message.from),
        to: message.to.iter().copied().map(Correspondents::One).collect(),
        cc: 0,
        bcc: 0,
        arrivals: Arrivals::Replay,
        waiting: Vec::new(),
        size: Sizes {
            text: Distribution::Constant(0.0),
            attachment: None,
            encoding: Encoding::BASE64,
        },
        window: Interval { from: SimTime::ZERO, to: SimTime::MAX },
        limit: None,
        submission: SubmissionSettings {
            client: Some(MUA),
            server: RELAY,
            further_servers: Vec::new(),
            port: 25,
            // The client's own round trips must not keep the messages apart.
            messages_per_session: 1,
            parallel_sessions: HostId::from_index(session.messages).0,
            outbox_retry: None,
            declares_size: false,
            authenticates: true,
            verifies: false,
        },
        received_fields: 0,
        author: None,
        score: None,
        unwanted_share: 0.0,
        notices: NoticeWishes::default(),
        replay: vec![message; session.messages],
    }
}
