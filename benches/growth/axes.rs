//! The axes along which scenarios grow: every key that can be repeated or counted, and the queue of
//! each server by its length and by the number of its destinations.

use crate::text::{MAILBOXES, Text, between_sites, domain, list, quoted, site};

/// Something of which a scenario can have any number.
pub(crate) struct Axis {
    pub(crate) name: String,
    /// The smaller of the two sizes compared; the larger is four times that.
    pub(crate) size: u64,
    /// Returns the scenario of a size.
    pub(crate) write: Box<dyn Fn(u64) -> String>,
    /// Whether it is one of the few that are looked at with every change.
    pub(crate) few: bool,
    /// Whether the scenario is refused: it is about what is wrong with it.
    pub(crate) refused: bool,
}

impl Axis {
    fn new(name: &str, size: u64, write: impl Fn(u64) -> String + 'static) -> Self {
        Self { name: name.to_owned(), size, write: Box::new(write), few: false, refused: false }
    }

    /// Expects that it is refused.
    fn refused(self) -> Self {
        Self { refused: true, ..self }
    }

    /// Looks at it with every change.
    fn few(self) -> Self {
        Self { few: true, ..self }
    }
}

/// Returns all axes.
pub(crate) fn all() -> Vec<Axis> {
    let mut axes = networks();
    axes.extend(mail());
    axes.extend(lists());
    axes.extend(faults());
    axes.extend(what_is_read());
    axes.extend(servers().into_iter().flat_map(|(name, mta)| queues(name, mta)));
    axes
}

