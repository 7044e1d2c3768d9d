//! Where values come from, and which of them holds.
//!
//! Every source becomes a layer of texts by setting; figment lays them over each
//! other and remembers for each value which layer it is from.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use figment::providers::{Format as _, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::names::{Meaning, SETTINGS, Setting, meaning, nearest};
use super::{Invalid, Problems};

/// The file that is read from the working directory when none is named.
pub(crate) const USUAL_FILE: &str = "vuzo.toml";

/// Environment variables with our prefix that are not settings: the workspace's tests
/// pass scratch servers and effort on in these.
const NOT_SETTINGS: [&str; 2] = ["VUZO_TEST_", "VUZO_SOAK_"];

/// Where everything may come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// The file named on the command line.
    pub(crate) file: Option<PathBuf>,
    /// Where the usual file is looked for.
    pub(crate) directory: PathBuf,
    /// The environment.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// `NAME=VALUE` from the command line.
    pub(crate) flags: Vec<(String, String)>,
}

impl Sources {
    /// What this process was started with.
    pub(crate) fn of_this_process(file: Option<PathBuf>, flags: Vec<(String, String)>) -> Self {
        Self {
            file,
            directory: PathBuf::from("."),
            environment: std::env::vars_os().collect(),
            flags,
        }
    }

    /// Lays all layers over each other.
    pub(crate) fn merge(&self) -> Result<Figment, Invalid> {
        let mut problems = Problems::default();
        let mut merged = Figment::new();
        match self.read_file() {
            Ok(Some(file)) => merged = merged.merge(file),
            Ok(None) => {}
            Err(found) => problems.extend(found),
        }
        match self.read_environment() {
            Ok(environment) => merged = merged.merge(environment),
            Err(found) => problems.extend(found),
        }
        match self.read_flags() {
            Ok(flags) => merged = merged.merge(flags),
            Err(found) => problems.extend(found),
        }
        problems.none_or(merged)
    }

    fn read_file(&self) -> Result<Option<Layer>, Problems> {
        let path = match &self.file {
            Some(named) => named.clone(),
            None => self.directory.join(USUAL_FILE),
        };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(fault) if self.file.is_none() && fault.kind() == std::io::ErrorKind::NotFound => {
                return Ok(None);
            }
            Err(fault) => return Err(Problems::one(format!("{}: {fault}", path.display()))),
        };
        let table = Toml::from_str::<Dict>(&text)
            .map_err(|fault| Problems::one(format!("{}: {fault}", path.display())))?;
        let mut layer = Layer::new(Metadata::from("the file", path.as_path()));
        let mut problems = Problems::default();
        for (key, value) in &table {
            let name = key.to_ascii_uppercase();
            let written = if *key == key.to_ascii_lowercase() {
                meaning(&name)
            } else {
                None
            };
            let Some(written) = written else {
                let near = nearest(key).to_ascii_lowercase();
                problems.add(format!(
                    "{}: unknown key {key:?}; did you mean {near:?}?",
                    path.display()
                ));
                continue;
            };
            match as_text(value) {
                Some(text) => layer.put(written, key, &text, &mut problems),
                None => problems.add(format!(
                    "{}: {key} must be a text, a number, true or false, or a list of texts",
                    path.display()
                )),
            }
        }
        problems.none_or(Some(layer))
    }

    fn read_environment(&self) -> Result<Layer, Problems> {
        let mut layer = Layer::new(Metadata::named("the environment"));
        let mut problems = Problems::default();
        for (name, value) in &self.environment {
            let Some(name) = name.to_str() else { continue };
            let Some(written) = meaning(name) else {
                let foreign = NOT_SETTINGS.iter().any(|prefix| name.starts_with(prefix));
                if name.starts_with("VUZO_") && !foreign {
                    let near = nearest(name);
                    problems.add(format!(
                        "unknown environment variable {name}; did you mean {near}?"
                    ));
                }
                continue;
            };
            match value.to_str() {
                Some(text) => layer.put(written, name, text, &mut problems),
                None => problems.add(format!("the environment variable {name} is not UTF-8")),
            }
        }
        problems.none_or(layer)
    }

    fn read_flags(&self) -> Result<Layer, Problems> {
        let mut layer = Layer::new(Metadata::named("the command line"));
        let mut problems = Problems::default();
        for (name, value) in &self.flags {
            match meaning(&name.to_ascii_uppercase()) {
                Some(written) => layer.put(written, name, value, &mut problems),
                None => problems.add(format!(
                    "unknown setting {name:?} on the command line; did you mean {}?",
                    nearest(name)
                )),
            }
        }
        problems.none_or(layer)
    }
}

