//! `mailsim explain`: a key of a scenario or study, all that is known of it.

use clap::Args;

use crate::reference::{
    KeyReference, NotFound, ServerSetting, all, below, find, modes_with, server_setting,
};

use super::error::CommandError;
use super::paragraph::paragraph;
use super::status::ExitStatus;
use super::table::columns;
use super::terminal::Terminal;

/// Explain a key: type, unit, range, default, example
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Path of the key, as in `--set`; without it the keys of the top are listed
    #[arg(value_name = "KEY")]
    key: Option<String>,

    /// List the keys at every depth below it
    #[arg(long)]
    recursive: bool,
}

const EXAMPLES: &str = "\
Examples:
  mailsim explain
  mailsim explain mail.arrivals
  mailsim explain host.mta.maximal_queue_lifetime
  mailsim explain outage --recursive
  mailsim explain study.factor";

/// Runs the command.
pub(super) fn explain(
    arguments: &Arguments,
    terminal: Terminal,
) -> Result<ExitStatus, CommandError> {
    let all = all();
    let text = match arguments.key.as_deref().map(str::trim).filter(|key| !key.is_empty()) {
        None => top(&all, arguments.recursive),
        Some(path) => one(&all, path, arguments.recursive)?,
    };
    terminal.data(&text)?;
    Ok(ExitStatus::Success)
}

fn top(all: &[KeyReference], recursive: bool) -> String {
    let mut text = "Keys of a scenario file (mailsim explain KEY tells each)\n".to_owned();
    text.push_str(&list(all, "", recursive));
    text.push_str("\nKeys of a study file (mailsim explain study.KEY)\n");
    text.push_str(&list(all, "study", recursive));
    text
}

/// The keys below `path` with what each means.
fn list(all: &[KeyReference], path: &str, recursive: bool) -> String {
    let mut rows = Vec::new();
    push_rows(all, path, recursive, 1, &mut rows);
    two_columns(rows)
}

/// Names with what each means, wrapped beside them.
fn two_columns(rows: Vec<(String, String)>) -> String {
    let widest = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, about) in rows {
        let wrapped = paragraph(&about, widest + 2);
        let first = format!("{name:<widest$}  {}", wrapped.trim_start());
        text.push_str(if wrapped.trim().is_empty() { &name } else { &first });
        if !text.ends_with('\n') {
            text.push('\n');
        }
    }
    text
}

fn push_rows(
    all: &[KeyReference],
    path: &str,
    recursive: bool,
    depth: usize,
    rows: &mut Vec<(String, String)>,
) {
    let indent = 2 * depth;
    for key in below(all, path) {
        let about = match (key.about.is_empty(), key.default) {
            (true, Some(default)) => format!("default {default}"),
            _ => key.about.to_owned(),
        };
        let required = if key.required { " (required)" } else { "" };
        rows.push((format!("{:indent$}{}", "", key.name), format!("{about}{required}")));
        if recursive {
            push_rows(all, &key.path, true, depth + 1, rows);
        }
    }
}

fn one(all: &[KeyReference], path: &str, recursive: bool) -> Result<String, CommandError> {
    match find(all, path) {
        Ok(key) => Ok(told(all, key, recursive)),
        Err(not_found) => {
            // A setting of a mail server, wherever it is written.
            let name = path.rsplit('.').next().unwrap_or(path);
            match server_setting(name) {
                Ok(setting) => Ok(of_server(&setting)),
                Err(near) => {
                    let in_mta = path.contains("mta");
                    Err(unknown(path, not_found, near.filter(|_| in_mta)))
                }
            }
        }
    }
}

fn unknown(path: &str, not_found: NotFound, setting: Option<String>) -> CommandError {
    let tail = match (setting, not_found) {
        (Some(setting), _) => format!("did you mean `host.mta.{setting}`?"),
        (None, NotFound::None(Some(near))) => format!("did you mean `{near}`?"),
        (None, NotFound::None(None)) => "`mailsim explain` lists the keys".to_owned(),
        (None, NotFound::Several(paths)) => {
            return CommandError::Usage(format!(
                "several keys are called `{path}`:\n  {}",
                paths.join("\n  ")
            ));
        }
    };
    CommandError::Usage(format!("there is no key `{path}`; {tail}"))
}

fn told(all: &[KeyReference], key: &KeyReference, recursive: bool) -> String {
    let mut text = format!("{}\n", key.path);
    text.push_str(&paragraph(key.about, 2));
    text.push('\n');
    let mut facts = vec![("type", key.kind.clone())];
    let mut fact = |name: &'static str, value: Option<String>| {
        facts.extend(value.map(|value| (name, value)));
    };
    fact("required", key.required.then(|| "yes".to_owned()));
    fact("default", key.default.map(str::to_owned));
    fact("units", key.units.map(str::to_owned));
    fact("range", key.range.clone());
    let modes = modes_with(key);
    fact("modes", (!modes.is_empty()).then(|| modes.join(", ")));
    fact("models", key.models.map(str::to_owned));
    fact("source", key.source.map(str::to_owned));
    fact("example", Some(example(all, key)));
    for (name, value) in facts {
        let wrapped = if name == "example" { value } else { paragraph(&value, 12) };
        text.push_str(&format!("  {name:<10}{}\n", wrapped.trim()));
    }
    if !key.words.is_empty() {
        text.push_str("\nWords\n");
        let rows = key.words.iter().map(|(word, about)| (format!("  {word}"), about.clone()));
        text.push_str(&two_columns(rows.collect()));
    }
    let keys = list(all, &key.path, recursive);
    if !keys.is_empty() {
        text.push_str(&format!("\nKeys (mailsim explain {}.KEY)\n{keys}", key.path));
    }
    if key.path == "host.mta" {
        text.push_str(
            "\nIts settings depend on the server: `mailsim profiles NAME` lists them with their \
             defaults,\n`mailsim explain host.mta.SETTING` tells one.\n",
        );
    }
    if key.kind.contains("distribution of") {
        text.push_str("\nDistributions: mailsim explain distribution\n");
    }
    text
}

/// A table of the top is written with its header and the keys that it needs.
fn example(all: &[KeyReference], key: &KeyReference) -> String {
    if key.path.contains('.') || !key.is_table {
        return key.example.clone();
    }
    let keys = below(all, &key.path);
    let mut shown: Vec<&&KeyReference> = keys.iter().filter(|key| key.required).collect();
    if shown.len() < 2 {
        shown.extend(keys.iter().filter(|key| !key.required && key.name != "name").take(2));
    }
    let header = if key.repeats { format!("[[{}]]", key.name) } else { format!("[{}]", key.name) };
    let lines = shown.iter().map(|key| format!("\n            {}", key.example));
    std::iter::once(header).chain(lines).collect()
}

fn of_server(setting: &ServerSetting) -> String {
    let mut text = format!("host.mta.{}\n{}\n", setting.name, paragraph(setting.about, 2));
    text.push_str("  Default by profile, and where it comes from\n");
    let rows: Vec<Vec<String>> = setting
        .defaults
        .iter()
        .map(|(profile, value, source)| {
            vec![format!("  {profile}"), value.clone(), (*source).to_owned()]
        })
        .collect();
    text.push_str(&columns(&rows, &[]));
    if let Some((profile, value, _)) = setting.defaults.first() {
        let plain = value == "true" || value == "false" || value.parse::<f64>().is_ok();
        let value = if plain { value.clone() } else { format!("{value:?}") };
        text.push_str(&format!(
            "\n  example   mta = {{ profile = \"{profile}\", {} = {value} }}\n",
            setting.name
        ));
    }
    text
}
