//! Every port is owed an adapter in memory and a law-suite.

use std::path::{Path, PathBuf};

use super::{Finding, Repository};

const PORTS: &str = "crates/domain/src/port";
const MEMORY: &str = "crates/adapters/memory/src";
const LAWS: &str = "crates/contracts/src";

/// Traits without an adapter in `memory`, and why.
const WITHOUT_MEMORY: &[(&str, &str)] = &[
    ("ChangeSink", "caches are its adapters, wherever they are"),
    (
        "ChatProvider",
        "the simulator in `providers` is the adapter that needs no network",
    ),
    (
        "Clock",
        "tests set their own time; the real one is the gateway's",
    ),
    (
        "Hasher",
        "a pure computation, done by `crypto` in tests too",
    ),
    ("IdGen", "tests count; the real one is the gateway's"),
    (
        "Sealer",
        "a pure computation, done by `crypto` in tests too",
    ),
    (
        "Signer",
        "a pure computation, done by `crypto` in tests too",
    ),
];

/// Ports without a law-suite, by file, and why.
const WITHOUT_LAWS: &[(&str, &str)] = &[
    ("clock", "one method without a law"),
    ("hasher", "known-answer tests in `crypto`"),
    ("id_gen", "one method without a law"),
    (
        "providers",
        "what a provider answers is fixed by recorded streams, not by laws",
    ),
    ("sealer", "known-answer tests in `crypto`"),
    ("signer", "known-answer tests in `crypto`"),
];

pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let memory = sources(repository, MEMORY);
    let mut findings = Vec::new();
    let mut seen = 0;
    for file in &repository.files {
        let Some(stem) = port_name(file) else {
            continue;
        };
        seen += 1;
        let text = repository.text(file).unwrap_or_default();
        let owed: Vec<&str> = traits(&text).collect();
        for name in &owed {
            if !is_exempt(WITHOUT_MEMORY, name) && !implements(&memory, name) {
                let message = format!("the port {name} has no adapter in {MEMORY}");
                findings.push(Finding::new(file, "port-memory", message));
            }
        }
        if !owed.is_empty() && !is_exempt(WITHOUT_LAWS, stem) && !has_laws(repository, stem) {
            let message = format!("the port has no law-suite {LAWS}/{stem}.rs");
            findings.push(Finding::new(file, "port-laws", message));
        }
    }
    if seen == 0
        && repository
            .files
            .iter()
            .any(|file| file.starts_with("crates/domain"))
    {
        findings.push(Finding::new(PORTS, "port", "there is no port at all"));
    }
    findings
}

/// The name of a port's file, if it is one.
fn port_name(file: &Path) -> Option<&str> {
    if file.parent() != Some(Path::new(PORTS)) || file.extension()? != "rs" {
        return None;
    }
    file.file_stem()?
        .to_str()
        .filter(|stem| *stem != "mod" && *stem != "tests")
}

fn is_exempt(table: &[(&str, &str)], name: &str) -> bool {
    table.iter().any(|(exempt, _)| *exempt == name)
}

fn sources(repository: &Repository, folder: &str) -> Vec<String> {
    repository
        .with_extension("rs")
        .filter(|file| file.starts_with(folder))
        .filter_map(|file| repository.text(file))
        .collect()
}

/// The public traits that a file declares.
fn traits(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let rest = line.strip_prefix("pub trait ")?;
        rest.split(|character: char| !character.is_alphanumeric() && character != '_')
            .next()
    })
}

/// Whether `impl … Name for` is anywhere.
fn implements(sources: &[String], name: &str) -> bool {
    let wanted = format!("{name} for ");
    sources.iter().flat_map(|text| text.lines()).any(|line| {
        line.trim_start().starts_with("impl")
            && line
                .match_indices(&wanted)
                .any(|(at, _)| line[..at].ends_with([' ', ':']))
    })
}

fn has_laws(repository: &Repository, stem: &str) -> bool {
    let file = PathBuf::from(format!("{LAWS}/{stem}.rs"));
    let folder = PathBuf::from(format!("{LAWS}/{stem}/mod.rs"));
    [file, folder]
        .iter()
        .any(|path| repository.files.binary_search(path).is_ok())
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tests::Fixture;

    #[test]
    fn a_port_is_owed_an_adapter_and_laws() {
        let fixture = Fixture::new(
            "ports",
            &[
                ("crates/domain/src/port/mod.rs", "pub trait Ignored {}"),
                (
                    "crates/domain/src/port/clock.rs",
                    "pub trait Clock: Send {}",
                ),
                ("crates/domain/src/port/keys.rs", "pub trait Keys: Send {}"),
                ("crates/domain/src/port/wallets.rs", "pub trait Wallets {}"),
                (
                    "crates/adapters/memory/src/keys.rs",
                    "impl port::Keys for MemoryKeys {}",
                ),
                (
                    "crates/adapters/memory/src/wallets.rs",
                    "impl MyWallets for MemoryWallets {}",
                ),
                ("crates/contracts/src/wallets/mod.rs", ""),
            ],
        );
        assert_eq!(
            fixture.check(check),
            [
                "crates/domain/src/port/keys.rs: [port-laws] the port has no law-suite crates/contracts/src/keys.rs",
                "crates/domain/src/port/wallets.rs: [port-memory] the port Wallets has no adapter in crates/adapters/memory/src",
            ]
        );
    }
}
