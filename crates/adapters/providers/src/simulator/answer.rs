use super::options::{Options, ToolCall};
use super::text::{Text, whole_characters};
use super::tokens::{BYTES_PER_TOKEN, Spoken, length, tokens};

/// A piece of a text without a wish for another size.
const USUAL_PIECE: usize = 16;
/// Whole answers are put together out of such pieces, and none is larger.
const LARGEST_PIECE: usize = 256 << 10;
const ARGUMENT_PIECE: usize = 32;

/// What an answer says next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Reasoning(String),
    Text(String),
    /// A call begins.
    Call {
        index: u32,
        name: String,
    },
    /// More of its arguments.
    Arguments {
        index: u32,
        text: String,
    },
}

/// One answer that is being given: reasoning, then text, then calls.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) index: u32,
    reasoning: Text,
    text: Text,
    calls: Vec<ToolCall>,
    /// Which call is next, and how many bytes of its arguments are out.
    call: usize,
    argument_at: Option<usize>,
    piece: usize,
    is_cut: bool,
    wanted_finish: Option<&'static str>,
    spoken: Spoken,
}

impl Answer {
    /// Plans an answer of at most `limit` tokens.
    pub(super) fn plan(index: u32, mut text: Text, options: &Options, limit: u64) -> Self {
        let mut left = limit;
        let mut reasoning = Text::lorem(u64::from(index), options.reasoning_tokens);
        let mut is_cut = reasoning.limit(left);
        left = left.saturating_sub(tokens(reasoning.left()));
        is_cut |= text.limit(left);
        left = left.saturating_sub(tokens(text.left()));
        let mut calls = Vec::new();
        for call in &options.tool_calls {
            let name = length(&call.name);
            let cost = tokens(name.saturating_add(length(&call.arguments)));
            if cost <= left {
                left = left.saturating_sub(cost);
                calls.push(call.clone());
                continue;
            }
            is_cut = true;
            let room = left.saturating_mul(BYTES_PER_TOKEN);
            if room > name {
                let room = usize::try_from(room.saturating_sub(name)).unwrap_or(usize::MAX);
                let arguments = whole_characters(&call.arguments, room).to_owned();
                calls.push(ToolCall {
                    name: call.name.clone(),
                    arguments,
                });
            }
            break;
        }
        let total = reasoning.left().saturating_add(text.left());
        let piece = options.chunks.map_or(USUAL_PIECE, |chunks| {
            usize::try_from(total.div_ceil(chunks.max(1))).unwrap_or(LARGEST_PIECE)
        });
        Self {
            index,
            reasoning,
            text,
            calls,
            call: 0,
            argument_at: None,
            piece: piece.clamp(1, LARGEST_PIECE),
            is_cut,
            wanted_finish: options.finish_reason,
            spoken: Spoken::default(),
        }
    }

    /// Says more at once: for an answer that nobody watches.
    pub(super) fn hurry(&mut self) {
        self.piece = LARGEST_PIECE;
    }

    /// The next piece; `None` when all is said.
    pub(super) fn next_piece(&mut self) -> Option<Piece> {
        if let Some(piece) = self.reasoning.take(self.piece) {
            self.spoken.reasoning_bytes =
                self.spoken.reasoning_bytes.saturating_add(length(&piece));
            return Some(Piece::Reasoning(piece));
        }
        if let Some(piece) = self.text.take(self.piece) {
            self.spoken.text_bytes = self.spoken.text_bytes.saturating_add(length(&piece));
            return Some(Piece::Text(piece));
        }
        self.next_call_piece()
    }

    fn next_call_piece(&mut self) -> Option<Piece> {
        loop {
            let call = self.calls.get(self.call)?;
            let index = u32::try_from(self.call).unwrap_or(u32::MAX);
            let Some(at) = self.argument_at else {
                self.argument_at = Some(0);
                let bytes = length(&call.name);
                let all = bytes.saturating_add(length(&call.arguments));
                self.spoken.tool_tokens = self.spoken.tool_tokens.saturating_add(tokens(all));
                self.spoken.tool_bytes = self.spoken.tool_bytes.saturating_add(bytes);
                return Some(Piece::Call {
                    index,
                    name: call.name.clone(),
                });
            };
            let rest = call.arguments.get(at..).unwrap_or_default();
            let text = whole_characters(rest, ARGUMENT_PIECE).to_owned();
            if !text.is_empty() {
                self.argument_at = Some(at.saturating_add(text.len()));
                self.spoken.tool_bytes = self.spoken.tool_bytes.saturating_add(length(&text));
                return Some(Piece::Arguments { index, text });
            }
            self.call = self.call.saturating_add(1);
            self.argument_at = None;
        }
    }

    /// Why it ends.
    pub(super) fn finish_reason(&self) -> &'static str {
        match self.wanted_finish {
            Some(reason) => reason,
            None if self.is_cut => "length",
            None if !self.calls.is_empty() => "tool_calls",
            None => "stop",
        }
    }

    pub(super) fn spoken(&self) -> Spoken {
        self.spoken
    }
}
