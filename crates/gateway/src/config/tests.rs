use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use vuzo_crypto::FernetSealer;
use vuzo_domain::money::Units;
use vuzo_memory::SequentialIds;

use super::*;

/// A directory of its own, gone with the value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("vuzo-config-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn sources(folder: &Path, environment: &[(&str, &str)]) -> Sources {
    Sources {
        directory: folder.to_owned(),
        environment: environment
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value)))
            .collect(),
        ..Sources::default()
    }
}

fn load(environment: &[(&str, &str)]) -> Result<Config, Invalid> {
    Config::load(&sources(Path::new("/nowhere"), environment))
}

/// The shortest secret.
const SIXTEEN: &str = "0123456789abcdef";

/// The one complaint about an environment.
fn complaint(environment: &[(&str, &str)]) -> String {
    let invalid = load(environment).expect_err("this must be refused");
    assert_eq!(invalid.lines().len(), 1, "{invalid}");
    invalid.lines()[0].clone()
}

#[test]
fn nothing_stated_is_a_developer_s_machine() {
    let config = load(&[]).unwrap();
    assert_eq!(config.app_env, AppEnv::Local);
    assert_eq!(config.bind.to_string(), "127.0.0.1:8080");
    assert_eq!(config.sqlite_file(), Path::new("./vuzo-data/vuzo.db"));
    assert_eq!(config.hold, Duration::from_secs(120));
    assert_eq!(config.trial.unwrap().credit, Units(5_000_000_000));
    assert_eq!(config.anonymous_per_minute, None);
    assert!(config.database_url.is_none() && config.providers[0].key.is_none());
    assert_eq!(config.providers[0].base_url, "https://api.openai.com/v1");
}

#[test]
fn the_patience_with_providers_is_stated_and_bounded() {
    let seconds = |environment: &[(&str, &str)]| {
        let patience = load(environment).unwrap().patience;
        [
            patience.connect,
            patience.first_byte,
            patience.between_reads,
        ]
        .map(|patience| patience.as_secs())
    };
    assert_eq!(seconds(&[]), [3, 120, 60]);
    let usual = Patience::default();
    let adapters = [usual.connect, usual.first_byte, usual.between_reads];
    assert_eq!(adapters.map(|patience| patience.as_secs()), [3, 120, 60]);
    let (connect, first, chunk) = (
        "PROVIDER_CONNECT_SECONDS",
        "PROVIDER_FIRST_BYTE_SECONDS",
        "PROVIDER_CHUNK_SECONDS",
    );
    let stated = [(connect, "1"), (first, "3600"), (chunk, "7")];
    assert_eq!(seconds(&stated), [1, 3_600, 7]);
    for (name, most) in [(connect, 60), (first, 3_600), (chunk, 3_600)] {
        for bad in ["0", &(most + 1).to_string(), "1.5", "-1", "soon"] {
            let complaint = complaint(&[(name, bad)]);
            assert!(
                complaint.ends_with(&format!("from 1 to {most}")),
                "{complaint}"
            );
        }
        let config = load(&[(name, "9")]).unwrap();
        let shown = print(&config);
        let line = shown.iter().find(|line| line.name == name).unwrap();
        assert_eq!(line.value.as_deref(), Some("9"));
    }
}

#[test]
fn images_are_fetched_from_the_internet_unless_it_is_said_otherwise() {
    let reach = |text: &str| {
        let reach = load(&[("IMAGE_FETCH_NETWORKS", text)]).unwrap().image_reach;
        (reach.public, reach.networks.len())
    };
    let usual = load(&[]).unwrap().image_reach;
    assert_eq!((usual.public, usual.networks.len()), (true, 0));
    for (text, expected) in [
        ("public", (true, 0)),
        ("off", (false, 0)),
        ("10.0.0.0/8, ::1", (false, 2)),
        ("10.0.0.0/8,public", (true, 1)),
    ] {
        assert_eq!(reach(text), expected, "{text}");
    }
    for bad in ["everything", "off,public", "10.0.0.0/8,off"] {
        let complaint = complaint(&[("IMAGE_FETCH_NETWORKS", bad)]);
        assert!(complaint.contains("'public'"), "{complaint}");
    }
}

