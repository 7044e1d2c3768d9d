//! Who may know whom, and who may use which library.
//!
//! The tables are the architecture: a new crate starts with a row here.

use std::path::{Path, PathBuf};

use super::manifest::{Manifest, Purpose, read};
use super::{Finding, Repository};

/// A crate by folder, and the crates of ours that it may depend on.
const EDGES: &[(&str, &[&str])] = &[
    // Floor 0: rules and values.
    ("crates/domain", &[]),
    // Floor 1: shapes of the wires.
    ("crates/wire", &[]),
    // Floor 2: the order of things, and the shared half of the stores.
    ("crates/application", &["vuzo-domain"]),
    ("crates/adapters/sql", &["vuzo-domain"]),
    // Floor 3: adapters, which never see each other.
    (
        "crates/adapters/http",
        &["vuzo-application", "vuzo-wire", "vuzo-domain"],
    ),
    ("crates/adapters/postgres", &["vuzo-sql", "vuzo-domain"]),
    ("crates/adapters/sqlite", &["vuzo-sql", "vuzo-domain"]),
    ("crates/adapters/redis", &["vuzo-domain"]),
    ("crates/adapters/providers", &["vuzo-wire", "vuzo-domain"]),
    ("crates/adapters/payments", &["vuzo-domain"]),
    ("crates/adapters/identity", &["vuzo-domain"]),
    ("crates/adapters/crypto", &["vuzo-domain"]),
    ("crates/adapters/notify", &["vuzo-domain"]),
    ("crates/adapters/memory", &["vuzo-domain"]),
    ("crates/adapters/dashboard", &["vuzo-domain"]),
    // Floor 4: the wiring, on which nobody depends.
    (
        "crates/gateway",
        &[
            "vuzo-application",
            "vuzo-crypto",
            "vuzo-dashboard",
            "vuzo-domain",
            "vuzo-http",
            "vuzo-identity",
            "vuzo-memory",
            "vuzo-notify",
            "vuzo-payments",
            "vuzo-postgres",
            "vuzo-providers",
            "vuzo-redis",
            "vuzo-sql",
            "vuzo-sqlite",
            "vuzo-wire",
        ],
    ),
    // Beside the floors.
    ("crates/contracts", &["vuzo-domain"]),
    ("crates/client", &["vuzo-wire"]),
    ("xtask", &[]),
];

/// What any crate may use in its tests on top.
const TEST_EDGES: &[&str] = &["vuzo-contracts", "vuzo-memory", "vuzo-domain"];

/// Crates that have a closed list of libraries: these must stay free of runtimes, I/O and vendors.
const LIBRARIES: &[(&str, &[&str])] = &[
    (
        "crates/domain",
        &[
            "async-trait",
            "futures-core",
            "bytes",
            "thiserror",
            "uuid",
            "jiff",
            "mockall",
        ],
    ),
    ("crates/wire", &["memchr", "serde", "serde_json"]),
    (
        "crates/application",
        &[
            "async-trait",
            "bytes",
            "futures-core",
            "futures-util",
            "thiserror",
            "tokio",
            "tokio-util",
            "tracing",
            // The raw form of every id.
            "uuid",
        ],
    ),
    ("xtask", &["anyhow", "mio"]),
];

const STORES: &[&str] = &[
    "crates/adapters/sql",
    "crates/adapters/postgres",
    "crates/adapters/sqlite",
];
const CALLERS: &[&str] = &[
    "crates/adapters/providers",
    "crates/adapters/payments",
    "crates/adapters/identity",
    "crates/adapters/notify",
];

/// Libraries that only some crates may use in what is shipped. `deny.toml` says the same of the whole graph.
const RESERVED: &[(&str, &[&str])] = &[
    ("actix-http", &["crates/adapters/http"]),
    ("actix-web", &["crates/adapters/http"]),
    ("diesel", STORES),
    ("diesel-async", &["crates/adapters/postgres"]),
    (
        "diesel_migrations",
        &["crates/adapters/postgres", "crates/adapters/sqlite"],
    ),
    ("libsqlite3-sys", &["crates/adapters/sqlite"]),
    ("tokio-postgres", &["crates/adapters/postgres"]),
    ("redis", &["crates/adapters/redis"]),
    ("reqwest", CALLERS),
    ("hyper", &[]),
    ("axum", &[]),
    ("figment", &["crates/gateway"]),
    ("clap", &["crates/gateway"]),
    ("mimalloc", &["crates/gateway"]),
];

/// Libraries that may not even be in the lock file: *ring* is the one crypto provider, and no C toolkit is needed.
const BANNED: &[&str] = &[
    "openssl",
    "openssl-sys",
    "native-tls",
    "aws-lc-rs",
    "aws-lc-sys",
];

pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in repository
        .files
        .iter()
        .filter(|file| file.ends_with("Cargo.toml"))
    {
        let Some(folder) = file
            .parent()
            .and_then(Path::to_str)
            .filter(|folder| !folder.is_empty())
        else {
            continue;
        };
        let Some(text) = repository.text(file) else {
            continue;
        };
        let manifest = read(&text);
        let mut report = |rule, message: String| findings.push(Finding::new(file, rule, message));
        check_name(folder, &manifest, &mut report);
        check_edges(folder, &manifest, &mut report);
        check_libraries(folder, &manifest, &mut report);
    }
    findings.extend(check_lock(repository));
    findings
}

