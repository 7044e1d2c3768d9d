use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::harness::{Ask, Connection, Customer, Heard, PATIENCE, until};

pub(super) const CLIENTS: usize = 64;

/// A whole answer, as its customer could show it.
#[derive(Clone, Debug)]
pub(super) struct Whole {
    pub(super) message: String,
    pub(super) generation: String,
    pub(super) at: Instant,
}

/// What all clients together have seen.
#[derive(Debug, Default)]
pub(super) struct Witness {
    /// Answers to calls that were sent once.
    pub(super) once: Vec<Whole>,
    /// Answers to calls that were sent until they were answered.
    pub(super) insisted: Vec<Whole>,
    /// How many answers broke off.
    pub(super) broken: usize,
    /// Refusals, by status and code.
    pub(super) refusals: BTreeMap<(u16, String), usize>,
}

struct Shared {
    address: watch::Sender<SocketAddr>,
    is_over: AtomicBool,
    heard: AtomicUsize,
}

/// Clients who call without a pause, half of them for streams.
pub(super) struct Crowd {
    shared: Arc<Shared>,
    clients: JoinSet<Witness>,
}

impl Crowd {
    pub(super) fn gather(address: SocketAddr, customers: &[Customer; 2]) -> Self {
        let shared = Arc::new(Shared {
            address: watch::Sender::new(address),
            is_over: AtomicBool::new(false),
            heard: AtomicUsize::new(0),
        });
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            // One in four insists; an odd number streams.
            let insists = number % 8 >= 6;
            let client = Client {
                number,
                insists,
                key: customers[usize::from(insists)].key.clone(),
                shared: Arc::clone(&shared),
                connection: None,
                witness: Witness::default(),
            };
            clients.spawn(client.run());
        }
        Self { shared, clients }
    }

    /// How many whole answers were heard so far.
    pub(super) fn heard(&self) -> usize {
        self.shared.heard.load(Ordering::Relaxed)
    }

    pub(super) async fn hears_more_than(&self, answers: usize) -> usize {
        until("answers are heard", || async { self.heard() > answers }).await;
        self.heard()
    }

    /// Sends everybody to another instance.
    pub(super) fn turn_to(&self, address: SocketAddr) {
        self.shared.address.send_replace(address);
    }

    /// Waits until everybody has come to an end.
    pub(super) async fn dismiss(self) -> Witness {
        self.shared.is_over.store(true, Ordering::Relaxed);
        let mut all = Witness::default();
        let everybody = timeout(PATIENCE, self.clients.join_all()).await;
        for seen in everybody.expect("everybody who insists is answered") {
            all.once.extend(seen.once);
            all.insisted.extend(seen.insisted);
            all.broken += seen.broken;
            for (refusal, times) in seen.refusals {
                *all.refusals.entry(refusal).or_insert(0) += times;
            }
        }
        all
    }
}

struct Client {
    number: usize,
    insists: bool,
    key: String,
    shared: Arc<Shared>,
    connection: Option<Connection>,
    witness: Witness,
}

impl Client {
    async fn run(mut self) -> Witness {
        for call in 0.. {
            if self.shared.is_over.load(Ordering::Relaxed) {
                break;
            }
            let message = format!("{}-{call}", self.number);
            let ask = match self.number % 2 {
                0 => Ask::plain(&message),
                _ => Ask::stream(&message),
            };
            if self.insists {
                let ask = ask.once(&message);
                while !self.hear(&ask, &message).await {}
            } else {
                self.hear(&ask, &message).await;
            }
        }
        self.witness
    }

    /// Sends a call, and answers whether its answer came as a whole.
    async fn hear(&mut self, ask: &Ask, message: &str) -> bool {
        // Nobody is there for a moment after a kill.
        let Some(heard) = self.send(ask).await else {
            return false;
        };
        if heard.is_whole() {
            let whole = Whole {
                message: message.to_owned(),
                generation: heard.generation().expect("an id"),
                at: Instant::now(),
            };
            let list = if self.insists {
                &mut self.witness.insisted
            } else {
                &mut self.witness.once
            };
            list.push(whole);
            self.shared.heard.fetch_add(1, Ordering::Relaxed);
            return true;
        }
        if heard.answer.status == 0 || heard.answer.status == 200 {
            self.witness.broken += 1;
        } else {
            let refusal = (heard.answer.status, heard.answer.code());
            *self.witness.refusals.entry(refusal).or_insert(0) += 1;
            // Who is refused looks again a little later, as a polite client would.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    async fn send(&mut self, ask: &Ask) -> Option<Heard> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let heard = ask.send_on(&mut connection, &self.key).await;
        if heard.is_complete {
            self.connection = Some(connection);
        }
        Some(heard)
    }

    /// Connects to the instance that is there, or waits for the next one.
    async fn connect(&self) -> Option<Connection> {
        let mut news = self.shared.address.subscribe();
        let address = *news.borrow_and_update();
        if let Ok(connection) = Connection::open(address).await {
            return Some(connection);
        }
        let patience = Duration::from_secs(1);
        drop(timeout(patience, news.changed()).await);
        None
    }
}