/// Hosts, domains, links and what is said of them.
fn networks() -> Vec<Axis> {
    vec![
        Axis::new("sites", 1000, |n| Text::lasting("1d").each(n, site).done()),
        Axis::new("sites with mail", 1000, |n| {
            let text = Text::lasting("1d").each(n, site);
            text.each(n, |number| between_sites(number, n, 10)).done()
        })
        .few(),
        Axis::new("domains of one host", 2000, |n| domains(n).flow(1000).done()).few(),
        Axis::new("domains with mail", 1000, |n| {
            let to = |number| {
                let to = format!("[{{ domain = \"d{number}.example\" }}]");
                Text::mail_table(
                    "{ domain = \"a.example\" }",
                    &to,
                    "arrivals = { poisson = \"5/d\" }",
                )
            };
            domains(n).each(n, to).done()
        }),
        Axis::new("hosts around one", 1000, |n| {
            let leaf = |number| {
                format!(
                    "[[host]]\nname = \"h{number}.example\"\nroles = [\"mx\"]\n\
                     [[link]]\nbetween = [\"mx.a.example\", \"h{number}.example\"]"
                )
            };
            let between = "[[link]]\nbetween = [\"mx.a.example\", \"mx.b.example\"]";
            Text::two_sites().each(n, leaf).add(between).flow(1000).done()
        })
        .few(),
        Axis::new("hosts on a tree", 1000, |n| graph(n, n - 1).done()).few(),
        Axis::new("links of a sparse graph", 2000, |n| graph(n / 4, n).done()).few(),
        Axis::new("hosts of a site", 1000, |n| {
            let host = |number| format!("[[host]]\nname = \"h{number}.example\"\nroles = [\"mx\"]");
            let hosts = list(n, |number| quoted(format!("h{number}.example")));
            let site = format!("[[site]]\nname = \"S\"\nhosts = {hosts}");
            let outage =
                "[[outage]]\nsite = \"S\"\nmode = \"blackhole\"\nfrom = \"1h\"\nfor = \"1h\"";
            Text::two_sites().each(n, host).add(site).add(outage).flow(1000).done()
        }),
        Axis::new("members of a population", 1000, |n| {
            let text = Text::lasting("1d").site("a.example", "");
            let text = text.host("mx.b.example", &format!("count = {n}"));
            let b = format!(
                "{}\nstore = \"mx.a.example\"",
                domain("b.example", "mx.b.example", MAILBOXES)
            );
            text.add(b).flow(1000).done()
        })
        .few(),
        Axis::new("exchangers of a domain", 1000, |n| {
            let host = |number| format!("[[host]]\nname = \"h{number}.example\"\nroles = [\"mx\"]");
            let mx =
                list(n, |number| format!("{{ host = \"h{number}.example\", preference = 10 }}"));
            let store = "[[host]]\nname = \"mx.b.example\"\nroles = [\"store\"]";
            let b = format!(
                "[[domain]]\nname = \"b.example\"\nstore = \"mx.b.example\"\n\
                 mailboxes = {{ count = 10 }}\nmx = {mx}"
            );
            let text = Text::lasting("1d").site("a.example", "").each(n, host).add(store);
            text.add(b).flow(100).done()
        }),
        Axis::new("routes of a host", 1000, |n| {
            let routes: Vec<String> = (0..n)
                .map(|number| format!("\"d{number}.example\" = {{ host = \"mx.b.example\" }}"))
                .collect();
            let routes = format!("routes = {{ {} }}", routes.join(", "));
            let text = Text::lasting("1d").site("a.example", &routes).site("b.example", "");
            text.each(n, of_b).flow(1000).done()
        }),
        Axis::new("filters", 1000, |n| {
            let filter = "filter = { profile = \"rspamd\", time = \"300ms\" }";
            let text = (0..n).fold(Text::lasting("1d"), |text, number| {
                text.site(&format!("d{number}.example"), filter)
            });
            text.each(n, |number| between_sites(number, n, 10)).done()
        })
        .few(),
        Axis::new("blocklists", 1000, |n| {
            let names = list(n, |number| quoted(format!("bl{number}.example")));
            let text = Text::lasting("1d").site("a.example", "");
            let text = text.site("b.example", &format!("blocklists = {names}"));
            let zone = |number| format!("[[blocklist]]\nname = \"bl{number}.example\"");
            text.each(n, zone).flow(100).done()
        }),
        Axis::new("included sender policies", 1000, |n| {
            let text = Text::lasting("1d").host("mx.a.example", "");
            let text = text.site("b.example", "sender_policies = true");
            let spf = "spf = { include = [\"s0.example\"], hosts = [\"mx.a.example\"] }";
            let a = format!("{}\n{spf}", domain("a.example", "mx.a.example", MAILBOXES));
            let policy = |number| {
                let next = if number + 1 < n {
                    format!(", include = [\"s{}.example\"]", number + 1)
                } else {
                    String::new()
                };
                let spf = format!("spf = {{ hosts = [\"mx.b.example\"]{next} }}");
                let name = format!("s{number}.example");
                format!("{}\n{spf}", domain(name, "mx.b.example", "[\"x\"]"))
            };
            text.add(a).each(n, policy).flow(1000).done()
        }),
    ]
}

