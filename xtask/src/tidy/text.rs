//! Words that do not belong in what is committed.

use std::path::Path;

use super::{Finding, Repository};

/// Unfinished business, written in halves so that this file does not find itself.
const UNFINISHED: [&str; 5] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("to", "do!("),
    concat!("db", "g!("),
    concat!("unimpl", "emented!("),
];

/// Folders of one person's machine.
const MACHINE_PATHS: [&str; 2] = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];

pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &repository.files {
        let Some(text) = repository.text(file) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            let number = number + 1;
            if is_rust(file)
                && let Some(word) = UNFINISHED.iter().find(|word| stands_alone(line, word))
            {
                let message = format!("line {number}: {word} has no place in a finished change");
                findings.push(Finding::new(file, "unfinished", message));
            }
            if let Some(path) = MACHINE_PATHS.iter().find(|path| starts_a_path(line, path)) {
                let message = format!("line {number}: {path} exists on one machine only");
                findings.push(Finding::new(file, "machine-path", message));
            }
        }
    }
    findings
}

fn is_rust(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "rs")
}

/// Whether the word occurs with no letter, digit or underscore around it.
fn stands_alone(line: &str, word: &str) -> bool {
    let part_of_word = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word).any(|(at, _)| {
        let after = &line[at + word.len()..];
        !line[..at].ends_with(part_of_word)
            && (word.ends_with('(') || !after.starts_with(part_of_word))
    })
}

/// Whether the path occurs at its own start, not within a longer path or an address.
fn starts_a_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        !line[..at]
            .ends_with(|before: char| before.is_alphanumeric() || "._-}/$~*)".contains(before))
    })
}

#[cfg(test)]
mod tests {
    use super::{MACHINE_PATHS, UNFINISHED, check};
    use crate::tidy::tests::Fixture;

    #[test]
    fn unfinished_business_and_machine_paths() {
        let [later, _, macro_call, ..] = UNFINISHED;
        let [workshop, _] = MACHINE_PATHS;
        let code = format!("// {later}: more\nlet {later}_x = 1;\n{macro_call})\n");
        let page = format!("{later} in prose\nsee {workshop}main\nsee https://x.org{workshop}\n");
        let fixture = Fixture::new("text", &[("a.rs", &code), ("b.md", &page)]);
        assert_eq!(
            fixture.check(check),
            [
                format!("a.rs: [unfinished] line 1: {later} has no place in a finished change"),
                format!(
                    "a.rs: [unfinished] line 3: {macro_call} has no place in a finished change"
                ),
                format!("b.md: [machine-path] line 2: {workshop} exists on one machine only"),
            ]
        );
    }
}
