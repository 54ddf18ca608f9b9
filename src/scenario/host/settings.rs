//! What a host's table says about its mail server, its capacity, its clock and its resolver.

use super::elsewhere::elsewhere;
use crate::dns::ResolverSettings;
use crate::profiles::settings::{self, Slot};
use crate::profiles::{self, Evidence, Family, Profile};
use crate::queue::exim::exim_seconds;
use crate::queue::plain::Form;
use crate::queue::postfix::Feedback;
use crate::queue::{QueueSettings, ScanPhase};
use crate::random::Distribution;
use crate::scenario::host::bare_numbers::{self, Bare};
use crate::scenario::text::names::did_you_mean;
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark, Section};
use crate::scenario::text::shape::Shape;
use crate::scenario::text::tree::{Table, Value};
use crate::smtp::{ClientTls, Standing};
use crate::units::{Octets, SimDuration};

use super::acceptance::{read_acceptance, standing};
use super::schedules;
use crate::model::Roles;
use crate::scenario::text::limits;

/// What a host has besides its names and routes.
#[derive(Debug, Clone)]
pub(crate) struct HostSettings {
    pub(crate) profile: Profile,
    pub(crate) resolver: ResolverSettings,
    pub(crate) delivery_processes: Option<u32>,
    pub(crate) local_processes: Option<u32>,
    pub(crate) queue_disk: Option<Octets>,
    pub(crate) clock_error_ns: i64,
    pub(crate) standing: Standing,
    /// Whether the table says if the host finds itself among exchangers.
    pub(crate) finds_itself_stated: bool,
}

/// Reads the settings of a host with these roles; `resolver` holds where it says nothing. A host that
/// `submits` is a submission server by its own table.
pub(crate) fn host_settings(
    section: &Section<'_>,
    roles: Roles,
    submits: bool,
    resolver: &ResolverSettings,
) -> HostSettings {
    let mut settings = HostSettings {
        profile: profile(section, roles, submits),
        resolver: resolver.clone(),
        delivery_processes: None,
        local_processes: None,
        queue_disk: None,
        clock_error_ns: 0,
        standing: standing(section),
        finds_itself_stated: states(section, "finds_itself"),
    };
    read_acceptance(section, &mut settings.profile.server.acceptance);
    if let Some(size) = section.field("message_size_limit").and_then(|field| field.octets()) {
        settings.profile.server.size_limit = (size > Octets::ZERO).then_some(size);
    }
    if let Some(capacity) = section.field("capacity").and_then(|field| field.section()) {
        read_capacity(&capacity, &mut settings);
    }
    if let Some(clock) = section.field("clock_error").and_then(|field| field.signed_duration()) {
        settings.clock_error_ns = clock;
    }
    if let Some(own) = section.field("resolver").and_then(|field| field.section()) {
        settings.resolver = resolver_settings(&own, resolver);
    }
    settings
}

/// Reads a `resolver` table over what holds without it.
pub(crate) fn resolver_settings(
    section: &Section<'_>,
    default: &ResolverSettings,
) -> ResolverSettings {
    let mut settings = default.clone();
    if let Some(latency) = section.field("latency").and_then(|field| field.distribution()) {
        settings.latency = SimDuration::from_secs_f64(latency.quantile(0.5));
        settings.drawn_latency = match latency {
            Distribution::Constant(_) => None,
            drawn => Some(drawn),
        };
    }
    if let Some(field) = section.field("tries") {
        let items = field.list();
        settings.tries = items.iter().filter_map(Field::positive_duration).collect();
        if items.is_empty() && field.is_list() {
            let remark = Remark::new("found an empty list, so no question would be asked")
                .accepted("one or more durations")
                .help("write [\"5s\", \"5s\"]");
            field.error(ProblemKind::BadValue, remark);
        }
    }
    if let Some(caches) = section.field("cache").and_then(|field| field.flag()) {
        settings.caches = caches;
    }
    if let Some(limit) = section.field("negative_ttl_limit").and_then(|field| field.duration()) {
        settings.negative_ttl_limit = limit;
    }
    settings
}

