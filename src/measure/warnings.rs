//! What may mislead in a run's figures.

use super::summary::Summary;

/// From this utilisation on a host counts as saturated.
const SATURATED: f64 = 0.99;
/// This many saturated hosts are named one by one.
const NAMED_HOSTS: usize = 3;

/// Returns the warnings that a summary calls for, the gravest first.
pub(super) fn of(summary: &Summary) -> Vec<String> {
    let mut warnings = Vec::new();
    if !summary.ledger.balances {
        warnings.push(
            "the ledger does not balance: mail was lost or counted twice by the model itself; \
             do not use these figures, and report this as a defect of mailsim"
                .to_owned(),
        );
    }
    mail_warnings(summary, &mut warnings);
    utilisation_warnings(summary, &mut warnings);
    if summary.run.replications <= 1 && summary.mail.submitted > 1 {
        warnings.push(
            "a single run is one draw of many: figures say what happened under this seed, not how \
             sure they are"
                .to_owned(),
        );
    }
    warnings
}

fn mail_warnings(summary: &Summary, warnings: &mut Vec<String>) {
    let mail = &summary.mail;
    let unfinished = mail.queued + mail.in_transit;
    if mail.submitted == 0 {
        warnings.push("no mail was submitted: there is nothing to measure".to_owned());
        return;
    }
    if mail.delivered == 0 {
        warnings.push("nothing was delivered: there are no delivery times".to_owned());
    }
    if unfinished > 0 {
        warnings.push(format!(
            "{unfinished} of {} recipients were still under way at the end of the run: delivery \
             times are those of the {} delivered only, so true ones are longer; a longer duration \
             would let them finish",
            mail.submitted, mail.delivered
        ));
    }
    let undrained = summary.outages.iter().filter(|o| o.to_s.is_some() && o.drain_s.is_none());
    match undrained.count() {
        0 => {}
        n => warnings.push(format!(
            "the backlog of {n} outage{} was not drained by the end of the run",
            if n == 1 { "" } else { "s" }
        )),
    }
}

fn utilisation_warnings(summary: &Summary, warnings: &mut Vec<String>) {
    let saturated: Vec<_> = summary
        .hosts
        .iter()
        .filter_map(|(name, host)| Some((name, host.utilisation.filter(|&u| u >= SATURATED)?)))
        .collect();
    for (name, utilisation) in saturated.iter().take(NAMED_HOSTS) {
        warnings.push(format!(
            "{name} was busy {:.1} % of the time: waiting times there depend on how long the run \
             lasts",
            utilisation * 100.0
        ));
    }
    if saturated.len() > NAMED_HOSTS {
        warnings.push(format!(
            "{} more hosts were busy at least 99 % of the time",
            saturated.len() - NAMED_HOSTS
        ));
    }
}
