//! Exercises that check themselves: a scenario to change, what must come out, and what must stay.

use serde_json::{Value, json};

use crate::measure::Verdict;
use crate::scenario::{Entries, KeyPath, Loaded, Override, Problems, Source, edited, load};
use crate::units::SimTime;

use super::hand_in;
use super::run::run;

/// An exercise.
#[derive(Debug, Clone, Copy)]
pub struct Exercise {
    /// The name of its file without the ending: `04-six-days-of-silence`.
    pub name: &'static str,
    /// The scenario that it begins with.
    pub start: &'static str,
    /// What is to be reached.
    pub task: &'static str,
    /// Help, a little at a time.
    pub hints: &'static [&'static str],
    /// Paths of the resolved scenario, `*` for any step, whose values must stay as they were.
    pub fixed: &'static [&'static str],
    /// The expectations that a solution meets, as a scenario writes them.
    pub expect: &'static str,
    /// Overrides that solve it, as behind `--set`: one way among others. A test runs them.
    pub solution: &'static [&'static str],
}

macro_rules! exercise {
    ($name:literal, $task:literal, hints: $hints:expr, fixed: $fixed:expr, expect: $expect:literal, solution: $solution:expr) => {
        Exercise {
            name: $name,
            start: include_str!(concat!("../../scenarios/exercises/", $name, ".toml")),
            task: $task,
            hints: &$hints,
            fixed: &$fixed,
            expect: $expect,
            solution: &$solution,
        }
    };
}

