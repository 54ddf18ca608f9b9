//! `[[host]]`: its table, its mail server's settings, where it sends mail and how much it takes.

pub(crate) mod acceptance;
pub(crate) mod addresses;
pub(crate) mod bare_numbers;
pub(crate) mod builder;
pub(crate) mod elsewhere;
pub(crate) mod greylists;
pub(crate) mod hosts;
pub(crate) mod implied;
pub(crate) mod keys;
pub(crate) mod routing;
pub(crate) mod schedules;
pub(crate) mod settings;
pub(crate) mod transport_maps;
pub(crate) mod transports;
