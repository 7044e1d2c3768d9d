//! Every name that the configuration knows.

/// One setting.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Its name in the environment; in the file it is written in lower case.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// What is known of a setting beside its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Shown as it is.
    Plain,
    /// Masked wherever it is shown, and also taken from a file (`NAME_FILE`).
    Secret,
    /// Of a feature that this version does not have yet.
    Later,
    /// The same, and a secret.
    LaterSecret,
}

impl Setting {
    pub(crate) fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Secret | Kind::LaterSecret)
    }

    pub(crate) fn is_used(&self) -> bool {
        matches!(self.kind, Kind::Plain | Kind::Secret)
    }

    /// How it is called in the file.
    pub(crate) fn key(&self) -> String {
        self.name.to_ascii_lowercase()
    }
}

const fn plain(name: &'static str) -> Setting {
    Setting {
        name,
        kind: Kind::Plain,
    }
}

const fn secret(name: &'static str) -> Setting {
    Setting {
        name,
        kind: Kind::Secret,
    }
}

const fn later(name: &'static str) -> Setting {
    Setting {
        name,
        kind: Kind::Later,
    }
}

const fn later_secret(name: &'static str) -> Setting {
    Setting {
        name,
        kind: Kind::LaterSecret,
    }
}

/// All of them, in the order in which they are shown.
pub(crate) const SETTINGS: &[Setting] = &[
    plain("APP_ENV"),
    plain("APP_DEBUG"),
    plain("VUZO_BIND"),
    plain("APP_PORT"),
    plain("PORT"),
    plain("VUZO_METRICS_BIND"),
    plain("VUZO_DATA_DIR"),
    plain("VUZO_WORKERS"),
    plain("VUZO_HOLD_SECONDS"),
    plain("VUZO_DRAIN_SECONDS"),
    secret("DATABASE_URL"),
    secret("REDIS_URL"),
    plain("FRONTEND_URL"),
    plain("PUBLIC_URL"),
    secret("ADMIN_API_KEY"),
    secret("JWT_SECRET_KEY"),
    secret("KEY_PEPPER"),
    secret("PROVIDER_ENCRYPTION_KEY"),
    later("SUPABASE_URL"),
    later_secret("SUPABASE_JWT_SECRET"),
    secret("OPENAI_API_KEY"),
    plain("OPENAI_BASE_URL"),
    secret("ANTHROPIC_API_KEY"),
    plain("ANTHROPIC_BASE_URL"),
    secret("GOOGLE_API_KEY"),
    plain("GOOGLE_BASE_URL"),
    secret("XAI_API_KEY"),
    plain("XAI_BASE_URL"),
    secret("OPENROUTER_API_KEY"),
    plain("OPENROUTER_BASE_URL"),
    plain("OPENROUTER_SITE_URL"),
    plain("OPENROUTER_SITE_NAME"),
    plain("IMAGE_FETCH_NETWORKS"),
    plain("PROVIDER_CONNECT_SECONDS"),
    plain("PROVIDER_FIRST_BYTE_SECONDS"),
    plain("PROVIDER_CHUNK_SECONDS"),
    later_secret("POLAR_ACCESS_TOKEN"),
    later_secret("POLAR_WEBHOOK_SECRET"),
    later("POLAR_PRODUCT_10"),
    later("POLAR_PRODUCT_30"),
    later("POLAR_PRODUCT_50"),
    later("POLAR_PRODUCT_CUSTOM"),
    later("POLAR_BASE_URL"),
    later_secret("STRIPE_SECRET_KEY"),
    later_secret("STRIPE_WEBHOOK_SECRET"),
    later("STRIPE_BASIC_PRICE_ID"),
    later("STRIPE_PRO_PRICE_ID"),
    later("STRIPE_BASE_URL"),
    later_secret("FLUTTERWAVE_SECRET_KEY"),
    later_secret("FLUTTERWAVE_WEBHOOK_HASH"),
    later("FLUTTERWAVE_BASE_URL"),
    later_secret("PAYSTACK_SECRET_KEY"),
    later("PAYSTACK_BASE_URL"),
    later("TWITTER_CLIENT_ID"),
    later_secret("TWITTER_CLIENT_SECRET"),
    later("TWITTER_REDIRECT_URI"),
    later("TWITTER_BASE_URL"),
    later("TWITTER_AUTHORIZE_URL"),
    later_secret("SMTP_URL"),
    later("MAIL_FROM"),
    plain("TRIAL_CREDIT"),
    plain("TRIAL_DAYS"),
    plain("ANONYMOUS_REQUESTS_PER_MINUTE"),
    plain("CACHE_HIT_CHARGE_PERCENT"),
    plain("TRUSTED_PROXIES"),
    later("WEBHOOK_ALLOWED_NETWORKS"),
    later("OTEL_EXPORTER_OTLP_ENDPOINT"),
    plain("LOG_FORMAT"),
    plain("RUST_LOG"),
];

