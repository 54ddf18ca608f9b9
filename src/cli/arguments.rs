//! The arguments of the program, and what is done with them.

use std::ffi::OsString;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::units::Octets;

use super::error::CommandError;
use super::status::ExitStatus;
use super::terminal::{Color, Terminal};
use super::{
    check, compare, completions, explain, export, figures, grade, help, import, learn, live, man,
    memory, new, profiles, queue, report, route, run, schema, serve, site, study, talk, threshold,
    trace,
};

/// Simulate mail networks: queues, retries, bounces and delivery times under outages
#[derive(Debug, Parser)]
#[command(
    name = "mailsim",
    version,
    long_about = "Simulate mail networks in virtual time: MUAs, submission servers, relays, MX \
                  hosts, DNS and POP/IMAP stores exchange SMTP transactions as a scenario file \
                  says. The same scenario and seed give the same result, octet for octet.",
    after_help = EXAMPLES,
    arg_required_else_help = true,
    subcommand_required = true,
    disable_help_subcommand = true,
    term_width = 80,
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Commands,

    // The order keeps it behind each command's own options, however many commands there are.
    /// Say nothing but results and errors
    #[arg(short, long, global = true, display_order = 900)]
    quiet: bool,

    /// When messages are coloured [default: auto]
    #[arg(
        long,
        global = true,
        display_order = 901,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        hide_default_value = true,
        hide_possible_values = false
    )]
    color: Color,

    /// Most memory it may take, as 4GiB [default: nine tenths of the machine's]
    #[arg(long, global = true, display_order = 902, value_name = "SIZE")]
    memory_limit: Option<Octets>,
}

const EXAMPLES: &str = "\
Examples:
  mailsim new first              write first.toml, a commented scenario
  mailsim check first.toml       find its mistakes
  mailsim run first.toml         run it; results in output/first
  mailsim trace first.toml       follow one message, line by line
  mailsim learn 1                a first lesson
  mailsim help                   the manual

Exit status: 0 success; 1 an expectation of the scenario was not met; 2 the
command line or the scenario is invalid; 3 reading or writing failed;
130 interrupted.";

#[derive(Debug, Subcommand)]
enum Commands {
    Run(run::Arguments),
    Check(check::Arguments),
    Trace(trace::Arguments),
    Serve(serve::Arguments),
    Route(route::Arguments),
    Learn(learn::Arguments),
    Grade(grade::Arguments),
    Talk(talk::Arguments),
    Live(Box<live::Arguments>),
    Study(study::Arguments),
    Compare(compare::Arguments),
    Threshold(Box<threshold::Arguments>),
    Report(report::Arguments),
    Import(Box<import::Arguments>),
    Export(export::Arguments),
    Figures(figures::Arguments),
    Queue(queue::Arguments),
    Site(site::Arguments),
    Profiles(profiles::Arguments),
    New(new::Arguments),
    Explain(explain::Arguments),
    Help(help::Arguments),
    Schema(schema::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// Returns the definition of the command line, from which help, manual pages and completions are
/// made.
pub(super) fn definition() -> clap::Command {
    Arguments::command()
}

/// Runs the program with its arguments, the first of which is its own name.
#[must_use]
pub fn execute(arguments: impl IntoIterator<Item = OsString>) -> ExitStatus {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help that is asked for goes to standard output, complaints to standard error; if
            // neither can be written there is nobody to tell.
            let _ = error.print();
            return if error.use_stderr() { ExitStatus::Invalid } else { ExitStatus::Success };
        }
    };
    let terminal = Terminal::new(arguments.quiet, arguments.color);
    memory::watch(arguments.memory_limit, terminal);
    match dispatch(arguments.command, terminal) {
        Ok(status) => status,
        Err(error) => {
            if let CommandError::Scenario(problems) = &error {
                terminal.problems(&problems.render(terminal.color()));
            } else {
                terminal.error(&error.to_string());
            }
            error.status()
        }
    }
}

fn dispatch(command: Commands, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    match command {
        Commands::Run(arguments) => run::run(&arguments, terminal),
        Commands::Check(arguments) => check::check(&arguments, terminal),
        Commands::Trace(arguments) => trace::trace(&arguments, terminal),
        Commands::Serve(arguments) => serve::serve(arguments, terminal),
        Commands::Route(arguments) => route::route(&arguments, terminal),
        Commands::Learn(arguments) => learn::learn(&arguments, terminal),
        Commands::Live(arguments) => live::live(*arguments, terminal),
        Commands::Grade(arguments) => grade::grade(&arguments, terminal),
        Commands::Talk(arguments) => talk::talk(&arguments, terminal),
        Commands::Study(arguments) => study::study(&arguments, terminal),
        Commands::Compare(arguments) => compare::compare(&arguments, terminal),
        Commands::Threshold(arguments) => threshold::threshold(&arguments, terminal),
        Commands::Report(arguments) => report::report(&arguments, terminal),
        Commands::Import(arguments) => import::run(&arguments, terminal),
        Commands::Export(arguments) => export::run(&arguments, terminal),
        Commands::Figures(arguments) => figures::figures(&arguments, terminal),
        Commands::Queue(arguments) => queue::queue(&arguments, terminal),
        Commands::Site(arguments) => site::site(&arguments, terminal),
        Commands::Profiles(arguments) => profiles::profiles(&arguments, terminal),
        Commands::New(arguments) => new::new(&arguments, terminal),
        Commands::Explain(arguments) => explain::explain(&arguments, terminal),
        Commands::Help(arguments) => help::help(&arguments, terminal),
        Commands::Schema(arguments) => schema::schema(&arguments, terminal),
        Commands::Completions(arguments) => completions::completions(&arguments, terminal),
        Commands::Man(arguments) => man::man(&arguments, terminal),
    }
}

#[cfg(test)]
mod tests {
    use super::definition;

    #[test]
    fn the_definition_is_consistent() {
        definition().debug_assert();
    }
}
