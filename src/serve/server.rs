//! The listening socket on loopback, and a thread for each connection.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::connection::Connection;
use super::live_run::LiveRun;
use super::request::{Request, Unread};
use super::routes::Routes;

/// Says something to whoever started the server.
pub(super) type Tell<'a> = dyn Fn(&str) + Sync + 'a;

/// Connections answered at once, each by a thread; a browser opens six at most to one host. Further
/// ones are closed.
const CONNECTIONS: usize = 64;
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
    pub fn serve(&self, live: &Arc<LiveRun>, stop: &AtomicBool, tell: &(dyn Fn(&str) + Sync)) {
        let routes = Routes { live, tell, port: self.port };
        let under_way = AtomicUsize::new(0);
        thread::scope(|scope| {
            while !stop.load(Ordering::Relaxed) {
                // Nobody is there, or whoever was is gone again.
                let Ok((stream, _)) = self.listener.accept() else {
                    thread::sleep(LOOK);
                    continue;
                };
                if under_way.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS {
                    under_way.fetch_sub(1, Ordering::Relaxed);
                    continue;
                }
                let (routes, under_way) = (&routes, &under_way);
                scope.spawn(move || {
                    if let Ok(connection) = Connection::new(stream, PATIENCE, stop) {
                        converse(routes, connection);
                    }
                    under_way.fetch_sub(1, Ordering::Relaxed);
                });
            }
            live.close();
        });
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
