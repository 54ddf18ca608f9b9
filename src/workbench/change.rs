//! What the page may ask to be changed, and the overrides that it comes to.

use serde::Deserialize;

use crate::fault::Schedule;
use crate::mail::HostId;
use crate::model::Scenario;
use crate::scenario::{Entries, KeyPath, Override, key_text, read_value, text_value};
use crate::units::{SimDuration, SimTime};

/// A change as the page asks for it. Times and other quantities are texts in the notation of a
/// scenario.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// A host fails from a time on.
    TakeDown {
        /// Its name.
        host: String,
        /// How it fails, a mode of `[[outage]]`.
        mode: String,
        /// When.
        at: String,
        /// For how long; none: until the end.
        #[serde(rename = "for")]
        lasting: Option<String>,
    },
    /// Nothing passes between two hosts from a time on.
    Cut {
        /// Their names.
        between: [String; 2],
        /// When.
        at: String,
        /// For how long; none: until the end.
        #[serde(rename = "for")]
        lasting: Option<String>,
    },
    /// An outage ends, whatever it was meant to last.
    End {
        /// Its place among the entries of `[[outage]]`.
        outage: usize,
        /// When.
        at: String,
    },
    /// A setting of a host's mail server: from the start, or from a time on.
    Setting {
        /// The host's name.
        host: String,
        /// The key in its `mta` table.
        setting: String,
        /// The value, as a scenario writes it; quotes may be left out.
        value: String,
        /// From when on; none: from the start.
        at: Option<String>,
    },
    /// One more message.
    Mail {
        /// The address of its sender.
        from: String,
        /// The addresses of its recipients.
        to: Vec<String>,
        /// When it is written.
        at: String,
        /// Its size; none: as the scenario has it.
        size: Option<String>,
    },
    /// What would stand behind `--set`.
    Set {
        /// `PATH=VALUE`.
        argument: String,
    },
    /// What would stand behind `--unset`.
    Unset {
        /// `PATH`.
        argument: String,
    },
}

/// A change that can be undone: what people read, and what it does to the scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What it does, for people.
    pub title: String,
    /// What it does to the scenario.
    pub overrides: Vec<Override>,
}

/// A scenario about to be changed.
#[derive(Debug)]
pub struct Before<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// What its text has entries of.
    pub entries: &'a Entries,
}

impl Change {
    /// Returns the overrides that make the change.
    ///
    /// # Errors
    /// In words, where the change makes no sense; what the scenario says about a value that it does
    /// not take is found when it is read.
    pub fn step(&self, before: &Before<'_>) -> Result<Step, String> {
        match self {
            Self::TakeDown { host, mode, at, lasting } => {
                let strikes = format!("host = {}", text_value(host));
                let outage = before.outage(&strikes, mode, at, lasting.as_deref())?;
                Ok(Step {
                    title: format!("{host} fails: {mode}, {}", outage.0),
                    overrides: vec![outage.1],
                })
            }
            Self::Cut { between, at, lasting } => before.cut(between, at, lasting.as_deref()),
            Self::End { outage, at } => before.end(*outage, at),
            Self::Setting { host, setting, value, at: None } => {
                before.set_from_start(host, setting, value)
            }
            Self::Setting { host, setting, value, at: Some(at) } => {
                let at = before.time("at", at)?.since_start().exact().to_string();
                let entry = format!(
                    "{{ at = {}, host = {}, do = {{ set = {{ mta = {{ {} = {} }} }} }} }}",
                    text_value(&at),
                    text_value(host),
                    key_text(setting),
                    read_value(value)
                );
                let title = format!("{host}: {setting} = {value} from {at} on");
                Ok(Step { title, overrides: vec![before.add("action", entry)] })
            }
            Self::Mail { from, to, at, size } => before.mail(from, to, at, size.as_deref()),
            Self::Set { argument } => {
                let change = Override::set(argument).map_err(|error| error.to_string())?;
                Ok(Step { title: argument.clone(), overrides: vec![change] })
            }
            Self::Unset { argument } => {
                let change = Override::unset(argument).map_err(|error| error.to_string())?;
                Ok(Step { title: format!("without {argument}"), overrides: vec![change] })
            }
        }
    }
}