fn check_name(folder: &str, manifest: &Manifest, report: &mut impl FnMut(&'static str, String)) {
    let short = folder.rsplit('/').next().unwrap_or(folder);
    let expected = if folder.starts_with("crates/") {
        format!("vuzo-{short}")
    } else {
        short.to_owned()
    };
    if manifest.package != expected {
        report(
            "crate-name",
            format!(
                "package {:?} must be called {expected:?}, after its folder",
                manifest.package
            ),
        );
    }
    if !manifest.inherits_lints {
        report("crate-lints", "add `[lints] workspace = true`".to_owned());
    }
}

fn check_edges(folder: &str, manifest: &Manifest, report: &mut impl FnMut(&'static str, String)) {
    let Some((_, allowed)) = EDGES.iter().find(|(known, _)| *known == folder) else {
        report(
            "crate-edge",
            format!("{folder} has no row in the table of xtask/src/tidy/edges.rs"),
        );
        return;
    };
    for dependency in &manifest.dependencies {
        let name = dependency.name.as_str();
        if !name.starts_with("vuzo-") {
            continue;
        }
        let for_tests = dependency.purpose == Purpose::Dev
            && (TEST_EDGES.contains(&name) || folder == "crates/gateway");
        if !for_tests && !allowed.contains(&name) {
            report(
                "crate-edge",
                format!("{} may not know {name}", manifest.package),
            );
        }
    }
}

fn check_libraries(
    folder: &str,
    manifest: &Manifest,
    report: &mut impl FnMut(&'static str, String),
) {
    let shipped = manifest
        .dependencies
        .iter()
        .filter(|dependency| dependency.purpose != Purpose::Dev);
    for dependency in shipped {
        let name = dependency.name.as_str();
        if name.starts_with("vuzo-") {
            continue;
        }
        if let Some((_, users)) = RESERVED.iter().find(|(library, _)| *library == name)
            && !users.contains(&folder)
        {
            let whom = if users.is_empty() {
                "nobody".to_owned()
            } else {
                users.join(", ")
            };
            report("library", format!("{name} is for {whom} only"));
        }
        if let Some((_, allowed)) = LIBRARIES.iter().find(|(closed, _)| *closed == folder)
            && !allowed.contains(&name)
        {
            report(
                "library",
                format!("{name} is not among what {folder} may use"),
            );
        }
    }
}

fn check_lock(repository: &Repository) -> Vec<Finding> {
    let lock = PathBuf::from("Cargo.lock");
    let text = repository.text(&lock).unwrap_or_default();
    let locked = |name: &str| {
        text.lines()
            .any(|line| line == format!("name = \"{name}\""))
    };
    BANNED
        .iter()
        .filter(|name| locked(name))
        .map(|name| {
            Finding::new(
                &lock,
                "library",
                format!("{name} is banned; `cargo tree -i {name}` tells who wants it"),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tests::Fixture;

    #[test]
    fn edges_names_and_libraries() {
        let crate_of = |name: &str, rest: &str| {
            format!("[package]\nname = \"{name}\"\n[lints]\nworkspace = true\n{rest}")
        };
        let http = crate_of(
            "vuzo-http",
            "[dependencies]\nvuzo-domain.workspace = true\nvuzo-sqlite.workspace = true\nactix-web = \"4\"\ndiesel = \"2\"\n\
             [dev-dependencies]\nvuzo-memory.workspace = true\nreqwest = \"0.13\"\n",
        );
        let domain = crate_of("vuzo-dom", "[dependencies]\ntokio = \"1\"\n");
        let odd = "[package]\nname = \"vuzo-odd\"\n";
        let fixture = Fixture::new(
            "edges",
            &[
                ("Cargo.toml", "[workspace]"),
                ("Cargo.lock", "[[package]]\nname = \"openssl\"\n"),
                ("crates/adapters/http/Cargo.toml", &http),
                ("crates/domain/Cargo.toml", &domain),
                ("crates/odd/Cargo.toml", odd),
            ],
        );
        assert_eq!(
            fixture.check(check),
            [
                "Cargo.lock: [library] openssl is banned; `cargo tree -i openssl` tells who wants it",
                "crates/adapters/http/Cargo.toml: [crate-edge] vuzo-http may not know vuzo-sqlite",
                "crates/adapters/http/Cargo.toml: [library] diesel is for crates/adapters/sql, crates/adapters/postgres, crates/adapters/sqlite only",
                "crates/domain/Cargo.toml: [crate-name] package \"vuzo-dom\" must be called \"vuzo-domain\", after its folder",
                "crates/domain/Cargo.toml: [library] tokio is not among what crates/domain may use",
                "crates/odd/Cargo.toml: [crate-edge] crates/odd has no row in the table of xtask/src/tidy/edges.rs",
                "crates/odd/Cargo.toml: [crate-lints] add `[lints] workspace = true`",
            ]
        );
    }
}