/// Entries of `[[mail]]`, messages, recipients, mailboxes and their readers.
fn mail() -> Vec<Axis> {
    vec![
        Axis::new("messages", 4000, |n| Text::two_sites().flow(n).done()).few(),
        Axis::new("mail entries", 1000, |n| {
            let entry = |number| {
                let at = format!("at = \"{}s\"", number * 80_000 / n);
                Text::mail_table("\"1@a.example\"", "[\"2@b.example\"]", &at)
            };
            Text::two_sites().each(n, entry).done()
        }),
        Axis::new("times of an entry", 8000, |n| {
            let at = list(n, |number| quoted(format!("{}s", number * 80_000 / n)));
            Text::two_sites()
                .mail("\"1@a.example\"", "[\"2@b.example\"]", &format!("at = {at}"))
                .done()
        }),
        Axis::new("recipients of a message", 4000, |n| recipients(n).done()).few(),
        Axis::new("recipients of a message, host down", 4000, |n| recipients(n).add(DOWN).done())
            .few(),
        Axis::new("recipients of a message, one put off", 4000, |n| {
            let outage = "[[outage]]\nhost = \"mx.b.example\"\nmode = \"tempfail\"\nstage = \"rcpt\"\n\
                          recipients = [\"u1@b.example\"]\nfrom = \"30m\"\nfor = \"6h\"";
            recipients(n).add(outage).done()
        }),
        Axis::new("authors of an entry", 8000, |n| {
            let from = list(n, |number| quoted(format!("u{number}@a.example")));
            let names = list(n, |number| quoted(format!("u{number}")));
            let text = Text::lasting("1d").host("mx.a.example", "");
            let text = text.domain("a.example", "mx.a.example", &names).site("b.example", "");
            text.mail(from, "[{ domain = \"b.example\" }]", "arrivals = { poisson = \"1000/d\" }")
                .done()
        }),
        Axis::new("messages at once", 4000, |n| burst(n, "").done()),
        Axis::new("messages at once, two sessions", 4000, |n| {
            burst(n, "capacity = { sessions = 2 }").done()
        }),
        Axis::new("pairs on a grey list", 4000, |n| {
            let text = Text::lasting("1d").host("mx.a.example", "");
            let text = text.domain("a.example", "mx.a.example", "{ count = 1000000 }");
            text.site("b.example", "greylist = { delay = \"300s\" }").flow(n).done()
        }),
        Axis::new("mailboxes that are polled", 1000, |n| {
            let text = Text::lasting("1d").site("a.example", "").host("mx.b.example", "");
            let text = text.domain("b.example", "mx.b.example", &format!("{{ count = {n} }}"));
            let reading =
                "[[reading]]\ndomain = \"b.example\"\nprotocol = \"pop3\"\nevery = \"5m\"";
            text.flow(n).add(reading).done()
        })
        .few(),
        Axis::new("readers", 2000, |n| {
            let reading = |number| {
                format!(
                    "[[reading]]\nmailbox = \"u{number}@b.example\"\nprotocol = \"imap\"\nevery = \"6h\""
                )
            };
            named_mailboxes(n).each(n, reading).flow(1000).done()
        }),
        Axis::new("notes", 8000, |n| {
            let note = |number| {
                format!("[[note]]\nat = \"{}s\"\ntext = \"n{number}\"", number * 86_000 / n)
            };
            Text::two_sites().each(n, note).flow(1000).done()
        }),
        Axis::new("actions", 4000, |n| {
            let action = |number| {
                let at = number * 86_000 / n;
                format!("[[action]]\nat = \"{at}s\"\nhost = \"mx.a.example\"\ndo = \"flush\"")
            };
            Text::two_sites().each(n, action).flow(1000).done()
        }),
        Axis::new("changes of a domain's records", 1000, |n| {
            let action = |number| {
                let (at, host) = (number * 86_000 / n, if number % 2 == 0 { "a" } else { "b" });
                format!(
                    "[[action]]\nat = \"{at}s\"\ndomain = \"b.example\"\n\
                     do = {{ mx = [{{ host = \"mx.{host}.example\", preference = 10 }}] }}"
                )
            };
            Text::two_sites().each(n, action).flow(1000).done()
        }),
        Axis::new("expectations", 1000, |n| {
            let expect = |number| {
                format!("[[expect]]\nfigure = \"delivered_share\"\nat_least = 0.{}", number % 9)
            };
            Text::two_sites().each(n, expect).flow(1000).done()
        }),
        Axis::new("expectations and hosts", 1000, |n| {
            let host = |number| format!("[[host]]\nname = \"h{number}.example\"\nroles = [\"mx\"]");
            let expect = |number| {
                let figure = format!("hosts.\"h{number}.example\".peak_queue");
                format!("[[expect]]\nfigure = '{figure}'\nat_least = 0")
            };
            Text::two_sites().each(n, host).each(n, expect).flow(1000).done()
        })
        .few(),
        Axis::new("responders", 4000, |n| {
            let responder = |number| format!("[[responder]]\nmailbox = \"u{number}@b.example\"");
            named_mailboxes(n).each(n, responder).flow(1000).done()
        }),
    ]
}

