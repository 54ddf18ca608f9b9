//! The controls of the page in a real browser, as `live.mjs` uses them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::browser::{SCENARIO, Serving};
use crate::left_out::left_out;

fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut all = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    all.find(|file| file.is_file())
}

#[test]
fn controls_work_in_a_browser() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let name = "controls_work_in_a_browser";
    let Some(node) = program(&["node", "nodejs"]) else {
        return left_out(name, "there is no node");
    };
    let Some(chromium) = program(&["chromium", "chromium-browser", "google-chrome"]) else {
        return left_out(name, "there is no chromium");
    };
    if !tests.join("browser/node_modules/playwright-core").is_dir() {
        return left_out(name, "`npm ci` was not run in tests/browser");
    }
    let serving = Serving::start(SCENARIO, &[]);
    let out = Command::new(node)
        .arg(tests.join("serve/live.mjs"))
        .arg(chromium)
        .arg(format!("http://127.0.0.1:{}/", serving.port))
        .output()
        .unwrap();
    let (said, errors) =
        (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{said}{errors}");
    assert!(said.contains("the controls work"), "{said}");
}
