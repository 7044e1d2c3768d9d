//! What the operator wants: defaults ← file ← environment ← command line.
//!
//! Every source is read as texts by name (`layers`), which are then understood here,
//! once, so that nothing else in the program reads the environment or parses a
//! setting. All mistakes are reported together.

mod layers;
mod names;
mod reader;
mod report;
mod secrets;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use vuzo_application::TrialPolicy;
use vuzo_domain::key::IpNetwork;
use vuzo_domain::secret::Secret;
use vuzo_providers::{AnthropicSettings, GeminiSettings, Patience, Reach};

pub(crate) use layers::Sources;
pub(crate) use report::{Shown, check, print};
pub(crate) use secrets::{SECRETS_FILE, Secrets};

use layers::Stated;
use reader::Reader;

/// In which surroundings the gateway runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AppEnv {
    /// A developer's machine: what is missing is made, and shown.
    Local,
    Cfy,
    Ntf,
    Ai,
    Production,
}

impl AppEnv {
    const NAMES: [(&'static str, Self); 5] = [
        ("local", Self::Local),
        ("cfy", Self::Cfy),
        ("ntf", Self::Ntf),
        ("ai", Self::Ai),
        ("production", Self::Production),
    ];

    pub(crate) fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, known)| *known == self)
            .map_or("local", |(name, _)| name)
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, environment)| *environment)
    }

    /// Whether secrets may be made and shown.
    pub(crate) fn is_local(self) -> bool {
        self == Self::Local
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// How one provider is reached.
#[derive(Clone, Debug)]
pub(crate) struct ProviderConfig {
    /// Its name in the catalogue.
    pub(crate) name: &'static str,
    pub(crate) key: Option<Secret>,
    pub(crate) base_url: String,
}

/// The configuration, understood.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) app_env: AppEnv,
    pub(crate) bind: SocketAddr,
    pub(crate) metrics_bind: Option<SocketAddr>,
    pub(crate) data_dir: PathBuf,
    pub(crate) workers: usize,
    pub(crate) hold: Duration,
    pub(crate) drain: Duration,
    pub(crate) database_url: Option<Secret>,
    pub(crate) redis_url: Option<Secret>,
    /// Where browsers may call from.
    pub(crate) frontend_urls: Vec<String>,
    pub(crate) public_url: Option<String>,
    pub(crate) admin_key: Option<Secret>,
    pub(crate) jwt_secret: Option<Secret>,
    pub(crate) key_pepper: Option<Secret>,
    /// What provider keys are sealed under, the first one first.
    pub(crate) sealing_keys: Vec<Secret>,
    pub(crate) providers: Vec<ProviderConfig>,
    pub(crate) site_url: Option<String>,
    pub(crate) site_name: Option<String>,
    /// From where images are fetched for providers that do not fetch them.
    pub(crate) image_reach: Reach,
    /// How long providers may keep us waiting.
    pub(crate) patience: Patience,
    pub(crate) trial: Option<TrialPolicy>,
    pub(crate) anonymous_per_minute: Option<u64>,
    /// The share of a call's cost that is charged where its answer is given again.
    pub(crate) cache_hit_percent: u8,
    pub(crate) trusted_proxies: Vec<IpNetwork>,
    pub(crate) log_format: LogFormat,
    /// Which log lines are written, in the language of `RUST_LOG`, where it is said.
    pub(crate) log_filter: Option<String>,
    /// Every value as it was stated, to be shown.
    stated: Vec<Stated>,
}

impl Config {
    /// Reads everything. Nothing is made or changed by it.
    pub(crate) fn load(sources: &Sources) -> Result<Self, Invalid> {
        let mut merged = sources.merge()?;
        let mut problems = Problems::default();
        let app_env = match merged.extract_inner::<String>("app_env") {
            Err(_not_stated) => AppEnv::Local,
            Ok(name) => AppEnv::from_name(&name).unwrap_or_else(|| {
                problems.add(format!(
                    "APP_ENV is {name:?}; it is one of local, cfy, ntf, ai, production"
                ));
                AppEnv::Local
            }),
        };
        merged = merged.join(layers::defaults(&defaults(app_env)));
        let reader = Reader::new(layers::stated(&merged)?, problems);
        understand(app_env, reader)
    }

    /// The file of the embedded database.
    pub(crate) fn sqlite_file(&self) -> PathBuf {
        self.data_dir.join("vuzo.db")
    }
}