/// Lists and aliases.
fn lists() -> Vec<Axis> {
    vec![
        Axis::new("subscribers of one domain", 2000, |n| one_domain_list(n).done()).few(),
        Axis::new("subscribers of one domain, host down", 2000, |n| {
            one_domain_list(n).add(DOWN).done()
        })
        .few(),
        Axis::new("subscribers of a domain each", 1000, |n| {
            let members = |number| quoted(format!("x@d{number}.example"));
            of_list(domains(n), &list(n, members)).done()
        })
        .few(),
        Axis::new("subscribers of a site each", 1000, |n| {
            let members = |number| quoted(format!("1@d{number}.example"));
            of_list(Text::two_sites().each(n, site), &list(n, members)).done()
        })
        .few(),
        Axis::new("subscribers of many domains", 4000, |n| {
            let domains = (n / 20).max(1);
            let of = |number| number % domains;
            let members =
                |number| quoted(format!("{}@d{}.example", number / domains + 1, of(number)));
            let of_b =
                |number| domain(format!("d{number}.example"), "mx.b.example", "{ count = 20 }");
            of_list(Text::two_sites().each(domains, of_b), &list(n, members)).done()
        }),
        Axis::new("aliases", 2000, |n| {
            let alias = |number| {
                format!("[[list]]\naddress = \"l{number}@b.example\"\nmembers = [\"1@b.example\"]")
            };
            Text::two_sites().each(n, alias).flow(1000).done()
        }),
        Axis::new("lists of a list", 1000, |n| {
            let inner = |number| {
                format!(
                    "[[list]]\naddress = \"l{number}@b.example\"\n\
                     members = [\"1@b.example\", \"2@b.example\"]"
                )
            };
            let members = list(n, |number| quoted(format!("l{number}@b.example")));
            let outer = format!("[[list]]\naddress = \"top@b.example\"\nmembers = {members}");
            let text = Text::two_sites().each(n, inner).add(outer);
            text.mail("{ domain = \"a.example\" }", "[\"top@b.example\"]", "at = \"1h\"").done()
        })
        .few(),
    ]
}

/// Outages.
fn faults() -> Vec<Axis> {
    let refuse = |from: String, lasts: &str| {
        format!(
            "[[outage]]\nhost = \"mx.b.example\"\nmode = \"refuse\"\nfrom = \"{from}\"\nfor = \"{lasts}\""
        )
    };
    vec![
        Axis::new("outages of one host", 1000, move |n| {
            let text = Text::lasting(&format!("{n}h")).site("a.example", "").site("b.example", "");
            text.each(n, |hour| refuse(format!("{hour}h"), "20m")).flow(240).done()
        }),
        Axis::new("outages at once", 1000, |n| {
            let slow = |number| {
                format!(
                    "[[outage]]\nhost = \"mx.b.example\"\nmode = \"slow\"\ndelay = \"10ms\"\n\
                     from = \"{number}s\"\nfor = \"20h\""
                )
            };
            Text::two_sites().each(n, slow).flow(100).done()
        }),
        Axis::new("hosts that fail at random", 1000, |n| {
            let text = Text::lasting("1d").each(n, site);
            let text = text.each(n, |number| between_sites(number, n, 10));
            text.each(n, |number| at_random(&format!("host = \"mx.d{number}.example\""), "9h"))
                .done()
        }),
        Axis::new("random outages over years", 2000, |n| {
            let text = Text::lasting(&format!("{n}h")).site("a.example", "").site("b.example", "");
            let text = text.add(at_random("host = \"mx.b.example\"", "50m"));
            text.add(at_random("host = \"mx.a.example\"", "51m")).flow(2).done()
        })
        .few(),
        Axis::new("linked hosts of which one in twenty fails", 1000, |n| {
            let fails =
                |number: u64| at_random(&format!("host = \"mx.d{}.example\"", number * 20), "12h");
            graph(n, n - 1).each(n / 20, fails).done()
        })
        .few(),
        Axis::new("links of which fifty fail", 1000, |n| {
            // The first links make a tree; those behind them close circles.
            let fails = |number: u64| at_random(&format!("link = \"L{}\"", n / 4 + number), "5h");
            graph(n / 4, n).each(50.min(n - n / 4), fails).done()
        })
        .few(),
    ]
}

