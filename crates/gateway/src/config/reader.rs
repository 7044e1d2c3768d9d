//! From the texts of settings to values that mean something.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _};
use std::str::FromStr;
use std::thread::available_parallelism;
use std::time::Duration;

use vuzo_application::TrialPolicy;
use vuzo_domain::key::IpNetwork;
use vuzo_domain::money::{Currency, Money};
use vuzo_domain::secret::Secret;
use vuzo_providers::{Patience, Reach};

use super::layers::{Source, Stated};
use super::{AppEnv, LogFormat, Problems, ProviderConfig};

/// The settings that say where to listen.
const BINDS: [&str; 3] = ["VUZO_BIND", "APP_PORT", "PORT"];

/// Reads settings one by one and remembers what was wrong with them.
pub(super) struct Reader {
    stated: Vec<Stated>,
    problems: Problems,
}

impl Reader {
    pub(super) fn new(stated: Vec<Stated>, problems: Problems) -> Self {
        Self { stated, problems }
    }

    pub(super) fn finish(self) -> (Vec<Stated>, Problems) {
        (self.stated, self.problems)
    }

    fn find(&self, name: &str) -> Option<&Stated> {
        self.stated
            .iter()
            .find(|stated| stated.setting.name == name)
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.find(name).map(|stated| stated.text.trim().to_owned())
    }

    pub(super) fn secret(&self, name: &str) -> Option<Secret> {
        self.find(name)
            .map(|stated| Secret::new(stated.text.clone()))
    }

    /// A comma list of secrets.
    pub(super) fn secrets(&self, name: &str) -> Vec<Secret> {
        self.list(name).into_iter().map(Secret::new).collect()
    }

    pub(super) fn list(&self, name: &str) -> Vec<String> {
        self.text(name)
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect()
    }

    pub(super) fn truth(&mut self, name: &str) -> bool {
        let text = self.text(name).unwrap_or_default().to_ascii_lowercase();
        match text.as_str() {
            "true" | "1" | "yes" | "on" => true,
            "false" | "0" | "no" | "off" | "" => false,
            _ => {
                self.problems
                    .add(format!("{name} is {text:?}; it is true or false"));
                false
            }
        }
    }

    /// A whole number within bounds.
    fn number<N: FromStr + PartialOrd + Copy + std::fmt::Display>(
        &mut self,
        name: &str,
        least: N,
        most: N,
    ) -> Option<N> {
        let text = self.text(name)?;
        match text.parse::<N>() {
            Ok(number) if number >= least && number <= most => Some(number),
            _ => {
                self.problems.add(format!(
                    "{name} is {text:?}; it is a whole number from {least} to {most}"
                ));
                None
            }
        }
    }

    pub(super) fn seconds(&mut self, name: &str, least: u64, most: u64) -> Duration {
        Duration::from_secs(self.number(name, least, most).unwrap_or(least))
    }

    /// Threads for everything but HTTP: as many as there are cores, unless stated.
    pub(super) fn workers(&mut self) -> usize {
        let cores = || available_parallelism().map_or(2, std::num::NonZero::get);
        self.number("VUZO_WORKERS", 1, 1_024).unwrap_or_else(cores)
    }

    pub(super) fn url(&mut self, name: &str, schemes: &[&str]) -> Option<Secret> {
        let url = self.secret(name)?;
        if schemes
            .iter()
            .any(|scheme| url.expose().starts_with(scheme))
        {
            return Some(url);
        }
        // The value is not repeated: it may hold a password.
        self.problems
            .add(format!("{name} must begin with {}", schemes.join(" or ")));
        None
    }

    pub(super) fn provider(
        &mut self,
        name: &'static str,
        key: &str,
        base_url: &str,
    ) -> ProviderConfig {
        let url = self.text(base_url).unwrap_or_default();
        if !url.starts_with("http://") && !url.starts_with("https://") {
            self.problems.add(format!(
                "{base_url} is {url:?}; it begins with http:// or https://"
            ));
        }
        ProviderConfig {
            name,
            key: self.secret(key),
            base_url: url,
        }
    }

    /// How long providers may keep us waiting. Nobody waits for ever, and who is given no
    /// time at all serves no calls.
    pub(super) fn patience(&mut self) -> Patience {
        Patience {
            connect: self.seconds("PROVIDER_CONNECT_SECONDS", 1, 60),
            first_byte: self.seconds("PROVIDER_FIRST_BYTE_SECONDS", 1, 3_600),
            between_reads: self.seconds("PROVIDER_CHUNK_SECONDS", 1, 3_600),
            ..Patience::default()
        }
    }

