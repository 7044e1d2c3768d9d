//! An OpenAI-shaped upstream that costs next to nothing: one thread, ready-made answers.
//!
//! `POST …/chat/completions` answers a completion, or a stream of small frames, each sent by itself;
//! `…/messages` and `…:streamGenerateContent` answer the same stream in Anthropic's and in Gemini's wire.
//! `POST /mock/delay/<ms>` changes how long it waits before an answer, so that one upstream serves every measurement.

mod wires;

use std::collections::{HashMap, VecDeque};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use crate::http1::Parser;
use crate::options::Options;
use wires::{COMPLETION, Script, answer, anthropic, gemini, stream};

const LISTENER: Token = Token(0);

/// Reads the options and serves until it is killed.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let mut options = Options::new(args);
    let port: u16 = options.value("--port", 0)?;
    let delay_ms: u64 = options.value("--delay-ms", 0)?;
    let chunks: usize = options.value("--chunks", 50)?;
    options.finish()?;
    Mock::bind(port, Duration::from_millis(delay_ms), chunks)?.serve()
}

struct Connection {
    stream: TcpStream,
    parser: Parser,
    playing: Option<Playing>,
    /// The socket is full; the poll says when it has drained.
    blocked: bool,
}

struct Playing {
    script: Script,
    piece: usize,
    offset: usize,
}

struct Mock {
    poll: Poll,
    listener: TcpListener,
    connections: HashMap<usize, Connection>,
    next: usize,
    delay: Duration,
    /// Answers that wait for their time; one delay for all keeps them in order.
    waiting: VecDeque<(Instant, usize, Script)>,
    /// Connections whose next piece can go out.
    ready: VecDeque<usize>,
    plain: Script,
    stream: Script,
    stream_with_usage: Script,
    anthropic: Script,
    gemini: Script,
    fine: Script,
    unknown: Script,
}

impl Mock {
    fn bind(port: u16, delay: Duration, chunks: usize) -> Result<Self> {
        let poll = Poll::new().context("cannot poll")?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut listener =
            TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)
            .context("cannot watch the listener")?;
        Ok(Self {
            poll,
            listener,
            connections: HashMap::new(),
            next: 1,
            delay,
            waiting: VecDeque::new(),
            ready: VecDeque::new(),
            plain: answer("200 OK", COMPLETION),
            stream: stream(chunks, false),
            stream_with_usage: stream(chunks, true),
            anthropic: anthropic(chunks),
            gemini: gemini(chunks),
            fine: answer("200 OK", r#"{"status":"ok"}"#),
            unknown: answer(
                "404 Not Found",
                r#"{"error":{"message":"no such route","type":"invalid_request_error"}}"#,
            ),
        })
    }

