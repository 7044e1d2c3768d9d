//! How much a metered call costs this store: a hold and a settlement, each durable.
//!
//! `cargo run --release -p vuzo-sqlite --example sqlite_hold_settle -- [calls] [at once] [accounts] [file]`

#![expect(clippy::print_stdout, reason = "it is here to print")]

use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Runtime;
use vuzo_contracts::hold_settle::{Load, Outcome};
use vuzo_sqlite::SqliteStore;

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let load = Load::of(&words)?;
    let unique = format!("vuzo-hold-settle-{}.db", std::process::id());
    let file = words
        .get(3)
        .map_or_else(|| std::env::temp_dir().join(unique), PathBuf::from);
    let runtime = Runtime::new()?;
    let store = Arc::new(SqliteStore::open(&file, runtime.handle().clone())?);
    let threads = ["", "sqlite-writer"];
    let measured = runtime.block_on(load.measure(&store, 1_000, &threads))?;
    let micros: Vec<String> = measured
        .micros()
        .iter()
        .map(|micros| format!("{micros:.1} us"))
        .collect();
    println!(
        "{} calls, {} at once, {} accounts: {:.0} calls/s, CPU of a call and in the writer: {}",
        measured.calls,
        load.at_once,
        load.accounts,
        measured.rate(),
        micros.join(", "),
    );
    println!("findings in the books: {:?}", measured.report.findings);
    drop(store);
    println!("file: {}", file.display());
    Ok(())
}
