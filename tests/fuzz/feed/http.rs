//! Octets sent to the page's server. `PORT` stands for its port.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use mailsim::scenario::{Source, load};
use mailsim::serve::{LiveRun, Served, Server};

use super::{SMALL, nothing};

/// A server in a thread of its own.
struct Serving {
    address: String,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Serving {
    fn start() -> Self {
        let source = Source { file: "fuzz.toml", text: SMALL, read_file: &nothing };
        let loaded = load(&source, &[]).expect("the scenario is right");
        let served = Served {
            file: "fuzz.toml".to_owned(),
            text: SMALL.to_owned(),
            digest: String::new(),
            overrides: Vec::new(),
            save_to: None,
            time_limit: Duration::from_secs(5),
        };
        let server = Server::listen(0).expect("a port is free");
        let address = server.address().replace("http://", "").replace('/', "");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            let live = LiveRun::start(served, loaded, |_| true).expect("the run ends");
            server.serve(&Arc::new(live), &stopped, &|_| ());
        });
        Self { address, stop, thread }
    }

    /// Sends octets and returns the answer; `PORT` in them is the server's.
    fn ask(&self, data: &[u8]) -> Vec<u8> {
        let port = self.address.rsplit(':').next().unwrap_or_default();
        let mut sent = Vec::new();
        let mut rest = data;
        while let Some(at) = rest.windows(4).position(|word| word == b"PORT") {
            sent.extend_from_slice(&rest[..at]);
            sent.extend_from_slice(port.as_bytes());
            rest = &rest[at + 4..];
        }
        sent.extend_from_slice(rest);
        let mut stream = TcpStream::connect(&self.address).expect("the server listens");
        // Whoever is refused early need not be told the rest.
        let _ = stream.write_all(&sent).and_then(|()| stream.shutdown(Shutdown::Write));
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    }
}

static SERVING: Mutex<Option<Serving>> = Mutex::new(None);

/// Sends the octets; the server answers this one and the next.
pub(crate) fn http(data: &[u8]) {
    let mut serving = SERVING.lock().expect("nobody panicked with it");
    let server = serving.get_or_insert_with(Serving::start);
    let answer = server.ask(data);
    assert!(!server.thread.is_finished(), "the server has ended");
    let done = answer.starts_with(b"HTTP/1.1 200") && data.starts_with(b"POST");
    if done && let Some(server) = serving.take() {
        // The next one meets a run that nobody has changed.
        server.stop.store(true, Ordering::Relaxed);
        server.thread.join().expect("no answer panics");
    }
}
