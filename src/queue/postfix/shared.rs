//! One copy of Postfix's settings for all hosts that have the same.

use std::ops::Deref;
use std::sync::Arc;

use super::super::QueueSettings;
use super::settings::Settings;

/// Postfix's settings, shared by all hosts that have the same: thousands of copies would each have
/// to be fetched from memory.
#[derive(Debug)]
pub(super) struct Shared(pub(super) Arc<QueueSettings>);

impl Deref for Shared {
    type Target = Settings;

    #[inline]
    fn deref(&self) -> &Settings {
        match &*self.0 {
            QueueSettings::Postfix(settings) => settings,
            other => panic!("{other:?} are no settings of Postfix"),
        }
    }
}
