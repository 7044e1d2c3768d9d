//! The secrets that the gateway cannot do without, and the one that it can.
//!
//! On a developer's machine those that are missing are made once and kept beside the
//! data, so that a restart finds the same keys valid. Anywhere else they must be
//! stated: a gateway that made up its own would lock everybody out at the next
//! start, or share none with the instance next to it. Only what provider keys are
//! sealed under may be missing there, as long as none is stored.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use figment::providers::{Format as _, Toml};
use serde::Deserialize;
use vuzo_crypto::{FernetSealer, Hs256Signer};
use vuzo_domain::port::IdGen;
use vuzo_domain::secret::Secret;

use super::{AppEnv, Config};

/// The fewest bytes of the two secrets that nobody types.
const SHORTEST: usize = Hs256Signer::SHORTEST_SECRET;

/// The fewest characters of an operator's key that others could try to guess.
const SHORTEST_ADMIN_KEY: usize = 16;

/// Where secrets that were made are kept, in the data directory.
pub(crate) const SECRETS_FILE: &str = "secrets.toml";

/// The secrets of a running gateway.
#[derive(Clone)]
pub(crate) struct Secrets {
    pub(crate) admin: Secret,
    pub(crate) jwt: Secret,
    pub(crate) pepper: Secret,
    /// What provider keys are sealed under, the first one first; may be none.
    pub(crate) sealing: Vec<Secret>,
    /// Whether the admin key was made here, and so is known to nobody yet.
    pub(crate) admin_was_made: bool,
}

/// What is kept in the file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    admin_api_key: Option<String>,
    jwt_secret_key: Option<String>,
    key_pepper: Option<String>,
    provider_encryption_key: Option<String>,
}

/// Secrets are missing where none may be made.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Missing(pub(crate) Vec<&'static str>);

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} must be set outside APP_ENV=local; each may come from a file as NAME_FILE",
            self.0.join(", "),
        )
    }
}

impl std::error::Error for Missing {}

impl Secrets {
    /// The secrets as stated; on a developer's machine what is missing is taken from
    /// the file, and made and kept there if it is not in it.
    pub(crate) fn obtain(config: &Config, ids: &dyn IdGen) -> anyhow::Result<Self> {
        match Self::stated(config) {
            Ok(keys) if !keys.sealing.is_empty() || !config.app_env.is_local() => {
                return Ok(keys);
            }
            Err(missing) if !config.app_env.is_local() => return Err(missing.into()),
            Ok(_) | Err(_) => {}
        }
        let path = config.data_dir.join(SECRETS_FILE);
        fs::create_dir_all(&config.data_dir)
            .with_context(|| format!("cannot make {}", config.data_dir.display()))?;
        let kept = complete(&path, ids).with_context(|| format!("{}", path.display()))?;
        let (Some(admin), Some(jwt), Some(pepper), Some(sealing)) = (
            kept.admin_api_key,
            kept.jwt_secret_key,
            kept.key_pepper,
            kept.provider_encryption_key,
        ) else {
            bail!("{} is not complete", path.display());
        };
        let or_kept = |stated: &Option<Secret>, kept: String| {
            stated.clone().unwrap_or_else(|| Secret::new(kept))
        };
        let secrets = Self {
            admin: or_kept(&config.admin_key, admin),
            jwt: or_kept(&config.jwt_secret, jwt),
            pepper: or_kept(&config.key_pepper, pepper),
            sealing: if config.sealing_keys.is_empty() {
                vec![Secret::new(sealing)]
            } else {
                config.sealing_keys.clone()
            },
            admin_was_made: config.admin_key.is_none(),
        };
        // What was stated is long enough already: somebody has shortened the file.
        let mut short = too_short(
            config.app_env,
            Some(&secrets.admin),
            Some(&secrets.jwt),
            Some(&secrets.pepper),
        );
        short.extend(no_sealing_key(&secrets.sealing));
        if !short.is_empty() {
            bail!("{}: {}", path.display(), short.join("; "));
        }
        Ok(secrets)
    }