/// What is wrong with a scenario, by the thousand; these are checked and not run.
fn what_is_read() -> Vec<Axis> {
    vec![
        Axis::new("addresses of nobody on one line", 2000, |n| {
            let to = list(n, |number| quoted(format!("bob{number}@b.example")));
            let text = Text::lasting("1h").host("mx.a.example", "").domain("a.example", "mx.a.example", "[\"bob\"]");
            let text = text.host("mx.b.example", "").domain("b.example", "mx.b.example", "[\"bob\"]");
            text.mail("\"bob@a.example\"", to, "at = \"1m\"").done()
        })
        .few(),
        Axis::new("unknown hosts and known ones", 1000, |n| {
            let outage = |number| {
                format!("[[outage]]\nhost = \"xm.d{number}.example\"\nmode = \"refuse\"\nfrom = \"1h\"\nfor = \"1h\"")
            };
            Text::lasting("1h").each(n, site).each(n, outage).done()
        })
        .refused()
        .few(),
        Axis::new("wrong values", 2000, |n| {
            let mail = |_| Text::mail_table("\"1@a.example\"", "[\"2@b.example\"]", "at = \"soon\"");
            Text::two_sites().each(n, mail).done()
        })
        .refused(),
    ]
}

/// The servers, and how scenarios name them.
fn servers() -> Vec<(&'static str, &'static str)> {
    let schedule = "{ profile = \"schedule\", gaps = \"5m 10m 30m 1h*\", lifetime = \"5d\" }";
    vec![
        ("postfix", "\"postfix\""),
        ("exim", "\"exim\""),
        ("sendmail", "\"sendmail\""),
        ("qmail", "\"qmail\""),
        ("opensmtpd", "\"opensmtpd\""),
        ("exchange", "\"exchange\""),
        ("exchange-2003", "\"exchange-2003\""),
        (
            "exchange-online",
            "{ profile = \"exchange-online\", gaps = \"5m 10m 30m 1h*\", lifetime = \"5d\" }",
        ),
        ("hmailserver", "\"hmailserver\""),
        ("haraka", "\"haraka\""),
        ("kumomta", "\"kumomta\""),
        ("stalwart", "\"stalwart\""),
        ("maddy", "\"maddy\""),
        ("gmail", "{ profile = \"gmail\", gaps = \"5m 10m 30m 1h*\", lifetime = \"5d\" }"),
        ("rfc5321", "\"rfc5321\""),
        ("schedule", schedule),
    ]
}

/// The queue of one server: by length, by length while replies put mail off, and by destinations.
fn queues(name: &'static str, mta: &'static str) -> Vec<Axis> {
    let mta = format!("mta = {mta}");
    let (one, other, third) = (mta.clone(), mta.clone(), mta);
    let is_first = matches!(name, "postfix" | "exim" | "sendmail" | "opensmtpd");
    let by_destination = Axis::new(&format!("{name}: destinations"), 1000, move |n| {
        let text = Text::lasting("2d").site("a.example", &one).host("mx.b.example", "");
        let mail = |number| {
            let to = format!("[{{ domain = \"d{number}.example\" }}]");
            Text::mail_table("{ domain = \"a.example\" }", &to, "at = [\"1h\", \"2h\"]")
        };
        text.each(n, of_b).each(n, mail).add(put_off("6h")).done()
    });
    vec![
        if is_first { by_destination.few() } else { by_destination },
        Axis::new(&format!("{name}: queue, host down"), 2000, move |n| {
            let outage = "[[outage]]\nhost = \"mx.b.example\"\nmode = \"refuse\"\nfrom = \"0s\"\nuntil = \"12h\"";
            queue(&other, n).add(outage).done()
        }),
        Axis::new(&format!("{name}: queue, mail put off"), 2000, move |n| {
            queue(&third, n).add(put_off("12h")).done()
        }),
    ]
}

