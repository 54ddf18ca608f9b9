//! What is asked for, by whom, and what is answered.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use crate::workbench::Change;

use super::connection::Connection;
use super::live_run::{LiveRun, Refused, Wish};
use super::request::{Request, Unread};
use super::response::Response;
use super::server::Tell;

/// The body of a request to change something.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// The number of the state that the page shows.
    revision: u64,
    /// What is wanted.
    wish: Wanted,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wanted {
    Change(Change),
    Undo,
    Redo,
    Reset,
}

/// Everything that an answer depends on.
pub(super) struct Routes<'a> {
    pub(super) live: &'a Arc<LiveRun>,
    pub(super) tell: &'a Tell<'a>,
    /// The port that is listened on.
    pub(super) port: u16,
}

impl Routes<'_> {
    /// Answers a request; its body is read if one is wanted.
    pub(super) fn answer(
        &self,
        request: &mut Request,
        connection: &mut Connection<'_>,
    ) -> Result<Response, Unread> {
        let host = match self.host(request) {
            Ok(host) => host.to_owned(),
            Err(response) => return Err(Unread::Answer(response)),
        };
        let refuse = |response| Err(Unread::Answer(response));
        let reads = matches!(request.method.as_str(), "GET" | "HEAD");
        match (request.path.as_str(), reads) {
            ("/", true) => Ok(self.page()),
            ("/scenario.toml", true) => Ok(self.scenario()),
            ("/change" | "/cancel" | "/save", _) if request.method == "POST" => {
                if let Some(response) = foreign(request, &host) {
                    return refuse(response);
                }
                let body = request.body(connection)?;
                Ok(self.do_it(&request.path, &body))
            }
            ("/" | "/scenario.toml", false) => refuse(not_allowed(request, "GET, HEAD")),
            ("/change" | "/cancel" | "/save", _) => refuse(not_allowed(request, "POST")),
            _ => {
                refuse(Response::error(404, "There is nothing here. The page of the run is at /."))
            }
        }
    }

    /// Returns the host that the browser believes to talk to, if it is this one: a page of another
    /// site whose name was made to lead here (DNS rebinding) names itself.
    fn host<'r>(&self, request: &'r Request) -> Result<&'r str, Response> {
        let Some(host) = request.field("host") else {
            return Err(Response::error(400, "A request names its host once, in Host."));
        };
        let port = self.port;
        let own = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
        if own.iter().any(|own| own == host) {
            return Ok(host);
        }
        Err(Response::error(403, &format!("This server answers as 127.0.0.1:{port} and no other.")))
    }

    fn page(&self) -> Response {
        let shown = self.live.shown();
        let policy = format!(
            "default-src 'none'; script-src 'nonce-{}'; style-src 'unsafe-inline'; img-src data:; \
             connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
            shown.nonce
        );
        Response::new(200, "text/html; charset=utf-8", shown.page.clone())
            .with("Content-Security-Policy", &policy)
    }

    fn scenario(&self) -> Response {
        match self.live.text() {
            Ok(text) => {
                let name = self.live.download_name();
                Response::new(200, "application/toml; charset=utf-8", text)
                    .with("Content-Disposition", &format!("attachment; filename=\"{name}\""))
            }
            Err(refused) => Response::error(status(&refused), &refused.to_string()),
        }
    }

    fn do_it(&self, path: &str, body: &[u8]) -> Response {
        match path {
            "/cancel" => {
                self.live.cancel();
                Response::json(200, &json!({}))
            }
            "/save" => match self.live.save() {
                Ok(path) => {
                    (self.tell)(&format!("saved to {path}"));
                    Response::json(200, &json!({ "saved": path }))
                }
                Err(refused) => problem(&refused),
            },
            _ => self.change(body),
        }
    }

    fn change(&self, body: &[u8]) -> Response {
        let asked: Asked = match serde_json::from_slice(body) {
            Ok(asked) => asked,
            Err(error) => {
                let text = format!("the request cannot be read: {error}");
                return Response::json(400, &json!({ "error": text }));
            }
        };
        let wish = match asked.wish {
            Wanted::Change(change) => Wish::Change(change),
            Wanted::Undo => Wish::Undo,
            Wanted::Redo => Wish::Redo,
            Wanted::Reset => Wish::Reset,
        };
        match self.live.change(asked.revision, wish) {
            Ok(done) => {
                let took = done.took.as_secs_f64();
                (self.tell)(&format!("{}: {} events, {took:.3} s", done.title, done.events));
                let answer = json!({
                    "revision": done.revision, "title": done.title, "took": took,
                    "events": done.events,
                });
                Response::json(200, &answer)
            }
            Err(refused) => {
                (self.tell)(&format!("not changed: {refused}"));
                problem(&refused)
            }
        }
    }
}

fn problem(refused: &Refused) -> Response {
    Response::json(status(refused), &json!({ "error": refused.to_string() }))
}

fn status(refused: &Refused) -> u16 {
    match refused {
        Refused::Invalid(_) => 422,
        Refused::Behind | Refused::Nothing(_) | Refused::Replaced | Refused::Stopped => 409,
        Refused::TooLong { .. } => 503,
        Refused::Failed(_) => 500,
    }
}

fn not_allowed(request: &Request, allowed: &str) -> Response {
    let text = format!("{} is not possible here; {allowed} is.", request.method);
    Response::error(405, &text).with("Allow", allowed)
}

/// Returns an answer to whoever is not the page itself: a page of another site, or a form, whose
/// requests a browser sends without asking.
fn foreign(request: &Request, host: &str) -> Option<Response> {
    let origin = format!("http://{host}");
    if request.field("origin") != Some(&origin) {
        return Some(Response::error(403, "Only the page itself may ask for changes."));
    }
    let media_type = request.field("content-type").unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Some(Response::error(415, "A change is asked for as application/json."));
    }
    None
}
