//! The file that `mailsim new` writes.

/// Returns a commented scenario to begin with; `name` becomes its title.
#[must_use]
pub fn starter(name: &str) -> String {
    let title: String = name.chars().filter(|c| !c.is_control()).collect();
    STARTER.replace("{title}", &title.replace('\\', "\\\\").replace('"', "\\\""))
}

const STARTER: &str = include_str!("starter.toml");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Source, load};

    #[test]
    fn the_starter_can_be_run_without_a_warning() {
        let text = starter("my \"first\" try");
        let read_file = |_: &str| Err("there are no files here".to_owned());
        let source = Source { file: "starter.toml", text: &text, read_file: &read_file };
        let loaded = load(&source, &[]).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(loaded.scenario.title, "my \"first\" try");
        assert!(loaded.warnings.0.is_empty(), "{}", loaded.warnings);
    }
}
