//! How much a server takes from whom: limits over a sliding window, messages for each connection,
//! reputation of addresses.

mod common;

use common::{End, Run, Story, run};
use mailsim::mail::{AttemptOutcome, Stage, Status};
use mailsim::trace::Fact;
use mailsim::units::SimDuration;

/// A sender with a schedule of ten minutes, and a provider with what `provider` adds.
fn network(sender: &str, provider: &str, mail: &str) -> Run {
    run(&format!(
        r#"
title = "a sender and a provider"
duration = "4d"
[[host]]
name = "out.src.example"
roles = ["submission", "store"]
mta = {{ profile = "rfc5321", gaps = ["10m"], lifetime = "2d" }}
{sender}
[[host]]
name = "mx.provider.example"
roles = ["mx", "store"]
{provider}
[[domain]]
name = "src.example"
mx = [{{ host = "out.src.example", preference = 10 }}]
mailboxes = {{ count = 1000 }}
[[domain]]
name = "other.example"
mx = [{{ host = "out.src.example", preference = 10 }}]
mailboxes = ["carol"]
[[domain]]
name = "provider.example"
mx = [{{ host = "mx.provider.example", preference = 10 }}]
mailboxes = {{ count = 1000 }}
{mail}
"#
    ))
}

fn burst(count: u32, rest: &str) -> String {
    format!("[[mail]]\narrivals = {{ burst = {count} }}\ncount = {count}\n{rest}\n")
}

/// Returns the replies that refused a story's tries.
fn refusals(story: &Story) -> Vec<(u16, Stage)> {
    let refused = story.attempts.iter().filter(|fact| fact.outcome != AttemptOutcome::Accepted);
    refused.filter_map(|fact| fact.reply.map(|reply| (reply.code, fact.stage))).collect()
}

/// Returns the times at which the provider took mail, in order.
fn taken(run: &Run) -> Vec<f64> {
    let provider = run.host("mx.provider.example");
    let mut times: Vec<f64> = run
        .facts
        .iter()
        .filter(|(_, fact)| matches!(fact, Fact::Accepted { by, .. } if *by == provider))
        .map(|(at, _)| at.as_secs_f64())
        .collect();
    times.sort_by(f64::total_cmp);
    times
}

/// Returns the most that was taken within any window of `span` seconds.
fn most_within(times: &[f64], span: f64) -> usize {
    let within = |&from: &f64| times.iter().filter(|at| (from..from + span).contains(*at)).count();
    times.iter().map(within).max().unwrap_or(0)
}

#[test]
fn an_account_sends_its_share_within_a_sliding_day_and_no_more() {
    // Twelve messages an hour apart, at most ten within 6 h: all pass. Then twenty at once.
    let limits = "limits = [{ per = \"sender\", most = 10, within = \"6h\", \
                  reply = \"550 5.4.5\", on = \"submission\" }]";
    let hourly = "[[mail]]\nfrom = \"user00001@src.example\"\nto = [\"user00001@provider.example\"]\n\
                  arrivals = { every = \"1h\" }\ncount = 12\n";
    let run = network(limits, "", hourly);
    assert_eq!(run.mail().len(), 12);
    assert!(run.mail().iter().all(|story| story.end() == End::Delivered));

    let from = "from = \"user00001@src.example\"\nto = [\"user00001@provider.example\"]";
    let others = "from = \"user00002@src.example\"\nto = [\"user00001@provider.example\"]";
    let mail = burst(20, &format!("{from}\nsubmit = {{ messages_per_session = 1000 }}"))
        + &burst(5, others)
        + &format!("[[mail]]\n{from}\nat = \"6h1m\"\n");
    let run = network(limits, "", &mail);
    let by = |entry| -> Vec<&Story> {
        let of = |story: &&&Story| story.created.key.to_string().starts_with(&format!("{entry}-"));
        run.stories.iter().filter(|story| of(&story)).collect()
    };
    let failed: Vec<_> = by(1).into_iter().filter(|story| story.end() == End::Failed).collect();
    assert_eq!(failed.len(), 10, "half of the burst is refused");
    for story in failed {
        assert_eq!(refusals(story), [(550, Stage::Mail)]);
        assert_eq!(story.only_ending().status, Status::new(5, 4, 5));
    }
    // Another account has a share of its own, and after six hours this one has room again.
    assert!(by(2).iter().chain(&by(3)).all(|story| story.end() == End::Delivered));
}

#[test]
fn a_mailbox_takes_sixty_a_minute_and_the_rest_waits_with_its_sender() {
    let mail =
        burst(200, "from = { domain = \"src.example\" }\nto = [\"user00001@provider.example\"]")
            + &burst(
                30,
                "from = { domain = \"src.example\" }\nto = [\"user00002@provider.example\"]",
            );
    let run = network("", "mta = \"gmail\"", &mail);
    assert!(run.mail().iter().all(|story| story.end() == End::Delivered));
    // Judged when a session begins, so the sessions under way at the edge may overshoot: one
    // sender's 20 at once.
    let own: Vec<_> = run.mail().into_iter().filter(|s| s.created.mailbox.local == 0).collect();
    assert_eq!(own.len(), 200);
    let deferred = own.iter().filter(|story| !refusals(story).is_empty()).count();
    assert!((120..=140).contains(&deferred), "{deferred} of 200 were deferred at first");
    for story in &own {
        assert!(refusals(story).iter().all(|refusal| *refusal == (450, Stage::Rcpt)));
    }
    let others = run.mail().into_iter().filter(|s| s.created.mailbox.local == 1);
    assert!(others.into_iter().all(|story| refusals(story).is_empty()));
}

