//! A wire to the server that can be cut at the worst moment.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

/// Passes everything on, except for the acknowledgements that it is told to swallow.
pub(crate) struct Wire {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    is_armed: AtomicBool,
    cuts: AtomicU32,
}

impl Wire {
    /// A wire to the server at this address.
    pub(crate) fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<State>::default();
        let (server, shared) = (server.to_owned(), Arc::clone(&state));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let upstream = TcpStream::connect(&server).unwrap();
                pass(&client, &upstream, &shared);
            }
        });
        Self { port, state }
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Cuts the next connection that commits, after the server has done so and before
    /// the client hears of it.
    pub(crate) fn swallow_next_commit(&self) {
        self.state.is_armed.store(true, Ordering::SeqCst);
    }

    /// How often that has happened.
    pub(crate) fn cuts(&self) -> u32 {
        self.state.cuts.load(Ordering::SeqCst)
    }
}

fn pass(client: &TcpStream, server: &TcpStream, state: &Arc<State>) {
    let both = || (client.try_clone().unwrap(), server.try_clone().unwrap());
    let is_cut = Arc::<AtomicBool>::default();
    let ((mut from, mut to), armed, cut) = (both(), Arc::clone(state), Arc::clone(&is_cut));
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(size @ 1..) = from.read(&mut buffer) {
            let sent = &buffer[..size];
            let commits = sent.windows(7).any(|part| part == b"COMMIT\0");
            if commits && armed.is_armed.swap(false, Ordering::SeqCst) {
                cut.store(true, Ordering::SeqCst);
            }
            if to.write_all(sent).is_err() {
                break;
            }
        }
        drop(to.shutdown(Shutdown::Both));
    });
    let ((mut to, mut from), state) = (both(), Arc::clone(state));
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(size @ 1..) = from.read(&mut buffer) {
            // What comes after a commit was sent is its acknowledgement.
            if is_cut.load(Ordering::SeqCst) {
                state.cuts.fetch_add(1, Ordering::SeqCst);
                break;
            }
            if to.write_all(&buffer[..size]).is_err() {
                break;
            }
        }
        drop(to.shutdown(Shutdown::Both));
        drop(from.shutdown(Shutdown::Both));
    });
}
