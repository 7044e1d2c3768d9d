use std::borrow::Cow;

use vuzo_domain::chat::{FaultKind, ProviderFault, WholeReply};
use vuzo_wire::chat::completion::{
    ChatCompletion, Choice, CompletionTag, FunctionCall, FunctionTag, Message, ToolCall,
};

use super::answer::{Answer, Piece};
use super::tokens::call_id;
use super::{Failure, Play};

/// The whole answer, or what the provider reports when it fails over it.
pub(super) fn reply(mut play: Play) -> Result<WholeReply, ProviderFault> {
    let mut choices = Vec::new();
    for answer in &mut play.answers {
        choices.push(choice(answer, &play.generation));
    }
    let spoken = play.answers.iter().map(Answer::spoken);
    let report = play.counter.report(spoken.clone());
    if let Some(failure) = play.options.fail {
        let mut fault = failure.later().unwrap_or_else(broke_off);
        if failure == Failure::MidStream {
            fault.report = Some(Box::new(report));
        }
        return Err(fault);
    }
    let completion = ChatCompletion {
        id: Cow::Borrowed(&play.generation),
        object: CompletionTag::Completion,
        created: play.created,
        model: Cow::Borrowed(&play.model),
        choices,
        usage: play.counter.written(spoken),
        service_tier: play.counter.served_tier(),
    };
    Ok(WholeReply {
        body: completion.to_json().into(),
        report,
    })
}

fn broke_off() -> ProviderFault {
    ProviderFault::new(FaultKind::Garbled, "The provider broke its answer off.")
        .with_detail("simulated")
}

fn choice(answer: &mut Answer, generation: &str) -> Choice<'static> {
    answer.hurry();
    let (mut text, mut reasoning) = (String::new(), String::new());
    let mut calls: Vec<ToolCall<'static>> = Vec::new();
    while let Some(piece) = answer.next_piece() {
        match piece {
            Piece::Reasoning(piece) => reasoning.push_str(&piece),
            Piece::Text(piece) => text.push_str(&piece),
            Piece::Call { index, name } => calls.push(ToolCall {
                id: call_id(generation, answer.index, index),
                kind: FunctionTag::Function,
                function: FunctionCall {
                    name: Some(name.into()),
                    arguments: Cow::Owned(String::new()),
                },
            }),
            Piece::Arguments { text, .. } => {
                if let Some(call) = calls.last_mut() {
                    call.function.arguments.to_mut().push_str(&text);
                }
            }
        }
    }
    let is_silent = text.is_empty() && !calls.is_empty();
    Choice {
        index: answer.index,
        message: Message {
            content: (!is_silent).then(|| text.into()),
            reasoning_content: (!reasoning.is_empty()).then(|| reasoning.into()),
            tool_calls: calls,
            ..Message::default()
        },
        logprobs: None,
        finish_reason: answer.finish_reason(),
    }
}
