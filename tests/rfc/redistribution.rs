//! Aliases, lists and automatic replies (RFC 5321 §3.9, RFC 3834): what mailboxes do by themselves.

use mailsim::mail::{MailboxNames as _, MessageKind, Status};
use mailsim::scenario::{Source, load};
use mailsim::story::origin_fields;

use crate::common::{End, Run, Story, run};
use crate::network::{network, one_exchanger};

/// Mail to one address of `b.example`, which has these lists and responders.
fn with(to: &str, more: &str) -> Run {
    let rest = one_exchanger("") + more;
    run(&network("1h", "\"rfc5321\"", &format!("\"{to}\""), "\"0s\"", &rest))
}

const STAFF: &str = "[[list]]\naddress = \"staff@b.example\"\nmembers = [\"bob@b.example\", \
                     \"ghost@b.example\"]\n";

fn recipients<'r>(run: &'r Run, kind: MessageKind) -> Vec<(String, &'r Story)> {
    let name = |story: &'r Story| (run.scenario.mailbox(story.created.mailbox), story);
    run.of_kind(kind).into_iter().map(name).collect()
}

/// RFC 5321 §3.9.1 and §3.9.2, read there: an alias keeps the reverse path, so its author is told of
/// failures; a list puts its owner's there, so the owner is.
#[test]
fn rfc_addr_10_an_alias_keeps_the_reverse_path_and_a_list_does_not() {
    for (owner, told) in
        [("", "alice@a.example"), ("owner = \"carol@b.example\"\n", "carol@b.example")]
    {
        let run = with("staff@b.example", &format!("{STAFF}{owner}"));
        assert_eq!(run.only().end(), End::Delivered, "the list has it");
        let mut copies = recipients(&run, MessageKind::ListCopy);
        copies.sort_by(|one, other| one.0.cmp(&other.0));
        let names: Vec<&str> = copies.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["bob@b.example", "ghost@b.example"]);
        assert_eq!([copies[0].1.end(), copies[1].1.end()], [End::Delivered, End::Failed]);
        for (_, story) in &copies {
            let sender = story.created.sender.expect("a reverse path");
            assert_eq!(run.scenario.mailbox(sender), told);
        }
        let notices = recipients(&run, MessageKind::FailureNotice);
        assert_eq!(notices.len(), 1);
        assert_eq!((notices[0].0.as_str(), notices[0].1.end()), (told, End::Delivered));
    }
}

/// Every name of a message stands for one message, whatever is made about what.
#[test]
fn copies_and_notices_about_them_have_names_of_their_own() {
    let run = with("staff@b.example", STAFF);
    let mut keys: Vec<_> = run.stories.iter().map(|s| (s.created.key, s.created.kind)).collect();
    keys.dedup();
    let mut names: Vec<_> = keys.iter().map(|(key, _)| *key).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!((keys.len(), names.len()), (3, 3), "{keys:?}");
}

/// RFC 5321 §6.3: two aliases that stand for each other are stopped by their Received fields. A
/// scenario must say that it wants that.
#[test]
fn rfc_loop_01_aliases_that_stand_for_each_other_are_stopped() {
    let lists = "[[list]]\naddress = \"x@b.example\"\nmembers = [\"y@b.example\"]\n\
                 [[list]]\naddress = \"y@b.example\"\nmembers = [\"x@b.example\"]\n";
    let rest = one_exchanger("mta = \"rfc5321\"") + lists;
    let text = network("1h", "\"rfc5321\"", "\"x@b.example\"", "\"0s\"", &rest);
    let nothing = |name: &str| Err(format!("{name}: no files"));
    let refused = load(&Source { file: "loop.toml", text: &text, read_file: &nothing }, &[]);
    assert!(
        refused.is_err_and(|problems| problems.to_string().contains("x@b.example > y@b.example"))
    );
    let run = run(&format!("allow_loops = true\n{text}"));
    let copies = run.of_kind(MessageKind::ListCopy);
    // The message came with two fields, each copy has one more, and the hundredth is never written.
    assert_eq!(copies.len(), 97);
    let failed: Vec<&&Story> = copies.iter().filter(|story| story.end() == End::Failed).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].only_ending().status, Status::ROUTING_LOOP);
    assert_eq!(run.failure_notices(), 1);
}

/// RFC 5321 §4.5.5: a notice that an alias sends on keeps its null path, and nobody answers it.
#[test]
fn rfc_bnc_06_null_reverse_paths_are_kept_and_not_answered() {
    // Alice's mail bounces; her address is an alias for Bob, who is away.
    let more = "[[list]]\naddress = \"alice@a.example\"\nmembers = [\"bob@b.example\"]\n\
                [[responder]]\nmailbox = \"bob@b.example\"\n";
    let run = with("nobody@b.example", more);
    assert_eq!(run.failure_notices(), 1);
    let copies = recipients(&run, MessageKind::ListCopy);
    assert_eq!(copies.len(), 1);
    assert_eq!((copies[0].0.as_str(), copies[0].1.end()), ("bob@b.example", End::Delivered));
    assert_eq!(copies[0].1.created.sender, None);
    assert_eq!(run.of_kind(MessageKind::AutomaticReply).len(), 0);
}

