use core::str::FromStr;

use actix_web::HttpRequest;

use crate::error::{Fault, Rule};

/// The id in a path. What is no id names nothing, so it is answered like an id that
/// is not known.
pub(crate) fn id<T: FromStr>(request: &HttpRequest, absent: Rule) -> Result<T, Fault> {
    let text = request.match_info().get("id").unwrap_or_default();
    text.parse().map_err(|_no_id| not_found(absent))
}

/// A name in a path, with or without percent encoding.
pub(crate) fn name(request: &HttpRequest) -> String {
    decode(request.match_info().get("id").unwrap_or_default())
}

/// The refusal for something that is not there, or not the caller's to see.
pub(crate) fn not_found(absent: Rule) -> Fault {
    let what = absent.code.trim_end_matches("_not_found").replace('_', " ");
    Fault::new(absent, format!("There is no such {what}."))
}

fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let is_code = |digits: &&[u8]| *first == b'%' && digits.iter().all(u8::is_ascii_hexdigit);
        let byte = tail
            .get(..2)
            .filter(is_code)
            .and_then(|digits| core::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = byte {
            out.push(byte);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn names_are_decoded() {
        for (text, expected) in [
            ("gpt-4o", "gpt-4o"),
            ("openai/gpt-4o", "openai/gpt-4o"),
            ("openai%2Fgpt-4o", "openai/gpt-4o"),
            ("a%3ab", "a:b"),
            ("50%", "50%"),
            ("%zz", "%zz"),
            ("%+5", "%+5"),
            ("%", "%"),
        ] {
            assert_eq!(decode(text), expected);
        }
    }
}
