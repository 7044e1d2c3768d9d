//! The very first start on a developer's machine: an account with credit, a key, and
//! lines to paste.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::Result;
use serde_json::{Value, json};
use vuzo_application::Application;
use vuzo_application::keys::{Hand, KeyDraft};
use vuzo_application::people::{PeopleError, SignUp, random_password};
use vuzo_domain::id::AccountId;
use vuzo_domain::key::{Environment, KeyText, Restrictions, Scope};
use vuzo_domain::limit::Limits;
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{Actor, IdGen, PageRequest};

use crate::config::{Config, SECRETS_FILE, Secrets};

/// Who the ready-made account belongs to.
const EMAIL: &str = "dev@localhost";

/// What was made for a newcomer.
pub(crate) struct FirstAccount {
    account: AccountId,
    password: String,
    key: KeyText,
    credit: Units,
}

impl FirstAccount {
    /// Makes the account if there is none at all. Of several instances that start at
    /// once on one database, one makes it.
    pub(crate) async fn make(
        application: &Application,
        config: &Config,
        ids: &dyn IdGen,
    ) -> Result<Option<Self>> {
        let page = PageRequest::first(1);
        let known = application.operator.accounts(None, page).await?;
        if !config.app_env.is_local() || !known.rows.is_empty() {
            return Ok(None);
        }
        let password = random_password(ids);
        let sign_up = SignUp {
            email: EMAIL.to_owned(),
            password: password.clone(),
            full_name: Some("Developer".to_owned()),
            company: None,
        };
        let made = match application.people.register(sign_up).await {
            Ok(made) => made,
            Err(PeopleError::EmailTaken) => return Ok(None),
            Err(fault) => return Err(fault.into()),
        };
        let draft = KeyDraft {
            name: "first".to_owned(),
            environment: Environment::Live,
            scopes: Some(Scope::NAMES.map(|(scope, _)| scope).to_vec()),
            restrictions: Restrictions::default(),
            spend_cap: None,
            limits: Limits::default(),
        };
        let hand = Hand::of_operator(Actor::System, made.account.id);
        let fresh = application.keys.create(hand, draft).await?;
        Ok(Some(Self {
            account: made.account.id,
            password,
            key: fresh.text,
            credit: config.trial.map_or(Units::ZERO, |trial| trial.credit),
        }))
    }
}

/// What is said once the gateway listens.
pub(crate) struct Welcome<'a> {
    pub(crate) config: &'a Config,
    pub(crate) secrets: &'a Secrets,
    pub(crate) bound: SocketAddr,
    pub(crate) store: String,
    pub(crate) first: Option<FirstAccount>,
}

impl Welcome<'_> {
    /// Where the gateway is reached from this machine.
    fn url(&self) -> String {
        let address = match self.bound.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        format!("http://{}", SocketAddr::new(address, self.bound.port()))
    }

    /// The admin key, where it is known to nobody yet.
    fn admin_key(&self) -> String {
        if self.secrets.admin_was_made {
            self.secrets.admin.expose().to_owned()
        } else {
            "as set in ADMIN_API_KEY".to_owned()
        }
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut text = format!(
            "Vuzo {} is listening on {}\nThe books are kept by {}.\n",
            env!("CARGO_PKG_VERSION"),
            self.url(),
            self.store,
        );
        match &self.first {
            Some(first) => text.push_str(&self.first_start(first)),
            None if self.config.app_env.is_local() => text.push_str(
                "\nAPI keys are shown once, when they are made. For another one:\n\n\
                 vuzo admin accounts list\n\
                 vuzo keys create --account acc_… --name …\n",
            ),
            None => {}
        }
        text
    }

    fn first_start(&self, first: &FirstAccount) -> String {
        let lines = self.curl_lines(first);
        format!(
            "\nThis is the first start, so an account with ${credit} of credit is ready:\n\n  \
               API key    {key}\n  \
               Account    {account}\n  \
               Log-in     {EMAIL} with password {password}\n  \
               Admin key  {admin}\n\n\
             The API key and the password are not shown again; another key is made with\n\
             `vuzo keys create`. The admin key is kept in {secrets}.\n\n\
             Ask the simulator, which needs no provider:\n\n{plain}\n\n\
             The same as a stream:\n\n{streamed}\n\n\
             See what that cost:\n\n{balance}\n",
            credit = Currency::USD.format(first.credit),
            key = first.key.expose(),
            account = first.account,
            password = first.password,
            admin = self.admin_key(),
            secrets = self.config.data_dir.join(SECRETS_FILE).display(),
            plain = lines.plain,
            streamed = lines.streamed,
            balance = lines.balance,
        )
    }

    /// Each is one line that works as it stands, however it is copied.
    fn curl_lines(&self, first: &FirstAccount) -> CurlLines {
        let url = self.url();
        let bearer = format!("-H 'Authorization: Bearer {}'", first.key.expose());
        let chat = |flag: &str, more: &str| {
            format!(
                "curl {flag}{url}/v1/chat/completions {bearer} -H 'Content-Type: application/json' \
                 -d '{{\"model\":\"sim/echo\",{more}\"messages\":[{{\"role\":\"user\",\"content\":\"Hello, Vuzo!\"}}]}}'"
            )
        };
        CurlLines {
            plain: chat("", ""),
            streamed: chat("-N ", "\"stream\":true,"),
            balance: format!("curl {url}/v1/billing/balance {bearer}"),
        }
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let first = self.first.as_ref().map(|first| {
            let lines = self.curl_lines(first);
            json!({
                "admin_key": self.secrets.admin_was_made.then(|| self.secrets.admin.expose()),
                "account_id": first.account.to_string(),
                "email": EMAIL,
                "password": first.password,
                "api_key": first.key.expose(),
                "credit": Currency::USD.format(first.credit),
                "currency": "USD",
                "curl": [lines.plain, lines.streamed, lines.balance],
            })
        });
        json!({"url": self.url(), "store": self.store, "first_start": first})
    }
}

