//! The program `mailsim`: parses its arguments, runs the command, exits with its status.

fn main() -> std::process::ExitCode {
    mailsim::cli::execute(std::env::args_os()).into()
}
