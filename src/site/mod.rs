//! The static site: lessons, exercises, a playground and the manual, with the engine in the page.
//!
//! # Scope and limitations
//! The room writes files into a folder, which may be opened from the disk, or put on any web server
//! under any path: pages name each other by relative addresses, and nothing is fetched. The engine is one
//! shared script with the module in it, packed ([`MODULE`]), because a page that is opened from the disk may load
//! scripts and nothing else. The room is there only with the feature `site`, which wants the module when
//! mailsim is built.
//!
//! # Design
//! All that moves is one script (`src/player/source/site`). A page holds its scenario as data, and its
//! content security policy lets in the site's own scripts, the module, and, in the frame in which a run is
//! played, the one script whose digest it names.

mod folder;
mod letters;
mod pages;

pub use folder::{Written, write};

/// The engine for pages, packed by gzip: built by `.ci/module`.
const MODULE: &[u8] = include_bytes!(env!(
    "MAILSIM_MODULE",
    "the feature `site` wants the module: run .ci/module, then build with \
     MAILSIM_MODULE=$PWD/target/module/mailsim.wasm.gz"
));

/// Licences of what the module contains: written beside it by `.ci/module`.
const MODULE_LICENCES: &str = include_str!(concat!(env!("MAILSIM_MODULE"), ".licences.txt"));