    pub(super) fn trial(&mut self) -> Option<TrialPolicy> {
        let text = self.text("TRIAL_CREDIT").unwrap_or_default();
        let days = self
            .number("TRIAL_DAYS", 0, 36_500)
            .filter(|days| *days > 0);
        match Money::parse(&text, Currency::USD) {
            Ok(money) if money.units.is_positive() => Some(TrialPolicy {
                credit: money.units,
                days,
            }),
            Ok(money) if money.units.0 == 0 => None,
            _ => {
                self.problems.add(format!(
                    "TRIAL_CREDIT is {text:?}; it is an amount in US dollars such as 5 or 2.50, or 0"
                ));
                None
            }
        }
    }

    /// Zero means that strangers are not limited.
    pub(super) fn anonymous_per_minute(&mut self) -> Option<u64> {
        self.number("ANONYMOUS_REQUESTS_PER_MINUTE", 0, 1_000_000_000)
            .filter(|limit| *limit > 0)
    }

    pub(super) fn percent(&mut self, name: &str) -> u8 {
        self.number(name, 0, 100).unwrap_or(0)
    }

    pub(super) fn networks(&mut self, name: &str) -> Vec<IpNetwork> {
        let mut networks = Vec::new();
        for item in self.list(name) {
            match item.parse() {
                Ok(network) => networks.push(network),
                Err(fault) => self.problems.add(format!("{name}: {item:?} is {fault}")),
            }
        }
        networks
    }

    /// The internet, private networks, or neither.
    pub(super) fn image_reach(&mut self) -> Reach {
        let name = "IMAGE_FETCH_NETWORKS";
        let items = self.list(name);
        if items == ["off"] {
            return Reach::default();
        }
        let mut reach = Reach::default();
        for item in items {
            match item.parse() {
                _ if item == "public" => reach.public = true,
                Ok(network) => reach.networks.push(network),
                Err(fault) => self.problems.add(format!(
                    "{name}: {item:?} is {fault}; there are also 'public' and, alone, 'off'"
                )),
            }
        }
        reach
    }

    pub(super) fn log_format(&mut self) -> LogFormat {
        match self.text("LOG_FORMAT").unwrap_or_default().as_str() {
            "text" => LogFormat::Text,
            "json" => LogFormat::Json,
            other => {
                self.problems
                    .add(format!("LOG_FORMAT is {other:?}; it is text or json"));
                LogFormat::Text
            }
        }
    }

    /// Where to listen. Of `VUZO_BIND`, `APP_PORT` and `PORT` the one from the
    /// strongest source holds; several from that source must agree on the port.
    pub(super) fn bind(&mut self, app_env: AppEnv) -> SocketAddr {
        let stated: Vec<Stated> = BINDS
            .iter()
            .filter_map(|name| self.find(name).cloned())
            .collect();
        let strongest = stated.iter().map(|stated| rank(&stated.source)).max();
        let mut host = usual_host(app_env);
        let mut ports: Vec<(&str, u16)> = Vec::new();
        for Stated {
            setting,
            text,
            source,
        } in &stated
        {
            match place(text, host) {
                Ok(address) => {
                    host = address.ip();
                    if Some(rank(source)) == strongest {
                        ports.push((setting.name, address.port()));
                    }
                }
                Err(why) => self.problems.add(format!("{} {why}", setting.name)),
            }
        }
        if let [(first, port), others @ ..] = ports.as_slice() {
            for (name, other) in others.iter().filter(|(_, other)| other != port) {
                self.problems.add(format!(
                    "{first} and {name} disagree on the port ({port}, {other}); state one of them"
                ));
            }
            return SocketAddr::new(host, *port);
        }
        SocketAddr::new(host, 8080)
    }

    pub(super) fn metrics_bind(&mut self, app_env: AppEnv) -> Option<SocketAddr> {
        let text = self.text("VUZO_METRICS_BIND")?;
        match place(&text, usual_host(app_env)) {
            Ok(address) => Some(address),
            Err(why) => {
                self.problems.add(format!("VUZO_METRICS_BIND {why}"));
                None
            }
        }
    }
}

/// How strong a source is, whichever file it is.
fn rank(source: &Source) -> u8 {
    match source {
        Source::Default => 0,
        Source::File(_) => 1,
        Source::Environment | Source::SecretFile(_) => 2,
        Source::CommandLine => 3,
    }
}

fn usual_host(app_env: AppEnv) -> IpAddr {
    if app_env.is_local() {
        Ipv4Addr::LOCALHOST.into()
    } else {
        Ipv4Addr::UNSPECIFIED.into()
    }
}

/// Reads `host:port`, or a port alone.
fn place(text: &str, host: IpAddr) -> Result<SocketAddr, String> {
    let text = text.trim();
    if let Ok(port) = text.strip_prefix(':').unwrap_or(text).parse::<u16>() {
        return Ok(SocketAddr::new(host, port));
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(address);
    }
    let named = text
        .rsplit_once(':')
        .filter(|(name, _)| !name.is_empty() && !name.contains(':'))
        .and_then(|_| text.to_socket_addrs().ok())
        .and_then(|mut addresses| addresses.find(SocketAddr::is_ipv4));
    named.ok_or_else(|| format!("is {text:?}; it is host:port or a port"))
}
