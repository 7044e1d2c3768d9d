//! The configuration as it is shown to the operator.

use serde_json::{Value, json};

use super::layers::Stated;
use super::names::SETTINGS;
use super::secrets::{Missing, Secrets};
use super::{Config, Invalid, SECRETS_FILE};

/// What `config check` found.
pub(crate) struct Check {
    pub(crate) problems: Vec<String>,
    pub(crate) notes: Vec<String>,
}

/// Judges a configuration without acting on it.
pub(crate) fn check(loaded: &Result<Config, Invalid>) -> Check {
    let config = match loaded {
        Ok(config) => config,
        Err(invalid) => {
            return Check {
                problems: invalid.lines().to_vec(),
                notes: Vec::new(),
            };
        }
    };
    let mut problems = Vec::new();
    let mut notes: Vec<String> = config
        .stated
        .iter()
        .filter(|stated| !stated.setting.is_used())
        .map(|stated| format!("{} is not used by this version", stated.setting.name))
        .collect();
    if let Err(missing) = Secrets::stated(config) {
        if config.app_env.is_local() {
            let Missing(names) = missing;
            notes.push(format!(
                "{} {} made at the first start and kept in {}",
                names.join(", "),
                if names.len() == 1 { "is" } else { "are" },
                config.data_dir.join(SECRETS_FILE).display()
            ));
        } else {
            problems.push(missing.to_string());
        }
    }
    Check { problems, notes }
}

/// One line of `config print`.
pub(crate) struct Shown {
    pub(crate) name: &'static str,
    pub(crate) value: Option<String>,
    pub(crate) source: Option<String>,
}

impl Shown {
    pub(crate) fn json(&self) -> Value {
        json!({"name": self.name, "value": self.value, "source": self.source})
    }
}

/// Every setting with its value, secrets masked, and where it is from.
pub(crate) fn print(config: &Config) -> Vec<Shown> {
    SETTINGS
        .iter()
        .map(|setting| {
            let stated = config
                .stated
                .iter()
                .find(|stated| stated.setting == setting);
            Shown {
                name: setting.name,
                value: stated.map(shown),
                source: stated.map(|stated| stated.source.to_string()),
            }
        })
        .collect()
}

/// Nothing of a secret is shown: not its length, and not its first characters. Of an
/// address, which may hold a password anywhere, it is safe to show the kind.
fn shown(stated: &Stated) -> String {
    const MASK: &str = "********";
    if !stated.setting.is_secret() {
        return stated.text.clone();
    }
    match stated.text.split_once("://") {
        Some((scheme, _)) if stated.setting.name.ends_with("_URL") => format!("{scheme}://{MASK}"),
        _ => MASK.to_owned(),
    }
}
