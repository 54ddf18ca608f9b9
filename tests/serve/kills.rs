//! Kills in the middle of saving, and changes that take longer than they may.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::browser::{SCENARIO, Serving};

const KILLS: u64 = 20;

/// Asks for the file to be saved, over and over, until the server is gone.
fn save(port: u16, over: &AtomicBool) {
    let request = format!(
        "POST /save HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n\
         Content-Type: application/json\r\nContent-Length: 0\r\n\r\n"
    );
    while !over.load(Ordering::Relaxed) {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return };
        // Whoever is killed answers nothing.
        let _ = stream.write_all(request.as_bytes());
        let _ = stream.read_to_end(&mut Vec::new());
    }
}

#[test]
fn a_server_that_is_killed_while_it_saves_leaves_a_whole_file() {
    let mut folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("served.toml"), SCENARIO).unwrap();
    let saved =
        |folder: &tempfile::TempDir| fs::read_to_string(folder.path().join("saved.toml")).ok();
    let mut found = 0;
    for number in 0..KILLS {
        let _ = fs::remove_file(folder.path().join("saved.toml"));
        let serving = Serving::start_in(folder, &["--save-to", "saved.toml"]);
        let (port, over) = (serving.port, AtomicBool::new(false));
        folder = thread::scope(|scope| {
            scope.spawn(|| save(port, &over));
            thread::sleep(Duration::from_millis(number));
            let folder = serving.kill();
            over.store(true, Ordering::Relaxed);
            folder
        });
        if let Some(text) = saved(&folder) {
            assert_eq!(text, SCENARIO, "kill {number} left half a file");
            found += 1;
        }
    }
    println!("{found} of {KILLS} had saved");
}

/// Not only the run counts: a scenario of that many hosts is read for longer than a second.
#[test]
fn a_change_that_cannot_be_read_in_time_is_given_up() {
    let serving = Serving::start(SCENARIO, &["--time-limit", "1s"]);
    let change = json!({ "do": "set", "argument": "host.1.count=300000" });
    let begun = Instant::now();
    let answer = serving.change(0, &change).with(503);
    assert!(answer.error().contains("took longer than 1 s"), "{}", answer.body);
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    // The page is there meanwhile, and changes that are made in time are made.
    serving.get("/").with(200);
}
