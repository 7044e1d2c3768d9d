use std::borrow::Cow;

use bytes::Bytes;
use futures_util::stream;
use vuzo_domain::chat::{ProviderFault, ReplyChunk, ReplyStream};
use vuzo_wire::chat::completion::{
    ChatChunk, ChunkChoice, ChunkTag, Delta, FunctionCall, FunctionTag, Role, ToolCallDelta,
};

use super::Play;
use super::answer::{Answer, Piece};
use super::tokens::{call_id, length};

/// Frames that nothing keeps apart leave together up to this much.
const MOST_AT_ONCE: usize = 8 << 10;

/// The answers, in turn.
pub(super) fn play(play: Play) -> ReplyStream {
    let scene = Scene {
        play,
        stage: Stage::Opening,
        turn: 0,
        sent: 0,
    };
    ReplyStream::new(stream::unfold(scene, |mut scene| async move {
        let item = scene.next().await?;
        Some((item, scene))
    }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Opening,
    Speaking,
    Over,
}

struct Scene {
    play: Play,
    stage: Stage,
    /// Whose turn it is.
    turn: usize,
    /// Frames of content so far.
    sent: u64,
}

impl Scene {
    async fn next(&mut self) -> Option<Result<ReplyChunk, ProviderFault>> {
        let mut frames = Vec::new();
        let mut output_bytes = 0_u64;
        match self.stage {
            Stage::Over => return None,
            Stage::Opening => {
                self.stage = Stage::Speaking;
                self.open(&mut frames);
            }
            Stage::Speaking => self.pause().await,
        }
        loop {
            let failure = self.play.options.fail;
            let fails = failure.is_some() && self.sent >= self.play.options.fail_after_chunks;
            let piece = if fails { None } else { self.next_piece() };
            let Some((answer, piece)) = piece else {
                if !frames.is_empty() {
                    break;
                }
                self.stage = Stage::Over;
                return match failure {
                    Some(failure) => failure.later().map(|fault| Err(self.charge(fault))),
                    None => Some(Ok(self.end())),
                };
            };
            output_bytes = output_bytes.saturating_add(self.write(answer, piece, &mut frames));
            self.sent = self.sent.saturating_add(1);
            if !self.play.options.chunk_delay.is_zero() || frames.len() >= MOST_AT_ONCE {
                break;
            }
        }
        Some(Ok(ReplyChunk::Content {
            frames: Bytes::from(frames),
            output_bytes,
        }))
    }

    /// Between two pieces: the wanted pause, or a chance for others to run.
    async fn pause(&self) {
        if self.play.options.chunk_delay.is_zero() {
            tokio::task::coop::consume_budget().await;
        } else {
            tokio::time::sleep(self.play.options.chunk_delay).await;
        }
    }

    /// The next piece of whoever has one, in turn.
    fn next_piece(&mut self) -> Option<(u32, Piece)> {
        let count = self.play.answers.len();
        for _ in 0..count {
            let turn = self.turn;
            self.turn = if turn.saturating_add(1) >= count {
                0
            } else {
                turn.saturating_add(1)
            };
            let answer = self.play.answers.get_mut(turn)?;
            if let Some(piece) = answer.next_piece() {
                return Some((answer.index, piece));
            }
        }
        None
    }

    fn open(&self, frames: &mut Vec<u8>) {
        for answer in &self.play.answers {
            let delta = Delta {
                role: Some(Role::Assistant),
                content: Some(Cow::Borrowed("")),
                ..Delta::default()
            };
            self.frame(answer.index, delta, None, frames);
        }
    }

    fn write(&self, answer: u32, piece: Piece, frames: &mut Vec<u8>) -> u64 {
        let mut delta = Delta::default();
        let bytes = match piece {
            Piece::Text(text) => {
                let bytes = length(&text);
                delta.content = Some(text.into());
                bytes
            }
            Piece::Reasoning(text) => {
                let bytes = length(&text);
                delta.reasoning_content = Some(text.into());
                bytes
            }
            Piece::Call { index, name } => {
                let bytes = length(&name);
                delta.tool_calls.push(ToolCallDelta {
                    index,
                    id: Some(call_id(&self.play.generation, answer, index)),
                    kind: Some(FunctionTag::Function),
                    function: FunctionCall {
                        name: Some(name.into()),
                        arguments: Cow::Borrowed(""),
                    },
                });
                bytes
            }
            Piece::Arguments { index, text } => {
                let bytes = length(&text);
                delta.tool_calls.push(ToolCallDelta {
                    index,
                    id: None,
                    kind: None,
                    function: FunctionCall {
                        name: None,
                        arguments: text.into(),
                    },
                });
                bytes
            }
        };
        self.frame(answer, delta, None, frames);
        bytes
    }

    fn frame(&self, answer: u32, delta: Delta<'_>, finish: Option<&str>, frames: &mut Vec<u8>) {
        let choice = ChunkChoice {
            index: answer,
            delta,
            logprobs: None,
            finish_reason: finish,
        };
        let mut chunk = self.chunk(vec![choice]);
        chunk.usage = self.play.wants_usage.then_some(None);
        chunk.write_sse(frames);
    }

    fn chunk<'a>(&'a self, choices: Vec<ChunkChoice<'a>>) -> ChatChunk<'a> {
        ChatChunk {
            id: Cow::Borrowed(&self.play.generation),
            object: ChunkTag::Chunk,
            created: self.play.created,
            model: Cow::Borrowed(&self.play.model),
            choices,
            usage: None,
            service_tier: self.play.counter.served_tier(),
        }
    }

    fn end(&self) -> ReplyChunk {
        let mut frames = Vec::new();
        for answer in &self.play.answers {
            self.frame(
                answer.index,
                Delta::default(),
                Some(answer.finish_reason()),
                &mut frames,
            );
        }
        let spoken = self.play.answers.iter().map(Answer::spoken);
        let written = self.play.counter.written(spoken.clone());
        let usage_frame = written.filter(|_| self.play.wants_usage).map(|usage| {
            let mut frame = Vec::new();
            let mut chunk = self.chunk(Vec::new());
            chunk.usage = Some(Some(usage));
            chunk.write_sse(&mut frame);
            Bytes::from(frame)
        });
        ReplyChunk::End {
            frames: Bytes::from(frames),
            usage_frame,
            report: self.play.counter.report(spoken),
        }
    }

    /// Notes on a fault what had been said until then.
    fn charge(&self, mut fault: ProviderFault) -> ProviderFault {
        let spoken = self.play.answers.iter().map(Answer::spoken);
        fault.report = Some(Box::new(self.play.counter.report(spoken)));
        fault
    }
}
