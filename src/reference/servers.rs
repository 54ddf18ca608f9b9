//! The settings of mail servers, which stand in a host's table `mta`: who has them, and their defaults.

use crate::profiles;
use crate::profiles::settings::settings_of;
use crate::scenario::text::names::near;

/// A setting of mail servers.
#[derive(Debug, Clone)]
pub struct ServerSetting {
    /// Its name.
    pub name: String,
    /// What it means.
    pub about: &'static str,
    /// Which profiles have it, with the default of each and the source of the profile.
    pub defaults: Vec<(&'static str, String, &'static str)>,
}

/// Returns the setting of this name.
///
/// # Errors
/// The nearest name, if one is like it.
pub fn server_setting(name: &str) -> Result<ServerSetting, Option<String>> {
    let mut found: Option<ServerSetting> = None;
    let mut names = Vec::new();
    for profile in profiles::all() {
        for setting in settings_of(&profile) {
            if setting.name == name {
                let told = found.get_or_insert_with(|| ServerSetting {
                    name: name.to_owned(),
                    about: setting.about,
                    defaults: Vec::new(),
                });
                told.defaults.push((profile.name, setting.value.clone(), profile.source));
            }
            names.push(setting.name);
        }
    }
    found.ok_or_else(|| near(name, names).map(str::to_owned))
}
