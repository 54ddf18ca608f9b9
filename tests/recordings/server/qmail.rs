//! qmail and notqmail.

use mailsim::profiles::{self, Profile};
use mailsim::queue::QueueSettings;
use mailsim::queue::qmail::Settings;
use mailsim::units::SimDuration;
use serde::Deserialize;

use crate::recording::ServerParameters;

/// Returns the qmail profile with a recording's parameters in place of its own.
pub(crate) fn profile(server: &ServerParameters) -> Result<Profile, String> {
    let own: Own = super::own(server)?;
    if own.backoff_exponent != 2.0 {
        return Err("this value of `backoff_exponent` is not modelled for qmail".to_owned());
    }
    let mut profile = profiles::qmail();
    let duration = SimDuration::from_secs_f64;
    let QueueSettings::Qmail(queue) = &mut profile.queue else {
        return Err("the qmail profile has no qmail queue".to_owned());
    };
    *queue = Settings {
        queue_lifetime: duration(own.lifetime_s),
        concurrency_remote: own.concurrency_limit,
        remote_skip: own.backoff_base_s.sqrt() as u64,
        // The recorded build with a shorter back-off had this shortened too.
        dead_address_unit: if own.backoff_base_s < 400.0 {
            SimDuration::from_secs(1)
        } else {
            queue.dead_address_unit
        },
        ..queue.clone()
    };
    super::common(server, &mut profile)?;
    profile.client.timeouts.connect = duration(own.connect_timeout_s);
    profile.client.timeouts.rset = duration(own.rset_timeout_s);
    Ok(profile)
}

/// What only a qmail server has.
#[derive(Debug, Deserialize)]
struct Own {
    backoff_base_s: f64,
    backoff_exponent: f64,
    lifetime_s: f64,
    concurrency_limit: u32,
    connect_timeout_s: f64,
    rset_timeout_s: f64,
}
