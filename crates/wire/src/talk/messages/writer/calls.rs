//! Calls in their order: other wires may go on with an earlier call, this one cannot.

/// What is to be written next of the calls.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A call begins.
    Begin { id: String, name: String },
    /// A piece of the arguments of the call that began last.
    Piece(String),
}

/// The call that is being written, and those that wait until it is whole.
#[derive(Debug, Default)]
pub(super) struct Calls {
    current: Option<Current>,
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Current {
    call: u32,
    arguments: Progress,
}

#[derive(Debug)]
struct Waiting {
    call: u32,
    id: String,
    name: String,
    json: String,
}

impl Calls {
    /// Takes the beginning of a call.
    pub(super) fn begin(&mut self, call: u32, id: &str, name: &str) -> Vec<Line> {
        self.waiting.push(Waiting {
            call,
            id: id.to_owned(),
            name: name.to_owned(),
            json: String::new(),
        });
        self.next()
    }

    /// Takes a piece of a call's arguments.
    pub(super) fn piece(&mut self, call: u32, json: &str) -> Vec<Line> {
        match &mut self.current {
            Some(current) if current.call == call => {
                current.arguments.take(json);
                let mut lines = vec![Line::Piece(json.to_owned())];
                lines.extend(self.next());
                lines
            }
            _ => {
                let waits = |waiting: &&mut Waiting| waiting.call == call;
                if let Some(waiting) = self.waiting.iter_mut().find(waits) {
                    waiting.json.push_str(json);
                }
                Vec::new()
            }
        }
    }

    /// Everything that waits, whether or not the current call is whole.
    pub(super) fn give_up(&mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        self.current = None;
        for waiting in std::mem::take(&mut self.waiting) {
            lines.extend(waiting.lines());
        }
        lines
    }

    /// Whatever may be written now that the current call is whole, or there is none.
    fn next(&mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        while !self.waiting.is_empty() && self.is_free() {
            let waiting = self.waiting.remove(0);
            let mut arguments = Progress::default();
            arguments.take(&waiting.json);
            self.current = Some(Current {
                call: waiting.call,
                arguments,
            });
            lines.extend(waiting.lines());
        }
        lines
    }

    fn is_free(&self) -> bool {
        self.current
            .as_ref()
            .is_none_or(|current| current.arguments.is_whole)
    }
}

impl Waiting {
    fn lines(self) -> impl Iterator<Item = Line> {
        let begin = Line::Begin {
            id: self.id,
            name: self.name,
        };
        let piece = (!self.json.is_empty()).then_some(Line::Piece(self.json));
        std::iter::once(begin).chain(piece)
    }
}

/// How far an object has come that arrives in pieces.
#[derive(Debug, Default)]
struct Progress {
    depth: u32,
    in_string: bool,
    escaped: bool,
    is_whole: bool,
}

impl Progress {
    fn take(&mut self, json: &str) {
        for byte in json.bytes() {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.is_whole |= self.depth == 0;
                }
                _ => {}
            }
        }
    }
}
