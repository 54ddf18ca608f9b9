//! Draws scenarios that are valid and wild: every profile with any of its settings, every mode of outage,
//! actions, lists, responders, forwards, readers, filters, greylists, proxies.
//!
//! A network is a function of its number: it is drawn again by it alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mailsim::profiles::settings_of;
use mailsim::profiles::{self, Profile};
use mailsim::scenario::{Mode, Strikes};

/// A small generator of numbers, the same everywhere.
#[derive(Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % limit.max(1) as u64).unwrap_or_default()
    }

    /// Returns whether something happens that does so in `percent` of cases.
    pub(crate) fn happens(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// A network as tables of a scenario file: the general ones, then those that may be left out.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    /// What comes before all tables.
    pub(crate) head: String,
    /// Tables, in the order of the file.
    pub(crate) tables: Vec<String>,
    /// Names of its hosts.
    pub(crate) hosts: Vec<String>,
    /// Length in minutes.
    pub(crate) minutes: usize,
}

impl Network {
    /// Returns the text of the file.
    pub(crate) fn text(&self) -> String {
        format!("{}\n{}", self.head, self.tables.join("\n"))
    }

    /// Returns the text with another table behind all others.
    pub(crate) fn with(&self, table: &str) -> String {
        format!("{}\n{table}\n", self.text())
    }
}

/// What a setting may be changed to; each takes those that are of its kind.
const VALUES: &[&str] = &[
    "true",
    "false",
    "0",
    "1",
    "2",
    "5",
    "20",
    "\"1s\"",
    "\"7m\"",
    "\"90m\"",
    "\"20kB\"",
    "\"2m 5m*\"",
    "\"may\"",
    "\"none\"",
    "\"random\"",
    "0.5",
    "1.5",
    "\"F,1h,5m; G,1d,10m,1.5\"",
];

/// Which settings of a profile take which values: asked once.
#[derive(Debug)]
pub(crate) struct Servers {
    profiles: Vec<Profile>,
    settings: BTreeMap<&'static str, Vec<(&'static str, Vec<&'static str>)>>,
}

fn required(profile: &Profile) -> Vec<(&'static str, &'static str)> {
    let example = |key: &str| match key {
        key if key.contains("tries") => "6",
        key if key.contains("gaps") => "\"5m 10m 30m*\"",
        key if key.contains("timer") || key.contains("every") => "\"10m\"",
        key if key.contains("notice") || key.contains("warning") => "\"20m\"",
        _ => "\"100m\"",
    };
    let first = |names: &&'static str| names.split('|').next().unwrap_or(names);
    profile.required.iter().map(first).map(|key| (key, example(key))).collect()
}

impl Servers {
    /// Asks all profiles; `reads` tells whether a scenario is read without errors.
    pub(crate) fn new(reads: impl Fn(&str) -> bool) -> Self {
        let profiles = profiles::all();
        let mut settings = BTreeMap::new();
        let mut known: BTreeMap<&str, Vec<&'static str>> = BTreeMap::new();
        for profile in &profiles {
            let mut own = Vec::new();
            for setting in settings_of(profile).iter().map(|setting| setting.name) {
                // What one server takes, another does.
                let taken = known.entry(setting).or_insert_with(|| {
                    let takes = |value: &&&'static str| {
                        let mut keys = required(profile);
                        keys.retain(|(key, _)| *key != setting);
                        keys.push((setting, value));
                        reads(&format!(
                            "duration = \"1h\"\n[[host]]\nname = \"a.example\"\nmta = {}\n\
                             [[domain]]\nname = \"a.example\"\nmx = [\"a.example\"]\n",
                            table(profile, &keys)
                        ))
                    };
                    VALUES.iter().filter(takes).copied().collect()
                });
                if !taken.is_empty() {
                    own.push((setting, taken.clone()));
                }
            }
            settings.insert(profile.name, own);
        }
        Self { profiles, settings }
    }

    /// Draws the table `mta` of a server.
    fn server(&self, chance: &mut Chance) -> String {
        let profile = chance.of(&self.profiles);
        let mut keys = required(profile);
        let settings = &self.settings[profile.name];
        for _ in 0..if chance.happens(50) { 0 } else { chance.below(6) } {
            let (key, values) = chance.of(settings);
            let schedule = ["gaps", "offsets", "first_gap"];
            if keys.iter().any(|(known, _)| known == key) || schedule.contains(key) {
                continue;
            }
            keys.push((key, chance.of::<&str>(values)));
        }
        table(profile, &keys)
    }
}

fn table(profile: &Profile, keys: &[(&str, &str)]) -> String {
    let mut text = format!("{{ profile = \"{}\"", profile.name);
    for (key, value) in keys {
        let _ = write!(text, ", {key} = {value}");
    }
    text + " }"
}

