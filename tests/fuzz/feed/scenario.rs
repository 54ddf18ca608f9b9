//! The text of a scenario. Lines that begin with `#set ` are what the command line changes in it.

use mailsim::model::Scenario;
use mailsim::scenario::{Override, Source, edited, load};
use mailsim::simulation::Simulation;

use super::{nothing, text_of};

/// A run is asked so often whether it goes on, each time after some thousand events.
const MOST_LOOKS: usize = 8;
/// A network with more hosts than this is as good as one with fewer.
const MOST_HOSTS: usize = 200;

/// Reads a scenario, edits it, and runs it for a while.
pub(crate) fn scenario(data: &[u8]) {
    let Some(text) = text_of(data) else { return };
    let set = text.lines().filter_map(|line| line.strip_prefix("#set "));
    let changes: Vec<Override> = set.filter_map(|line| Override::set(line).ok()).collect();
    let source = Source { file: "fuzz.toml", text, read_file: &nothing };
    match load(&source, &changes) {
        Ok(loaded) => {
            let _ = loaded.warnings.render(true);
            if let Ok(edited) = edited(text, &changes) {
                let source = Source { file: "edited.toml", text: &edited, read_file: &nothing };
                assert!(load(&source, &[]).is_ok(), "the edited text is refused:\n{edited}");
            }
            run_briefly(&loaded.scenario);
        }
        Err(problems) => assert!(!problems.render(false).is_empty(), "refused without a word"),
    }
}

/// Runs the beginning of a scenario.
pub(super) fn run_briefly(scenario: &Scenario) {
    if scenario.hosts.len() > MOST_HOSTS {
        return;
    }
    let mut looks = 0;
    Simulation::new(scenario).run_while(&mut (), |_| {
        looks += 1;
        looks < MOST_LOOKS
    });
}
