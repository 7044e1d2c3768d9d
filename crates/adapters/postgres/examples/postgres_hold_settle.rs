//! How much a metered call costs this store: a hold and a settlement, each durable.
//!
//! `cargo run --release -p vuzo-postgres --example postgres_hold_settle -- [calls] [at once] [accounts] [url]`

#![expect(clippy::print_stdout, reason = "it is here to print")]

use std::sync::Arc;

use tokio::runtime::Runtime;
use vuzo_contracts::hold_settle::{Load, Outcome};
use vuzo_postgres::{PgStore, Settings};

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let load = Load::of(&words)?;
    let url = words
        .get(3)
        .ok_or("the fourth argument is the URL of a database to fill")?;
    let runtime = Runtime::new()?;
    let settings = Settings::new(url.clone());
    let handle = runtime.handle().clone();
    let store = Arc::new(runtime.block_on(PgStore::open(&settings, handle))?);
    let measured = runtime.block_on(load.measure(&store, Settings::POOL_SIZE, &[""]))?;
    for micros in measured.micros() {
        println!(
            "{} calls, {} at once, {} accounts: {:.0} calls/s, {micros:.1} us of CPU a call in this process",
            measured.calls,
            load.at_once,
            load.accounts,
            measured.rate(),
        );
    }
    println!("findings in the books: {:?}", measured.report.findings);
    Ok(())
}