/// What holds where nothing is stated. Only a developer's machine is reachable from
/// itself alone, gives trial credit by itself and lets strangers ask without limit.
fn defaults(app_env: AppEnv) -> Vec<(&'static str, &'static str)> {
    let (bind, trial, anonymous) = if app_env.is_local() {
        ("127.0.0.1:8080", "5", "0")
    } else {
        ("0.0.0.0:8080", "0", "60")
    };
    vec![
        ("APP_ENV", app_env.name()),
        ("APP_DEBUG", "false"),
        ("VUZO_BIND", bind),
        ("VUZO_DATA_DIR", "./vuzo-data"),
        ("VUZO_HOLD_SECONDS", "120"),
        ("VUZO_DRAIN_SECONDS", "30"),
        ("OPENAI_BASE_URL", "https://api.openai.com/v1"),
        ("ANTHROPIC_BASE_URL", AnthropicSettings::BASE_URL),
        ("GOOGLE_BASE_URL", GeminiSettings::BASE_URL),
        ("XAI_BASE_URL", "https://api.x.ai/v1"),
        ("OPENROUTER_BASE_URL", "https://openrouter.ai/api/v1"),
        ("IMAGE_FETCH_NETWORKS", "public"),
        ("PROVIDER_CONNECT_SECONDS", "3"),
        ("PROVIDER_FIRST_BYTE_SECONDS", "120"),
        ("PROVIDER_CHUNK_SECONDS", "60"),
        ("TRIAL_CREDIT", trial),
        ("ANONYMOUS_REQUESTS_PER_MINUTE", anonymous),
        ("CACHE_HIT_CHARGE_PERCENT", "0"),
        ("LOG_FORMAT", "text"),
    ]
}

fn understand(app_env: AppEnv, mut reader: Reader) -> Result<Config, Invalid> {
    let debug = reader.truth("APP_DEBUG");
    let talkative = debug.then(|| "debug,h2=info,hyper_util=info,tokio_postgres=info".to_owned());
    let log_filter = reader.text("RUST_LOG").or(talkative);
    let config = Config {
        app_env,
        bind: reader.bind(app_env),
        metrics_bind: reader.metrics_bind(app_env),
        data_dir: PathBuf::from(reader.text("VUZO_DATA_DIR").unwrap_or_default()),
        workers: reader.workers(),
        hold: reader.seconds("VUZO_HOLD_SECONDS", 2, 86_400),
        drain: reader.seconds("VUZO_DRAIN_SECONDS", 0, 86_400),
        database_url: reader.url("DATABASE_URL", &["postgres://", "postgresql://"]),
        redis_url: reader.url("REDIS_URL", &["redis://", "rediss://"]),
        frontend_urls: reader.list("FRONTEND_URL"),
        public_url: reader.text("PUBLIC_URL"),
        admin_key: reader.secret("ADMIN_API_KEY"),
        jwt_secret: reader.secret("JWT_SECRET_KEY"),
        key_pepper: reader.secret("KEY_PEPPER"),
        sealing_keys: reader.secrets("PROVIDER_ENCRYPTION_KEY"),
        providers: vec![
            reader.provider("openai", "OPENAI_API_KEY", "OPENAI_BASE_URL"),
            reader.provider("anthropic", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
            reader.provider("google", "GOOGLE_API_KEY", "GOOGLE_BASE_URL"),
            reader.provider("xai", "XAI_API_KEY", "XAI_BASE_URL"),
            reader.provider("openrouter", "OPENROUTER_API_KEY", "OPENROUTER_BASE_URL"),
        ],
        site_url: reader.text("OPENROUTER_SITE_URL"),
        site_name: reader.text("OPENROUTER_SITE_NAME"),
        image_reach: reader.image_reach(),
        patience: reader.patience(),
        trial: reader.trial(),
        anonymous_per_minute: reader.anonymous_per_minute(),
        cache_hit_percent: reader.percent("CACHE_HIT_CHARGE_PERCENT"),
        trusted_proxies: reader.networks("TRUSTED_PROXIES"),
        log_format: reader.log_format(),
        log_filter,
        stated: Vec::new(),
    };
    let (stated, mut problems) = reader.finish();
    for line in secrets::too_short(
        app_env,
        config.admin_key.as_ref(),
        config.jwt_secret.as_ref(),
        config.key_pepper.as_ref(),
    ) {
        problems.add(line);
    }
    if let Some(line) = secrets::no_sealing_key(&config.sealing_keys) {
        problems.add(line);
    }
    problems.none_or(Config { stated, ..config })
}

/// What is wrong with the configuration, all of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Problems(Vec<String>);

impl Problems {
    fn one(text: String) -> Self {
        Self(vec![text])
    }

    fn add(&mut self, text: String) {
        self.0.push(text);
    }

    fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    fn none_or<T, E: From<Self>>(self, value: T) -> Result<T, E> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(E::from(self))
        }
    }
}

/// The configuration cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Invalid(Vec<String>);

impl Invalid {
    /// One line for each mistake.
    pub(crate) fn lines(&self) -> &[String] {
        &self.0
    }
}

impl From<Problems> for Invalid {
    fn from(problems: Problems) -> Self {
        Self(problems.0)
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the configuration cannot be used:")?;
        for line in &self.0 {
            write!(formatter, "\n  {line}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

#[cfg(test)]
mod tests;
