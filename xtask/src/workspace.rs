//! Where things are: the repository, its build output, the environment.

use std::path::{Path, PathBuf};

/// Reads one environment variable.
pub(crate) fn variable(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "xtask is no part of the product: it obeys cargo's own variables, and reads them here only"
    )]
    let value = std::env::var(name).ok();
    value.filter(|text| !text.is_empty())
}

/// Every environment variable.
pub(crate) fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_path_buf()
}

/// Cargo's output folder.
pub(crate) fn target() -> PathBuf {
    let folder =
        variable("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    if folder.is_absolute() {
        folder
    } else {
        root().join(folder)
    }
}
