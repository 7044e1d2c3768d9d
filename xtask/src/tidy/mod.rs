//! The rules of this repository that no other tool knows, as ordinary Rust.
//!
//! Each rule reads the repository below a root and answers with what it found, so that tests can try it on a
//! small repository of their own.

mod edges;
mod files;
mod links;
mod manifest;
mod ports;
mod text;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::say::say;
use crate::workspace;

/// Something that a rule forbids, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: PathBuf,
    rule: &'static str,
    message: String,
}

impl Finding {
    fn new(path: impl Into<PathBuf>, rule: &'static str, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            rule,
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: [{}] {}",
            self.path.display(),
            self.rule,
            self.message
        )
    }
}

/// The repository as the rules see it.
#[derive(Debug)]
struct Repository {
    root: PathBuf,
    /// Every file that is or would be committed, relative to the root, sorted.
    files: Vec<PathBuf>,
}

impl Repository {
    fn open(root: &Path) -> Result<Self> {
        let mut files = match listed_by_git(root) {
            Some(files) => files,
            None => walked(root)?,
        };
        files.retain(|file| root.join(file).is_file());
        files.sort();
        files.dedup();
        Ok(Self {
            root: root.to_path_buf(),
            files,
        })
    }

    /// A file's text; nothing if it is not text.
    fn text(&self, file: &Path) -> Option<String> {
        std::fs::read_to_string(self.root.join(file)).ok()
    }

    fn with_extension<'a>(&'a self, extension: &'a str) -> impl Iterator<Item = &'a PathBuf> {
        self.files
            .iter()
            .filter(move |file| file.extension().is_some_and(|found| found == extension))
    }
}

/// Checks the repository and tells every finding.
pub(crate) fn run() -> Result<()> {
    let repository = Repository::open(&workspace::root())?;
    let findings = check(&repository);
    for finding in &findings {
        say(finding);
    }
    match findings.len() {
        0 => {
            say(format_args!(
                "tidy: {} files are fine",
                repository.files.len()
            ));
            Ok(())
        }
        1 => bail!("tidy found one thing"),
        count => bail!("tidy found {count} things"),
    }
}

fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(files::check(repository));
    findings.extend(edges::check(repository));
    findings.extend(ports::check(repository));
    findings.extend(links::check(repository));
    findings.extend(text::check(repository));
    findings.sort();
    findings
}

/// What git would commit: tracked files and new ones that are not ignored.
fn listed_by_git(root: &Path) -> Option<Vec<PathBuf>> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    let names = String::from_utf8(output.stdout).ok()?;
    Some(names.split_terminator('\0').map(PathBuf::from).collect())
}

/// All files, for a copy of the repository without git.
fn walked(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder)
            .with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries {
            let path = entry
                .with_context(|| format!("cannot list {}", folder.display()))?
                .path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() {
                if name != ".git" && !name.starts_with("target") && name != "vuzo-data" {
                    folders.push(path);
                }
            } else if let Ok(relative) = path.strip_prefix(root) {
                found.push(relative.to_path_buf());
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