fn read_capacity(section: &Section<'_>, settings: &mut HostSettings) {
    let count = |key: &str| section.field(key).and_then(|field| field.count32());
    let server = &mut settings.profile.server;
    if let Some(sessions) = count("sessions") {
        server.max_sessions = Some(sessions);
    }
    if let Some(sessions) = count("sessions_per_client") {
        server.max_sessions_per_client = Some(sessions);
    }
    if let Some(waiting) = count("listen_queue") {
        server.options.listen_queue = Some(waiting);
    }
    settings.delivery_processes = count("delivery_processes");
    settings.local_processes = count("local_processes");
    settings.queue_disk = section.field("queue_disk").and_then(|field| field.size());
    let Some(service) = section.field("service").and_then(|field| field.section()) else {
        return;
    };
    let times = &mut server.service;
    let places: [(&str, &mut Distribution); 7] = [
        ("greeting", &mut times.greeting),
        ("command", &mut times.command),
        ("message", &mut times.message),
        ("pickup", &mut times.pickup),
        ("agent", &mut times.agent),
        ("process_start", &mut times.process_start),
        ("local", &mut times.local),
    ];
    for (key, place) in places {
        if let Some(time) = service.field(key).and_then(|field| field.distribution()) {
            *place = time;
        }
    }
}

/// Returns whether the table `mta` has `key`.
fn states(section: &Section<'_>, key: &str) -> bool {
    section.field("mta").is_some_and(
        |mta| matches!(&mta.node.value, Value::Table(table) if table.get(key).is_some()),
    )
}

/// Returns the profile that `mta` names, with the settings it changes.
fn profile(section: &Section<'_>, roles: Roles, submits: bool) -> Profile {
    let serves = roles.submission || roles.relay || roles.mx || roles.store;
    let no_server = !serves && (roles.mua || roles.proxy || roles.dns);
    // Whoever only receives into its own mailboxes refuses what it cannot deliver and sends nothing.
    let sends = roles.submission || roles.relay || !roles.store;
    let mut default = if no_server { profiles::none() } else { profiles::postfix() };
    // Who submits on port 587 needs both (RFC 6409 §4.3, RFC 8314 §3.3), and gets them there in any
    // case; a server that is set up for submissions offers them on port 25 too.
    let for_submission = |profile: &mut Profile| {
        if submits {
            profile.server.starttls = true;
            profile.server.auth = true;
        }
    };
    let Some(field) = section.field("mta") else {
        for_submission(&mut default);
        return default;
    };
    if let Value::Table(table) = &field.node.value {
        let named = table.get("profile");
        let mut profile = match named {
            Some(entry) => {
                let name = Field {
                    checker: field.checker,
                    node: &entry.node,
                    shape: Shape::Text,
                    path: format!("{}.profile", field.path),
                };
                named_profile(&name).unwrap_or(default)
            }
            None => default,
        };
        for_submission(&mut profile);
        read_settings(&field, table, &mut profile);
        if sends {
            demand_required(&field, section, Some(table), &profile);
        }
        return profile;
    }
    let mut profile = named_profile(&field).unwrap_or(default);
    for_submission(&mut profile);
    if sends {
        demand_required(&field, section, None, &profile);
    }
    profile
}

