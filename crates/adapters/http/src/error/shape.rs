use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{HeaderName, HeaderValue};

use super::{Fault, anthropic};
use crate::vuzo;

/// The name under which Anthropic's clients look for the id of a request.
static REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// In whose words a refusal is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// OpenAI's, as nearly everything is.
    OpenAi,
    /// Anthropic's.
    Anthropic,
    /// A single sentence, as the published `vuzo` package reads it.
    Sentence,
}

impl Shape {
    /// The one of a path, whether or not there is a route.
    pub(crate) fn of(path: &str) -> Self {
        let is_under = |root: &str| {
            path.strip_prefix(root)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if is_under("/v1/messages") {
            Self::Anthropic
        } else if is_under(vuzo::ROOT) {
            Self::Sentence
        } else {
            Self::OpenAi
        }
    }

    /// Gives an answer what the dialect of its path wants: a refusal its words.
    pub(crate) fn dress(
        self,
        mut answer: ServiceResponse<BoxBody>,
        id: &HeaderValue,
    ) -> ServiceResponse<BoxBody> {
        if self == Self::OpenAi {
            return answer;
        }
        if self == Self::Anthropic {
            let headers = answer.response_mut().headers_mut();
            headers.insert(REQUEST_ID.clone(), id.clone());
        }
        let refusal = answer.response().error();
        let Some(fault) = refusal.and_then(|error| error.as_error::<Fault>()) else {
            return answer;
        };
        let body = match self {
            Self::OpenAi => return answer,
            Self::Anthropic => {
                serde_json::to_vec(&anthropic::body(fault, id.to_str().ok())).unwrap_or_default()
            }
            Self::Sentence => vuzo::refusal(fault),
        };
        answer.map_body(|_head, _openai| BoxBody::new(body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_decides() {
        for (path, shape) in [
            ("/v1/messages", Shape::Anthropic),
            ("/v1/messages/", Shape::Anthropic),
            ("/v1/messages/count_tokens", Shape::Anthropic),
            ("/v1/messages/batches", Shape::Anthropic),
            ("/v1/messagesx", Shape::OpenAi),
            ("/v1/chat/completions", Shape::OpenAi),
            ("/vuzo/v1/models", Shape::Sentence),
            ("/vuzo/v2", Shape::Sentence),
            ("/vuzo", Shape::Sentence),
            ("/vuzos", Shape::OpenAi),
            ("/", Shape::OpenAi),
        ] {
            assert_eq!(Shape::of(path), shape, "{path}");
        }
    }
}
