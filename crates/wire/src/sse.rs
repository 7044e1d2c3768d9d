//! Cuts a byte stream into server-sent events.
//!
//! Reads may end anywhere: inside a character, between CR and LF, inside the byte order mark.
//! Lines may end with LF, CR or CRLF; a blank line ends a frame.

use std::{borrow::Cow, fmt};

use memchr::memchr2;

/// Frames may be this long unless the splitter is told otherwise.
pub const DEFAULT_MAX_FRAME: usize = 1 << 20;

/// A buffer that grew beyond this for one large frame is given back.
const KEEP_CAPACITY: usize = 64 * 1024;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Whether a payload is the end marker; clients look at its beginning only, and so does this.
pub fn is_done(data: &[u8]) -> bool {
    data.starts_with(b"[DONE]")
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame<'b> {
    /// The bytes as they came, with the blank line that ends the frame.
    ///
    /// When a read ends between the CR and the LF of that blank line, the LF is left out; the frame is still complete.
    pub raw: &'b [u8],
    /// The value of the last `event:` line, if it is UTF-8.
    pub event: Option<&'b str>,
    /// The values of all `data:` lines, joined by LF; empty without any.
    pub data: Cow<'b, [u8]>,
    /// Whether the frame has neither data nor event name: a keep-alive.
    pub is_comment_only: bool,
}

/// A frame is longer than allowed; the stream cannot be trusted from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameTooLong {
    /// The limit in bytes.
    pub limit: usize,
}

impl fmt::Display for FrameTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an event is longer than {} bytes", self.limit)
    }
}

impl std::error::Error for FrameTooLong {}

/// Collects reads and gives whole frames; holds at most one frame and one read.
///
/// ```
/// let mut splitter = vuzo_wire::sse::FrameSplitter::new();
/// splitter.push(b": hello\n\ndata: [DO");
/// assert!(splitter.next_frame()?.is_some_and(|frame| frame.is_comment_only));
/// assert!(splitter.next_frame()?.is_none());
/// splitter.push(b"NE]\n\n");
/// assert!(splitter.next_frame()?.is_some_and(|frame| vuzo_wire::sse::is_done(&frame.data)));
/// # Ok::<(), vuzo_wire::sse::FrameTooLong>(())
/// ```
#[derive(Debug, Clone)]
pub struct FrameSplitter {
    buffer: Vec<u8>,
    limit: usize,
    /// Where the current frame begins.
    start: usize,
    /// Where its current line begins.
    line: usize,
    /// Up to where no line end was found.
    scanned: usize,
    /// The last line ended with CR at the end of what was known, so an LF belongs to it.
    after_cr: bool,
    /// The stream's first bytes have not been looked at yet.
    at_bom: bool,
}

impl Default for FrameSplitter {
    fn default() -> Self {
        Self::new()
    }
}

impl FrameSplitter {
    /// A splitter with the default limit.
    pub fn new() -> Self {
        Self::with_limit(DEFAULT_MAX_FRAME)
    }