/// Reports each setting that the profile requires and the scenario does not give.
fn demand_required(mta: &Field<'_>, host: &Section<'_>, given: Option<&Table>, profile: &Profile) {
    let host = host.field("name").and_then(|name| name.text()).unwrap_or("this host");
    let first = |names: &'static str| names.split('|').next().unwrap_or(names);
    // A list of gaps that ends is a way of giving up, so no other need be stated.
    let ends = matches!(&profile.queue, QueueSettings::Plain(queue) if queue.gaps.ends());
    let gives_up = |names: &str| ends && names.split('|').any(|name| name == "tries");
    let is_given = |key: &str| given.is_some_and(|table| table.get(key).is_some());
    let profile_name = profile.name;
    for names in profile.required.iter().copied().filter(|names| !names.split('|').any(is_given)) {
        if gives_up(names) && names.contains('|') {
            continue;
        }
        let key = first(names);
        let Some(setting) = settings::all().find(|setting| setting.name_in(profile) == key) else {
            continue;
        };
        let why = match profile.evidence {
            Evidence::Scenario => "it is for the scenario to state it",
            _ => "no document tells its default, and none is invented",
        };
        let example: Vec<String> = profile
            .required
            .iter()
            .map(|names| format!("{} = {}", first(names), schedules::example(first(names))))
            .collect();
        let remark = Remark::new(format!(
            "`{key}` of {host} is missing: \"{profile_name}\" requires it, for {why}"
        ))
        .accepted(format!("{}: {}", names.replace('|', " or "), setting.about))
        .help(match profiles::reported(profile_name).next() {
            Some(report) => format!(
                "operators report mta = {{ profile = \"{profile_name}\", {} }} ({})",
                report.written(),
                report.source
            ),
            None => format!(
                "write, with the values of your server, mta = {{ profile = \"{profile_name}\", {} }}",
                example.join(", ")
            ),
        });
        let path = format!("{}.{key}", mta.path);
        mta.checker.error(ProblemKind::Missing, mta.place(), &path, remark);
    }
}

fn named_profile(field: &Field<'_>) -> Option<Profile> {
    let name = field.text()?;
    let found = profiles::find(name);
    if found.is_none() {
        let all = profiles::all();
        let names = || all.iter().map(|profile| profile.name);
        let remark = Remark::new(format!("there is no MTA profile \"{name}\""))
            .accepted(names().collect::<Vec<_>>().join(", "))
            .help(did_you_mean(name, names()));
        field.error(ProblemKind::UnknownName, remark);
    }
    found
}

/// Reads the settings of a table `mta` into the profile.
fn read_settings(mta: &Field<'_>, table: &Table, profile: &mut Profile) {
    let name = profile.name;
    let family = profile.family;
    let is_postfix = family == profiles::Family::Postfix;
    let named = |profile: &Profile, key: &str| {
        settings::all()
            .find(|s| s.name_in(profile) == key && s.slot(&mut profile.clone()).is_some())
    };
    let of_transports = |key: &str| is_postfix && super::transports::is_read_here(key);
    for entry in table.entries.iter().filter(|entry| entry.key != "profile") {
        if of_transports(&entry.key) {
            continue;
        }
        let path = format!("{}.{}", mta.path, crate::scenario::text::overrides::quoted(&entry.key));
        // Two families may have a setting of one name; the profile picks its own.
        let setting = named(profile, &entry.key);
        let Some(slot) = setting.and_then(|setting| setting.slot(profile)) else {
            let known: Vec<_> =
                settings::settings_of(profile).iter().map(|setting| setting.name).collect();
            let remark = Remark::new(format!("`{}` is no setting of \"{name}\"", entry.key))
                .accepted(crate::scenario::text::names::listed(known.iter().copied()))
                .help(match elsewhere(&entry.key) {
                    Some(place) => place,
                    None => match settings::counterpart(&entry.key, &known).or_else(|| {
                        crate::scenario::text::names::near(&entry.key, known.iter().copied())
                    }) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("`mailsim profiles {name}` lists its settings"),
                    },
                });
            mta.checker.error(ProblemKind::UnknownKey, &entry.place, &path, remark);
            continue;
        };
        let shape = shape_of(&slot);
        let field = Field { checker: mta.checker, node: &entry.node, shape, path };
        fill_as_server(&field, &entry.key, family, slot);
    }
    if is_postfix {
        super::transports::read_transports(mta, table, profile);
    }
    schedules::one_form_only(mta, table, profile);
    schedules::has_time_between(mta, table, profile);
    schedules::has_last_try(mta, table, profile);
    longer_than_the_kernel(mta, table, profile);
}

/// Reads a setting of that name into its place; a number without unit means what it means to the server.
pub(crate) fn fill_as_server(field: &Field<'_>, name: &str, family: Family, slot: Slot<'_>) {
    match bare_numbers::with_unit(field, name, family, &slot) {
        Bare::No => fill(field, slot),
        Bare::Absurd => {}
        Bare::Means(node) => fill(&Field { node: &node, ..field.clone() }, slot),
    }
}

