//! A load generator in one thread: a fixed number of connections, each with one request in flight.
//!
//! It checks every answer, since a fast error is no throughput.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::http1::{self, Parser};
use crate::options::Options;
use crate::say::{answer, say};

/// How long an answer may take once no more requests are made.
const DRAIN: Duration = Duration::from_secs(10);
/// So many complaints are shown; the rest are counted.
const SHOWN_ERRORS: u64 = 3;

struct Wanted {
    to: SocketAddr,
    request: Vec<u8>,
    /// Frames a stream must have at least; nothing for a plain answer.
    frames: Option<usize>,
}

#[derive(Default)]
struct Tally {
    /// Answers within the measured time.
    measured: u64,
    /// Answers altogether: what the server worked for.
    total: u64,
    errors: u64,
    reconnects: u64,
    frames: u64,
    latencies_us: Vec<u32>,
    first_bytes_us: Vec<u32>,
}

struct Connection {
    stream: TcpStream,
    parser: Parser,
    sent: usize,
    begun: Instant,
    first_byte: Option<Instant>,
    /// No request in flight, and none to come.
    idle: bool,
}

/// Reads the options, drives the load and writes the tally as `name value` lines.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let mut options = Options::new(args);
    let to = options
        .text("--to")?
        .context("--to is needed")?
        .parse()
        .context("--to takes host:port")?;
    let connections: usize = options.value("--connections", 64)?;
    let seconds: f64 = options.value("--seconds", 5.0)?;
    let key = options.text("--key")?.unwrap_or_default();
    let model = options
        .text("--model")?
        .unwrap_or_else(|| "gpt-4o-mini".to_owned());
    let frames = match options.value("--stream-chunks", 0)? {
        0 => None,
        chunks => Some(chunks),
    };
    options.finish()?;
    let request = http1::request(
        "POST",
        "/v1/chat/completions",
        &key,
        &body(&model, frames.is_some()),
    );
    let wanted = Wanted {
        to,
        request,
        frames,
    };
    let tally = Load::open(&wanted, connections)?.drive(Duration::from_secs_f64(seconds))?;
    report(tally, seconds);
    Ok(())
}

fn body(model: &str, stream: bool) -> String {
    let streaming = if stream {
        r#","stream":true,"stream_options":{"include_usage":true}"#
    } else {
        ""
    };
    format!(
        r#"{{"model":"{model}","messages":[{{"role":"system","content":"You answer in one short sentence and never ask back."}},{{"role":"user","content":"Say in plain words what a gateway is for, and why one would want it to keep the books as well."}}],"max_tokens":64,"temperature":0.2{streaming}}}"#
    )
}

struct Load<'a> {
    wanted: &'a Wanted,
    poll: Poll,
    connections: Vec<Connection>,
    tally: Tally,
    buffer: Vec<u8>,
}

impl<'a> Load<'a> {
    fn open(wanted: &'a Wanted, count: usize) -> Result<Self> {
        let poll = Poll::new().context("cannot poll")?;
        let mut connections = Vec::with_capacity(count);
        for number in 0..count {
            connections.push(connect(wanted, &poll, number)?);
        }
        Ok(Self {
            wanted,
            poll,
            connections,
            tally: Tally::default(),
            buffer: vec![0; 64 * 1024],
        })
    }

    fn drive(mut self, length: Duration) -> Result<Tally> {
        let deadline = Instant::now() + length;
        let give_up = deadline + DRAIN;
        let mut events = Events::with_capacity(1024);
        while Instant::now() < give_up && self.connections.iter().any(|connection| !connection.idle)
        {
            match self
                .poll
                .poll(&mut events, Some(Duration::from_millis(100)))
            {
                Err(error) if error.kind() != ErrorKind::Interrupted => {
                    return Err(error).context("cannot poll");
                }
                _ => {}
            }
            for event in &events {
                let number = event.token().0;
                if let Err(error) = self.advance(number, deadline) {
                    self.complain(&format!("{error:#}"));
                    self.renew(number)?;
                }
            }
        }
        let stuck = self
            .connections
            .iter()
            .filter(|connection| !connection.idle)
            .count();
        if stuck > 0 {
            self.complain(&format!(
                "{stuck} requests had no answer {} s after the end",
                DRAIN.as_secs()
            ));
        }
        Ok(self.tally)
    }

