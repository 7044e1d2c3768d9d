//! Calls of tools that come in fragments: with or without index, whole or in pieces.

use std::borrow::Cow;

use super::delta::text_of;
use super::{Emit, whole_number};
use crate::json::{Cursor, JsonFault, Kind};
use crate::talk::Event;
use crate::talk::seal::Maker;

/// More calls than this no answer has.
const MOST_CALLS: usize = 1_000;

/// A piece of a call.
#[derive(Debug, Default)]
pub(super) struct Fragment<'a> {
    index: Option<u32>,
    id: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
    arguments: Option<Cow<'a, str>>,
    seal: Option<Cow<'a, str>>,
}

/// The calls of one answer, in the order in which they began.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<Call>);

#[derive(Debug)]
struct Call {
    /// What the provider calls it.
    index: Option<u32>,
    id: String,
    /// Its number once it has a name, and has been told.
    number: Option<u32>,
    seal: Option<String>,
    /// Arguments that came before the name.
    early: String,
}

impl<'a> Fragment<'a> {
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Self, JsonFault> {
        let mut fragment = Self::default();
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            match (key.raw(), cursor.kind()) {
                (b"index", Kind::Number) => fragment.index = whole_number(cursor.skip()?),
                (b"id", Kind::String) => fragment.id = text_of(cursor)?,
                (b"function" | b"custom", Kind::Object) => fragment.function(cursor)?,
                (b"extra_content", Kind::Object) => fragment.seal = seal(cursor)?,
                _ => cursor.skip().map(drop)?,
            }
        }
        Ok(fragment)
    }

    /// Name and arguments. Arguments that are JSON instead of text are taken as they stand.
    pub(super) fn function(&mut self, cursor: &mut Cursor<'a>) -> Result<(), JsonFault> {
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            match (key.raw(), cursor.kind()) {
                (b"name", Kind::String) => self.name = text_of(cursor)?,
                (b"arguments" | b"input", Kind::String) => self.arguments = text_of(cursor)?,
                (b"arguments" | b"input", Kind::Object) => {
                    self.arguments = Some(String::from_utf8_lossy(cursor.skip()?));
                }
                _ => cursor.skip().map(drop)?,
            }
        }
        Ok(())
    }
}

/// `extra_content.google.thought_signature`.
fn seal<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Cow<'a, str>>, JsonFault> {
    let mut seal = None;
    cursor.open_object()?;
    while let Some(key) = cursor.member()? {
        if !key.is("google") || cursor.kind() != Kind::Object {
            cursor.skip()?;
            continue;
        }
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            if key.is("thought_signature") && cursor.kind() == Kind::String {
                seal = text_of(cursor)?;
            } else {
                cursor.skip()?;
            }
        }
    }
    Ok(seal)
}

impl Calls {
    /// Whether there are any.
    pub(super) fn any(&self) -> bool {
        self.0.iter().any(|call| call.number.is_some())
    }

    pub(super) fn add(
        &mut self,
        choice: u32,
        fragment: Fragment<'_>,
        answer: &str,
        emit: Emit<'_>,
    ) {
        let place = match self.place(&fragment) {
            Some(place) => place,
            None if self.0.len() == MOST_CALLS => return,
            None => self.begin(choice, &fragment, answer),
        };
        let told = self.0.iter().filter(|call| call.number.is_some()).count();
        let Some(call) = self.0.get_mut(place) else {
            return;
        };
        if let Some(seal) = &fragment.seal {
            let marked = || Maker::OpenRouter.adopt(seal.as_ref().to_owned());
            call.seal.get_or_insert_with(marked);
        }
        if let (None, Some(name)) = (call.number, fragment.name) {
            call.number = u32::try_from(told).ok();
            call.tell(choice, name, emit);
        }
        match (call.number, fragment.arguments) {
            (_, None) => {}
            (Some(number), Some(json)) => emit(Event::Arguments {
                choice,
                call: number,
                json,
            }),
            (None, Some(json)) => call.early.push_str(&json),
        }
    }

    /// Calls that never got a name are told without one, rather than lost.
    pub(super) fn settle(&mut self, choice: u32, emit: Emit<'_>) {
        let mut told = self.0.iter().filter(|call| call.number.is_some()).count();
        for call in &mut self.0 {
            if call.number.is_none() && !call.early.is_empty() {
                call.number = u32::try_from(told).ok();
                told += 1;
                call.tell(choice, Cow::Borrowed("unnamed"), emit);
            }
        }
    }

    /// Which call a fragment belongs to; `None` for a new one.
    fn place(&self, fragment: &Fragment<'_>) -> Option<usize> {
        let id = fragment.id.as_deref();
        if let Some(index) = fragment.index {
            // The latest of that index: some providers give every call the same.
            let place = self.0.iter().rposition(|call| call.index == Some(index))?;
            let is_other = id.is_some_and(|id| self.0[place].id != id);
            return (!is_other || fragment.name.is_none()).then_some(place);
        }
        match id {
            Some(id) => self.0.iter().rposition(|call| call.id == id),
            None if fragment.name.is_some() => None,
            None => self.0.len().checked_sub(1),
        }
    }

    fn begin(&mut self, choice: u32, fragment: &Fragment<'_>, answer: &str) -> usize {
        let place = self.0.len();
        let id = match &fragment.id {
            Some(id) => id.as_ref().to_owned(),
            None => invent_id(answer, choice, place),
        };
        self.0.push(Call {
            index: fragment.index,
            id,
            number: None,
            seal: None,
            early: String::new(),
        });
        place
    }
}

impl Call {
    fn tell(&mut self, choice: u32, name: Cow<'_, str>, emit: Emit<'_>) {
        let Some(number) = self.number else { return };
        emit(Event::Call {
            choice,
            call: number,
            id: Cow::Borrowed(&self.id),
            name,
            seal: self.seal.as_deref().map(Cow::Borrowed),
        });
        if !self.early.is_empty() {
            let json = Cow::Owned(core::mem::take(&mut self.early));
            emit(Event::Arguments {
                choice,
                call: number,
                json,
            });
        }
    }
}

/// An id for a call without one, which no other call of the conversation has.
fn invent_id(answer: &str, choice: u32, place: usize) -> String {
    let plain = answer.chars().filter(char::is_ascii_alphanumeric);
    let answer: String = plain.take(32).collect();
    format!("call_{answer}_{choice}_{place}")
}