    fn serve(mut self) -> Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            let patience = if self.ready.is_empty() {
                self.waiting
                    .front()
                    .map(|(due, ..)| due.saturating_duration_since(Instant::now()))
            } else {
                Some(Duration::ZERO)
            };
            match self.poll.poll(&mut events, patience) {
                Err(error) if error.kind() != ErrorKind::Interrupted => {
                    return Err(error).context("cannot poll");
                }
                _ => {}
            }
            for event in &events {
                if event.token() == LISTENER {
                    self.accept()?;
                    continue;
                }
                let id = event.token().0;
                if event.is_readable() && !self.read(id) {
                    self.connections.remove(&id);
                }
                if event.is_writable() {
                    self.unblock(id);
                }
            }
            self.start_due();
            self.play_round();
        }
    }

    fn accept(&mut self) -> Result<()> {
        while let Ok((mut stream, _)) = self.listener.accept() {
            let id = self.next;
            self.next += 1;
            stream.set_nodelay(true).context("cannot set TCP_NODELAY")?;
            self.poll
                .registry()
                .register(
                    &mut stream,
                    Token(id),
                    Interest::READABLE | Interest::WRITABLE,
                )
                .context("cannot watch a connection")?;
            self.connections.insert(
                id,
                Connection {
                    stream,
                    parser: Parser::default(),
                    playing: None,
                    blocked: false,
                },
            );
        }
        Ok(())
    }

    /// Reads what is there; false when the connection is of no more use.
    fn read(&mut self, id: usize) -> bool {
        let mut buffer = [0; 16 * 1024];
        loop {
            let Some(connection) = self.connections.get_mut(&id) else {
                return true;
            };
            let read = match connection.stream.read(&mut buffer) {
                Ok(0) => return false,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return false,
            };
            let mut at = 0;
            while at < read {
                let Some(connection) = self.connections.get_mut(&id) else {
                    return true;
                };
                match connection.parser.feed(&buffer[at..read]) {
                    Ok(taken) => at += taken,
                    Err(_) => return false,
                }
                if connection.parser.is_done() {
                    let parser = std::mem::take(&mut connection.parser);
                    self.on_request(id, parser.start_line(), parser.body());
                }
            }
            if read < buffer.len() {
                // A short read has drained the socket.
                return true;
            }
        }
    }

    fn on_request(&mut self, id: usize, start_line: &str, body: &[u8]) {
        let path = start_line.split(' ').nth(1).unwrap_or_default();
        if let Some(script) = self.answer_to(path, body) {
            let script = Rc::clone(script);
            if self.delay.is_zero() {
                self.play(id, script);
            } else {
                self.waiting
                    .push_back((Instant::now() + self.delay, id, script));
            }
        } else if let Some(Ok(ms)) = path.strip_prefix("/mock/delay/").map(str::parse) {
            self.delay = Duration::from_millis(ms);
            let script = Rc::clone(&self.fine);
            self.play(id, script);
        } else {
            let script = Rc::clone(if path == "/mock/health" {
                &self.fine
            } else {
                &self.unknown
            });
            self.play(id, script);
        }
    }

    /// What a provider would answer.
    fn answer_to(&self, path: &str, body: &[u8]) -> Option<&Script> {
        if path.ends_with("/v1/messages") {
            return Some(&self.anthropic);
        }
        if path.contains(":streamGenerateContent") {
            return Some(&self.gemini);
        }
        if !path.ends_with("/chat/completions") {
            return None;
        }
        let says = |member: &str, value: &str| {
            holds(body, &format!("\"{member}\":{value}"))
                || holds(body, &format!("\"{member}\": {value}"))
        };
        Some(if !says("stream", "true") {
            &self.plain
        } else if says("include_usage", "true") {
            &self.stream_with_usage
        } else {
            &self.stream
        })
    }

    fn unblock(&mut self, id: usize) {
        if let Some(connection) = self.connections.get_mut(&id)
            && std::mem::take(&mut connection.blocked)
        {
            self.ready.push_back(id);
        }
    }

    fn start_due(&mut self) {
        let now = Instant::now();
        while self.waiting.front().is_some_and(|(due, ..)| *due <= now) {
            if let Some((_, id, script)) = self.waiting.pop_front() {
                self.play(id, script);
            }
        }
    }

    fn play(&mut self, id: usize, script: Script) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.playing = Some(Playing {
                script,
                piece: 0,
                offset: 0,
            });
            self.ready.push_back(id);
        }
    }

    /// Sends one piece on each connection that has one, so that streams advance side by side.
    fn play_round(&mut self) {
        for _ in 0..self.ready.len() {
            let Some(id) = self.ready.pop_front() else {
                return;
            };
            let Some(connection) = self.connections.get_mut(&id) else {
                continue;
            };
            match connection.send_piece() {
                Ok(Progress::More) => self.ready.push_back(id),
                Ok(Progress::Idle) => {}
                Err(_) => {
                    self.connections.remove(&id);
                }
            }
        }
    }
}

enum Progress {
    More,
    Idle,
}

impl Connection {
    fn send_piece(&mut self) -> std::io::Result<Progress> {
        let Some(playing) = &mut self.playing else {
            return Ok(Progress::Idle);
        };
        let Some(piece) = playing.script.get(playing.piece) else {
            self.playing = None;
            return Ok(Progress::Idle);
        };
        match self.stream.write(&piece[playing.offset..]) {
            Ok(sent) if playing.offset + sent < piece.len() => playing.offset += sent,
            Ok(_) => {
                playing.piece += 1;
                playing.offset = 0;
                if playing.piece == playing.script.len() {
                    self.playing = None;
                    return Ok(Progress::Idle);
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.blocked = true;
                return Ok(Progress::Idle);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(Progress::More)
    }
}

fn holds(body: &[u8], wanted: &str) -> bool {
    body.windows(wanted.len())
        .any(|window| window == wanted.as_bytes())
}