/// Further keys of a host.
const KEYS: &[&str] = &[
    "clock_error = \"-3h\"",
    "knows_recipients = true",
    "capacity = { sessions = 2, listen_queue = 1 }",
    "capacity = { delivery_processes = 1, local_processes = 1, queue_disk = \"300kB\" }",
    "capacity = { sessions_per_client = 1, service = { message = { exponential = { mean = \"5s\" } }, command = \"1s\" } }",
    "filter = { profile = \"rspamd\", time = { exponential = { mean = \"20s\" } } }",
    "filter = { time = \"30s\", stage = \"queue\", junk_from = 6, refuse_from = 12 }",
    "sender_policies = true",
    "blocklists = [\"bl.example\"]",
    "greylist = { delay = \"5m\" }",
    "greylist = { delay = \"90s\", by = \"network\", shared = \"ours\" }",
    "reputation = { new_reply = \"421 4.7.0\", warm_up = [1, 5, 20] }",
    "limits = [{ counts = \"messages\", per = \"client\", most = 2, within = \"10min\" }]",
    "addresses = 2",
    "addresses = [\"ipv6\", \"ipv4\"]",
    "standing = \"new\"",
    "resolver = { latency = \"2s\", tries = [\"1s\", \"3s\"] }",
    "message_size_limit = \"50kB\"",
];

/// What an action does to a host.
const DEEDS: &[&str] = &[
    "\"flush\"",
    "\"stop\"",
    "\"start\"",
    "{ set = { capacity = { sessions = 1, delivery_processes = 2 } } }",
    "{ set = { capacity = { queue_disk = \"100kB\", sessions_per_client = 1 } } }",
    "{ set = { message_size_limit = \"20kB\", clock_error = \"1h\" } }",
    "{ set = { sender_policies = true, blocklists = [\"bl.example\"] } }",
    "{ ttl = \"1m\" }",
];

/// Returns the tables of what may happen to a host: each mode with each value of each of its keys.
fn modes() -> Vec<String> {
    let mut modes = Vec::new();
    for mode in Mode::of(Strikes::Host) {
        let needed = mode.needs.first().and_then(|key| mode.key(key));
        let needed = needed.map(|key| format!("\n{} = {}", key.name, key.values[0]));
        let text = format!("mode = \"{}\"{}", mode.word, needed.unwrap_or_default());
        let others = |key: &&mailsim::scenario::ModeKey| {
            key.name != "recipients" && !mode.needs.contains(&key.name)
        };
        for key in mode.keys.iter().filter(others) {
            modes.extend(key.values.iter().map(|value| format!("{text}\n{} = {value}", key.name)));
        }
        modes.push(text);
    }
    modes
}

