//! Scenario files: TOML in, a checked [`Scenario`] out, every problem reported at once.
//!
//! # Scope and limitations
//! The room reads the text of a scenario, applies the overrides of the command line, resolves
//! every name and quantity, fills in defaults and checks the whole. It opens no file itself: what
//! lies beside a scenario (mail to replay) is read through a function that the caller provides. It
//! does not know how a scenario is run.
//!
//! # Design
//! The text becomes a tree in which every key and value keeps its place ([`load`]); overrides
//! change the tree; key tables say what each table may hold, and the same tables give the messages
//! about unknown keys and the JSON Schema ([`schema`]). Whatever does not fit is reported and
//! reading goes on, so that one pass finds every problem.

mod acceptance;
mod actions;
mod addresses;
mod assemble;
mod automatic;
mod builder;
mod checker;
mod correspondents;
mod distributions;
mod domains;
mod edited;
mod effects;
mod exchangers;
mod expectations;
mod greylists;
mod host_settings;
mod hosts;
mod implied;
mod keys;
mod keys_of_domains;
mod keys_of_hosts;
mod keys_of_mail;
mod keys_of_outages;
mod keys_of_screening;
mod limits;
mod links;
mod load;
mod loops;
mod mail;
mod model;
mod modes;
mod names;
mod names_in_dns;
mod note;
mod notes;
mod outages;
mod overrides;
mod problem;
pub mod profiles;
mod quantity;
mod reader;
mod reading;
mod render;
mod replay;
mod routing;
mod schedules;
mod schema;
mod screening;
mod settings;
mod shape;
mod sharing;
mod starter;
mod study;
mod top;
mod transport_maps;
mod transports;
mod tree;
mod unseen;
mod warn;
mod zone;

pub use edited::{EditError, Entries, edited, key_text, read_value, text_value};
pub use load::{Loaded, Source, load};
pub use model::{
    Action, Command, Domain, Effect, Expectation, Host, NextHop, Outage, OutageTarget, Roles,
    Routing, Scenario, SourceChoice,
};
pub use modes::{MODES, Mode, ModeKey, SCENE, Strikes};
pub use note::{Moment, Note, NotedEvent, Occasion};
pub use overrides::{KeyPath, Override, OverrideError};
pub use problem::{Problem, ProblemKind, Problems, Severity};
pub use schema::{schema, study_schema};
pub use settings::{SettingValue, settings_of};
pub use starter::starter;
pub use study::{
    Better, Cell, Comparison, Factor, LoadedStudy, Replications, Study, StudyFigure, Variant,
    Width, compare_study, is_scenario, is_study, load_study, load_variant,
};
pub use transport_maps::Senders;
