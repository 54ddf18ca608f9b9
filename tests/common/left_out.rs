//! What a test says that could not do its work.

use std::io::Write as _;

/// Says, past the capturing of test output, that a test could not do its work. With
/// `MAILSIM_REQUIRE_ALL` set, as `.ci/run` has it, that is a failure.
pub(crate) fn left_out(test: &str, why: &str) {
    let demanded = std::env::var_os("MAILSIM_REQUIRE_ALL").is_some();
    assert!(!demanded, "{test} may not be left out here: {why}");
    let _ = writeln!(std::io::stderr(), "\nLEFT OUT: {test}: {why}");
}
