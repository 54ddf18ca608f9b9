//! The machinery of scenario and study files: text into a tree whose every key and value keeps its
//! place, typed reading out of it, overrides, problems and how they are shown, near names, the JSON
//! Schema. It knows no host and no mail.

pub(crate) mod checker;
pub(crate) mod csv_file;
pub(crate) mod edited;
pub(crate) mod limits;
pub(crate) mod names;
pub(crate) mod overrides;
pub(crate) mod problem;
pub(crate) mod quantity;
pub(crate) mod reader;
pub(crate) mod render;
pub(crate) mod schema;
pub(crate) mod shape;
pub(crate) mod tree;
pub(crate) mod words;
