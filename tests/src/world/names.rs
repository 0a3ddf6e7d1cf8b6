//! The words that names of places, people and departments are made of, from `names.zh-CN.json`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::people::Department;

/// `{village}`, `{hamlet}` and `{host}` in a pattern stand for other names.
#[derive(Debug, Deserialize)]
pub(super) struct Names {
    pub(super) villages: Vec<String>,
    pub(super) hamlets: Vec<String>,
    pub(super) village: String,
    pub(super) micro: String,
    pub(super) dedicated: Vec<String>,
    pub(super) emergency: Vec<String>,
    pub(super) departments: Vec<Department>,
    pub(super) surnames: Vec<String>,
    pub(super) given: Vec<String>,
}

pub(super) static NAMES: LazyLock<Names> = LazyLock::new(|| {
    serde_json::from_str(include_str!("names.zh-CN.json")).expect("the names are well-formed")
});