/// Draws the network of a number.
pub(crate) fn network(number: u64, servers: &Servers) -> Network {
    let chance = &mut Chance::new(number);
    let minutes = 60 + chance.below(240);
    let head = format!(
        "title = \"network {number}\"\nseed = {number}\nduration = \"{minutes}min\"\nsample_every = \"{}\"\n",
        chance.of(&["0s", "1min", "10min"])
    );
    let mut tables = Vec::new();
    let mut hosts = Vec::new();
    let domains = 1 + chance.below(3);
    let mut host = |name: String, roles: &str, chance: &mut Chance| {
        let mut text =
            format!("[[host]]\nname = \"{name}\"\n{roles}mta = {}\n", servers.server(chance));
        let mut given: Vec<&str> = Vec::new();
        for _ in 0..chance.below(4) {
            let key = *chance.of(KEYS);
            let word = |key: &str| key.split(' ').next().map(str::to_owned);
            if given.iter().all(|other| word(other) != word(key)) {
                given.push(key);
                text += key;
                text.push('\n');
            }
        }
        hosts.push(name);
        text
    };
    let mut exchangers = Vec::new();
    for domain in 0..domains {
        let count = 1 + chance.below(3);
        let mut records = Vec::new();
        for mx in 0..count {
            let name = format!("mx{mx}.d{domain}.example");
            let stated = ["", "", "roles = [\"mx\"]\n", "roles = [\"submission\", \"mx\"]\n"];
            let roles = *chance.of(&stated);
            tables.push(host(name.clone(), roles, chance));
            let preference = 10 * (1 + chance.below(3));
            records.push(format!("{{ host = \"{name}\", preference = {preference} }}"));
            exchangers.push(name);
        }
        let mut text =
            format!("[[domain]]\nname = \"d{domain}.example\"\nmx = [{}]\n", records.join(", "));
        if chance.happens(50) {
            let name = format!("store.d{domain}.example");
            tables.push(host(name.clone(), "roles = [\"store\"]\n", chance));
            let _ = writeln!(text, "store = \"{name}\"");
        }
        text += "mailboxes = [\"bob\", \"carol\", \"dave\"]\n";
        if chance.happens(20) {
            text += "spf = { hosts = [\"mx0.d0.example\"], otherwise = \"fail\" }\ndmarc = \"quarantine\"\n";
        }
        tables.push(text);
    }
    tables.push(host("out.example".to_owned(), "roles = [\"submission\", \"relay\"]\n", chance));
    // Nobody has anything to do with it.
    hosts.push("idle.example".to_owned());
    tables.push("[[host]]\nname = \"idle.example\"\nroles = [\"relay\"]\n".to_owned());
    let address = |chance: &mut Chance| {
        let mailbox = *chance.of(&["bob", "carol", "dave", "bob", "nobody"]);
        match chance.below(12) {
            0 => format!("{mailbox}@null.example"),
            _ => format!("{mailbox}@d{}.example", chance.below(domains)),
        }
    };
    tables.push(
        "[[domain]]\nname = \"null.example\"\nmx = \"none\"\nmailboxes = [\"x\"]\n".to_owned(),
    );
    tables.push(format!(
        "[[blocklist]]\nname = \"bl.example\"\nlists = [{{ host = \"{}\", from = \"{}m\", for = \"30m\" }}]\n",
        chance.of(&exchangers),
        chance.below(minutes)
    ));
    let has_list = chance.happens(30);
    if has_list {
        tables.push(format!(
            "[[list]]\naddress = \"all@d0.example\"\nmembers = [\"bob@d0.example\", \"{}\", {{ domain = \"d{}.example\" }}]\n",
            address(chance),
            chance.below(domains)
        ));
    }
    if chance.happens(30) {
        tables.push("[[responder]]\nmailbox = \"carol@d0.example\"\n".to_owned());
    }
    for _ in 0..=chance.below(4) {
        let mut to: Vec<String> =
            (0..=chance.below(4)).map(|_| format!("\"{}\"", address(chance))).collect();
        if has_list && chance.happens(40) {
            to.push("\"all@d0.example\"".to_owned());
        }
        let arrivals = match chance.below(3) {
            0 => format!(
                "at = [\"{}m\", \"{}s\"]",
                chance.below(minutes),
                chance.below(60 * minutes)
            ),
            1 => format!(
                "arrivals = {{ poisson = \"{}/min\" }}\ncount = {}",
                1 + chance.below(5),
                1 + chance.below(25)
            ),
            _ => format!(
                "arrivals = {{ every = \"{}s\" }}\ncount = {}\nstart = \"{}m\"",
                1 + chance.below(300),
                1 + chance.below(25),
                chance.below(30)
            ),
        };
        let from = *chance.of(&["bob@d0.example", "carol@d0.example", "ghost@d0.example"]);
        let server = if chance.happens(70) { "out.example" } else { chance.of(&exchangers) };
        let more = *chance.of(&[
            "",
            "",
            "notify = \"never\"\n",
            "notify = [\"failure\", \"delay\"]\n",
            "score = 9\n",
        ]);
        tables.push(format!(
            "[[mail]]\nfrom = \"{from}\"\nto = [{}]\nsize = \"{}kB\"\n{arrivals}\n{more}submit = {{ server = \"{server}\", parallel_sessions = {} }}\n",
            to.join(", "),
            1 + chance.below(120),
            1 + chance.below(3),
        ));
    }
    let modes = modes();
    for _ in 0..chance.below(7) {
        let during =
            format!("from = \"{}m\"\nfor = \"{}m\"", chance.below(minutes), 1 + chance.below(90));
        tables.push(if chance.happens(20) {
            let mode = *chance.of(&["no_answer", "servfail", "nxdomain"]);
            format!("[[outage]]\ndns = true\nmode = \"{mode}\"\n{during}\n")
        } else {
            format!(
                "[[outage]]\nhost = \"{}\"\n{}\n{during}\n",
                chance.of(&hosts[..hosts.len() - 1]),
                chance.of(&modes)
            )
        });
    }
    for _ in 0..chance.below(4) {
        tables.push(format!(
            "[[action]]\nat = \"{}m\"\nhost = \"{}\"\ndo = {}\n",
            1 + chance.below(minutes),
            chance.of(&hosts[..hosts.len() - 1]),
            chance.of(DEEDS)
        ));
    }
    if chance.happens(40) {
        tables.push(format!(
            "[[reading]]\ndomain = \"d0.example\"\nprotocol = \"{}\"\nevery = \"{}m\"\n",
            chance.of(&["pop3", "imap"]),
            1 + chance.below(30)
        ));
    }
    Network { head, tables, hosts, minutes }
}
