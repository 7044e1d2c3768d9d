//! Everything that came of a call, as data and as text.

use std::fmt::Write as _;
use std::time::Duration;

use futures_util::StreamExt as _;
use vuzo_domain::chat::{ProviderFault, Reply, ReplyChunk, UpstreamCall, UsageReport, WholeReply};
use vuzo_domain::port::ChatProvider;

/// What came of a call. A stream without an ending is told apart from a fault.
#[derive(Debug)]
pub(crate) enum Outcome {
    Whole(WholeReply),
    Stream(Told),
}

/// A stream, read to its end.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) content: Vec<u8>,
    pub(crate) output_bytes: u64,
    pub(crate) pieces: usize,
    /// `None` where the stream just ended.
    pub(crate) ending: Option<Result<End, ProviderFault>>,
}

#[derive(Debug)]
pub(crate) struct End {
    pub(crate) frames: Vec<u8>,
    pub(crate) usage_frame: Option<Vec<u8>>,
    pub(crate) report: UsageReport,
}

/// Makes the call and takes all of it. A hang is a failure of the test, and so is
/// anything after an ending.
pub(crate) async fn of(
    provider: &dyn ChatProvider,
    call: &UpstreamCall,
) -> Result<Outcome, ProviderFault> {
    tokio::time::timeout(Duration::from_secs(60), take(provider, call))
        .await
        .expect("the call hangs")
}

async fn take(provider: &dyn ChatProvider, call: &UpstreamCall) -> Result<Outcome, ProviderFault> {
    let mut stream = match provider.open(call).await? {
        Reply::Whole(whole) => return Ok(Outcome::Whole(whole)),
        Reply::Stream(stream) => stream,
    };
    let mut told = Told {
        content: Vec::new(),
        output_bytes: 0,
        pieces: 0,
        ending: None,
    };
    while let Some(item) = stream.next().await {
        assert!(told.ending.is_none(), "{item:?} after {:?}", told.ending);
        match item {
            Ok(ReplyChunk::Content {
                frames,
                output_bytes,
            }) => {
                assert!(frames.ends_with(b"\n\n"), "whole frames only");
                told.content.extend_from_slice(&frames);
                told.output_bytes += output_bytes;
                told.pieces += 1;
            }
            Ok(ReplyChunk::End {
                frames,
                usage_frame,
                report,
            }) => {
                told.ending = Some(Ok(End {
                    frames: frames.to_vec(),
                    usage_frame: usage_frame.map(|frame| frame.to_vec()),
                    report,
                }));
            }
            Err(fault) => told.ending = Some(Err(fault)),
        }
    }
    Ok(Outcome::Stream(told))
}

/// The outcome as the golden files have it.
pub(crate) fn text(outcome: &Result<Outcome, ProviderFault>) -> String {
    let mut out = String::new();
    match outcome {
        Err(fault) => fault_text(&mut out, "refused", fault),
        Ok(Outcome::Whole(whole)) => {
            section(&mut out, "body", &whole.body);
            report_text(&mut out, &whole.report);
        }
        Ok(Outcome::Stream(told)) => {
            section(&mut out, "content", &told.content);
            match &told.ending {
                None => out.push_str("-- no ending\n"),
                Some(Err(fault)) => fault_text(&mut out, "broken", fault),
                Some(Ok(end)) => {
                    section(&mut out, "end", &end.frames);
                    if let Some(frame) = &end.usage_frame {
                        section(&mut out, "usage", frame);
                    }
                    report_text(&mut out, &end.report);
                }
            }
        }
    }
    out
}

fn section(out: &mut String, name: &str, bytes: &[u8]) {
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    let _infallible = writeln!(out, "-- {name}\n{}", text.trim_end_matches('\n'));
}

fn report_text(out: &mut String, report: &UsageReport) {
    let _infallible = match report.consumption {
        None => writeln!(out, "-- report\nconsumption: unknown"),
        Some(counted) => writeln!(
            out,
            "-- report\nconsumption: input {}, cache read {}, cache write {} and {}, audio {}, output {}, reasoning {}",
            counted.input,
            counted.cache_read,
            counted.cache_write,
            counted.cache_write_long,
            counted.audio_input,
            counted.output,
            counted.reasoning,
        ),
    };
    let _infallible = writeln!(
        out,
        "model {:?}, cost {:?}, output bytes {}",
        report.served_model.as_deref().unwrap_or("unknown"),
        report.stated_cost.map(|units| units.0),
        report.output_bytes
    );
}

fn fault_text(out: &mut String, name: &str, fault: &ProviderFault) {
    let _infallible = writeln!(
        out,
        "-- {name}\n{:?}\n{}\n{}",
        fault.kind,
        fault.message,
        fault.detail.as_deref().unwrap_or("-")
    );
    if let Some(report) = &fault.report {
        report_text(out, report);
    }
}
