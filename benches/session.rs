//! The cost of one SMTP session, settled from greeting to the final dot.
//!
//! One unit is one session of one message of 20 kB between two Postfix servers. `calm` is nearly
//! every session of a run. In `outage_ahead` the server is cut off twice an hour, so that each
//! packet is held against the time lines. `deviating` meets a server with a rule in force.

mod common;

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use mailsim::fault::{Interval, Slowness, Timeline};
use mailsim::mail::{Mailbox, Reply, Stage, Status};
use mailsim::model::Scenario;
use mailsim::network::Bandwidth;
use mailsim::random::Distribution;
use mailsim::smtp::{
    ClientTls, Conditions, CrashFault, Deviation, Draws, GreylistRules, Letter, PortFault,
    RecipientPolicy, Replies, Rule, Rules, Session, Transaction, Wire,
};
use mailsim::trace::SessionMarks;
use mailsim::units::{Octets, SimDuration, SimTime};

/// Nothing is random.
struct NoDraws;

impl Draws for NoDraws {
    fn time(&mut self, _: &Distribution) -> SimDuration {
        SimDuration::ZERO
    }
}

/// Everybody is welcome.
struct Open;

impl RecipientPolicy for Open {
    fn reply(&mut self, _: usize, _: SimTime) -> Reply {
        Reply::new(250, Status::SUCCESS)
    }

    fn has_room(&self) -> bool {
        true
    }

    fn refuses_sender(&mut self, _: SimTime) -> Option<Reply> {
        None
    }

    fn greylist_passes(&mut self, _: usize, _: SimTime, _: SimDuration, _: &GreylistRules) -> bool {
        true
    }
}

/// What may befall the session.
#[derive(Default)]
struct Faults {
    never: Timeline<()>,
    port: Timeline<PortFault>,
    cuts: Timeline<()>,
    crashes: Timeline<CrashFault>,
    rules: Rules,
}

fn session(scenario: &Scenario, faults: &Faults, replies: &mut Vec<Option<Reply>>) -> Transaction {
    let now = SimTime::from_secs(1000);
    let cuts = [&faults.cuts, &faults.never, &faults.never, &faults.never, &faults.never];
    let mut session = Session {
        wire: Wire {
            ticking: None,
            latency: SimDuration::from_millis(10),
            bandwidth: Bandwidth::UNLIMITED,
            conditions: Conditions::new(now, &faults.port, cuts, &faults.crashes),
        },
        client: &scenario.hosts[0].client,
        server: &scenario.hosts[1].server,
        rules: faults.rules.before_mail(),
        connected: now,
        tls: ClientTls::Never,
        authenticates: false,
        requires_authentication: false,
        extended: true,
        knows_size_limit: true,
        refused_in_a_row: 0,
        closed: None,
    };
    let mut marks = SessionMarks::NONE;
    let begun = session.open(now, None, 1, &mut marks, &mut NoDraws).expect("the server greets");
    let recipients = [Mailbox::default()];
    let letter = Letter {
        recipients: &recipients,
        size: Octets(20_000),
        received_fields: 1,
        declares_size: true,
        international: false,
        is_first: true,
    };
    session.transact(begun, &letter, &mut Open, replies, &mut marks, &mut NoDraws)
}

fn sessions(criterion: &mut Criterion) {
    let scenario = common::retry_day(1);
    let hours = 0..48;
    let cuts = hours.map(|hour| {
        let from = SimTime::from_secs(hour * 1800 + 1500);
        (Interval { from, to: from + SimDuration::from_secs(60) }, ())
    });
    let always = Interval { from: SimTime::ZERO, to: SimTime::MAX };
    let by = Slowness::Delay(SimDuration::from_secs(1));
    let slow = Deviation::Slow { replies: Replies::Of(Stage::Greeting), by };
    let slow = vec![Rule { interval: always, deviation: slow, larger_than: None }];
    let cases = [
        ("calm", Faults::default()),
        ("outage_ahead", Faults { cuts: Timeline::new(cuts.collect()), ..Faults::default() }),
        ("deviating", Faults { rules: Rules::new(slow), ..Faults::default() }),
    ];
    let mut group = criterion.benchmark_group("session");
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    for (name, faults) in &cases {
        group.bench_function(*name, |bencher| {
            let mut replies = Vec::new();
            bencher.iter(|| {
                let transaction = session(black_box(&scenario), faults, &mut replies);
                assert!(transaction.failure.is_none());
                transaction.ended
            });
        });
    }
    group.finish();
}

criterion_group!(benches, sessions);
criterion_main!(benches);