/// Warns of a client that means to wait longer for a connection than its kernel does.
fn longer_than_the_kernel(mta: &Field<'_>, table: &Table, profile: &Profile) {
    let kernel = profile.client.syn.gives_up_after();
    let settings = ["connect_timeout", "smtp_connect_timeout"];
    let settings = settings::all().filter(|setting| settings.contains(&setting.name));
    for setting in settings.filter(|_| profile.client.timeouts.connect > kernel) {
        let Some(entry) = table.entries.iter().find(|entry| entry.key == setting.name_in(profile))
        else {
            continue;
        };
        let wanted = profile.client.timeouts.connect.exact();
        let remark = Remark::new(format!(
            "{wanted} act as {}: then the kernel gives up a connection that nobody answers \
             (tcp_syn_retries of Linux)",
            kernel.exact()
        ))
        .accepted(format!("at most {}", kernel.exact()))
        .help("write what is meant, or leave it: the run takes the shorter time")
        .named("kernel-time-out");
        let path = format!("{}.{}", mta.path, crate::scenario::text::overrides::quoted(&entry.key));
        mta.checker.warn(&entry.place, &path, remark);
        return;
    }
}

/// Most pieces of anything; zero stands for "no limit" where the setting says so.
const LIMIT: Shape = Shape::Count(0, limits::PIECES);
/// One span of time, or several.
const AGES: Shape = Shape::Either(&[Shape::Duration, Shape::List(&schedules::DURATION)]);

/// Returns what a slot takes.
pub(crate) fn shape_of(slot: &Slot<'_>) -> Shape {
    match slot {
        Slot::Duration(_)
        | Slot::Period(_)
        | Slot::Lag(_)
        | Slot::TwoDurations(..)
        | Slot::OptionalDuration(_) => Shape::Duration,
        Slot::FirstGap(_) => Shape::Duration,
        Slot::Ages(_) => AGES,
        Slot::Schedule(..) => schedules::SHAPE,
        Slot::Factor(_) => Shape::Number,
        Slot::Choice(choice) => Shape::Word(choice.words()),
        Slot::Positive(_) => Shape::Count(1, limits::PIECES),
        Slot::Count(_) | Slot::CountAndLimits(..) | Slot::Limit(_) | Slot::HopLimit(_) => LIMIT,
        Slot::SizeLimit(_) | Slot::Size(_) => Shape::Size,
        Slot::Flag(_) => Shape::Flag,
        Slot::Tls(_) => Shape::Word(&["none", "may", "implicit"]),
        Slot::Feedback(_) => Shape::Either(&[Shape::Number, Shape::Text]),
        Slot::RetryRules(_) | Slot::TimeList(_) => Shape::Text,
        Slot::ScanPhase(_) => Shape::Either(&[Shape::Word(&["random"]), Shape::Duration]),
    }
}