/// All exercises, by rising difficulty.
pub const EXERCISES: &[Exercise] = &[
    exercise!(
        "01-nobody-of-that-name",
        "Let both letters be delivered. What Alice writes, and to whom, stays.",
        hints: [
            "Look at the conversation with mail.recipient.example: what does it answer to RCPT TO?",
            "550 5.1.1 says that there is no such mailbox. A domain lists the ones that it has.",
            "The key is mailboxes, in the [[domain]] of recipient.example."
        ],
        fixed: ["mail", "host"],
        expect: "[[expect]]\nfigure = \"mail.delivered\"\nequals = 2\n\n[[expect]]\nfigure = \"mail.failed\"\nequals = 0\n",
        solution: ["domain.1.mailboxes=[\"bob\", \"carol\"]"]
    ),
    exercise!(
        "02-which-exchanger-first",
        "Let the three letters reach mx1, where the mailboxes are, by the shortest way: two hops each. mx2 stays \
         as a backup.",
        hints: [
            "In the play, ask what mail.sender.example was told by the DNS, and which exchanger it calls first.",
            "Of two exchangers the one with the lower preference is the more wanted (RFC 5321, section 5.1)."
        ],
        fixed: ["mail", "host", "domain.*.mx.*.host", "domain.*.mailboxes"],
        expect: "[[expect]]\nfigure = \"mail.delivered\"\nequals = 3\n\n[[expect]]\nfigure = \"hops.max\"\nequals = 2\n",
        solution: ["domain.1.mx.0.preference=10"]
    ),
    exercise!(
        "03-a-film-of-the-holidays",
        "Let the message of 30 MB arrive as it is.",
        hints: [
            "Which host says no, and at which command? SIZE in its reply to EHLO tells what it takes (RFC 1870).",
            "Postfix calls the bound message_size_limit; it goes into mta = { profile = \"postfix\", … }.",
            "When the first server takes it, the second one is asked: it has a bound of its own."
        ],
        fixed: ["mail", "domain"],
        expect: "[[expect]]\nfigure = \"mail.delivered\"\nequals = 1\n",
        solution: [
            "host.0.mta={ profile = \"postfix\", message_size_limit = \"60MB\" }",
            "host.1.mta={ profile = \"postfix\", message_size_limit = \"60MB\" }"
        ]
    ),
    exercise!(
        "04-six-days-of-silence",
        "Let no message be lost. The outage lasts as long as it lasts, and Alice's server cannot be changed.",
        hints: [
            "The sender gives up after five days. A second exchanger could take the mail and wait.",
            "Add a [[host]] with the role mx, and name it in the mx list of recipient.example with a higher preference.",
            "Why is one still lost? How long does the backup itself keep mail? Its setting is maximal_queue_lifetime."
        ],
        fixed: ["mail", "outage", "host.0", "domain.0"],
        expect: "[[expect]]\nfigure = \"mail.delivered\"\nequals = 4\n\n[[expect]]\nfigure = \"mail.failed\"\nequals = 0\n",
        solution: [
            "host.2={ name = \"mx2.recipient.example\", roles = [\"mx\"], mta = { profile = \"postfix\", maximal_queue_lifetime = \"10d\" } }",
            "domain.1.mx.1={ host = \"mx2.recipient.example\", preference = 20 }"
        ]
    ),
    exercise!(
        "05-thirteen-hours-alone",
        "Let no message be lost in the outage of thirteen hours, without a backup and without another host.",
        hints: [
            "Who gives the message up, and after how long?",
            "RFC 5321, section 4.5.4.1: the give-up time generally needs to be at least 4 to 5 days."
        ],
        fixed: ["mail", "outage", "domain", "host.*.name"],
        expect: "[[expect]]\nfigure = \"mail.delivered\"\nequals = 4\n\n[[expect]]\nfigure = \"mail.failed\"\nequals = 0\n",
        solution: ["host.0.mta.maximal_queue_lifetime=5d"]
    ),
    exercise!(
        "06-tell-me-sooner",
        "Let Alice be told, once, within two hours that her letter is late. The letter itself still arrives.",
        hints: [
            "A server can send a delay notice (RFC 3461, RFC 3464). Postfix does not by default.",
            "Its setting is delay_warning_time; the notice goes out with the first try after it."
        ],
        fixed: ["mail", "outage", "domain", "host.*.name"],
        expect: "[[expect]]\nfigure = \"created.delay_notice.delivered\"\nequals = 1\n\n[[expect]]\nfigure = \"mail.delivered\"\nequals = 1\n",
        solution: ["host.0.mta={ profile = \"postfix\", delay_warning_time = \"1h\" }"]
    ),
    exercise!(
        "07-minutes-after-the-outage",
        "Let all that waited be delivered within ten minutes of the outage's end. The outage and the mail stay.",
        hints: [
            "Between two tries Postfix waits as long as the message is old, between two bounds.",
            "The bounds are minimal_backoff_time (300 s) and maximal_backoff_time (4000 s).",
            "What does it cost? Compare the number of tries before and after, in the figures."
        ],
        fixed: ["mail", "outage", "domain", "host.*.name"],
        expect: "[[expect]]\nfigure = \"outages.0.drain_s\"\nat_most = 600\n\n[[expect]]\nfigure = \"delivered_share\"\nequals = 1\n",
        solution: ["host.0.mta.maximal_backoff_time=5min"]
    ),
    exercise!(
        "08-a-stranger-is-asked-to-come-back",
        "Let Alice's first letter arrive within ten minutes. mx1 goes on to greylist, for at least a minute.",
        hints: [
            "Compare the time of the second try with the time that mx1 wants strangers to wait.",
            "One of two numbers must change: when the sender comes back, or how long mx1 holds strangers off."
        ],
        fixed: ["mail", "domain", "host.*.name"],
        expect: "[[expect]]\nfigure = \"submission_to_delivery.max\"\nat_most = 600\nat_least = 60\n\n[[expect]]\nfigure = \"attempts.by_outcome.tempfail\"\nat_least = 1\n",
        solution: ["host.1.greylist.delay=150s"]
    ),
    exercise!(
        "09-the-newsletter",
        "Let all two thousand letters arrive within three minutes of being written. mx1 stays as slow as it is.",
        hints: [
            "Two thousand letters of three seconds each are a hundred minutes, one after the other. How many go at once?",
            "Postfix opens at most twenty connections to one destination.",
            "The setting is default_destination_concurrency_limit. Much more than needed is worse than too little: \
             look at what mx1 answers then."
        ],
        fixed: ["mail", "domain", "host.1", "host.*.name"],
        expect: "[[expect]]\nfigure = \"submission_to_delivery.max\"\nat_most = 180\n\n[[expect]]\nfigure = \"delivered_share\"\nequals = 1\n",
        solution: ["host.0.mta.default_destination_concurrency_limit=50"]
    ),
    exercise!(
        "10-without-the-dns",
        "Let each of the four letters arrive within a minute, although nobody can look recipient.example up from 1 h \
         to 2 h.",
        hints: [
            "The first letter needed the same look-up. Why is its answer of no use twenty minutes later?",
            "The time to live of a domain's records is its ttl.",
            "How long must an answer of minute 50 be good for?"
        ],
        fixed: ["mail", "outage", "host", "domain.*.mx"],
        expect: "[[expect]]\nfigure = \"submission_to_delivery.max\"\nat_most = 60\n\n[[expect]]\nfigure = \"mail.delivered\"\nequals = 4\n",
        solution: ["domain.1.ttl=3h"]
    ),
];

