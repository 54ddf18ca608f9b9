//! Experiments drawn from a seed: the server's settings, domains and their exchangers, what goes
//! wrong, and what is sent.

use mailsim::random::{Draw as _, Purpose, Streams};
use rand_chacha::ChaCha8Rng;

use crate::laboratory::experiment::{
    Domain, Experiment, Fault, HOME, KNOWN, Mail, Sink, Stage, UNKNOWN, What,
};

/// Nothing is watched for longer than this [s].
const LONGEST: f64 = 90.0;

/// What is drawn from.
struct Dice(ChaCha8Rng);

impl Dice {
    fn chance(&mut self, probability: f64) -> bool {
        self.0.unit_f64() < probability
    }

    /// Returns a whole number of `least` to `greatest`.
    fn whole(&mut self, least: u64, greatest: u64) -> u64 {
        least + self.0.below(greatest - least + 1)
    }

    /// Returns a time of `least` to `greatest`, in tenths of a second.
    fn time(&mut self, least: f64, greatest: f64) -> f64 {
        let time = least + (greatest - least) * self.0.unit_f64();
        libm::round(time * 10.0) / 10.0
    }

    fn one_of<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.0.below(from.len() as u64) as usize]
    }
}

/// Returns the experiment with `server` that a seed stands for.
pub(crate) fn experiment(server: &str, seed: u64) -> Experiment {
    // Each server has experiments of its own.
    let own = server.to_string().bytes().fold(0, |own, byte| own * 31 + u64::from(byte));
    let mut dice = Dice(Streams::new(seed, 0).stream(Purpose::Other("duel"), own));
    let (settings, wait) = match server {
        "exim" => exim(&mut dice),
        "sendmail" => sendmail(&mut dice),
        "opensmtpd" => (Vec::new(), 20.0),
        _ => postfix(&mut dice),
    };
    let hosts = dice.whole(1, 3) as usize;
    let mut sinks = vec![sink("mx.src.test".to_owned(), "10.0.0.9".to_owned())];
    sinks.extend(
        (1..=hosts).map(|n| sink(format!("mx{n}.hosts.test"), format!("10.0.0.{}", 10 + n))),
    );
    for _ in 0..dice.whole(1, 3) {
        // The first exchanger is struck most often.
        let place = if dice.chance(0.6) { 1 } else { dice.whole(1, hosts as u64) as usize };
        let fault = fault(&mut dice);
        let apart = |other: &Fault| other.until_s <= fault.from_s || fault.until_s <= other.from_s;
        if sinks[place].faults.iter().all(apart) {
            sinks[place].faults.push(fault);
        }
    }
    let mut domains = vec![Domain { name: HOME.to_owned(), exchangers: vec![(10, 0)] }];
    for name in ["one.test", "two.test"] {
        let mut exchangers = Vec::new();
        for place in 1..=hosts {
            if place == 1 || dice.chance(0.7) {
                exchangers.push((dice.one_of(&[10, 10, 20, 30]), place));
            }
        }
        domains.push(Domain { name: name.to_owned(), exchangers });
    }
    let mail = mail(&mut dice);
    let ends = sinks.iter().flat_map(|sink| &sink.faults).map(|fault| fault.until_s);
    let last = ends.chain(mail.iter().map(|mail| mail.at_s)).fold(0.0, f64::max);
    let observed_s = libm::ceil(last + wait).min(LONGEST);
    Experiment { server: server.to_owned(), settings, sinks, domains, mail, observed_s }
}

fn sink(name: String, address: String) -> Sink {
    Sink { name, address, faults: Vec::new() }
}