/// The defaults of an environment, to be joined under everything else.
pub(super) fn defaults(values: &[(&'static str, &str)]) -> impl Provider {
    let mut layer = Layer::new(Metadata::named("the default"));
    for (name, value) in values {
        layer
            .values
            .insert(name.to_ascii_lowercase(), Value::from(*value));
    }
    layer
}

/// The settings that one source states. A secret in a file is a table with its path,
/// so that it takes the place of a secret stated outright in a lower layer.
struct Layer {
    metadata: Metadata,
    values: Dict,
}

/// The name of the path in such a table.
const FILE: &str = "file";

impl Layer {
    fn new(metadata: Metadata) -> Self {
        Self {
            metadata,
            values: Dict::new(),
        }
    }

    /// Takes a value. An empty one counts as not stated: compose files write those.
    fn put(&mut self, written: Meaning, name: &str, text: &str, problems: &mut Problems) {
        if text.is_empty() {
            return;
        }
        let (setting, value) = match written {
            Meaning::Value(setting) => (setting, Value::from(text)),
            Meaning::FileWith(setting) => {
                let path = Dict::from([(FILE.to_owned(), Value::from(text))]);
                (setting, Value::from(path))
            }
        };
        if self.values.insert(setting.key(), value).is_some() {
            problems.add(format!(
                "{0} and {0}_FILE, or one of them twice, are both given by {1}; {name} is one too many",
                setting.name, self.metadata.name
            ));
        }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        self.metadata.clone()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Map::from([(Profile::Default, self.values.clone())]))
    }
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(_, text) => Some(text.clone()),
        Value::Bool(_, truth) => Some(truth.to_string()),
        Value::Num(_, number) => number
            .to_i128()
            .map(|whole| whole.to_string())
            .or_else(|| number.to_f64().map(|decimal| decimal.to_string())),
        Value::Array(_, items) => {
            let texts: Option<Vec<String>> = items.iter().map(as_text).collect();
            texts.map(|texts| texts.join(","))
        }
        Value::Char(..) | Value::Empty(..) | Value::Dict(..) => None,
    }
}

/// The value of a setting with where it is from.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Stated {
    pub(crate) setting: &'static Setting,
    pub(crate) text: String,
    pub(crate) source: Source,
}

impl std::fmt::Debug for Stated {
    /// The text may be a secret.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} from {:?}", self.setting.name, self.source)
    }
}

/// Where a value is from, weakest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    Default,
    File(PathBuf),
    Environment,
    CommandLine,
    /// A file named by `NAME_FILE`.
    SecretFile(PathBuf),
}

impl Source {
    fn of(metadata: Option<&Metadata>) -> Self {
        let Some(metadata) = metadata else {
            return Self::Default;
        };
        match (metadata.name.as_ref(), metadata.source.as_ref()) {
            ("the file", Some(figment::Source::File(path))) => Self::File(path.clone()),
            ("the environment", _) => Self::Environment,
            ("the command line", _) => Self::CommandLine,
            _ => Self::Default,
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File(path) | Self::SecretFile(path) => write!(formatter, "{}", path.display()),
            Self::Environment => formatter.write_str("environment"),
            Self::CommandLine => formatter.write_str("command line"),
        }
    }
}

/// Every setting that has a value, in the order of the table of names.
pub(crate) fn stated(merged: &Figment) -> Result<Vec<Stated>, Invalid> {
    let mut problems = Problems::default();
    let mut found = Vec::new();
    for setting in SETTINGS {
        let Ok(value) = merged.find_value(&setting.key()) else {
            continue;
        };
        let path = value.find_ref(FILE).and_then(Value::as_str);
        if let Some(path) = path {
            match read_secret(Path::new(path)) {
                Ok(text) => found.push(Stated {
                    setting,
                    text,
                    source: Source::SecretFile(PathBuf::from(path)),
                }),
                Err(fault) => problems.add(format!("{}_FILE: {path}: {fault}", setting.name)),
            }
        } else if let Some(text) = value.as_str() {
            found.push(Stated {
                setting,
                text: text.to_owned(),
                source: Source::of(merged.get_metadata(value.tag())),
            });
        }
    }
    problems.none_or(found)
}

/// The newline that editors put at the end is not part of a secret.
fn read_secret(path: &Path) -> Result<String, std::io::Error> {
    let text = fs::read_to_string(path)?;
    let secret = text.strip_suffix('\n').unwrap_or(&text);
    let secret = secret.strip_suffix('\r').unwrap_or(secret);
    if secret.is_empty() {
        return Err(std::io::Error::other("the file is empty"));
    }
    Ok(secret.to_owned())
}
