//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::id::{AccountId, KeyId, ProviderKeyId};
use vuzo_domain::key::{Environment, Scope};
use vuzo_domain::money::Currency;
use vuzo_domain::pattern::ModelPattern;
use vuzo_domain::time::Timestamp;

/// A credit-metered AI gateway.
#[derive(Debug, Parser)]
#[command(
    name = "vuzo",
    version,
    after_help = "Without a command, vuzo serves. Exit: 0 fine, 1 found something, 2 could not run."
)]
pub(crate) struct Cli {
    /// The configuration file [default: ./vuzo.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// A setting that goes before file and environment; can be repeated
    #[arg(long = "set", global = true, value_name = "NAME=VALUE", value_parser = setting)]
    pub(crate) settings: Vec<(String, String)>,

    /// Write results as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the API (what happens without a command, too)
    Serve(Serve),
    /// Bring the tables of the database up to date
    Migrate(Migrate),
    /// Look whether everything that the gateway needs is there, and prove the books
    Doctor(Doctor),
    /// Accounts, models, keys at providers and the audit log
    #[command(subcommand)]
    Admin(Admin),
    /// API keys of an account
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Credit of an account
    #[command(subcommand)]
    Credits(Credits),
    /// The configuration as it is understood
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct Serve {
    /// Leave the migrations to somebody else, and do not start if one is pending
    #[arg(long)]
    pub(crate) no_migrate: bool,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Migrate {
    /// Only look: exit 1 if a migration is pending
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Doctor {
    /// Only prove the books
    #[arg(long, conflicts_with = "quick")]
    pub(crate) ledger: bool,
    /// Everything but the books, which take long where there are many
    #[arg(long)]
    pub(crate) quick: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Admin {
    /// List, open, suspend and activate accounts
    #[command(subcommand, visible_alias = "accounts")]
    Account(AccountCommand),
    /// Models and their prices
    #[command(subcommand)]
    Models(ModelCommand),
    /// Keys at providers, stored sealed
    #[command(subcommand)]
    ProviderKeys(ProviderKeyCommand),
    /// Who did what, newest first
    Audit {
        /// How many entries at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Accounts, newest first
    List {
        /// Only those whose name or a member's address holds this
        #[arg(long)]
        query: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
    },
    /// Open an account for a person, who logs in with a password that is made and shown once
    Create(NewAccount),
    /// Refuse every call of an account, at once and everywhere
    Suspend {
        /// Its id, acc_…
        account: AccountId,
    },
    /// Let a suspended account be used again
    Activate {
        /// Its id, acc_…
        account: AccountId,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Take models into the catalogue, all of them or none
    Import(ImportModels),
    /// Add the words of capabilities that this version knows of models of the starter
    /// catalogue; prices and everything else stay as they are
    Refresh {
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ImportModels {
    /// A list of models as JSON: as the operator's routes have them, or as the starter
    /// catalogue does
    pub(crate) file: PathBuf,
    /// Take prices that change by more than half, too
    #[arg(long)]
    pub(crate) allow_jumps: bool,
    /// Retire the models that the file does not name
    #[arg(long)]
    pub(crate) retire_missing: bool,
    /// Only say what would be done: exit 1 if it would be refused
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProviderKeyCommand {
    /// All stored keys; their secrets are not shown
    List,
    /// Store a key, which is read from the standard input or a file
    Add(NewProviderKey),
    /// Take a key away for good
    Remove {
        /// Its id, pvk_…
        key: ProviderKeyId,
    },
    /// Seal every stored key anew under the first of `PROVIDER_ENCRYPTION_KEY`
    RotateSeal,
}

#[derive(Debug, Args)]
pub(crate) struct NewProviderKey {
    /// At which provider: openai, anthropic, google, xai, openrouter
    #[arg(long, value_parser = ProviderId::new)]
    pub(crate) provider: ProviderId,
    /// What to call it
    #[arg(long)]
    pub(crate) name: String,
    /// Its share of the calls, 0 to 10000 [default: 100]
    #[arg(long)]
    pub(crate) weight: Option<u32>,
    /// Keys of a lower priority wait until those of a higher one cannot be used [default: 0]
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) priority: Option<i32>,
    /// A file with the key [default: the standard input]
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct NewAccount {
    /// Their e-mail address
    #[arg(long)]
    pub(crate) email: String,
    /// How they want to be called
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Let their log-in do all that the admin key may
    #[arg(long)]
    pub(crate) admin: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key, and show it once
    Create(Box<CreateKey>),
    /// The keys of an account, newest first
    List {
        /// Whose, acc_…
        #[arg(long)]
        account: AccountId,
        /// How many at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
    },
    /// End a key for good
    Revoke {
        /// Whose, acc_…
        #[arg(long)]
        account: AccountId,
        /// Which, key_…
        key: KeyId,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CreateKey {
    /// Whose, acc_…
    #[arg(long)]
    pub(crate) account: AccountId,
    /// What to call it
    #[arg(long)]
    pub(crate) name: String,
    /// live, test, staging or dev; the simulator answers test keys, and nothing is spent
    #[arg(long, default_value = "live", value_parser = environment)]
    pub(crate) environment: Environment,
    /// inference, read or keys; can be repeated [default: inference and read]
    #[arg(long = "scope", value_parser = scope)]
    pub(crate) scopes: Vec<Scope>,
    /// A pattern of models that it may call; can be repeated [default: all]
    #[arg(long = "model", value_name = "PATTERN", value_parser = ModelPattern::new)]
    pub(crate) models: Vec<ModelPattern>,
    /// Until when it works, as 2027-01-31 or 2027-01-31T12:00:00Z
    #[arg(long, value_parser = moment)]
    pub(crate) expires_at: Option<Timestamp>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Credits {
    /// Give credit to an account, or take it away with a negative amount
    Grant {
        /// Whose, acc_…
        #[arg(long)]
        account: AccountId,
        /// How much, as 12.50
        #[arg(long, allow_hyphen_values = true)]
        amount: String,
        /// In which currency
        #[arg(long, default_value = "USD")]
        currency: Currency,
        /// What the customer and the audit log read
        #[arg(long)]
        reason: String,
        /// The same order with the same key is carried out once
        #[arg(long)]
        idempotency_key: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Look for mistakes: exit 1 if there is one
    Check,
    /// Every setting, where it is from, and secrets masked
    Print,
}

fn setting(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.trim().to_owned(), value.to_owned()))
        .ok_or_else(|| "expected NAME=VALUE".to_owned())
}

fn environment(text: &str) -> Result<Environment, String> {
    Environment::from_name(text).ok_or_else(|| one_of(&Environment::NAMES.map(|(_, name)| name)))
}

fn scope(text: &str) -> Result<Scope, String> {
    Scope::from_name(text).ok_or_else(|| one_of(&Scope::NAMES.map(|(_, name)| name)))
}

fn moment(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "expected a date or a time with its zone".to_owned())
}

fn one_of(names: &[&str]) -> String {
    format!("expected one of {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_command_there_is_none() {
        let cli = Cli::try_parse_from(["vuzo", "--json", "--set", "port=1"]).unwrap();
        assert!(cli.command.is_none() && cli.json);
        assert_eq!(cli.settings, [("port".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn options_stand_anywhere() {
        let account = "acc_00000000000000000000000000000001";
        let cli = Cli::try_parse_from([
            "vuzo",
            "credits",
            "grant",
            "--account",
            account,
            "--amount",
            "-1.50",
            "--reason",
            "typo",
            "--json",
        ])
        .unwrap();
        assert!(cli.json);
        let Some(Command::Credits(Credits::Grant {
            amount, currency, ..
        })) = cli.command
        else {
            panic!("a grant was asked for");
        };
        assert_eq!((amount.as_str(), currency), ("-1.50", Currency::USD));
        for accounts in ["account", "accounts"] {
            assert!(Cli::try_parse_from(["vuzo", "admin", accounts, "list"]).is_ok());
        }
        assert!(Cli::try_parse_from(["vuzo", "doctor", "--ledger", "--quick"]).is_err());
        assert!(Cli::try_parse_from(["vuzo", "keys", "list", "--account", "me"]).is_err());
    }
}