fn queue(mta: &str, n: u64) -> Text {
    let text = Text::lasting("2d").site("a.example", mta).site("b.example", "");
    let arrivals = format!("arrivals = {{ poisson = \"{}/d\" }}\nend = \"12h\"", 2 * n);
    text.mail("{ domain = \"a.example\" }", "[{ domain = \"b.example\" }]", &arrivals)
}

fn put_off(until: &str) -> String {
    format!(
        "[[outage]]\nhost = \"mx.b.example\"\nmode = \"tempfail\"\nstage = \"rcpt\"\nfrom = \"0s\"\n\
         until = \"{until}\""
    )
}

/// An outage of the host of b.example that a post of these scenarios runs into.
const DOWN: &str =
    "[[outage]]\nhost = \"mx.b.example\"\nmode = \"refuse\"\nfrom = \"30m\"\nfor = \"6h\"";

fn at_random(target: &str, mean: &str) -> String {
    format!(
        "[[outage]]\n{target}\nmode = \"blackhole\"\n\
         random = {{ failure = {{ exponential = {{ mean = \"{mean}\" }} }}, repair = \"10m\" }}"
    )
}

/// A domain that the host of b.example keeps.
fn of_b(number: u64) -> String {
    domain(format!("d{number}.example"), "mx.b.example", "[\"x\"]")
}

fn domains(n: u64) -> Text {
    Text::two_sites().each(n, of_b)
}

fn named_mailboxes(n: u64) -> Text {
    let names = list(n, |number| quoted(format!("u{number}")));
    let text = Text::lasting("1d").site("a.example", "").host("mx.b.example", "");
    text.domain("b.example", "mx.b.example", &names)
}

fn recipients(n: u64) -> Text {
    let to = list(n, |number| quoted(format!("u{number}@b.example")));
    named_mailboxes(n).mail("\"1@a.example\"", to, "at = [\"1h\", \"2h\"]")
}

fn one_domain_list(n: u64) -> Text {
    let members = list(n, |number| quoted(format!("u{number}@b.example")));
    of_list(named_mailboxes(n), &members)
}

/// Adds a list with these members, and two posts.
fn of_list(text: Text, members: &str) -> Text {
    let list = format!(
        "[[list]]\naddress = \"all@a.example\"\nowner = \"1@a.example\"\nmembers = {members}"
    );
    let text = text.add(list);
    text.mail("{ domain = \"a.example\" }", "[\"all@a.example\"]", "at = [\"1h\", \"2h\"]")
}

fn burst(n: u64, of_b: &str) -> Text {
    let text = Text::lasting("1d").site("a.example", "").site("b.example", of_b);
    let times = format!("arrivals = {{ every = \"1ms\" }}\ncount = {n}\nstart = \"1h\"");
    text.mail("{ domain = \"a.example\" }", "[{ domain = \"b.example\" }]", &times)
}

/// Sites joined by links, those behind the first `hosts - 1` with names, and mail between them.
fn graph(hosts: u64, links: u64) -> Text {
    let hosts = hosts.max(4);
    let mut number = Numbers(3);
    let mut text = Text::lasting("1d").each(hosts, site);
    let link = |name: u64, a: u64, b: u64, millis: u64| {
        format!(
            "[[link]]\nname = \"L{name}\"\nbetween = [\"mx.d{a}.example\", \"mx.d{b}.example\"]\n\
             latency = \"{millis}ms\""
        )
    };
    for host in 1..hosts {
        text = text.add(link(host, host, number.below(host), 1 + number.below(50)));
    }
    for name in hosts..=links {
        let a = number.below(hosts);
        let b = (a + 1 + number.below(hosts - 1)) % hosts;
        text = text.add(link(name, a, b, 1 + number.below(50)));
    }
    text.each(hosts, |site| between_sites(site, hosts, 10))
}

/// Numbers that look drawn (Knuth's MMIX multiplier).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}
