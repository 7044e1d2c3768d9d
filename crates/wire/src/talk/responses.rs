//! OpenAI's responses: the request, and the answer.
//!
//! A request may be answered by a provider that speaks this wire itself: then its bytes go
//! through, and [`native`] knows which of them change. Or it is answered by any other
//! provider: then it is [`read`] into the canonical conversation, and a [`ResponseWriter`]
//! writes the answer. What only the first way can carry is told by [`admit`].

mod content;
mod echo;
mod input;
pub mod native;
mod object;
mod options;
mod output;
mod request;
mod seal;
mod tools;
mod writer;

pub use echo::Echo;
pub use request::{Admitted, admit, read};
pub use writer::ResponseWriter;

#[cfg(test)]
mod tests;