pub(crate) fn fill(field: &Field<'_>, slot: Slot<'_>) {
    let unlimited = |count: u32| (count > 0).then_some(count);
    match slot {
        Slot::Duration(place) => put(place, field.duration()),
        Slot::Period(place) => put(place, field.period()),
        Slot::Lag(place) => put(place, field.lag()),
        Slot::TwoDurations(one, other) => {
            let span = field.duration();
            put(one, span);
            put(other, span);
        }
        Slot::OptionalDuration(place) => {
            put(place, field.duration().map(|span| (!span.is_zero()).then_some(span)));
        }
        Slot::Ages(place) => {
            let ages = field.one_or_many(Shape::Duration);
            *place = ages.iter().filter_map(Field::positive_duration).collect();
            place.sort_unstable();
        }
        Slot::Schedule(place, form) => schedules::read(field, place, form),
        Slot::FirstGap(place) => {
            if let Some(first) = field.positive_duration() {
                (place.form, place.first) = (Form::Growing, first);
            }
        }
        Slot::Factor(place) => put(place, schedules::factor(field)),
        Slot::Choice(place) => {
            if let Some(word) = field.word() {
                place.choose(word);
            }
        }
        Slot::Count(place) | Slot::Positive(place) => put(place, field.count32()),
        Slot::CountAndLimits(place, limits) => {
            let count = field.count32();
            put(place, count);
            for limit in limits {
                put(limit, count.map(unlimited));
            }
        }
        Slot::Limit(place) => put(place, field.count32().map(unlimited)),
        Slot::HopLimit(place) => {
            put(place, field.count32().map(|count| unlimited(count).map(|count| count - 1)));
        }
        Slot::SizeLimit(place) => {
            put(place, field.size().map(|size| (size > Octets::ZERO).then_some(size)));
        }
        Slot::Size(place) => put(place, field.size()),
        Slot::Flag(place) => put(place, field.flag()),
        Slot::Tls(place) => put(
            place,
            field.word().map(|word| match word {
                "may" => ClientTls::Opportunistic,
                "implicit" => ClientTls::Implicit,
                _ => ClientTls::Never,
            }),
        ),
        Slot::Feedback(place) => put(place, feedback(field)),
        Slot::RetryRules(place) => put(
            place,
            notation(
                field,
                "rules as Exim writes them, with semicolons between: letter F, G or H, cut-off, interval, and \
                 for G and H a factor (letter,cut-off,interval[,factor]); or lines as in Exim's retry \
                 section, each with pattern, error, senders= if need be, and rules",
                "F,2h,15m; G,16h,1h,1.5",
            ),
        ),
        Slot::TimeList(place) => put(
            place,
            notation(field, "times as Exim writes them, with colons between", "4h:8h:24h")
                .map(|TimeList(times)| times),
        ),
        Slot::ScanPhase(place) => put(
            place,
            match &field.node.value {
                Value::Text(text) if text == "random" => Some(ScanPhase::Random),
                _ => field.shaped(Shape::Duration).duration().map(ScanPhase::At),
            },
        ),
    }
}

fn put<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// Reads a text in a server's own notation.
fn notation<T: std::str::FromStr<Err = String>>(
    field: &Field<'_>,
    accepted: &str,
    example: &str,
) -> Option<T> {
    let Value::Text(text) = &field.node.value else {
        field.wrong_type();
        return None;
    };
    match text.parse() {
        Ok(value) => Some(value),
        Err(reason) => {
            let remark = Remark::new(format!("found \"{text}\": {reason}"))
                .accepted(accepted)
                .help(format!("write \"{example}\""));
            field.error(ProblemKind::BadValue, remark);
            None
        }
    }
}

/// Times in Exim's notation, in rising order; `0s` stands for none.
struct TimeList(Vec<SimDuration>);

impl std::str::FromStr for TimeList {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == "0s" {
            return Ok(Self(Vec::new()));
        }
        let times = text.split(':').map(str::trim).map(|time| {
            let seconds = exim_seconds(time).filter(|&seconds| seconds > 0);
            seconds.map(SimDuration::from_secs).ok_or_else(|| format!("`{time}` is no time"))
        });
        let times = times.collect::<Result<Vec<_>, _>>()?;
        if times.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err("each time must be above the one before".to_owned());
        }
        Ok(Self(times))
    }
}

/// Reads a feedback as postconf(5) writes it: `1`, `0.5`, `1/concurrency`, `1/sqrt_concurrency`.
fn feedback(field: &Field<'_>) -> Option<Feedback> {
    let text = match &field.node.value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        _ => {
            field.wrong_type();
            return None;
        }
    };
    let (number, divisor) = text.split_once('/').map_or((text.as_str(), ""), |parts| parts);
    // postconf(5): the numerator lies between 0 and 1.
    let number = number.trim().parse::<f64>().ok().filter(|number| (0.0..=1.0).contains(number));
    let feedback = match (number, divisor.trim()) {
        (Some(number), "") => Some(Feedback::Fixed(number)),
        (Some(number), "concurrency") => Some(Feedback::PerWindow(number)),
        (Some(number), "sqrt_concurrency") => Some(Feedback::PerRoot(number)),
        _ => None,
    };
    if feedback.is_none() {
        let remark = Remark::new(format!("found \"{text}\""))
            .accepted("a number from 0 to 1, \"1/concurrency\" or \"1/sqrt_concurrency\"")
            .help("write 1 or \"1/concurrency\"");
        field.error(ProblemKind::BadValue, remark);
    }
    feedback
}
