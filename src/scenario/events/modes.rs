//! What can go wrong: the table of all modes of an outage.
//!
//! Whoever has to do with modes is fed from here: the schema, the reader and its messages, the
//! controls of the page, the tables of the manual and the tests. A new mode is one entry of
//! [`MODES`] and its behaviour, a function that reads its keys ([`super::effects`]).

use crate::mail::Stage;
use crate::model::Effect;
use crate::scenario::events::effects::{self, Reading};
use crate::scenario::text::limits;
use crate::scenario::text::shape::{Key, Shape, key};
use crate::scenario::text::words;

/// What an outage can strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strikes {
    /// A host: `host`, `hosts` or `site`.
    Host,
    /// One address of a host.
    Address,
    /// A link.
    Link,
    /// The DNS.
    Dns,
}

impl Strikes {
    /// Returns it as people say it.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Host => "a host",
            Self::Address => "an address",
            Self::Link => "a link",
            Self::Dns => "the DNS",
        }
    }

    /// Returns the keys of an outage that name one.
    #[must_use]
    pub fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Host => &["host", "hosts", "site"],
            Self::Address => &["address"],
            Self::Link => &["link"],
            Self::Dns => &["dns"],
        }
    }
}

/// A key that belongs to a mode.
#[derive(Debug)]
pub struct ModeKey {
    /// Its name.
    pub name: &'static str,
    /// What the mode has to strike for it to mean something.
    pub strikes: &'static [Strikes],
    /// The one stage that it belongs to, which it implies; none: any.
    pub stage: Option<Stage>,
    /// Values that it may have, in TOML; those of `stage` are all that there are.
    pub values: &'static [&'static str],
}

/// A way in which something fails.
#[derive(Debug)]
pub struct Mode {
    /// Its word in a scenario.
    pub word: &'static str,
    /// What it may strike.
    pub strikes: &'static [Strikes],
    /// What happens then.
    pub sentence: &'static str,
    /// The keys that it takes, beside those of every outage.
    pub keys: &'static [ModeKey],
    /// One of these keys must be there; empty: none need be.
    pub needs: &'static [&'static str],
    /// What stands in an `[[outage]]` of [`SCENE`], beside its times.
    pub example: &'static str,
    /// Its behaviour.
    pub(crate) effect: fn(&Reading<'_, '_>) -> Option<Effect>,
}

impl Mode {
    /// Returns its key of this name, if it has one.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&'static ModeKey> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// Returns the modes that something may fail by.
    pub fn of(strikes: Strikes) -> impl Iterator<Item = &'static Self> {
        MODES.iter().filter(move |mode| mode.strikes.contains(&strikes))
    }

    /// Returns the mode that a word of the table stands for.
    pub(crate) fn named(word: &str) -> &'static Self {
        MODES.iter().find(|mode| mode.word == word).expect("the word is one of the table")
    }
}

/// A scenario in which every stage of a session occurs at the server `smtp.sender.example` (TLS and
/// AUTH included), every service takes time, and every mode's example strikes something.
pub const SCENE: &str = include_str!("modes/scene.toml");

use Strikes::{Address, Dns, Host, Link};

const HOST: &[Strikes] = &[Host];