    /// The secrets if all of them are stated.
    pub(crate) fn stated(config: &Config) -> Result<Self, Missing> {
        if let (Some(admin), Some(jwt), Some(pepper)) =
            (&config.admin_key, &config.jwt_secret, &config.key_pepper)
        {
            return Ok(Self {
                admin: admin.clone(),
                jwt: jwt.clone(),
                pepper: pepper.clone(),
                sealing: config.sealing_keys.clone(),
                admin_was_made: false,
            });
        }
        let all = [
            ("ADMIN_API_KEY", config.admin_key.is_none()),
            ("JWT_SECRET_KEY", config.jwt_secret.is_none()),
            ("KEY_PEPPER", config.key_pepper.is_none()),
        ];
        let missing = all.iter().filter(|(_, is_missing)| *is_missing);
        Err(Missing(missing.map(|(name, _)| *name).collect()))
    }
}

/// What is wrong with secrets that could be guessed: one line for each.
pub(super) fn too_short(
    app_env: AppEnv,
    admin: Option<&Secret>,
    jwt: Option<&Secret>,
    pepper: Option<&Secret>,
) -> Vec<String> {
    let bytes = |secret: &Secret| secret.expose().len() < SHORTEST;
    let characters = |secret: &Secret| secret.expose().chars().count() < SHORTEST_ADMIN_KEY;
    let refused = |name: &str, least: String| {
        format!("{name} is too short: it needs {least}; `openssl rand -hex 32` makes a good one")
    };
    let mut lines = Vec::new();
    if !app_env.is_local() && admin.is_some_and(characters) {
        let least = format!("at least {SHORTEST_ADMIN_KEY} characters outside APP_ENV=local");
        lines.push(refused("ADMIN_API_KEY", least));
    }
    for (name, secret) in [("JWT_SECRET_KEY", jwt), ("KEY_PEPPER", pepper)] {
        if secret.is_some_and(bytes) {
            lines.push(refused(name, format!("at least {SHORTEST} bytes")));
        }
    }
    lines
}

/// What is wrong with the keys that provider keys are sealed under.
pub(super) fn no_sealing_key(keys: &[Secret]) -> Option<String> {
    let fault = FernetSealer::check(keys).err()?;
    Some(format!(
        "PROVIDER_ENCRYPTION_KEY: {fault}; `openssl rand -base64 32 | tr +/ -_` makes a good one"
    ))
}

/// Reads the file, makes what is not in it, and writes it back if anything was made.
/// Two gateways that start at once take turns, and the second finds everything there.
fn complete(path: &Path, ids: &dyn IdGen) -> anyhow::Result<Kept> {
    let lock = File::create(with_suffix(path, ".lock"))?;
    lock.lock()?;
    let mut kept = match fs::read_to_string(path) {
        Ok(text) => Toml::from_str::<Kept>(&text)?,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Kept::default(),
        Err(fault) => return Err(fault.into()),
    };
    let mut made = false;
    for (secret, prefix) in [
        (&mut kept.admin_api_key, "vz-admin_"),
        (&mut kept.jwt_secret_key, ""),
        (&mut kept.key_pepper, ""),
    ] {
        if secret.is_none() {
            *secret = Some(random_text(prefix, ids));
            made = true;
        }
    }
    if kept.provider_encryption_key.is_none() {
        kept.provider_encryption_key = Some(FernetSealer::make_key(ids).expose().to_owned());
        made = true;
    }
    if made {
        write(path, &kept)?;
    }
    Ok(kept)
}

/// 256 bits in hexadecimal.
fn random_text(prefix: &str, ids: &dyn IdGen) -> String {
    let mut random = [0_u8; 32];
    ids.fill_random(&mut random);
    random
        .iter()
        .fold(prefix.to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// Puts the whole file in place at once, for its owner alone.
fn write(path: &Path, kept: &Kept) -> io::Result<()> {
    let fresh = with_suffix(path, ".new");
    // One that was left by a crash may be readable by others.
    match fs::remove_file(&fresh) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)?;
    writeln!(
        file,
        "# Made at the first start with APP_ENV=local. Without KEY_PEPPER no API key is known any more,\n\
         # and without PROVIDER_ENCRYPTION_KEY no stored provider key can be opened."
    )?;
    for (name, value) in [
        ("admin_api_key", &kept.admin_api_key),
        ("jwt_secret_key", &kept.jwt_secret_key),
        ("key_pepper", &kept.key_pepper),
        ("provider_encryption_key", &kept.provider_encryption_key),
    ] {
        if let Some(value) = value {
            writeln!(file, "{name} = {value:?}")?;
        }
    }
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
