//! Official clients, unmodified, in every dialect and towards every provider: only the
//! address and the key are ours. The scripts are in `tests/clients`; the vendors are fakes
//! behind the same `*_BASE_URL` settings that production has.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::harness::{ADMIN_KEY, Books, Customer, Folder, Gateway, Request, Setup, alone, setting};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openai_for_python() {
    check("openai_python.py", 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openai_for_node() {
    check("openai_node.mjs", 7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anthropic_for_python() {
    check("anthropic_python.py", 8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vuzo_for_python() {
    check("vuzo_python.py", 7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn langchain_for_python() {
    check("langchain_python.py", 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pydantic_ai_for_python() {
    check("pydantic_ai_python.py", 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vercel_ai_for_node() {
    check("vercel_ai.mjs", 7).await;
}

/// Runs a script against a gateway with vendors, and proves the books afterwards. At the
/// least so many of its tests have to pass, and none may fail.
async fn check(script: &str, least: usize) {
    let _machine = alone().await;
    let folder = Folder::new();
    let vendors = Vendors::start();
    let setup = vendors.setup(folder.path());
    let gateway = setup.start().await;
    sell_text(&gateway).await;
    sell_tiers(&gateway).await;
    let rich = Customer::with_credit(&gateway, "50").await;
    let poor = Customer::sign_up(&gateway).await;
    let (_, key) = rich
        .new_key(&gateway, &json!({"scopes": ["inference", "read", "keys"]}))
        .await;
    let (_, limited) = rich
        .new_key(&gateway, &json!({"limits": {"requests_per_minute": 2}}))
        .await;
    let done = interpreter(script)
        .env("VUZO_TEST_BASE", format!("http://{}", gateway.address))
        .env("VUZO_TEST_VENDORS", vendors.address(""))
        .env("VUZO_TEST_KEY", &key)
        .env("VUZO_TEST_POOR_KEY", &poor.key)
        .env("VUZO_TEST_LIMITED_KEY", &limited)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    let complained = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{script}:\n{said}\n{complained}");
    let passed = said.lines().filter(|line| line.starts_with("ok ")).count();
    assert!(passed >= least, "only {passed} tests ran:\n{said}");
    // Nothing is held any more, and what was charged is what is in the log.
    Books::read(&gateway, &rich, 50_000_000_000).await;
    setup.prove_the_books();
    println!("{script}: {passed} tests passed");
}

/// Puts a model on sale that completes texts, several at once, and does not chat.
async fn sell_text(gateway: &Gateway) {
    let card = json!({"input": "1", "output": "2", "currency": "USD", "unit": "1M tokens"});
    let body = json!({
        "id": "text-only", "provider": "openai", "upstream_id": "text-only", "status": "active",
        "context_length": 16_384, "max_output_tokens": 4_096, "capabilities": ["completions"],
        "cost": card, "pricing": card,
    });
    let request = Request::post("/v1/admin/models", body.to_string()).bearer(ADMIN_KEY);
    gateway.call(&request).await.expect(201);
}

/// Puts models on sale that cost half as much in the tier `flex`.
async fn sell_tiers(gateway: &Gateway) {
    for (id, provider, upstream) in [
        ("tiered", "openai", "gpt-tiered"),
        ("tiered-google", "google", "gemini-tiered"),
    ] {
        let body = json!({
            "id": id, "provider": provider, "upstream_id": upstream, "capabilities": ["chat"],
            "context_length": 16_384, "max_output_tokens": 4_096,
            "cost": {"input": "2", "output": "8",
                "service_tiers": {"flex": {"input": "1", "output": "4"}}},
        });
        let request = Request::post("/v1/admin/models", body.to_string()).bearer(ADMIN_KEY);
        gateway.call(&request).await.expect(201);
    }
}

/// The program that runs a script, from where `cargo xtask test` has put the clients.
fn interpreter(script: &str) -> Command {
    let clients = PathBuf::from(setting("VUZO_TEST_CLIENTS"));
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let is_python = Path::new(script)
        .extension()
        .is_some_and(|kind| kind == "py");
    let mut command = if is_python {
        let mut python = Command::new(clients.join("python/bin/python"));
        python.arg("-B").arg(scripts.join(script));
        python
    } else {
        // Node looks for packages beside the script.
        let mut node = Command::new("node");
        node.arg(clients.join("node").join(script));
        node
    };
    for proxy in [
        "http_proxy",
        "https_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ] {
        command.env_remove(proxy);
    }
    command.stdin(Stdio::null());
    command
}

/// The fakes of the vendors. They go when this is dropped.
struct Vendors {
    process: Child,
    port: u16,
}

impl Vendors {
    fn start() -> Self {
        let mut process = interpreter("vendors.py")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = process.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let port = line.trim().parse().expect("the port of the vendors");
        Self { process, port }
    }

    fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn setup(&self, folder: &Path) -> Setup {
        let at = |path| self.address(path);
        Setup::local(folder)
            .with("APP_ENV", "production")
            .with("ADMIN_API_KEY", ADMIN_KEY)
            .with("JWT_SECRET_KEY", "a secret of 32 bytes or more, for tests")
            .with(
                "KEY_PEPPER",
                "another secret of 32 bytes or more, for tests",
            )
            .with("VUZO_DATA_DIR", folder.join("data").to_str().unwrap())
            .with("ANONYMOUS_REQUESTS_PER_MINUTE", "0")
            .with("IMAGE_FETCH_NETWORKS", "127.0.0.1")
            .with("OPENAI_API_KEY", "vendor-key")
            .with("OPENAI_BASE_URL", &at("/v1"))
            .with("ANTHROPIC_API_KEY", "vendor-key")
            .with("ANTHROPIC_BASE_URL", &at(""))
            .with("GOOGLE_API_KEY", "vendor-key")
            .with("GOOGLE_BASE_URL", &at("/v1beta"))
    }
}

impl Drop for Vendors {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _known = self.process.wait();
    }
}