/// What a solution came to.
#[derive(Debug)]
pub struct Graded {
    /// What came of each expectation.
    pub verdicts: Vec<Verdict>,
    /// What was changed that had to stay, in words.
    pub moved: Vec<String>,
}

impl Graded {
    /// Returns whether the exercise is solved.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.moved.is_empty() && self.verdicts.iter().all(Verdict::is_met)
    }

    /// Returns each demand with whether it is met, in words.
    #[must_use]
    pub fn told(&self) -> Vec<(bool, String)> {
        let verdicts = self.verdicts.iter().map(|verdict| (verdict.is_met(), verdict.to_string()));
        verdicts.chain(self.moved.iter().map(|moved| (false, moved.clone()))).collect()
    }
}

/// Why a solution cannot be judged.
#[derive(Debug)]
pub enum Ungraded {
    /// It is no scenario.
    Problems(Problems),
    /// It does not run to its end, or cannot be read as a change of the exercise.
    Told(String),
}

impl Exercise {
    /// Returns the exercise of a name, a number or a file.
    #[must_use]
    pub fn find(wanted: &str) -> Option<&'static Self> {
        let stem = wanted.rsplit(['/', '\\']).next().unwrap_or_default().trim_end_matches(".toml");
        EXERCISES.iter().find(|exercise| {
            exercise.name == stem
                || stem.parse().is_ok_and(|number: u32| number == exercise.number())
        })
    }

    /// Returns its number.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.name.split('-').next().and_then(|digits| digits.parse().ok()).unwrap_or_default()
    }

    /// Judges a solution by running it. `proceed` is asked now and then whether to go on.
    ///
    /// # Errors
    /// If it is no scenario that runs to its end.
    pub fn grade(
        &self,
        text: &str,
        mut proceed: impl FnMut(SimTime) -> bool,
    ) -> Result<Graded, Ungraded> {
        let told = |error: &dyn std::fmt::Display| Ungraded::Told(error.to_string());
        let handed_in = self.read(text).map_err(Ungraded::Problems)?;
        let own = Entries::of(&handed_in.resolved);
        let start = self.read(self.start).map_err(Ungraded::Problems)?;
        let start = Entries::of(&start.resolved);
        let moved = self.fixed.iter().filter(|path| own.at(path) != start.at(path));
        let moved =
            moved.map(|path| format!("{path} of the exercise was changed, and has to stay"));
        // The exercise's expectations take the place of the solution's own.
        let all = KeyPath(vec!["expect".to_owned()]);
        let bare = if own.count("expect") == 0 {
            text.to_owned()
        } else {
            edited(text, &[Override::Unset { path: all }]).map_err(|error| told(&error))?
        };
        let judged =
            self.read(&format!("{bare}\n\n{}", self.expect)).map_err(Ungraded::Problems)?;
        let scenario = &judged.scenario;
        let mut stopped = false;
        let asked = scenario.asked_figures();
        let ran = run(scenario, &asked, scenario.duration, None, |at, _| {
            stopped = !proceed(at);
            !stopped
        });
        if let Some(chain) = &ran.totals.endless {
            return Err(Ungraded::Told(chain.told(scenario)));
        }
        if stopped {
            return Err(Ungraded::Told(format!("stopped at {} of virtual time", ran.totals.ended)));
        }
        Ok(Graded { verdicts: ran.summary.expectations, moved: moved.collect() })
    }

    fn read(&self, text: &str) -> Result<Loaded, Problems> {
        let alone = |_: &str| Err("a solution stands alone".to_owned());
        let file = format!("{}.toml", self.name);
        load(&Source { file: &file, text, read_file: &alone }, &[])
    }

    /// Returns what a page says of it.
    #[must_use]
    pub fn for_page(&self) -> Value {
        json!({
            "number": self.number(),
            "name": self.name,
            "title": title_of(self.start),
            "task": self.task,
            "hints": self.hints,
        })
    }

    /// Returns the code by which a solution is handed in.
    #[must_use]
    pub fn code(&self, text: &str) -> String {
        hand_in::code(self.number(), self.start, text)
    }

    /// Returns the solution of a code.
    ///
    /// # Errors
    /// In words, if it is damaged or of another exercise.
    pub fn solution_of(&self, code: &str) -> Result<String, String> {
        hand_in::text(self.number(), self.start, code)
    }
}

/// Returns the title of a scenario that the program carries.
#[must_use]
pub fn title_of(text: &str) -> &str {
    text.lines()
        .find_map(|line| line.strip_prefix("title = \"")?.strip_suffix('"'))
        .unwrap_or_default()
}

#[cfg(test)]
#[path = "exercises_tests.rs"]
mod tests;
