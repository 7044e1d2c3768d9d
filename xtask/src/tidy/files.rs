//! Sizes of files, and migrations that come in pairs.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;

use super::{Finding, Repository};

const LONGEST_FILE: usize = 500;
const DIALECTS: [&str; 2] = ["postgres", "sqlite"];

pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = lengths(repository);
    findings.extend(migrations(repository));
    findings
}

/// A file that outgrows the limit holds more than one thing. Tests are lists and may be long.
fn lengths(repository: &Repository) -> Vec<Finding> {
    repository
        .with_extension("rs")
        .filter(|file| !is_test(file))
        .filter_map(|file| {
            let lines = repository.text(file)?.lines().count();
            (lines > LONGEST_FILE).then(|| {
                Finding::new(
                    file,
                    "file-length",
                    format!("{lines} lines; the limit is {LONGEST_FILE}: split it"),
                )
            })
        })
        .collect()
}

fn is_test(file: &Path) -> bool {
    file.file_name() == Some(OsStr::new("tests.rs")) || file.iter().any(|part| part == "tests")
}

/// Every migration exists in each dialect, with a way up and a way down.
fn migrations(repository: &Repository) -> Vec<Finding> {
    let mut names = BTreeSet::new();
    let mut findings = Vec::new();
    for file in &repository.files {
        let parts: Vec<&str> = file.iter().filter_map(OsStr::to_str).collect();
        let ["migrations", dialect, rest @ ..] = parts.as_slice() else {
            continue;
        };
        match rest {
            [name, "up.sql" | "down.sql"] if DIALECTS.contains(dialect) && is_numbered(name) => {
                names.insert((*name).to_owned());
            }
            [] => {}
            [other] if is_prose(other) => {}
            _ => findings.push(Finding::new(
                file,
                "migration-name",
                "expected migrations/{postgres,sqlite}/NNNN_name/{up,down}.sql",
            )),
        }
    }
    for name in &names {
        for dialect in DIALECTS {
            for script in ["up.sql", "down.sql"] {
                let path = Path::new("migrations")
                    .join(dialect)
                    .join(name)
                    .join(script);
                if repository.files.binary_search(&path).is_err() {
                    findings.push(Finding::new(
                        path,
                        "migration-twin",
                        "missing: its twin or counterpart exists",
                    ));
                }
            }
        }
    }
    findings
}

fn is_numbered(name: &str) -> bool {
    name.split_once('_').is_some_and(|(number, rest)| {
        number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit()) && !rest.is_empty()
    })
}

fn is_prose(name: &str) -> bool {
    Path::new(name).extension() == Some(OsStr::new("md")) || name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tests::Fixture;

    #[test]
    fn long_files_are_named_and_long_tests_are_not() {
        let long = "\n".repeat(501);
        let fixture = Fixture::new(
            "length",
            &[
                ("src/a.rs", &long),
                ("src/tests.rs", &long),
                ("tests/it/b.rs", &long),
                ("src/c.rs", ""),
            ],
        );
        assert_eq!(
            fixture.check(check),
            ["src/a.rs: [file-length] 501 lines; the limit is 500: split it"]
        );
    }

    #[test]
    fn a_migration_needs_its_twin() {
        let fixture = Fixture::new(
            "twins",
            &[
                ("migrations/README.md", ""),
                ("migrations/postgres/0001_first/up.sql", ""),
                ("migrations/postgres/0001_first/down.sql", ""),
                ("migrations/sqlite/0001_first/up.sql", ""),
                ("migrations/sqlite/second/up.sql", ""),
            ],
        );
        assert_eq!(
            fixture.check(check),
            [
                "migrations/sqlite/0001_first/down.sql: [migration-twin] missing: its twin or counterpart exists",
                "migrations/sqlite/second/up.sql: [migration-name] expected migrations/{postgres,sqlite}/NNNN_name/{up,down}.sql",
            ]
        );
    }
}