#[test]
fn a_connection_carries_twenty_messages() {
    let mail = burst(
        50,
        "from = \"user00001@src.example\"\nto = [{ domain = \"provider.example\" }]\nsubmit = { parallel_sessions = 50 }",
    );
    let sender = "capacity = { delivery_processes = 1 }";
    let provider = "mta = { profile = \"postfix\", messages_per_connection = 20 }";
    let run = run(&format!(
        r#"
title = "one connection at a time"
duration = "1h"
[[host]]
name = "out.src.example"
roles = ["submission", "store"]
{sender}
[[host]]
name = "mx.provider.example"
roles = ["mx", "store"]
{provider}
[[domain]]
name = "src.example"
mx = [{{ host = "out.src.example", preference = 10 }}]
mailboxes = {{ count = 10 }}
[[domain]]
name = "provider.example"
mx = [{{ host = "mx.provider.example", preference = 10 }}]
mailboxes = {{ count = 100 }}
{mail}
"#
    ));
    let sender = run.host("out.src.example");
    let ordinals: Vec<u32> = run
        .mail()
        .iter()
        .flat_map(|story| story.tries_of(sender))
        .map(|fact| fact.transaction)
        .collect();
    assert_eq!(ordinals.len(), 50, "nobody is deferred");
    assert_eq!(ordinals.iter().max(), Some(&20));
    assert!(ordinals.iter().filter(|ordinal| **ordinal == 1).count() >= 3);
}

#[test]
fn a_new_address_warms_up_day_by_day() {
    let reputation = "[host.reputation]\nwarm_up = [10, 20, 40]";
    let mail =
        burst(100, "from = { domain = \"src.example\" }\nto = [{ domain = \"provider.example\" }]");
    let sender = "standing = \"new\"\ncapacity = { delivery_processes = 1 }";
    let provider = format!("mta = \"rfc5321\"\n{reputation}");
    let known = network("capacity = { delivery_processes = 1 }", &provider, &mail);
    assert!(taken(&known).iter().all(|at| *at < 600.0), "a known address waits for nothing");
    let new = network(sender, &provider, &mail);
    let times = taken(&new);
    // One delivery at a time, so the count is exact: 10 on the first day, 20 on the second; what is
    // left then is past its lifetime of two days at the next attempt but for what the third day
    // takes first.
    let day = 86_400.0;
    let first = times[0];
    let on = |number: f64| {
        let from = first + number * day;
        times.iter().filter(|at| (from..from + day).contains(*at)).count()
    };
    assert_eq!((on(0.0), on(1.0)), (10, 20));
    assert!(on(2.0) <= 40);
    assert_eq!(most_within(&times, 3600.0), on(1.0).max(on(0.0)).max(on(2.0)));
}

#[test]
fn a_bad_address_is_deferred_until_its_sender_gives_up() {
    let mail =
        "[[mail]]\nfrom = \"user00001@src.example\"\nto = [\"user00001@provider.example\"]\n";
    let run = network("standing = \"bad\"", "mta = \"yahoo\"", mail);
    let story = run.only();
    assert_eq!(story.end(), End::Failed);
    let refused = refusals(story);
    // Every ten minutes for two days.
    assert!((280..=290).contains(&refused.len()), "{}", refused.len());
    assert!(refused.iter().all(|refusal| *refusal == (421, Stage::Mail)));
    assert_eq!(run.failure_notices(), 1);
}

#[test]
fn a_neighbour_spoils_the_pool_and_not_the_dedicated_address() {
    let sender = "addresses = [\"192.0.2.1\", \"192.0.2.2\", \"192.0.2.3\"]\n\
                  dedicated_addresses = { \"other.example\" = \"192.0.2.3\" }";
    let provider = "mta = \"rfc5321\"\n[host.reputation]\nunwanted_share = 0.1\njudged_from = 20\n\
                    bad_for = \"12h\"";
    // 200 messages, half of them unwanted, from one domain; later clean mail of another account of
    // the same domain and of the domain with an address of its own.
    let to = "to = [{ domain = \"provider.example\" }]";
    let mail = burst(
        200,
        &format!(
            "from = \"user00001@src.example\"\n{to}\nunwanted = 0.5\nsubmit = {{ parallel_sessions = 200 }}"
        ),
    ) + &format!("[[mail]]\nfrom = \"user00002@src.example\"\n{to}\nat = \"2h\"\n")
        + &format!("[[mail]]\nfrom = \"carol@other.example\"\n{to}\nat = \"2h\"\n");
    let run = network(sender, provider, &mail);
    let of = |entry: &str| {
        let found = run.stories.iter().find(|s| s.created.key.to_string() == entry);
        found.unwrap_or_else(|| panic!("no message {entry}"))
    };
    let (pool, dedicated) = (of("2-1"), of("3-1"));
    assert!(dedicated.latency() < SimDuration::from_minutes(1));
    assert!(pool.latency() >= SimDuration::from_hours(9), "{:?}", pool.latency());
    assert!(refusals(pool).iter().all(|refusal| *refusal == (421, Stage::Mail)));
}
