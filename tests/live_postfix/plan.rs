//! The experiment of this test.

use crate::laboratory::experiment::{
    Domain, Experiment, Fault, HOME, KNOWN, Mail, Sink, UNKNOWN, What,
};

/// Exchanger 1 refuses connections for 13 s. What is deferred at the end of that has an age of 13 s at
/// most, so it is due again at an age of 26 s and taken up within one `queue_run_delay`.
pub(crate) fn experiment() -> Experiment {
    let outage = Fault { from_s: 1.0, until_s: 14.0, what: What::Refuse };
    let sinks = [
        ("mx.src.test", "10.0.0.9", Vec::new()),
        ("mx1.dest.test", "10.0.0.11", vec![outage]),
        ("mx2.dest.test", "10.0.0.12", Vec::new()),
    ];
    let sink = |(name, address, faults): (&str, &str, Vec<Fault>)| Sink {
        name: name.to_owned(),
        address: address.to_owned(),
        faults,
    };
    let domains = [
        (HOME, vec![(10, 0)]),
        ("single.test", vec![(10, 1)]),
        ("double.test", vec![(10, 1), (20, 2)]),
    ];
    let domain = |(name, exchangers): (&str, Vec<(u16, usize)>)| Domain {
        name: name.to_owned(),
        exchangers,
    };
    let mail = |(id, at_s, to, domain): (&str, f64, &str, &str)| Mail {
        id: id.to_owned(),
        at_s,
        to: to.to_owned(),
        domain: domain.to_owned(),
    };
    Experiment {
        server: "postfix".to_owned(),
        settings: SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        sinks: sinks.map(sink).to_vec(),
        domains: domains.map(domain).to_vec(),
        mail: MAIL.map(mail).to_vec(),
        observed_s: 32.0,
    }
}

/// Postfix's settings: its defaults divided by 100 where they are times, as in the recordings, and
/// a delay notice early enough to be seen.
const SETTINGS: [(&str, &str); 4] = [
    ("queue_run_delay", "3s"),
    ("minimal_backoff_time", "3s"),
    ("maximal_backoff_time", "40s"),
    ("delay_warning_time", "5s"),
];

/// What is sent: some mail around the outage, a burst in it (only messages that wait together make
/// a destination dead), and one for somebody who does not exist.
const MAIL: [(&str, f64, &str, &str); 16] = [
    ("before", 0.2, KNOWN, "single.test"),
    ("burst1", 2.0, KNOWN, "single.test"),
    ("burst2", 2.0, KNOWN, "single.test"),
    ("burst3", 2.0, KNOWN, "single.test"),
    ("burst4", 2.0, KNOWN, "single.test"),
    ("burst5", 2.0, KNOWN, "single.test"),
    ("burst6", 2.0, KNOWN, "single.test"),
    ("burst7", 2.0, KNOWN, "single.test"),
    ("burst8", 2.0, KNOWN, "single.test"),
    ("alone1", 4.5, KNOWN, "single.test"),
    ("alone2", 6.3, KNOWN, "single.test"),
    ("alone3", 8.9, KNOWN, "single.test"),
    ("alone4", 11.6, KNOWN, "single.test"),
    ("around", 7.5, KNOWN, "double.test"),
    ("after", 21.0, KNOWN, "double.test"),
    ("wrong", 18.0, UNKNOWN, "single.test"),
];