impl Before<'_> {
    /// Reads a time of the run.
    fn time(&self, key: &str, text: &str) -> Result<SimTime, String> {
        let end = SimTime::ZERO + self.scenario.duration;
        let accepted = format!("accepted: a time from 0s to before {}", end.since_start().exact());
        let span = match on_a_clock(text) {
            Some(span) => span,
            None => text.parse().map_err(|error| format!("{key}: {error}; {accepted}"))?,
        };
        let at = SimTime::ZERO + span;
        if at < end {
            Ok(at)
        } else {
            Err(format!("{key}: {text} is after the end of the run; {accepted}"))
        }
    }

    /// Returns the override that adds an entry behind the last of its list.
    fn add(&self, list: &str, entry: String) -> Override {
        let path = KeyPath(vec![list.to_owned(), self.entries.count(list).to_string()]);
        Override::Set { path, value: entry }
    }

    /// Returns when an outage holds, in words, and the override that adds it.
    fn outage(
        &self,
        strikes: &str,
        mode: &str,
        at: &str,
        lasting: Option<&str>,
    ) -> Result<(String, Override), String> {
        let from = self.time("at", at)?.since_start().exact().to_string();
        let mut entry =
            format!("{{ {strikes}, mode = {}, from = {}", text_value(mode), text_value(&from));
        let mut when = format!("from {from} on");
        if let Some(lasting) = lasting {
            entry.push_str(&format!(", for = {}", text_value(lasting)));
            when = format!("from {from} for {lasting}");
        }
        entry.push_str(" }");
        Ok((when, self.add("outage", entry)))
    }

    /// Cuts a link. Two hosts that the scenario joins by no link reach each other over the default
    /// path, which does not fail: they are given a link that is like it. Where links lead somewhere
    /// else from either, one more would change the ways of others, so that is left to the author.
    fn cut(&self, between: &[String; 2], at: &str, lasting: Option<&str>) -> Result<Step, String> {
        let id = |name: &String| -> Result<HostId, String> {
            let found = self.scenario.hosts.iter().position(|host| host.name == *name);
            found.map(HostId::from_index).ok_or_else(|| format!("there is no host named {name:?}"))
        };
        let (one, other) = (id(&between[0])?, id(&between[1])?);
        let links = self.scenario.topology.links();
        let joined =
            links.iter().any(|link| link.ends == (one, other) || link.ends == (other, one));
        let mut overrides = Vec::new();
        let both = between.each_ref().map(|name| text_value(name)).join(", ");
        if !joined {
            let linked = |host| links.iter().any(|link| link.ends.0 == host || link.ends.1 == host);
            if let Some(host) = [one, other].into_iter().find(|host| linked(*host)) {
                return Err(format!(
                    "no [[link]] joins {} and {}, and {} has links to others: one more would change \
                     the ways of other mail; cut one of the links that there are, or add the [[link]] \
                     to the scenario",
                    between[0],
                    between[1],
                    self.scenario.hosts[host.index()].name
                ));
            }
            overrides.push(self.add("link", format!("{{ between = [{both}] }}")));
        }
        let label = between.join(" - ");
        let strikes = format!("name = {}, link = [{both}]", text_value(&label));
        let (when, outage) = self.outage(&strikes, "blackhole", at, lasting)?;
        overrides.push(outage);
        Ok(Step { title: format!("{label} is cut {when}"), overrides })
    }

    fn end(&self, entry: usize, at: &str) -> Result<Step, String> {
        let at = self.time("at", at)?;
        let found = self.scenario.outages.iter().find(|outage| outage.entry as usize == entry);
        let outage = found.ok_or_else(|| format!("there is no outage {entry}"))?;
        let Schedule::Fixed(interval) = &outage.schedule else {
            return Err(format!(
                "outage {entry} ({}) begins and ends by chance; leave it out with --unset \
                 outage.{entry}, or change its `random`",
                outage.label
            ));
        };
        if at >= interval.to {
            return Err(format!("outage {entry} ({}) is over at that time", outage.label));
        }
        let key = |key: &str| KeyPath(vec!["outage".to_owned(), entry.to_string(), key.to_owned()]);
        let whole = KeyPath(vec!["outage".to_owned(), entry.to_string()]);
        let mut overrides = Vec::new();
        if at <= interval.from {
            overrides.push(Override::Unset { path: whole });
        } else {
            if self.entries.has("outage", entry, "until") {
                overrides.push(Override::Unset { path: key("until") });
            }
            let lasting = at.since(interval.from).exact().to_string();
            overrides.push(Override::Set { path: key("for"), value: text_value(&lasting) });
        }
        let title = format!("{} works again at {}", outage.label, at.since_start().exact());
        Ok(Step { title, overrides })
    }

    fn set_from_start(&self, host: &str, setting: &str, value: &str) -> Result<Step, String> {
        if !self.entries.is_named("host", host) {
            return Err(format!(
                "{host} has no [[host]] of its own, so its settings cannot be other ones from the \
                 start; change them from a time on"
            ));
        }
        let path = ["host", host, "mta", setting].map(str::to_owned).to_vec();
        let change = Override::Set { path: KeyPath(path), value: value.to_owned() };
        Ok(Step { title: format!("{host}: {setting} = {value}"), overrides: vec![change] })
    }

    fn mail(
        &self,
        from: &str,
        to: &[String],
        at: &str,
        size: Option<&str>,
    ) -> Result<Step, String> {
        let at = self.time("at", at)?.since_start().exact().to_string();
        let recipients: Vec<String> = to.iter().map(|address| text_value(address)).collect();
        let mut entry = format!(
            "{{ from = {}, to = [{}], at = {}",
            text_value(from),
            recipients.join(", "),
            text_value(&at)
        );
        if let Some(size) = size {
            entry.push_str(&format!(", size = {}", text_value(size)));
        }
        entry.push_str(" }");
        let title = format!("mail from {from} to {} at {at}", to.join(", "));
        Ok(Step { title, overrides: vec![self.add("mail", entry)] })
    }
}

/// Returns a time as a clock that began at zero shows it: `3:00`, `26:15:30`; none: it is not written so.
fn on_a_clock(text: &str) -> Option<SimDuration> {
    let parts: Vec<&str> = text.trim().split(':').collect();
    let number = |text: &str, most: u64| {
        let digits = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
        text.parse().ok().filter(|&number: &u64| digits && number <= most)
    };
    let seconds = match parts.as_slice() {
        [hours, minutes] => number(hours, 100_000)? * 3600 + number(minutes, 59)? * 60,
        [hours, minutes, seconds] => {
            number(hours, 100_000)? * 3600 + number(minutes, 59)? * 60 + number(seconds, 59)?
        }
        _ => return None,
    };
    Some(SimDuration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_may_be_written_as_on_a_clock() {
        let seconds = |text| on_a_clock(text).map(|span| span.as_secs_f64());
        assert_eq!(seconds("3:00"), Some(10_800.0));
        assert_eq!(seconds(" 26:15:30 "), Some(94_530.0));
        for other in ["3h", "3", "3:60", "3:00:60", ":30", "3:", "-1:00", "+1:00", "1:2:3:4", ""] {
            assert_eq!(seconds(other), None, "{other}");
        }
    }
}