    /// A splitter that refuses frames longer than `limit` bytes.
    pub fn with_limit(limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            limit,
            start: 0,
            line: 0,
            scanned: 0,
            after_cr: false,
            at_bom: true,
        }
    }

    /// Takes the next bytes of the stream. Drain the frames with [`FrameSplitter::next_frame`] before the next push.
    pub fn push(&mut self, bytes: &[u8]) {
        self.compact();
        self.buffer.extend_from_slice(bytes);
        if self.at_bom {
            let known = self.buffer.len().min(BOM.len());
            if self.buffer.get(..known) != BOM.get(..known) {
                self.at_bom = false;
            } else if known == BOM.len() {
                (self.start, self.line, self.scanned) = (known, known, known);
                self.at_bom = false;
            }
        }
    }

    /// The next whole frame; `None` until more bytes come.
    ///
    /// # Errors
    /// The frame is longer than the limit; every further call says the same.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, FrameTooLong> {
        if self.at_bom {
            return Ok(None);
        }
        let Some((start, end)) = self.find_frame() else {
            return if self.buffer.len() - self.start > self.limit {
                Err(self.too_long())
            } else {
                Ok(None)
            };
        };
        if end - start > self.limit {
            // Stay on this frame, so that the next call fails as well.
            (self.start, self.line, self.scanned, self.after_cr) = (start, start, start, false);
            return Err(self.too_long());
        }
        Ok(Some(parse(self.buffer.get(start..end).unwrap_or_default())))
    }

    /// At the end of the stream: what is left, as if a blank line followed. Some servers forget it after `[DONE]`.
    pub fn finish(&mut self) -> Option<Frame<'_>> {
        let (start, end) = (self.start, self.buffer.len());
        (self.start, self.line, self.scanned) = (end, end, end);
        let rest = self.buffer.get(start..end).unwrap_or_default();
        let blank = rest.iter().all(|byte| matches!(byte, b'\n' | b'\r'));
        if blank { None } else { Some(parse(rest)) }
    }

    /// How many bytes wait for the rest of their frame.
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// Finds the next frame that has any line, and steps over it.
    fn find_frame(&mut self) -> Option<(usize, usize)> {
        loop {
            if self.after_cr {
                match self.buffer.get(self.scanned) {
                    None => return None,
                    Some(b'\n') => {
                        if self.start == self.scanned {
                            self.start += 1;
                        }
                        (self.scanned, self.line) = (self.scanned + 1, self.scanned + 1);
                    }
                    Some(_) => {}
                }
                self.after_cr = false;
            }
            let unseen = self.buffer.get(self.scanned..).unwrap_or_default();
            let Some(at) = memchr2(b'\n', b'\r', unseen) else {
                self.scanned = self.buffer.len();
                return None;
            };
            let (line, line_end) = (self.line, self.scanned + at);
            let mut next = line_end + 1;
            if self.buffer.get(line_end) == Some(&b'\r') {
                match self.buffer.get(next) {
                    Some(b'\n') => next += 1,
                    Some(_) => {}
                    None => self.after_cr = true,
                }
            }
            (self.line, self.scanned) = (next, next);
            if line_end > line {
                continue;
            }
            let start = self.start;
            self.start = next;
            if line > start {
                return Some((start, next));
            }
        }
    }

    /// Forgets the frames already given.
    fn compact(&mut self) {
        if self.start == 0 {
            return;
        }
        let start = self.start;
        self.buffer.drain(..start);
        (self.start, self.line, self.scanned) = (0, self.line - start, self.scanned - start);
        if self.buffer.capacity() > KEEP_CAPACITY && self.buffer.len() < KEEP_CAPACITY / 2 {
            self.buffer.shrink_to(KEEP_CAPACITY);
        }
    }

    fn too_long(&self) -> FrameTooLong {
        FrameTooLong { limit: self.limit }
    }
}

/// Reads the lines of one frame.
fn parse(raw: &[u8]) -> Frame<'_> {
    // Almost every frame is a single data line that ends with LF.
    let single = raw
        .strip_prefix(b"data: ")
        .and_then(|rest| rest.strip_suffix(b"\n\n"));
    if let Some(data) = single.filter(|data| memchr2(b'\n', b'\r', data).is_none()) {
        return Frame {
            raw,
            event: None,
            data: Cow::Borrowed(data),
            is_comment_only: false,
        };
    }
    let mut event = None;
    let mut data: Option<Cow<'_, [u8]>> = None;
    let mut rest = raw;
    while !rest.is_empty() {
        let end = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let (line, tail) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        rest = tail.get(1..).unwrap_or_default();
        // The LF of a CRLF makes an empty line here, which means nothing inside a frame.
        let (name, value) = match memchr::memchr(b':', line) {
            Some(colon) => (
                line.get(..colon).unwrap_or_default(),
                line.get(colon + 1..).unwrap_or_default(),
            ),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => {
                data = Some(match data {
                    None => Cow::Borrowed(value),
                    Some(first) => {
                        let mut joined = first.into_owned();
                        joined.push(b'\n');
                        joined.extend_from_slice(value);
                        Cow::Owned(joined)
                    }
                });
            }
            b"event" => event = std::str::from_utf8(value).ok(),
            _ => {}
        }
    }
    let is_comment_only = data.is_none() && event.is_none();
    Frame {
        raw,
        event,
        data: data.unwrap_or_default(),
        is_comment_only,
    }
}

#[cfg(test)]
mod tests;
