//! The gateway under test: its process, and an account with credit and a key.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::http1::{self, Answer};
use crate::{shell, workspace};

const READY_WITHIN: Duration = Duration::from_secs(30);
const ADMIN_KEY: &str = "bench-admin-key-0123456789abcdefghijklmnop";
/// More requests and tokens than any machine makes, so that every limit is checked and none binds.
const UNREACHABLE: u32 = 100_000_000;
const UNREACHABLE_TOKENS: u32 = 2_000_000_000;

/// Where a gateway keeps its books.
#[derive(Debug)]
pub(super) enum Store<'a> {
    Sqlite,
    PostgresAndRedis {
        database_url: &'a str,
        redis_url: &'a str,
    },
}

/// Starts the released program with nothing of our own environment, in the folder.
pub(super) fn start(
    folder: &Path,
    bind: SocketAddr,
    upstream: SocketAddr,
    store: &Store<'_>,
) -> Result<Child> {
    let program = workspace::target().join("release").join("vuzo");
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let log = fs::File::create(log_file(folder)).context("cannot write the gateway's log")?;
    let mut command = Command::new(&program);
    command
        .arg("serve")
        .env_clear()
        .env("APP_ENV", "local")
        .env("VUZO_BIND", bind.to_string())
        .env("VUZO_DATA_DIR", folder.join("data"))
        .env("ADMIN_API_KEY", ADMIN_KEY)
        .env("OPENAI_API_KEY", "sk-mock")
        .env("OPENAI_BASE_URL", format!("http://{upstream}/v1"))
        .env("ANTHROPIC_API_KEY", "sk-mock")
        .env("ANTHROPIC_BASE_URL", format!("http://{upstream}"))
        .env("GOOGLE_API_KEY", "mock")
        .env("GOOGLE_BASE_URL", format!("http://{upstream}/v1beta"))
        .env("RUST_LOG", "warn");
    if let Store::PostgresAndRedis {
        database_url,
        redis_url,
    } = store
    {
        command
            .env("DATABASE_URL", database_url)
            .env("REDIS_URL", redis_url);
    }
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().context("cannot share a log file")?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))
}

/// Waits for readiness, then opens an account with credit and limits, and answers with its API key.
pub(super) fn prepare(
    child: &mut Child,
    folder: &Path,
    at: SocketAddr,
    model: &str,
) -> Result<String> {
    let setup = wait_until_ready(child, at).and_then(|()| open_account(at, model));
    setup.with_context(|| {
        format!(
            "the gateway at {at}; the end of its log:\n{}",
            shell::tail(&log_file(folder))
        )
    })
}

pub(super) fn log_file(folder: &Path) -> std::path::PathBuf {
    folder.join("gateway.log")
}

fn wait_until_ready(child: &mut Child, at: SocketAddr) -> Result<()> {
    let deadline = Instant::now() + READY_WITHIN;
    let mut last = "no answer".to_owned();
    while Instant::now() < deadline {
        if let Ok(Some(status)) = child.try_wait() {
            bail!("it ended before it was ready: {status}");
        }
        match http1::call(at, "GET", "/health/readiness", "", "") {
            Ok(answer) if answer.status == 200 => return Ok(()),
            Ok(answer) => last = format!("{} {}", answer.status, answer.body),
            Err(error) => last = format!("{error:#}"),
        }
        thread::sleep(Duration::from_millis(50));
    }
    bail!("not ready within {} s: {last}", READY_WITHIN.as_secs())
}

fn open_account(at: SocketAddr, model: &str) -> Result<String> {
    let person = r#"{"email":"bench@example.com","password":"correct horse battery staple 9"}"#;
    let registered = expect(at, "POST", "/v1/auth/register", "", person)?;
    let token = field(&registered, &["access_token"])?;
    let account = field(&registered, &["account", "id"])?;

    let limits = format!(
        r#"{{"limits":{{"requests_per_minute":{UNREACHABLE},"requests_per_hour":{UNREACHABLE},"requests_per_day":{UNREACHABLE},"tokens_per_minute":{UNREACHABLE_TOKENS}}}}}"#
    );
    expect(
        at,
        "PATCH",
        &format!("/v1/admin/accounts/{account}"),
        ADMIN_KEY,
        &limits,
    )?;
    let credit = r#"{"amount":"100000","currency":"USD","reason":"bench"}"#;
    expect(
        at,
        "POST",
        &format!("/v1/admin/accounts/{account}/credits"),
        ADMIN_KEY,
        credit,
    )?;
    let made = expect(at, "POST", "/v1/api-keys", &token, r#"{"name":"bench"}"#)?;
    let key = field(&made, &["key"])?;

    // One call first: its complaint is easier to read than a load generator's.
    let body = format!(
        r#"{{"model":"{model}","messages":[{{"role":"user","content":"Are you there?"}}],"max_tokens":16}}"#
    );
    let first = expect(at, "POST", "/v1/chat/completions", &key, &body)?;
    if !first.contains("\"choices\"") {
        bail!("the first call was answered with {first}");
    }
    Ok(key)
}

/// Makes a call that must succeed, and answers with the body.
fn expect(at: SocketAddr, method: &str, path: &str, bearer: &str, body: &str) -> Result<String> {
    let Answer { status, body } = http1::call(at, method, path, bearer, body)?;
    if !(200..300).contains(&status) {
        bail!("{method} {path} answered {status}: {body}");
    }
    Ok(body)
}

/// The text at a path of names in an answer whose shape we know; no JSON library is worth its build for four of these.
fn field(body: &str, path: &[&str]) -> Result<String> {
    let mut rest = body;
    for name in path {
        let quoted = format!("\"{name}\"");
        rest = rest
            .match_indices(&quoted)
            .find_map(|(at, _)| rest[at + quoted.len()..].trim_start().strip_prefix(':'))
            .with_context(|| format!("no {} in {body}", path.join(".")))?;
    }
    let text = rest
        .trim_start()
        .strip_prefix('"')
        .and_then(|text| text.split_once('"'));
    text.map(|(text, _)| text.to_owned())
        .with_context(|| format!("{} is no text in {body}", path.join(".")))
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn finds_a_field_by_its_path() {
        let body = r#"{"user":{"id":"usr_1","name":"account"},"account": {"id" : "acc_2"},"access_token":"t"}"#;
        assert_eq!(field(body, &["account", "id"]).unwrap(), "acc_2");
        assert_eq!(field(body, &["access_token"]).unwrap(), "t");
        assert!(field(body, &["key"]).is_err());
    }
}