/// RFC 3834 §2: people who write are answered; lists, other replies and notices are not, so two who
/// are both away do not go on for ever.
#[test]
fn rfc_auto_01_replies_answer_people_alone() {
    let away = |names: &[&str]| -> String {
        names.iter().map(|name| format!("[[responder]]\nmailbox = \"{name}\"\n")).collect()
    };
    let replies = |run: &Run| run.of_kind(MessageKind::AutomaticReply).len();
    let both = with("bob@b.example", &away(&["bob@b.example", "alice@a.example"]));
    assert_eq!(replies(&both), 1);
    let reply = both.of_kind(MessageKind::AutomaticReply)[0];
    assert_eq!(
        (Some(reply.created.mailbox), reply.end()),
        (both.only().created.sender, End::Delivered)
    );
    // RFC 3834 §3.3: with a null reverse path, so that nothing comes of it.
    assert_eq!(reply.created.sender, None);
    let list = with("staff@b.example", &(STAFF.to_owned() + &away(&["bob@b.example"])));
    assert_eq!(replies(&list), 0);
}

/// RFC 3834 §2: a correspondent is answered once in several days.
#[test]
fn rfc_auto_03_one_reply_in_a_week() {
    let rest = one_exchanger("") + "[[responder]]\nmailbox = \"bob@b.example\"\nevery = \"7d\"\n";
    let days: Vec<String> = (0..10).map(|day| format!("\"{day}d\"")).collect();
    let text = network("12d", "\"rfc5321\"", "\"bob@b.example\"", &days.join(", "), &rest);
    let run = run(&text);
    let mut times: Vec<u64> = run
        .of_kind(MessageKind::AutomaticReply)
        .iter()
        .map(|story| story.at.since_start().as_secs() / 86_400)
        .collect();
    times.sort_unstable();
    assert_eq!(times, [0, 7]);
}

/// RFC 3834 §2: two who are away write to each other for ever only where every rule is broken at once;
/// any one of them ends it.
#[test]
fn rfc_auto_01_each_rule_ends_a_loop_of_replies() {
    let responder = |mailbox: &str, rules: &[&str]| {
        format!("[[responder]]\nmailbox = \"{mailbox}\"\n{}\n", rules.join("\n"))
    };
    let replies = |bob: &[&str], alice: &[&str]| {
        let both = responder("bob@b.example", bob) + &responder("alice@a.example", alice);
        with("bob@b.example", &both).of_kind(MessageKind::AutomaticReply).len()
    };
    let broken = [
        "every = \"0s\"",
        "answers = \"everything\"",
        "reverse_path = \"mailbox\"",
        "auto_submitted = false",
    ];
    // An hour of replies, each delivered within some tenths of a second.
    assert!(replies(&broken, &broken) > 3_600);
    let but = |place: usize, rule: &'static str| {
        let mut rules = broken;
        rules[place] = rule;
        rules
    };
    // Bob answers Alice, Alice answers Bob, and Bob has answered her this week.
    assert_eq!(replies(&but(0, "every = \"7d\""), &broken), 2);
    // Nobody can answer Bob's reply.
    assert_eq!(replies(&but(2, ""), &broken), 1);
    // Bob's reply is marked, and Alice answers people only.
    assert_eq!(replies(&but(3, ""), &but(1, "")), 1);
    // It is marked, and Alice does not care; or she would, and it is not.
    assert!(replies(&but(3, ""), &broken) > 3_600);
    assert!(replies(&broken, &but(1, "")) > 3_600);
}

/// RFC 3834 §2 and §4: a reply to a copy of a list goes to its reverse path, the owner, and never to
/// the list; whoever heeds the rules sends none.
#[test]
fn rfc_auto_02_replies_to_a_list_reach_its_owner() {
    let list = STAFF.to_owned() + "owner = \"carol@b.example\"\n";
    let away = "[[responder]]\nmailbox = \"bob@b.example\"\nanswers = \"everything\"\n";
    let run = with("staff@b.example", &(list.clone() + away));
    let told: Vec<String> =
        recipients(&run, MessageKind::AutomaticReply).into_iter().map(|(name, _)| name).collect();
    assert_eq!(told, ["carol@b.example"]);
    let heeds = "[[responder]]\nmailbox = \"bob@b.example\"\n";
    assert_eq!(
        with("staff@b.example", &(list + heeds)).of_kind(MessageKind::AutomaticReply).len(),
        0
    );
}

/// The fields by which programs know programs: RFC 3834 §5, RFC 2919 §2.
#[test]
fn messages_of_programs_say_so_in_their_header() {
    let list = STAFF.to_owned() + "owner = \"alice@a.example\"\n";
    let away = "[[responder]]\nmailbox = \"bob@b.example\"\nanswers = \"everything\"\n";
    let run = with("staff@b.example", &(list + away));
    let said = |kind: MessageKind| origin_fields(&run.scenario, &run.of_kind(kind)[0].created);
    assert_eq!(said(MessageKind::AutomaticReply), ["Auto-Submitted: auto-replied"]);
    assert_eq!(said(MessageKind::FailureNotice), ["Auto-Submitted: auto-replied"]);
    assert_eq!(said(MessageKind::ListCopy), ["List-Id: <staff.b.example>", "Precedence: list"]);
    let alias = with("staff@b.example", STAFF);
    let copy = alias.of_kind(MessageKind::ListCopy)[0];
    assert!(origin_fields(&alias.scenario, &copy.created).is_empty());
    assert!(origin_fields(&alias.scenario, &alias.only().created).is_empty());
}
