//! A file of a real server. The first line may be its name; what it holds says what it is.

use mailsim::import::{Input, Options, import as read};
use mailsim::scenario::{Source, load};

/// Imports the file, plainly and under pseudonyms; what comes of it is a scenario.
pub(crate) fn import(data: &[u8]) {
    let end = data.iter().position(|&octet| octet == b'\n').unwrap_or(0);
    let (name, rest) = data.split_at(end);
    let name = String::from_utf8_lossy(name).into_owned();
    for anonymise in [false, true] {
        let options = Options { anonymise, ..Options::default() };
        let input = Input { name: name.clone(), kind: None, of: None, reader: Box::new(rest) };
        let imported = match read(vec![input], &options) {
            Ok(imported) => imported,
            Err(error) => {
                assert!(!error.to_string().is_empty(), "refused without a word");
                continue;
            }
        };
        let read_file = |name: &str| {
            let found = imported.mail.iter().find(|(known, _)| known == name);
            found.map(|(_, text)| text.clone()).ok_or_else(|| format!("there is no {name}"))
        };
        let source =
            Source { file: "scenario.toml", text: &imported.scenario, read_file: &read_file };
        if let Err(problems) = load(&source, &[]) {
            let (told, text) = (problems.render(false), &imported.scenario);
            panic!("what was imported cannot be read:\n{told}\n{text}");
        }
    }
}
