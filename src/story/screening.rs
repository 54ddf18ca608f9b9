//! What a server's screens found, as it stands in the header and as a person tells it.

use crate::mail::{AuthenticationResult, MailboxNames as _};
use crate::model::Scenario;
use crate::trace::{Fact, Findings, ScreenedFact, Verdict};
use crate::units::SimTime;

use super::tale::Story;

/// Returns the header fields by which a server tells what it found (RFC 8601), the newest first:
/// none if nothing was checked that leaves a trace.
#[must_use]
pub fn result_fields(scenario: &Scenario, fact: &ScreenedFact) -> Vec<String> {
    let mut fields = Vec::new();
    if matches!(fact.findings.verdict, Verdict::Junk(_)) {
        fields.push("X-Spam: Yes".to_owned());
    }
    let results = results(scenario, &fact.findings);
    if !results.is_empty() {
        let host = scenario.host(fact.by);
        fields.push(format!("Authentication-Results: {host};\n\t{}", results.join(";\n\t")));
    }
    fields
}

fn results(scenario: &Scenario, findings: &Findings) -> Vec<String> {
    let mut results = Vec::new();
    if let Some((result, domain)) = findings.spf {
        results.push(format!("spf={result} smtp.mailfrom={}", scenario.domain(domain)));
    }
    for (result, domain) in &findings.dkim {
        results.push(format!("dkim={result} header.d={}", scenario.domain(*domain)));
    }
    if let Some((result, domain, policy)) = findings.dmarc {
        let domain = scenario.domain(domain);
        let asked = match result {
            // No record: nothing is asked for.
            AuthenticationResult::None => String::new(),
            _ => format!(" (p={policy})"),
        };
        results.push(format!("dmarc={result}{asked} header.from={domain}"));
    }
    results
}

/// Returns what a server found and does about it, in a sentence without its subject.
#[must_use]
pub fn told(scenario: &Scenario, fact: &ScreenedFact) -> String {
    let findings = &fact.findings;
    let mut found = results(scenario, findings);
    if let Some(list) = findings.listed_by {
        let zone = &scenario.published.blocklists[list as usize].zone;
        found.push(format!("{} is listed by {zone}", client(scenario, fact)));
    }
    if let Some(score) = findings.score {
        found.push(format!("the filter's score is {}", (score * 100.0).round() / 100.0));
    }
    let follows = match findings.verdict {
        Verdict::Welcome => "nothing against it",
        Verdict::Junk(_) => "it is marked for the folder Junk",
        Verdict::Deferred(_) => "it is put off",
        Verdict::Refused(_) => "it is refused",
        Verdict::Discarded(_) => "it is thrown away, and nobody is told",
    };
    if found.is_empty() {
        return format!("finds {follows}");
    }
    format!("finds {}: {follows}", found.join(", "))
}

/// Returns the words of a refusal at RCPT by a blocklist (Postfix `default_rbl_reply`).
pub(super) fn blocked(scenario: &Scenario, fact: &ScreenedFact) -> Option<String> {
    let list = fact.findings.listed_by?;
    let zone = &scenario.published.blocklists[list as usize].zone;
    let client = client(scenario, fact);
    Some(format!("Service unavailable; Client host [{client}] blocked using {zone}"))
}

fn client<'s>(scenario: &'s Scenario, fact: &ScreenedFact) -> &'s str {
    let address = fact.client.and_then(|address| scenario.addresses.get(address as usize));
    address.map_or("the client", |address| address.literal.as_str())
}

/// Returns what `by` found about a copy at `at`.
#[must_use]
pub fn found_at(
    story: &Story,
    copy: usize,
    by: crate::mail::HostId,
    at: SimTime,
) -> Option<&ScreenedFact> {
    story.copies[copy].facts.iter().find_map(|(when, fact)| match fact {
        Fact::Screened(found) if found.by == by && *when == at => Some(found),
        _ => None,
    })
}
