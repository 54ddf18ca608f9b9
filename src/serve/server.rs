//! The listening socket on loopback, and a few threads that answer.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::connection::Connection;
use super::live_run::LiveRun;
use super::request::{Request, Unread};
use super::routes::Routes;

/// Says something to whoever started the server.
pub(super) type Tell<'a> = dyn Fn(&str) + Sync + 'a;

/// Connections answered at once. A browser opens six at most to one host.
const THREADS: usize = 12;
/// Connections that wait for one of these.
const WAITING: usize = 64;
/// How often it is looked whether somebody connects.
const LOOK: Duration = Duration::from_millis(10);
/// A request is there, and an answer taken, within this.
const PATIENCE: Duration = Duration::from_secs(10);

/// A socket that listens on 127.0.0.1.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    port: u16,
}

impl Server {
    /// Listens on `port` of 127.0.0.1; 0: on any free one.
    ///
    /// # Errors
    /// If the port is taken, or may not be listened on.
    pub fn listen(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port })
    }

    /// Returns the address of the page.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Answers until `stop` becomes true; then what is under way is given up. `tell` is told what
    /// was changed.
    pub fn serve(&self, live: &LiveRun, stop: &AtomicBool, tell: &(dyn Fn(&str) + Sync)) {
        let routes = Routes { live, tell, port: self.port };
        let (sender, receiver) = sync_channel(WAITING);
        let receiver = Mutex::new(receiver);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| work(&routes, &receiver, stop));
            }
            while !stop.load(Ordering::Relaxed) {
                match self.listener.accept() {
                    // Of too many connections, those that find no room are closed at once.
                    Ok((stream, _)) => drop(sender.try_send(stream)),
                    // Nobody is there, or whoever was is gone again.
                    Err(_) => thread::sleep(LOOK),
                }
            }
            live.close();
            drop(sender);
        });
    }
}

fn work(routes: &Routes<'_>, waiting: &Mutex<Receiver<TcpStream>>, stop: &AtomicBool) {
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(stream) = next else { return };
        if let Ok(connection) = Connection::new(stream, PATIENCE, stop) {
            converse(routes, connection);
        }
    }
}

/// Answers the one request of a connection.
fn converse(routes: &Routes<'_>, mut connection: Connection<'_>) {
    let (is_head, answered, is_read) = match Request::read(&mut connection) {
        Ok(mut request) => {
            let answered = routes.answer(&mut request, &mut connection);
            (request.method == "HEAD", answered, !request.is_unread())
        }
        Err(unread) => (false, Err(unread), false),
    };
    let response = match answered {
        Ok(response) | Err(Unread::Answer(response)) => response,
        Err(Unread::Gone) => return,
    };
    connection.allow(PATIENCE);
    if connection.write(&response.octets(is_head)).is_ok() {
        connection.close(is_read);
    }
}