const fn of_host(name: &'static str, values: &'static [&'static str]) -> ModeKey {
    ModeKey { name, strikes: HOST, stage: None, values }
}

const ANSWERED: ModeKey = of_host("stage", ANSWERED_STAGES);
const LARGER: ModeKey = of_host("larger_than", &["\"100kB\""]);
const BREAKING: ModeKey = of_host("stage", &STAGE_VALUES);
const STORE: ModeKey =
    ModeKey { name: "store", strikes: HOST, stage: Some(Stage::Dot), values: &["true", "false"] };
const CLOSE: ModeKey = of_host("close", &["true", "false"]);
const RECIPIENTS: ModeKey = ModeKey {
    name: "recipients",
    strikes: HOST,
    stage: Some(Stage::Rcpt),
    values: &["[\"bob@recipient.example\"]"],
};
const SLOW_KEYS: &[ModeKey] = &[
    ModeKey { name: "factor", strikes: &[Host, Dns], stage: None, values: &["50"] },
    ModeKey { name: "delay", strikes: &[Host, Dns], stage: None, values: &["\"2s\""] },
    ANSWERED,
    LARGER,
];

/// All modes.
pub const MODES: [Mode; 15] = [
    Mode {
        word: "blackhole",
        strikes: &[Host, Address, Link],
        sentence: "nothing gets through: time-outs. A host is cut off in both directions, unless \
                   `inbound_only`; an address for its clients",
        keys: &[of_host("inbound_only", &["true", "false"])],
        needs: &[],
        example: "host = \"smtp.sender.example\"\nmode = \"blackhole\"\n",
        effect: effects::blackhole,
    },
    Mode {
        word: "refuse",
        strikes: &[Host, Address],
        sentence: "nobody listens: connections are refused at once; the host's own queue goes on",
        keys: &[],
        needs: &[],
        example: "address = \"192.0.2.25\"\nmode = \"refuse\"\n",
        effect: |_| Some(Effect::Refuse),
    },
    Mode {
        word: "unreachable",
        strikes: &[Host, Address],
        sentence: "the same, with ICMP host unreachable",
        keys: &[],
        needs: &[],
        example: "host = \"mx.recipient.example\"\nmode = \"unreachable\"\n",
        effect: |_| Some(Effect::Unreachable),
    },
    Mode {
        word: "crash",
        strikes: HOST,
        sentence: "the process dies, or with `machine` the machine: sessions end, the queue on disk \
                   survives",
        keys: &[of_host("machine", &["true", "false"])],
        needs: &[],
        example: "host = \"smtp.sender.example\"\nmode = \"crash\"\nmachine = true\n",
        effect: effects::crash,
    },
    Mode {
        word: "slow",
        strikes: &[Host, Dns],
        sentence: "replies come late: those to commands by a `delay`, all by a `factor` of what the \
                   work takes, with a `stage` only those of that stage; of the DNS, each answer",
        keys: SLOW_KEYS,
        needs: &["factor", "delay"],
        example: "host = \"smtp.sender.example\"\nmode = \"slow\"\nstage = \"dot\"\nfactor = 50\n",
        effect: effects::slow,
    },
    Mode {
        word: "hang",
        strikes: HOST,
        sentence: "a `stage` (by default the greeting) gets no reply, and the client waits for its \
                   time-out; at the dot `store` says whether the message is stored (by default not)",
        keys: &[BREAKING, STORE, LARGER],
        needs: &[],
        example: "host = \"smtp.sender.example\"\nmode = \"hang\"\nstage = \"rcpt\"\n",
        effect: effects::hang,
    },
    Mode {
        word: "drop",
        strikes: HOST,
        sentence: "the connection is lost at a `stage`: by default at the dot, after the message was \
                   stored and before the reply, unless `store = false`",
        keys: &[BREAKING, STORE, LARGER],
        needs: &[],
        example: "host = \"smtp.sender.example\"\nmode = \"drop\"\nstore = false\n",
        effect: effects::drop,
    },
    Mode {
        word: "disk_full",
        strikes: HOST,
        sentence: "there is no room for mail: MAIL gets 452 4.3.1",
        keys: &[],
        needs: &[],
        example: "host = \"mx.recipient.example\"\nmode = \"disk_full\"\n",
        effect: effects::disk_full,
    },
    Mode {
        word: "tempfail",
        strikes: HOST,
        sentence: "a `stage` (by default MAIL) gets a 4yz `reply`, by default 451 4.3.0; with \
                   `recipients` RCPT does, for these alone; with `close` the connection is closed \
                   behind it",
        keys: &[ANSWERED, of_host("reply", &["\"450 4.7.1\""]), CLOSE, RECIPIENTS, LARGER],
        needs: &[],
        example: "host = \"mx.recipient.example\"\nmode = \"tempfail\"\nstage = \"rcpt\"\n\
                  reply = \"450 4.7.1\"\n",
        effect: effects::tempfail,
    },
    Mode {
        word: "permfail",
        strikes: HOST,
        sentence: "the same with a 5yz `reply`, by default 550 5.0.0",
        keys: &[ANSWERED, of_host("reply", &["\"553 5.1.3\""]), CLOSE, RECIPIENTS, LARGER],
        needs: &[],
        example: "host = \"mx.recipient.example\"\nmode = \"permfail\"\n\
                  recipients = [\"bob@recipient.example\"]\n",
        effect: effects::permfail,
    },
    Mode {
        word: "greylist",
        strikes: HOST,
        sentence: "a client, sender and recipient seen for the first time get the `reply` at RCPT (by \
                   default 450 4.2.0), until `delay` (by default 5 minutes) has passed",
        keys: &[of_host("delay", &["\"7min\""]), of_host("reply", &["\"451 4.7.1\""])],
        needs: &[],
        example: "host = \"mx.recipient.example\"\nmode = \"greylist\"\ndelay = \"10min\"\n",
        effect: effects::greylisting,
    },
    Mode {
        word: "session_limit",
        strikes: HOST,
        sentence: "sessions beyond `limit` get the `reply` (by default 421 4.3.2) instead of a greeting",
        keys: &[of_host("limit", &["0"]), of_host("reply", &["\"450 4.7.1\""])],
        needs: &["limit"],
        example: "host = \"mx.recipient.example\"\nmode = \"session_limit\"\nlimit = 0\n",
        effect: effects::session_limit,
    },
    Mode {
        word: "no_answer",
        strikes: &[Dns],
        sentence: "look-ups get no answer, and wait through all their tries",
        keys: &[],
        needs: &[],
        example: "dns = true\nmode = \"no_answer\"\n",
        effect: effects::no_answer,
    },
    Mode {
        word: "servfail",
        strikes: &[Dns],
        sentence: "look-ups get SERVFAIL",
        keys: &[],
        needs: &[],
        example: "dns = \"recipient.example\"\nmode = \"servfail\"\n",
        effect: effects::servfail,
    },
    Mode {
        word: "nxdomain",
        strikes: &[Dns],
        sentence: "look-ups get NXDOMAIN, although the name exists",
        keys: &[],
        needs: &[],
        example: "dns = true\nmode = \"nxdomain\"\n",
        effect: effects::nxdomain,
    },
];

/// The words of all modes.
pub(crate) const WORDS: [&str; MODES.len()] = {
    let mut words = [""; MODES.len()];
    let mut at = 0;
    while at < words.len() {
        words[at] = MODES[at].word;
        at += 1;
    }
    words
};

/// The stages of a session at which a server may deviate, by their words, in order. A message on its
/// way (`body`) gets no reply: a session can break there and nothing else.
const STAGES: [(&str, Stage); 9] = [
    ("greeting", Stage::Greeting),
    ("ehlo", Stage::Ehlo),
    ("tls", Stage::Tls),
    ("auth", Stage::Auth),
    ("mail", Stage::Mail),
    ("rcpt", Stage::Rcpt),
    ("data", Stage::Data),
    ("dot", Stage::Dot),
    ("body", Stage::Body),
];

/// The words of all stages.
pub(crate) const STAGE_WORDS: [&str; STAGES.len()] = {
    let mut words = [""; STAGES.len()];
    let mut at = 0;
    while at < words.len() {
        words[at] = STAGES[at].0;
        at += 1;
    }
    words
};

/// The same as values in TOML.
const STAGE_VALUES: [&str; STAGES.len()] = [
    "\"greeting\"",
    "\"ehlo\"",
    "\"tls\"",
    "\"auth\"",
    "\"mail\"",
    "\"rcpt\"",
    "\"data\"",
    "\"dot\"",
    "\"body\"",
];

/// Those that get a reply: all but the last.
const ANSWERED_STAGES: &[&str] = STAGE_VALUES.split_at(STAGES.len() - 1).0;

/// Returns the stage that a word of the table stands for.
pub(crate) fn stage_named(word: &str) -> Stage {
    let found = STAGES.iter().find(|(known, _)| *known == word);
    found.expect("the word is one of the table").1
}

/// The keys of modes, as an outage takes them.
pub(crate) const KEYS: [Key; 11] = [
    key("inbound_only", Shape::Flag, "blackhole: only connections to its SMTP server vanish"),
    key("machine", Shape::Flag, "crash: true for the machine, false for the process (default)"),
    key("factor", Shape::Number, "slow: service times are multiplied by this"),
    key(
        "delay",
        Shape::Duration,
        "slow: added to each reply to a command, or with `stage` to those of that stage; greylist: \
         how long to wait",
    ),
    key("stage", Shape::Word(&STAGE_WORDS), "hang, drop, slow, tempfail, permfail: at which stage")
        .words(words::STAGES),
    key(
        "store",
        Shape::Flag,
        "drop or hang at the dot: whether the message was stored; default true for drop",
    ),
    key("reply", Shape::Text, "the reply, as \"451 4.3.0\""),
    key("close", Shape::Flag, "tempfail, permfail: whether the connection is closed then"),
    key("recipients", Shape::List(&Shape::Text), "tempfail, permfail: only for these at RCPT"),
    key(
        "larger_than",
        Shape::Size,
        "hang, drop, slow, tempfail, permfail: only for messages larger than this, from MAIL on",
    )
    .example(r#"larger_than = "1MB""#),
    key("limit", Shape::Count(0, limits::PIECES), "session_limit: sessions allowed at once"),
];
