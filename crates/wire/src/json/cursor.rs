//! The cursor: reads one token at a time and checks the grammar as it goes.

use super::{JsonFault, MAX_DEPTH, Problem, Text};

type Parsed<T> = Result<T, JsonFault>;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// What kind of value begins at the cursor, told from its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    Number,
    Bool,
    Null,
    /// No value begins here.
    Nothing,
}

/// A position in JSON text.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    src: &'a [u8],
    pos: usize,
    depth: u32,
    /// The container just opened has given nothing yet, so no comma is due.
    fresh: bool,
    key_start: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(src: &'a [u8]) -> Self {
        Self {
            src,
            pos: 0,
            depth: 0,
            fresh: true,
            key_start: 0,
        }
    }

    /// The offset of the next byte to be read.
    pub(crate) fn pos(&self) -> usize {
        self.pos
    }

    /// The kind of the value at the cursor.
    pub(crate) fn kind(&mut self) -> Kind {
        self.blank();
        match self.peek() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b'-' | b'0'..=b'9') => Kind::Number,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') => Kind::Null,
            _ => Kind::Nothing,
        }
    }

    /// Enters an object; read its members with [`Cursor::member`] until it gives `None`.
    pub(crate) fn open_object(&mut self) -> Parsed<()> {
        self.open(b'{')
    }

    /// Enters an array; read its items while [`Cursor::item`] says yes.
    pub(crate) fn open_array(&mut self) -> Parsed<()> {
        self.open(b'[')
    }

    /// The next key of the open object, the cursor then standing at its value; `None` closes the object.
    pub(crate) fn member(&mut self) -> Parsed<Option<Text<'a>>> {
        if !self.next(b'}')? {
            return Ok(None);
        }
        self.key_start = self.pos;
        let key = self.string()?;
        self.blank();
        self.eat(b':')?;
        self.blank();
        Ok(Some(key))
    }

    /// The offset of the key last read.
    pub(crate) fn key_start(&self) -> usize {
        self.key_start
    }

    /// Whether the open array has another item, the cursor then standing at it; `false` closes the array.
    pub(crate) fn item(&mut self) -> Parsed<bool> {
        self.next(b']')
    }

    /// Reads a string.
    pub(crate) fn string(&mut self) -> Parsed<Text<'a>> {
        let start = self.pos;
        self.eat(b'"')?;
        let mut escaped = false;
        loop {
            self.run();
            match self.peek() {
                Some(b'"') => {
                    self.pos += 1;
                    self.fresh = false;
                    return Ok(Text::new(self.since(start), escaped));
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(byte) => return Err(self.fault(Problem::Control(byte))),
                None => return Err(self.fault(Problem::End)),
            }
        }
    }

    /// Reads a number and gives its text.
    pub(crate) fn number(&mut self) -> Parsed<&'a [u8]> {
        let start = self.pos;
        if self.peek() == Some(b'-') {
            self.pos += 1;
        }
        match self.peek() {
            Some(b'0') => self.pos += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.fault(Problem::Number)),
        }
        if self.peek() == Some(b'.') {
            self.pos += 1;
            self.some_digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.pos += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.pos += 1;
            }
            self.some_digits()?;
        }
        self.fresh = false;
        Ok(self.since(start))
    }

    /// Reads `true` or `false`.
    pub(crate) fn boolean(&mut self) -> Parsed<bool> {
        if self.peek() == Some(b't') {
            self.literal(b"true").map(|()| true)
        } else {
            self.literal(b"false").map(|()| false)
        }
    }

    /// Reads `null` when it stands here; says whether it did.
    pub(crate) fn null(&mut self) -> Parsed<bool> {
        if self.peek() == Some(b'n') {
            self.literal(b"null").map(|()| true)
        } else {
            Ok(false)
        }
    }

    /// Passes over one value of any kind, checking it, and gives its text.
    pub(crate) fn skip(&mut self) -> Parsed<&'a [u8]> {
        self.blank();
        let start = self.pos;
        // One bit per open container, set for objects; MAX_DEPTH of them fit.
        let (mut objects, mut level) = (0_u64, 0_u32);
        loop {
            match self.kind() {
                Kind::Object => {
                    self.open_object()?;
                    (objects, level) = (objects << 1 | 1, level + 1);
                }
                Kind::Array => {
                    self.open_array()?;
                    (objects, level) = (objects << 1, level + 1);
                }
                Kind::String => self.string().map(drop)?,
                Kind::Number => self.number().map(drop)?,
                Kind::Bool => self.boolean().map(drop)?,
                Kind::Null => self.null().map(drop)?,
                Kind::Nothing => return Err(self.unexpected()),
            }
            loop {
                if level == 0 {
                    return Ok(self.since(start));
                }
                let more = if objects & 1 == 1 {
                    self.member()?.is_some()
                } else {
                    self.item()?
                };
                if more {
                    break;
                }
                (objects, level) = (objects >> 1, level - 1);
            }
        }
    }

    /// Checks that only blanks are left.
    pub(crate) fn end(&mut self) -> Parsed<()> {
        self.blank();
        if self.pos == self.src.len() {
            Ok(())
        } else {
            Err(self.fault(Problem::Trailing))
        }
    }

    /// The text from `start` up to the cursor.
    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        self.src.get(start..self.pos).unwrap_or_default()
    }

    /// The text that has not been read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.src.get(self.pos..).unwrap_or_default()
    }

    /// The fault for the byte at the cursor.
    pub(crate) fn unexpected(&self) -> JsonFault {
        self.fault(self.peek().map_or(Problem::End, Problem::Unexpected))
    }

    fn fault(&self, problem: Problem) -> JsonFault {
        JsonFault {
            at: self.pos,
            problem,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.src.get(self.pos).copied()
    }

    fn blank(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.pos += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> Parsed<()> {
        if self.peek() != Some(byte) {
            return Err(self.unexpected());
        }
        self.pos += 1;
        Ok(())
    }

    fn literal(&mut self, word: &[u8]) -> Parsed<()> {
        for byte in word {
            self.eat(*byte)?;
        }
        self.fresh = false;
        Ok(())
    }

    fn open(&mut self, bracket: u8) -> Parsed<()> {
        self.blank();
        if self.depth == MAX_DEPTH {
            return Err(self.fault(Problem::TooDeep));
        }
        self.eat(bracket)?;
        self.depth += 1;
        self.fresh = true;
        Ok(())
    }

    /// Moves past the comma to the next element; `false` when the container closes.
    fn next(&mut self, close: u8) -> Parsed<bool> {
        self.blank();
        if self.peek() == Some(close) {
            self.pos += 1;
            self.depth = self.depth.saturating_sub(1);
            self.fresh = false;
            return Ok(false);
        }
        if !self.fresh {
            self.eat(b',')?;
            self.blank();
        }
        self.fresh = false;
        Ok(true)
    }

    /// Runs to the next quote, backslash or control character, eight bytes at a time.
    fn run(&mut self) {
        while let Some(word) = self.rest().first_chunk::<8>() {
            let word = u64::from_le_bytes(*word);
            let quote = word ^ (ONES * 0x22);
            let slash = word ^ (ONES * 0x5c);
            let hit = (quote.wrapping_sub(ONES) & !quote
                | slash.wrapping_sub(ONES) & !slash
                | word.wrapping_sub(ONES * 0x20) & !word)
                & HIGHS;
            if hit == 0 {
                self.pos += 8;
                continue;
            }
            // Borrows only ever spoil bytes above the first hit, so the lowest one is true.
            self.pos += usize::try_from(hit.trailing_zeros() / 8).unwrap_or_default();
            return;
        }
        while let Some(byte) = self.peek() {
            if byte == b'"' || byte == b'\\' || byte < 0x20 {
                return;
            }
            self.pos += 1;
        }
    }

    fn escape(&mut self) -> Parsed<()> {
        let valid = match self.rest() {
            [
                _,
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
                ..,
            ] => 2,
            [_, b'u', a, b, c, d, ..]
                if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) =>
            {
                6
            }
            [_] => return Err(self.fault(Problem::End)),
            _ => return Err(self.fault(Problem::Escape)),
        };
        self.pos += valid;
        Ok(())
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.pos += 1;
        }
    }

    fn some_digits(&mut self) -> Parsed<()> {
        let start = self.pos;
        self.digits();
        if self.pos == start {
            Err(self.fault(Problem::Number))
        } else {
            Ok(())
        }
    }
}