    /// Writes and reads as far as the socket allows.
    fn advance(&mut self, number: usize, deadline: Instant) -> Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let outcome = self.exchange(number, deadline, &mut buffer);
        self.buffer = buffer;
        outcome
    }

    fn exchange(&mut self, number: usize, deadline: Instant, buffer: &mut [u8]) -> Result<()> {
        self.connections[number].send(&self.wanted.request)?;
        loop {
            let connection = &mut self.connections[number];
            let read = match connection.stream.read(buffer) {
                Ok(read) => read,
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::NotConnected
                    ) =>
                {
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error).context("the connection broke"),
            };
            if read == 0 {
                if connection.idle {
                    return Ok(());
                }
                bail!(
                    "the connection closed {}",
                    if connection.parser.is_fresh() {
                        "unanswered"
                    } else {
                        "within an answer"
                    }
                );
            }
            let taken = connection.parser.feed(&buffer[..read])?;
            if connection.first_byte.is_none() && !connection.parser.body().is_empty() {
                connection.first_byte = Some(Instant::now());
            }
            if connection.parser.is_done() {
                if taken < read {
                    bail!("{} bytes beyond the answer", read - taken);
                }
                self.finish_one(number, deadline)?;
            }
            if read < buffer.len() {
                // A short read has drained the socket.
                return Ok(());
            }
        }
    }

    /// Counts one answer and sends the next request.
    fn finish_one(&mut self, number: usize, deadline: Instant) -> Result<()> {
        let now = Instant::now();
        let connection = &mut self.connections[number];
        self.tally.total += 1;
        let verdict = check(&connection.parser, self.wanted.frames);
        if let Ok(frames) = verdict
            && now <= deadline
        {
            self.tally.measured += 1;
            self.tally.frames += frames;
            self.tally.latencies_us.push(micros(now - connection.begun));
            let first = connection.first_byte.unwrap_or(now);
            self.tally
                .first_bytes_us
                .push(micros(first - connection.begun));
        }
        let closes = connection.parser.closes();
        connection.parser.reset();
        connection.sent = 0;
        connection.first_byte = None;
        connection.begun = now;
        connection.idle = now >= deadline;
        if let Err(error) = verdict {
            self.complain(&format!("{error:#}"));
        }
        if self.connections[number].idle {
            return Ok(());
        }
        if closes {
            self.tally.reconnects += 1;
            return self.renew(number);
        }
        self.connections[number].send(&self.wanted.request)
    }

    fn renew(&mut self, number: usize) -> Result<()> {
        // A server that is gone would otherwise be knocked at as fast as the machine can.
        if self.tally.errors > 10_000 {
            bail!("too many errors");
        }
        self.connections[number] = connect(self.wanted, &self.poll, number)?;
        Ok(())
    }

    fn complain(&mut self, text: &str) {
        self.tally.errors += 1;
        if self.tally.errors <= SHOWN_ERRORS {
            say(format_args!("load on {}: {text}", self.wanted.to));
        }
    }
}

impl Connection {
    fn send(&mut self, request: &[u8]) -> Result<()> {
        while !self.idle && self.sent < request.len() {
            match self.stream.write(&request[self.sent..]) {
                Ok(sent) => self.sent += sent,
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::NotConnected
                    ) =>
                {
                    break;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("cannot send"),
            }
        }
        Ok(())
    }
}

fn connect(wanted: &Wanted, poll: &Poll, number: usize) -> Result<Connection> {
    let mut stream =
        TcpStream::connect(wanted.to).with_context(|| format!("cannot reach {}", wanted.to))?;
    stream.set_nodelay(true).context("cannot set TCP_NODELAY")?;
    poll.registry()
        .register(
            &mut stream,
            Token(number),
            Interest::READABLE | Interest::WRITABLE,
        )
        .context("cannot watch a connection")?;
    let begun = Instant::now();
    Ok(Connection {
        stream,
        parser: Parser::default(),
        sent: 0,
        begun,
        first_byte: None,
        idle: false,
    })
}

/// Whether an answer is what was asked for; tells how many frames it had.
fn check(parser: &Parser, frames: Option<usize>) -> Result<u64> {
    let body = parser.body();
    let start = || String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
    if parser.status() != 200 {
        bail!("{}: {}", parser.start_line(), start());
    }
    let Some(wanted) = frames else {
        if !holds(body, b"\"choices\"") || !holds(body, b"\"usage\"") {
            bail!("not a completion: {}", start());
        }
        return Ok(0);
    };
    let found = body
        .split(|byte| *byte == b'\n')
        .filter(|line| line.starts_with(b"data: {") && !line.starts_with(b"data: {\"error"))
        .count();
    if found < wanted || !holds(&body[body.len().saturating_sub(400)..], b"data: [DONE]") {
        bail!(
            "a stream of {found} frames instead of {wanted} and [DONE]: {}",
            start()
        );
    }
    Ok(u64::try_from(found)?)
}

fn holds(body: &[u8], wanted: &[u8]) -> bool {
    body.windows(wanted.len()).any(|window| window == wanted)
}

fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

fn report(mut tally: Tally, seconds: f64) {
    answer(format_args!("seconds {seconds}"));
    answer(format_args!("measured {}", tally.measured));
    answer(format_args!("total {}", tally.total));
    answer(format_args!("errors {}", tally.errors));
    answer(format_args!("reconnects {}", tally.reconnects));
    answer(format_args!("frames {}", tally.frames));
    for (name, values) in [
        ("latency", &mut tally.latencies_us),
        ("first", &mut tally.first_bytes_us),
    ] {
        values.sort_unstable();
        answer(format_args!("{name}_p50_us {}", percentile(values, 50)));
        answer(format_args!("{name}_p99_us {}", percentile(values, 99)));
    }
}

fn percentile(sorted: &[u32], percent: usize) -> u32 {
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(rank).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{check, percentile};
    use crate::http1::Parser;

    #[test]
    fn percentiles_by_nearest_rank() {
        let values: Vec<u32> = (1..=100).collect();
        assert_eq!((percentile(&values, 50), percentile(&values, 99)), (50, 99));
        assert_eq!(
            (
                percentile(&[7], 50),
                percentile(&[7], 99),
                percentile(&[], 50)
            ),
            (7, 7, 0)
        );
    }

    #[test]
    fn an_error_is_no_throughput() {
        let parsed = |text: &str| {
            let mut parser = Parser::default();
            parser.feed(text.as_bytes()).unwrap();
            parser
        };
        let error = parsed("HTTP/1.1 402 Payment Required\r\ncontent-length: 2\r\n\r\n{}");
        assert!(check(&error, None).is_err());
        let short =
            parsed("HTTP/1.1 200 OK\r\ncontent-length: 23\r\n\r\ndata: {}\n\ndata: [DONE]\n");
        assert_eq!(check(&short, Some(1)).unwrap(), 1);
        assert!(check(&short, Some(2)).is_err());
    }
}