#[test]
fn elsewhere_nothing_is_given_away() {
    for name in ["cfy", "ntf", "ai", "production"] {
        let config = load(&[("APP_ENV", name)]).unwrap();
        assert_eq!(config.app_env.name(), name);
        assert_eq!(config.bind.to_string(), "0.0.0.0:8080");
        assert_eq!(config.trial, None);
        assert_eq!(config.anonymous_per_minute, Some(60));
    }
    assert!(complaint(&[("APP_ENV", "prod")]).contains("local, cfy, ntf, ai, production"));
}

#[test]
fn the_stronger_source_holds() {
    let folder = Folder::new("precedence");
    folder.put(
        "vuzo.toml",
        "vuzo_hold_seconds = 60\ntrial_days = 7\nvuzo_drain_seconds = 1\n\
         trusted_proxies = [\"10.0.0.0/8\", \"::1\"]\ntrial_credit = 2.5\n",
    );
    let mut sources = sources(
        &folder.0,
        &[("VUZO_HOLD_SECONDS", "61"), ("VUZO_DRAIN_SECONDS", "2")],
    );
    sources.flags = vec![("vuzo_drain_seconds".to_owned(), "3".to_owned())];
    let config = Config::load(&sources).unwrap();
    assert_eq!(config.hold, Duration::from_secs(61));
    assert_eq!(config.drain, Duration::from_secs(3));
    let trial = config.trial.unwrap();
    assert_eq!((trial.credit, trial.days), (Units(2_500_000_000), Some(7)));
    assert_eq!(config.trusted_proxies.len(), 2);

    let shown = print(&config);
    let source = |name: &str| {
        let line = shown.iter().find(|line| line.name == name).unwrap();
        line.source.clone().unwrap_or_default()
    };
    assert!(source("TRIAL_DAYS").ends_with("vuzo.toml"));
    assert_eq!(source("VUZO_HOLD_SECONDS"), "environment");
    assert_eq!(source("VUZO_DRAIN_SECONDS"), "command line");
    assert_eq!(source("LOG_FORMAT"), "default");
    assert_eq!(source("PUBLIC_URL"), "");
}

#[test]
fn a_named_file_must_be_there() {
    let folder = Folder::new("named");
    let mut sources = sources(&folder.0, &[]);
    assert!(Config::load(&sources).is_ok());
    sources.file = Some(folder.0.join("other.toml"));
    assert!(Config::load(&sources).is_err());
    sources.file = Some(folder.put("other.toml", "app_env = \"cfy\""));
    assert_eq!(Config::load(&sources).unwrap().app_env, AppEnv::Cfy);
}

