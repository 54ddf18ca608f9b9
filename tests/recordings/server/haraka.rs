//! Haraka.

use mailsim::profiles::{self, Profile};
use mailsim::queue::QueueSettings;
use mailsim::queue::plain::Gaps;
use mailsim::units::SimDuration;
use serde::Deserialize;

use crate::recording::ServerParameters;

/// Returns the Haraka profile with a recording's parameters in place of its own.
pub(crate) fn profile(server: &ServerParameters) -> Result<Profile, String> {
    let own: Own = super::own(server)?;
    let mut profile = profiles::haraka();
    let duration = SimDuration::from_secs_f64;
    let QueueSettings::Plain(queue) = &mut profile.queue else {
        return Err("the Haraka profile has no plain queue".to_owned());
    };
    queue.gaps = Gaps::ending(own.retry_gaps_s.iter().map(|&gap| duration(gap)).collect());
    let size_limit = profile.server.size_limit;
    super::common(server, &mut profile)?;
    // The recordings say nothing of it.
    profile.server.size_limit =
        server.message_size_limit_octets.map_or(size_limit, |_| profile.server.size_limit);
    profile.client.timeouts.connect = duration(own.connect_timeout_s);
    profile.client.timeouts.rset = duration(own.rset_timeout_s);
    Ok(profile)
}

/// What only a Haraka server has.
#[derive(Debug, Deserialize)]
struct Own {
    retry_gaps_s: Vec<f64>,
    connect_timeout_s: f64,
    rset_timeout_s: f64,
}