struct CurlLines {
    plain: String,
    streamed: String,
    balance: String,
}

#[cfg(test)]
mod tests {
    use vuzo_domain::secret::Secret;

    use super::*;
    use crate::config::Sources;

    fn secrets(admin_was_made: bool) -> Secrets {
        Secrets {
            admin: Secret::new("vz-admin_1"),
            jwt: Secret::new("jwt"),
            pepper: Secret::new("pepper"),
            sealing: Vec::new(),
            admin_was_made,
        }
    }

    fn first() -> FirstAccount {
        FirstAccount {
            account: "acc_00000000000000000000000000000001".parse().unwrap(),
            password: "the password".to_owned(),
            key: KeyText::from_random(&[7; KeyText::RANDOM_BYTES]),
            credit: Units(5_000_000_000),
        }
    }

    fn said(first: Option<FirstAccount>, secrets: &Secrets, bound: &str) -> (String, Value) {
        let config = Config::load(&Sources::default()).unwrap();
        let welcome = Welcome {
            config: &config,
            secrets,
            bound: bound.parse().unwrap(),
            store: "SQLite".to_owned(),
            first,
        };
        (welcome.text(), welcome.json())
    }

    #[test]
    fn a_newcomer_gets_everything_to_begin_with() {
        let (text, json) = said(Some(first()), &secrets(true), "0.0.0.0:3000");
        let key = first().key.expose().to_owned();
        for expected in ["$5.00", "vz-admin_1", "the password", &key] {
            assert!(text.contains(expected), "{expected} in {text}");
        }
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("curl "))
            .collect();
        assert_eq!(lines.len(), 3, "{text}");
        for line in lines {
            assert!(line.contains(&key) && line.contains("http://127.0.0.1:3000/v1/"));
            let body = line
                .split("-d '")
                .nth(1)
                .and_then(|rest| rest.strip_suffix('\''));
            if let Some(body) = body {
                let body: Value = serde_json::from_str(body).unwrap();
                assert_eq!(body["model"], "sim/echo");
            }
        }
        assert_eq!(json["first_start"]["api_key"], key.as_str());
        assert!(!text.contains("pepper") && !text.contains("jwt"));
    }

    #[test]
    fn later_nothing_secret_is_said() {
        let (text, json) = said(None, &secrets(true), "[::]:3000");
        assert!(text.contains("http://[::1]:3000") && text.contains("vuzo keys create"));
        assert!(!text.contains("vz-"), "{text}");
        assert_eq!(json["first_start"], Value::Null);
    }

    #[test]
    fn an_admin_key_that_was_stated_is_not_repeated() {
        let (text, json) = said(Some(first()), &secrets(false), "127.0.0.1:1");
        assert!(!text.contains("vz-admin_1") && text.contains("ADMIN_API_KEY"));
        assert!(!json.to_string().contains("vz-admin_1"));
    }
}