#[test]
fn unknown_names_are_refused_with_the_nearest() {
    assert!(complaint(&[("VUZO_DATADIR", "x")]).ends_with("did you mean VUZO_DATA_DIR?"));
    assert!(
        load(&[
            ("VUZO_TEST_REDIS_URL", "x"),
            ("HOME", "/"),
            ("DATADIR", "x")
        ])
        .is_ok()
    );

    let folder = Folder::new("unknown");
    folder.put("vuzo.toml", "databse_url = \"postgres://x\"\nPORT = 1\n");
    let invalid = Config::load(&sources(&folder.0, &[])).unwrap_err();
    let text = invalid.to_string();
    assert!(
        text.contains("\"databse_url\"; did you mean \"database_url\"?"),
        "{text}"
    );
    assert!(text.contains("\"PORT\"; did you mean \"port\"?"), "{text}");

    let mut flagged = sources(Path::new("/nowhere"), &[]);
    flagged.flags = vec![("prot".to_owned(), "1".to_owned())];
    let text = Config::load(&flagged).unwrap_err().to_string();
    assert!(text.ends_with("did you mean PORT?"), "{text}");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let invalid = load(&[
        ("VUZO_HOLD_SECONDS", "1"),
        ("TRIAL_CREDIT", "-1"),
        ("LOG_FORMAT", "xml"),
        ("DATABASE_URL", "mysql://root:hunter2@db"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, everybody"),
        ("OPENAI_BASE_URL", "api.openai.com"),
    ])
    .unwrap_err();
    assert_eq!(invalid.lines().len(), 6, "{invalid}");
    assert!(!invalid.to_string().contains("hunter2"));
}

#[test]
fn secrets_come_from_files_without_their_newline() {
    let folder = Folder::new("files");
    let path = folder.put("pepper", " kept just as it is \r\n");
    let file = path.to_str().unwrap();
    let config = load(&[("KEY_PEPPER_FILE", file)]).unwrap();
    assert_eq!(
        config.key_pepper.as_ref().unwrap().expose(),
        " kept just as it is "
    );

    let twice = complaint(&[("KEY_PEPPER_FILE", file), ("KEY_PEPPER", "x")]);
    assert!(
        twice.contains("KEY_PEPPER") && twice.contains("both"),
        "{twice}"
    );
    assert!(complaint(&[("KEY_PEPPER_FILE", "/nowhere/pepper")]).contains("KEY_PEPPER_FILE"));
    let empty = folder.put("empty", "\n");
    assert!(complaint(&[("KEY_PEPPER_FILE", empty.to_str().unwrap())]).contains("empty"));

    // A stronger source may state outright what a weaker one takes from a file.
    folder.put("vuzo.toml", &format!("key_pepper_file = {file:?}"));
    let config = Config::load(&sources(
        &folder.0,
        &[("KEY_PEPPER", "stronger and as long")],
    ))
    .unwrap();
    assert_eq!(config.key_pepper.unwrap().expose(), "stronger and as long");
    folder.put("vuzo.toml", "key_pepper = \"weaker, though as long\"");
    let config = Config::load(&sources(&folder.0, &[("KEY_PEPPER_FILE", file)])).unwrap();
    assert_eq!(config.key_pepper.unwrap().expose(), " kept just as it is ");
}

#[test]
fn where_to_listen_is_said_once() {
    let bind = |environment: &[(&str, &str)]| load(environment).unwrap().bind.to_string();
    assert_eq!(bind(&[("PORT", "3000")]), "127.0.0.1:3000");
    assert_eq!(
        bind(&[("APP_PORT", "3000"), ("APP_ENV", "ai")]),
        "0.0.0.0:3000"
    );
    assert_eq!(bind(&[("VUZO_BIND", "3000")]), "127.0.0.1:3000");
    assert_eq!(bind(&[("VUZO_BIND", ":0")]), "127.0.0.1:0");
    assert_eq!(bind(&[("VUZO_BIND", "[::1]:3000")]), "[::1]:3000");
    assert_eq!(
        bind(&[("VUZO_BIND", "10.0.0.1:3000"), ("PORT", "3000")]),
        "10.0.0.1:3000"
    );
    let conflict = complaint(&[("VUZO_BIND", "127.0.0.1:1"), ("PORT", "2")]);
    assert!(
        conflict.contains("VUZO_BIND and PORT disagree"),
        "{conflict}"
    );
    assert!(complaint(&[("PORT", "70000")]).contains("PORT"));
    assert!(complaint(&[("VUZO_BIND", "nonsense")]).contains("VUZO_BIND"));

    let folder = Folder::new("bind");
    folder.put("vuzo.toml", "vuzo_bind = \"10.0.0.1:1\"");
    let config = Config::load(&sources(&folder.0, &[("PORT", "2")])).unwrap();
    assert_eq!(config.bind.to_string(), "10.0.0.1:2");
}

#[test]
fn a_share_is_whole_hundredths() {
    let percent = |text| load(&[("CACHE_HIT_CHARGE_PERCENT", text)]).map(|it| it.cache_hit_percent);
    for (text, expected) in [("", 0), ("0", 0), ("25", 25), ("100", 100)] {
        assert_eq!(percent(text).unwrap(), expected, "{text}");
    }
    for bad in ["101", "-1", "0.5", "25%", "256"] {
        let name = "CACHE_HIT_CHARGE_PERCENT";
        assert!(complaint(&[(name, bad)]).contains(name), "{bad}");
    }
}

#[test]
fn what_is_empty_is_not_stated() {
    let config = load(&[("OPENAI_API_KEY", ""), ("TRIAL_CREDIT", "")]).unwrap();
    assert!(config.providers[0].key.is_none() && config.trial.is_some());
}

#[test]
fn outside_local_all_missing_secrets_are_named() {
    let config = load(&[("APP_ENV", "production"), ("JWT_SECRET_KEY", SIXTEEN)]).unwrap();
    let fault = Secrets::obtain(&config, &SequentialIds::default())
        .err()
        .expect("nothing may be made");
    let text = format!("{fault:#}");
    assert!(
        text.starts_with("ADMIN_API_KEY, KEY_PEPPER must be set"),
        "{text}"
    );
    assert!(!text.contains("JWT_SECRET_KEY"), "{text}");
}

#[test]
fn secrets_that_could_be_guessed_are_refused() {
    const FIFTEEN: &str = "0123456789abcde";
    let secrets = [
        ("ADMIN_API_KEY", FIFTEEN),
        ("JWT_SECRET_KEY", FIFTEEN),
        ("KEY_PEPPER", FIFTEEN),
    ];
    // On a developer's machine a short operator's key is nobody else's business.
    let local = load(&secrets);
    assert_eq!(local.as_ref().unwrap_err().lines().len(), 2);
    let [admin, jwt, pepper] = secrets;
    let invalid = load(&[("APP_ENV", "ai"), admin, jwt, pepper]);
    assert_eq!(invalid.as_ref().unwrap_err().lines().len(), 3);
    for (line, (name, _)) in check(&invalid).problems.iter().zip(secrets) {
        assert!(line.starts_with(&format!("{name} is too short")), "{line}");
        assert!(line.contains("at least 16") && line.contains("`openssl rand -hex 32`"));
        assert!(!line.contains(FIFTEEN), "{line}");
    }

    let long = [
        ("APP_ENV", "ai"),
        ("ADMIN_API_KEY", SIXTEEN),
        ("JWT_SECRET_KEY", SIXTEEN),
        // Bytes are what is hashed: eight of these letters are sixteen.
        ("KEY_PEPPER", "éééééééé"),
    ];
    assert!(check(&load(&long)).problems.is_empty());
}

#[test]
fn a_kept_secret_that_was_shortened_is_refused() {
    let folder = Folder::new("shortened");
    let config = load(&[("VUZO_DATA_DIR", folder.0.to_str().unwrap())]).unwrap();
    folder.put(SECRETS_FILE, "key_pepper = \"short\"\n");
    let fault = Secrets::obtain(&config, &SequentialIds::default())
        .err()
        .expect("it cannot be used");
    let text = format!("{fault:#}");
    assert!(text.contains(SECRETS_FILE), "{text}");
    assert!(text.contains("KEY_PEPPER is too short"), "{text}");
}

#[test]
fn local_secrets_are_made_once_and_kept_private() {
    let folder = Folder::new("made");
    let data = folder.0.join("data");
    let config = load(&[("VUZO_DATA_DIR", data.to_str().unwrap())]).unwrap();
    let ids = SequentialIds::default();
    let first = Secrets::obtain(&config, &ids).unwrap();
    let again = Secrets::obtain(&config, &ids).unwrap();
    assert_eq!(first.pepper, again.pepper);
    assert_eq!(first.jwt, again.jwt);
    assert_eq!(first.admin, again.admin);
    assert!(first.admin_was_made);
    assert_ne!(first.jwt, first.pepper);
    assert_eq!(first.sealing, again.sealing);
    assert_eq!(FernetSealer::check(&first.sealing), Ok(()));
    assert_eq!(first.sealing.len(), 1);
    assert!(first.jwt.expose().len() >= 32);
    let mode = fs::metadata(data.join(SECRETS_FILE))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_is_stated_is_not_made() {
    let folder = Folder::new("stated");
    let data = folder.0.join("data");
    let config = load(&[
        ("VUZO_DATA_DIR", data.to_str().unwrap()),
        ("ADMIN_API_KEY", "a"),
        ("JWT_SECRET_KEY", SIXTEEN),
        ("KEY_PEPPER", SIXTEEN),
        ("PROVIDER_ENCRYPTION_KEY", SEALING_KEY),
    ])
    .unwrap();
    let keys = Secrets::obtain(&config, &SequentialIds::default()).unwrap();
    assert_eq!(keys.admin.expose(), "a");
    assert!(!keys.admin_was_made);
    assert_eq!(keys.sealing, [Secret::new(SEALING_KEY)]);
    assert!(!data.exists());
}

/// Each is 32 bytes in base64.
const SEALING_KEY: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
const OLD_SEALING_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

#[test]
fn several_keys_may_seal_and_none_must() {
    let stated = [
        ("APP_ENV", "ai"),
        ("ADMIN_API_KEY", SIXTEEN),
        ("JWT_SECRET_KEY", SIXTEEN),
        ("KEY_PEPPER", SIXTEEN),
    ];
    let ids = SequentialIds::default();
    let none = Secrets::obtain(&load(&stated).unwrap(), &ids).unwrap();
    assert_eq!(none.sealing, []);
    let both = format!("{SEALING_KEY}, {OLD_SEALING_KEY}");
    let mut stated = stated.to_vec();
    stated.push(("PROVIDER_ENCRYPTION_KEY", &both));
    let two = Secrets::obtain(&load(&stated).unwrap(), &ids).unwrap();
    assert_eq!(two.sealing, [SEALING_KEY, OLD_SEALING_KEY].map(Secret::new));
    let said = complaint(&[(
        "PROVIDER_ENCRYPTION_KEY",
        "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=,hunter2",
    )]);
    assert!(
        said.contains("PROVIDER_ENCRYPTION_KEY: key 2 is not 32 bytes"),
        "{said}"
    );
    assert!(
        !said.contains("hunter2") && !said.contains(SEALING_KEY),
        "{said}"
    );
}

#[test]
fn secrets_are_masked_and_later_names_are_reported() {
    let config = load(&[
        ("STRIPE_SECRET_KEY", "sk_live_hunter2"),
        ("OPENAI_API_KEY", "sk-hunter2"),
        (
            "DATABASE_URL",
            "postgres://me:hunter2@db/vuzo?password=hunter2",
        ),
        ("MAIL_FROM", "vuzo@example.org"),
    ]);
    let shown = print(config.as_ref().unwrap());
    let text: String = shown.iter().map(|line| line.json().to_string()).collect();
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.contains("postgres://********"), "{text}");
    assert!(text.contains("vuzo@example.org"), "{text}");
    assert!(!format!("{config:?}").contains("hunter2"));

    let found = check(&config);
    assert!(found.problems.is_empty());
    let unused = |name: &str| format!("{name} is not used by this version");
    assert!(found.notes.contains(&unused("STRIPE_SECRET_KEY")));
    assert!(found.notes.contains(&unused("MAIL_FROM")));
    assert!(!found.notes.contains(&unused("OPENAI_API_KEY")));
}
