//! Reads as much of a `Cargo.toml` as the rules need: the package's name and what it depends on.

/// For what a crate depends on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Normal,
    Dev,
    Build,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Dependency {
    pub(super) name: String,
    pub(super) purpose: Purpose,
}

#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) package: String,
    pub(super) dependencies: Vec<Dependency>,
    /// Whether the workspace's lints apply.
    pub(super) inherits_lints: bool,
}

/// Understands the way manifests are written here: one dependency a line, or a table for each.
pub(super) fn read(text: &str) -> Manifest {
    let mut manifest = Manifest {
        package: String::new(),
        dependencies: Vec::new(),
        inherits_lints: false,
    };
    let mut section = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            section = split_key(header.0);
            if let [.., kind, name] = section.as_slice()
                && let Some(purpose) = purpose(kind)
            {
                manifest.dependencies.push(Dependency {
                    name: name.clone(),
                    purpose,
                });
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let keys = split_key(key.trim());
        let (Some(first), value) = (keys.first(), value.trim()) else {
            continue;
        };
        match section.last().map(String::as_str) {
            Some("package") if keys.len() == 1 && first == "name" => {
                value.trim_matches('"').clone_into(&mut manifest.package);
            }
            Some("lints") if first == "workspace" => {
                manifest.inherits_lints = value.starts_with("true");
            }
            Some(kind) if !line.starts_with('#') => {
                if let Some(purpose) = purpose(kind) {
                    let name = renamed(value).unwrap_or_else(|| first.clone());
                    manifest.dependencies.push(Dependency { name, purpose });
                }
            }
            _ => {}
        }
    }
    manifest
}

fn purpose(section: &str) -> Option<Purpose> {
    match section {
        "dependencies" => Some(Purpose::Normal),
        "dev-dependencies" => Some(Purpose::Dev),
        "build-dependencies" => Some(Purpose::Build),
        _ => None,
    }
}

/// The real name in `short = { package = "long", … }`.
fn renamed(value: &str) -> Option<String> {
    let (_, rest) = value.split_once("package")?;
    let (_, rest) = rest.trim_start().strip_prefix('=')?.split_once('"')?;
    rest.split_once('"').map(|(name, _)| name.to_owned())
}

/// Splits a dotted key, leaving dots within quotes alone.
fn split_key(key: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    for character in key.chars() {
        match (quote, character) {
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None, '.') => parts.push(String::new()),
            _ => {
                if let Some(part) = parts.last_mut() {
                    part.push(character);
                }
            }
        }
    }
    parts.iter().map(|part| part.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Purpose, read};

    #[test]
    fn reads_every_way_to_name_a_dependency() {
        let manifest = read(
            r#"
[package]
name = "vuzo-x"
version.workspace = true
[lints]
workspace = true
[dependencies]
anyhow.workspace = true
# bytes.workspace = true
alias = { package = "diesel", version = "2" }
[dependencies.tokio]
version = "1"
[target.'cfg(target_os = "linux")'.dependencies]
"rustix" = "1"
[dev-dependencies]
proptest = "1"
[build-dependencies]
cc = "1"
"#,
        );
        assert_eq!(manifest.package, "vuzo-x");
        assert!(manifest.inherits_lints);
        let of = |purpose| -> Vec<&str> {
            manifest
                .dependencies
                .iter()
                .filter(|dependency| dependency.purpose == purpose)
                .map(|dependency| dependency.name.as_str())
                .collect()
        };
        assert_eq!(of(Purpose::Normal), ["anyhow", "diesel", "tokio", "rustix"]);
        assert_eq!(of(Purpose::Dev), ["proptest"]);
        assert_eq!(of(Purpose::Build), ["cc"]);
    }
}
