//! What other providers want to see again with a thought, inside of `encrypted_content`.
//!
//! `OpenAI` seals its own reasoning; what is sealed here says of itself that it is ours, so
//! that it is recognised when it comes back, and is never shown to `OpenAI`.

/// How everything that is sealed here begins.
const MARK: &str = "vz1:";

/// Something that a provider wants to see again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seal<'a> {
    /// The signature of the thought beside it.
    Signature(&'a str),
    /// A thought of which nothing is shown.
    Thought(&'a str),
    /// What belongs to the call of that id.
    Call {
        /// Which call.
        id: &'a str,
        /// What the provider wants to see with it.
        seal: &'a str,
    },
}

impl<'a> Seal<'a> {
    /// Reads an `encrypted_content`; `None` unless it was sealed here.
    pub(super) fn open(sealed: &'a str) -> Option<Self> {
        let (kind, rest) = sealed.strip_prefix(MARK)?.split_once(':')?;
        match kind {
            "signature" => Some(Self::Signature(rest)),
            "thought" => Some(Self::Thought(rest)),
            "call" => {
                let (length, rest) = rest.split_once(':')?;
                let (id, seal) = rest.split_at_checked(length.parse().ok()?)?;
                Some(Self::Call { id, seal })
            }
            _ => None,
        }
    }

    /// The text of the `encrypted_content`.
    pub(super) fn close(self) -> String {
        match self {
            Self::Signature(text) => [MARK, "signature:", text].concat(),
            Self::Thought(text) => [MARK, "thought:", text].concat(),
            Self::Call { id, seal } => format!("{MARK}call:{}:{id}{seal}", id.len()),
        }
    }
}

/// Whether an `encrypted_content` was sealed here, whatever is in it.
pub(super) fn is_ours(sealed: &str) -> bool {
    sealed.starts_with(MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_opens_again() {
        for seal in [
            Seal::Signature("abc:def=="),
            Seal::Signature(""),
            Seal::Thought("\u{1f980}:"),
            Seal::Call {
                id: "call:1\u{e9}",
                seal: "12:34",
            },
            Seal::Call { id: "", seal: "" },
        ] {
            let closed = seal.close();
            assert!(is_ours(&closed));
            assert_eq!(Seal::open(&closed), Some(seal), "{closed}");
        }
    }

    #[test]
    fn what_was_not_sealed_here_stays_shut() {
        for text in [
            "",
            "gAAAAA",
            "vz1",
            "vz1:",
            "vz1:signature",
            "vz1:other:x",
            "vz1:call:9:abc",
            "vz1:call:-1:abc",
            "vz1:call:1:\u{e9}",
            "vz1:call:",
            "vz2:signature:x",
        ] {
            assert_eq!(Seal::open(text), None, "{text}");
        }
    }
}
