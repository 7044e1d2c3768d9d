use super::{Event, Finish};

/// A whole answer: what its events come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The answers, by their numbers; at least one.
    pub choices: Vec<Choice>,
}

/// One of the answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// What is in it, in order.
    pub items: Vec<Item>,
    /// Why it is over; `None` where nobody said.
    pub why: Option<Finish>,
    /// OpenAI's `logprobs` object.
    pub logprobs: Option<String>,
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// Text.
    Text(String),
    /// A refusal.
    Refusal(String),
    /// A thought.
    Thought {
        /// What is shown of it.
        text: String,
        /// The provider's signature.
        signature: Option<String>,
    },
    /// A thought of which nothing is shown.
    SealedThought(String),
    /// A call of a tool.
    Call {
        /// The id that the result must name.
        id: String,
        /// Which tool.
        name: String,
        /// The arguments, as JSON text.
        arguments: String,
        /// What the provider wants to see again with it.
        seal: Option<String>,
        /// Its number among the calls of its answer.
        number: u32,
    },
}

/// More answers than this no provider gives.
const MOST_CHOICES: u32 = 128;

impl Answer {
    /// Adds what happens.
    pub fn add(&mut self, event: &Event<'_>) {
        match event {
            Event::Text { choice, text } => self.text(*choice, text),
            Event::Refusal { choice, text } => match self.choice(*choice).items.last_mut() {
                Some(Item::Refusal(said)) => said.push_str(text),
                _ => self.push(*choice, Item::Refusal(text.to_string())),
            },
            Event::Thought { choice, text } => self.thought(*choice, text),
            Event::Signature { choice, signature } => self.sign(*choice, signature),
            Event::SealedThought { choice, data } => {
                self.push(*choice, Item::SealedThought(data.to_string()));
            }
            Event::Call {
                choice,
                call,
                id,
                name,
                seal,
            } => self.push(
                *choice,
                Item::Call {
                    id: id.to_string(),
                    name: name.to_string(),
                    arguments: String::new(),
                    seal: seal.as_deref().map(str::to_owned),
                    number: *call,
                },
            ),
            Event::Arguments { choice, call, json } => self.arguments(*choice, *call, json),
            Event::Logprobs { choice, json } => {
                self.choice(*choice).logprobs = Some(json.to_string());
            }
            Event::Finish { choice, why } => self.choice(*choice).why = Some(why.clone()),
        }
    }

    fn text(&mut self, choice: u32, text: &str) {
        match self.choice(choice).items.last_mut() {
            Some(Item::Text(said)) => said.push_str(text),
            _ if text.is_empty() => {}
            _ => self.push(choice, Item::Text(text.to_owned())),
        }
    }

    fn thought(&mut self, choice: u32, more: &str) {
        match self.choice(choice).items.last_mut() {
            Some(Item::Thought {
                text,
                signature: None,
            }) => text.push_str(more),
            _ if more.is_empty() => {}
            _ => self.push(
                choice,
                Item::Thought {
                    text: more.to_owned(),
                    signature: None,
                },
            ),
        }
    }

    fn sign(&mut self, choice: u32, by: &str) {
        if let Some(Item::Thought { signature, .. }) = self.choice(choice).items.last_mut() {
            match signature {
                Some(begun) => begun.push_str(by),
                None => *signature = Some(by.to_owned()),
            }
        } else {
            let signature = Some(by.to_owned());
            let text = String::new();
            self.push(choice, Item::Thought { text, signature });
        }
    }

    fn arguments(&mut self, choice: u32, call: u32, json: &str) {
        let of_call =
            |item: &&mut Item| matches!(item, Item::Call { number, .. } if *number == call);
        let found = self.choice(choice).items.iter_mut().find(of_call);
        if let Some(Item::Call { arguments, .. }) = found {
            arguments.push_str(json);
        }
    }

    fn push(&mut self, choice: u32, item: Item) {
        self.choice(choice).items.push(item);
    }

    fn choice(&mut self, number: u32) -> &mut Choice {
        let index = usize::try_from(number.min(MOST_CHOICES)).unwrap_or(0);
        if self.choices.len() <= index {
            self.choices.resize_with(index + 1, Choice::default);
        }
        &mut self.choices[index]
    }
}
