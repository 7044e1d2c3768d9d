//! The program as it runs: processes, sockets, kills, and at the end the books.

mod crash;
mod departures;
mod first_run;
mod harness;
mod idempotency;
mod instances;
mod mid_stream;
mod overdraft;
mod redis_outage;
mod restart;
mod shutdown;
mod stream_faults;
