use std::path::{Path, PathBuf};

use super::{Finding, Repository, check};
use crate::workspace;

/// A small repository in a temporary folder, removed with the value.
pub(super) struct Fixture {
    root: PathBuf,
}

impl Fixture {
    pub(super) fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let root = std::env::temp_dir().join(format!("vuzo-tidy-{}-{name}", std::process::id()));
        for (path, text) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self { root }
    }

    /// What one rule finds here, one line each.
    pub(super) fn check(&self, rule: fn(&Repository) -> Vec<Finding>) -> Vec<String> {
        let repository = Repository::open(&self.root).unwrap();
        let mut lines: Vec<String> = rule(&repository).iter().map(ToString::to_string).collect();
        lines.sort();
        lines
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// The rules hold for this repository.
#[test]
fn the_repository_is_tidy() {
    let findings = check(&Repository::open(&workspace::root()).unwrap());
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}", lines.join("\n"));
}

#[test]
fn a_copy_without_git_is_walked() {
    let fixture = Fixture::new(
        "walk",
        &[("a/b.rs", ""), ("target/c.rs", ""), ("README.md", "")],
    );
    let repository = Repository::open(&fixture.root).unwrap();
    assert_eq!(
        repository.files,
        [Path::new("README.md"), Path::new("a/b.rs")]
    );
}