/// What a name in some source stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The value of a setting.
    Value(&'static Setting),
    /// A file that holds the value of a secret.
    FileWith(&'static Setting),
}

/// The meaning of a name as it is written in the environment.
pub(crate) fn meaning(name: &str) -> Option<Meaning> {
    let find = |name: &str| SETTINGS.iter().find(|setting| setting.name == name);
    if let Some(setting) = find(name) {
        return Some(Meaning::Value(setting));
    }
    let setting = find(name.strip_suffix("_FILE")?)?;
    setting.is_secret().then_some(Meaning::FileWith(setting))
}

/// The known name that is most like an unknown one, as the environment writes it.
pub(crate) fn nearest(unknown: &str) -> String {
    let unknown = unknown.to_ascii_uppercase();
    SETTINGS
        .iter()
        .flat_map(|setting| {
            let file = setting
                .is_secret()
                .then(|| format!("{}_FILE", setting.name));
            [Some(setting.name.to_owned()), file]
        })
        .flatten()
        .min_by_key(|known| edits(&unknown, known))
        .unwrap_or_default()
}

/// How many characters must be inserted, dropped or replaced to get from one text to
/// the other.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, left) in from.bytes().enumerate() {
        let mut diagonal = line;
        let mut before = line + 1;
        for (cell, right) in row.iter_mut().skip(1).zip(to.bytes()) {
            let replaced = diagonal + usize::from(left != right);
            diagonal = *cell;
            before = replaced.min(diagonal + 1).min(before + 1);
            *cell = before;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (from, to, expected) in [
            ("", "", 0),
            ("abc", "", 3),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("PORT", "PORT", 0),
            ("VUZO_BND", "VUZO_BIND", 1),
            ("flaw", "lawn", 2),
        ] {
            assert_eq!(edits(from, to), expected, "{from} {to}");
            assert_eq!(edits(to, from), expected, "{to} {from}");
        }
    }

    #[test]
    fn the_nearest_name_is_found() {
        for (unknown, expected) in [
            ("VUZO_DATADIR", "VUZO_DATA_DIR"),
            ("databse_url", "DATABASE_URL"),
            ("jwt_secret_key_fil", "JWT_SECRET_KEY_FILE"),
            ("openrouter_key", "OPENROUTER_API_KEY"),
        ] {
            assert_eq!(nearest(unknown), expected);
        }
    }

    #[test]
    fn only_secrets_come_from_files() {
        assert!(matches!(
            meaning("KEY_PEPPER_FILE"),
            Some(Meaning::FileWith(_))
        ));
        assert!(matches!(
            meaning("DATABASE_URL_FILE"),
            Some(Meaning::FileWith(_))
        ));
        assert_eq!(meaning("APP_ENV_FILE"), None);
        assert_eq!(meaning("app_env"), None);
    }

    #[test]
    fn no_name_is_listed_twice() {
        for (index, setting) in SETTINGS.iter().enumerate() {
            assert!(
                SETTINGS[..index]
                    .iter()
                    .all(|other| other.name != setting.name)
            );
        }
    }
}
