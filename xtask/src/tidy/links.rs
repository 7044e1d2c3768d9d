//! Links between documents lead somewhere.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use super::{Finding, Repository};

pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in repository.with_extension("md") {
        let Some(text) = repository.text(file) else {
            continue;
        };
        for (line, target) in targets(&text) {
            let Some(path) = relative_path(target) else {
                continue;
            };
            let folder = file.parent().unwrap_or(Path::new(""));
            let found = normalised(&folder.join(path))
                .is_some_and(|path| repository.root.join(path).exists());
            if !found {
                findings.push(Finding::new(
                    file,
                    "link",
                    format!("line {line}: {target} does not exist"),
                ));
            }
        }
    }
    findings
}

/// Every `](target)` outside code, with its line.
fn targets(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if fenced {
            continue;
        }
        // Every second piece between backticks is code, yet a link's text may be code too: look at what follows.
        let mut offset = 0;
        while let Some(at) = line[offset..].find("](") {
            let start = offset + at + 2;
            let in_code = line[..start].matches('`').count() % 2 == 1;
            let end = line[start..]
                .find(')')
                .map_or(line.len(), |end| start + end);
            if !in_code {
                found.push((number + 1, line[start..end].trim()));
            }
            offset = end;
        }
    }
    found
}

/// The path part of a link into the repository; nothing for the web, an anchor, or an item of Rust.
fn relative_path(target: &str) -> Option<&str> {
    let path = target.split(['#', '?', ' ']).next().unwrap_or_default();
    let elsewhere = path.is_empty()
        || path.contains("://")
        || path.starts_with("mailto:")
        || path.contains("::")
        || path.starts_with("crate")
        || path.starts_with('/');
    (!elsewhere).then_some(path)
}

/// Resolves `.` and `..`; nothing when the path leaves the repository.
fn normalised(path: &Path) -> Option<PathBuf> {
    let mut parts: Vec<&OsStr> = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part),
            Component::ParentDir => {
                parts.pop()?;
            }
            _ => {}
        }
    }
    Some(parts.iter().collect())
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tests::Fixture;

    #[test]
    fn a_link_leads_somewhere() {
        let page = "[a](../README.md#top) [b](gone.md) `[c](code.md)` [d](https://example.org/x)\n\
                    ```\n[e](fenced.md)\n```\n[`f`](adr/) [g](../../outside.md) [h](#here)\n";
        let fixture = Fixture::new(
            "links",
            &[
                ("README.md", "[docs](docs/page.md)"),
                ("docs/page.md", page),
                ("docs/adr/0001.md", ""),
            ],
        );
        assert_eq!(
            fixture.check(check),
            [
                "docs/page.md: [link] line 1: gone.md does not exist",
                "docs/page.md: [link] line 5: ../../outside.md does not exist",
            ]
        );
    }
}
