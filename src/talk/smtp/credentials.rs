//! AUTH (RFC 4954): PLAIN and LOGIN, with any password or the scenario's.

use crate::mail::{Stage, sasl};
use crate::scenario::Said;
use crate::simulation::Moment;
use crate::smtp::{Line, Verb};
use crate::talk::command;
use crate::trace::FactSink;

use super::{Mode, SmtpSession};

impl SmtpSession {
    pub(super) fn credentials<S: FactSink>(
        &mut self,
        world: &mut Moment<'_, '_, S>,
        plain: bool,
        initial: Option<String>,
    ) -> Vec<Line> {
        if world.refuses(self.caller, Verb::Auth) {
            return self.plain(world, Verb::Auth);
        }
        match (plain, initial) {
            (true, Some(credentials)) => self.authenticate(world, sasl::plain(&credentials)),
            (true, None) => {
                self.mode = Mode::Plain;
                vec![self.server_says("334 ")]
            }
            // RFC 4954 has the prompts of LOGIN in base64: "Username:", "Password:".
            (false, None) => {
                self.mode = Mode::Name;
                vec![self.server_says("334 VXNlcm5hbWU6")]
            }
            (false, Some(name)) => {
                self.mode = Mode::Password(name);
                vec![self.server_says("334 UGFzc3dvcmQ6")]
            }
        }
    }

    pub(super) fn credentials_line<S: FactSink>(
        &mut self,
        world: &mut Moment<'_, '_, S>,
        line: &str,
    ) -> Vec<Line> {
        let mode = std::mem::replace(&mut self.mode, Mode::Command);
        if line == "*" {
            let heard = world.say(self.caller, Said::Wrong(command::ARGUMENTS));
            return self.told(heard, Stage::Auth);
        }
        let text = |octets: &str| String::from_utf8(sasl::decoded(octets)?).ok();
        match mode {
            Mode::Name => {
                self.mode = Mode::Password(line.to_owned());
                vec![self.server_says("334 UGFzc3dvcmQ6")]
            }
            Mode::Password(name) => {
                let credentials = text(&name).zip(text(line));
                self.authenticate(world, credentials)
            }
            _ => self.authenticate(world, sasl::plain(line)),
        }
    }

    /// Anybody may be whoever he says he is, unless the scenario knows passwords.
    fn authenticate<S: FactSink>(
        &mut self,
        world: &mut Moment<'_, '_, S>,
        credentials: Option<(String, String)>,
    ) -> Vec<Line> {
        let scenario = world.scenario();
        let refusal = match credentials {
            _ if scenario.passwords.is_empty() => None,
            None => Some(command::NO_CREDENTIALS),
            Some((name, password)) if !scenario.accepts_password(&name, &password) => {
                Some(command::BAD_PASSWORD)
            }
            Some(_) => None,
        };
        let said = refusal.map_or(Said::Other(Verb::Auth), Said::Wrong);
        let heard = world.say(self.caller, said);
        let positive = heard.as_ref().is_ok_and(|heard| heard.reply.is_positive());
        self.authenticated |= positive && refusal.is_none();
        self.told(heard, Stage::Auth)
    }
}
