//! The top of the file: defaults and samples.

use super::domain::zone::Ttls;
use super::host::settings::resolver_settings;
use super::links::bandwidth;
use super::text::limits;
use super::text::problem::ProblemKind;
use super::text::reader::{Field, Remark, Section};
use crate::dns::ResolverSettings;
use crate::network::Path;
use crate::units::{BitRate, SimDuration};

/// What holds where nothing else is said.
#[derive(Debug)]
pub(crate) struct Defaults {
    pub(crate) path: Path,
    pub(crate) ttls: Ttls,
    pub(crate) resolver: ResolverSettings,
}

/// Returns the items of a list of tables.
pub(crate) fn tables<'a>(section: &Section<'a>, key: &str) -> Vec<Field<'a>> {
    section.field(key).map(|field| field.list()).unwrap_or_default()
}

pub(crate) fn text(section: &Section<'_>, key: &str) -> Option<String> {
    section.field(key).and_then(|field| field.text().map(|text| text.trim().to_owned()))
}

pub(crate) fn read_defaults(top: &Section<'_>) -> Defaults {
    let mut defaults = Defaults {
        path: Path {
            latency: SimDuration::from_millis(10),
            jitter: SimDuration::ZERO,
            bandwidth: BitRate(100_000_000).into(),
            intermediate: Vec::new(),
        },
        ttls: Ttls::default(),
        resolver: ResolverSettings::default(),
    };
    let Some(section) = top.field("defaults").and_then(|field| field.section()) else {
        return defaults;
    };
    let span = |key: &str| section.field(key).and_then(|field| field.duration());
    if let Some(latency) = span("latency") {
        defaults.path.latency = latency;
    }
    if let Some(jitter) = span("jitter") {
        defaults.path.jitter = jitter;
    }
    defaults.path.bandwidth = bandwidth(&section, defaults.path.bandwidth);
    defaults.ttls.positive = span("ttl").unwrap_or(defaults.ttls.positive);
    defaults.ttls.negative = span("negative_ttl").unwrap_or(defaults.ttls.negative);
    if let Some(resolver) = section.field("resolver").and_then(|field| field.section()) {
        defaults.resolver = resolver_settings(&resolver, &defaults.resolver);
    }
    defaults
}

/// Reads `sample_every`; without it the smallest pleasant step that gives at most 240 samples.
pub(crate) fn sample_every(top: &Section<'_>, duration: SimDuration) -> SimDuration {
    if let Some(field) = top.field("sample_every") {
        let Some(step) = field.positive_duration() else {
            return duration;
        };
        let samples = duration.as_nanos() / step.as_nanos();
        if samples > limits::SAMPLES {
            let remark = Remark::new(format!("this takes {samples} samples"))
                .accepted(format!("at most {} samples", limits::SAMPLES))
                .help("sample less often, or leave `sample_every` out");
            field.error(ProblemKind::BadValue, remark);
        }
        return step;
    }
    pleasant_step(duration)
}

fn pleasant_step(duration: SimDuration) -> SimDuration {
    const MILLIS: [u64; 27] = [
        1,
        2,
        5,
        10,
        20,
        50,
        100,
        200,
        500,
        1_000,
        2_000,
        5_000,
        10_000,
        15_000,
        30_000,
        60_000,
        120_000,
        300_000,
        600_000,
        900_000,
        1_800_000,
        3_600_000,
        7_200_000,
        21_600_000,
        43_200_000,
        86_400_000,
        604_800_000,
    ];
    let steps = MILLIS.into_iter().map(SimDuration::from_millis);
    steps.into_iter().find(|step| *step >= duration / 240).unwrap_or(duration / 240)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_fall_on_pleasant_steps() {
        let step = |text: &str| pleasant_step(text.parse().unwrap()).exact().to_string();
        assert_eq!(step("24h"), "10m");
        assert_eq!(step("5d"), "30m");
        assert_eq!(step("60s"), "500ms");
        assert_eq!(step("1h"), "15s");
    }
}
