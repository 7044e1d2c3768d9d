//! The program as it runs: processes, sockets, kills, and at the end the books.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test whose preparations fail has failed, and figures are for whoever looks at them"
)]

mod clients;
mod crash;
mod departures;
mod first_run;
mod given_again;
mod harness;
mod idempotency;
mod instances;
mod long_streams;
mod many_streams;
mod mid_stream;
mod overdraft;
mod provider_keys;
mod redis_outage;
mod refresh;
mod restart;
mod shutdown;
mod silent_provider;
mod stream_faults;