/// Returns settings, and how long after the last trouble mail may still be under way [s].
fn postfix(dice: &mut Dice) -> (Vec<(String, String)>, f64) {
    let (run, longest) = (dice.whole(2, 5), dice.whole(10, 30));
    let mut settings = vec![
        ("queue_run_delay", format!("{run}s")),
        ("minimal_backoff_time", format!("{}s", dice.whole(2, 8))),
        ("maximal_backoff_time", format!("{longest}s")),
    ];
    if dice.chance(0.3) {
        let lifetime = dice.whole(15, 40);
        settings.push(("maximal_queue_lifetime", format!("{lifetime}s")));
        settings.push(("bounce_queue_lifetime", format!("{lifetime}s")));
    }
    if dice.chance(0.4) {
        settings.push(("delay_warning_time", format!("{}s", dice.whole(5, 30))));
    }
    for (name, least, greatest) in [
        ("initial_destination_concurrency", 1, 8),
        ("default_destination_concurrency_limit", 2, 20),
        ("default_destination_concurrency_failed_cohort_limit", 0, 3),
        ("smtp_mx_address_limit", 1, 3),
        ("smtp_mx_session_limit", 1, 3),
    ] {
        if dice.chance(0.35) {
            settings.push((name, dice.whole(least, greatest).to_string()));
        }
    }
    let settings = settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    (settings, (longest + 2 * run) as f64 + 4.0)
}

fn exim(dice: &mut Dice) -> (Vec<(String, String)>, f64) {
    let (run, gap) = (dice.whole(2, 5), dice.whole(4, 12));
    let settings = vec![
        ("queue_interval".to_owned(), format!("{run}s")),
        ("retry_rule".to_owned(), format!("F,{}s,{gap}s", dice.whole(60, 300))),
    ];
    (settings, (2 * gap + 2 * run) as f64 + 6.0)
}

fn sendmail(dice: &mut Dice) -> (Vec<(String, String)>, f64) {
    let (run, least) = (dice.whole(2, 6), dice.whole(1, 12));
    let mut settings = vec![("queue_interval", format!("{run}s"))];
    if dice.chance(0.5) {
        settings.push(("confMIN_QUEUE_AGE", format!("{least}s")));
    }
    let lifetime = if dice.chance(0.3) { dice.whole(15, 40) } else { 600 };
    settings.push(("confTO_QUEUERETURN", format!("{lifetime}s")));
    let settings = settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    (settings, (least + 2 * run) as f64 + 6.0)
}

fn fault(dice: &mut Dice) -> Fault {
    let from_s = dice.time(0.0, 20.0);
    let until_s = from_s + dice.time(4.0, 25.0);
    let any = [Stage::Greeting, Stage::Ehlo, Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Dot];
    let what = match dice.whole(0, 9) {
        0..=2 => What::Refuse,
        3..=5 => {
            let stage = dice.one_of(&any);
            What::Answer { stage, code: dice.one_of(&[421, 450, 451, 452]) }
        }
        6 => {
            let stage = dice.one_of(&[Stage::Greeting, Stage::Mail, Stage::Rcpt, Stage::Dot]);
            What::Answer { stage, code: dice.one_of(&[550, 554]) }
        }
        7 => What::SlowDot { by_s: dice.time(0.5, 3.0) },
        8 => What::Greylist { delay_s: dice.time(3.0, 10.0) },
        _ => What::LoseReply,
    };
    Fault { from_s, until_s, what }
}

fn mail(dice: &mut Dice) -> Vec<Mail> {
    let burst = dice.time(1.0, 15.0);
    let bursts = dice.chance(0.5);
    let mut mail: Vec<Mail> = (0..dice.whole(6, 20))
        .map(|_| Mail {
            id: String::new(),
            at_s: if bursts && dice.chance(0.5) { burst } else { dice.time(0.3, 30.0) },
            to: if dice.chance(0.08) { UNKNOWN } else { KNOWN }.to_owned(),
            domain: dice.one_of(&["one.test", "one.test", "two.test"]).to_owned(),
        })
        .collect();
    mail.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    for (number, mail) in mail.iter_mut().enumerate() {
        mail.id = format!("m{number}");
    }
    mail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_stands_for_one_experiment() {
        for server in ["postfix", "exim", "sendmail", "opensmtpd"] {
            assert_eq!(experiment(server, 7), experiment(server, 7));
            assert_ne!(experiment(server, 7), experiment(server, 8));
        }
    }
}
