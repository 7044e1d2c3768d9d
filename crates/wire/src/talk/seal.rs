//! Whose a seal is.
//!
//! Providers sign and seal thoughts, and want to see that again unchanged. One that sees
//! another's refuses the request. A customer's conversation may go on with another provider
//! than it began with, so every seal that leaves its own wire says whose it is, and comes
//! back to nobody else.

/// How every seal begins that says whose it is. Providers' own are base64, which has no colon.
const MARK: &str = "vz:";

/// How a seal looks in JSON text that holds one.
pub(super) const IN_JSON: &[u8] = b"\"vz:";

/// Who makes seals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Maker {
    Anthropic,
    Google,
    OpenRouter,
}

impl Maker {
    const fn word(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic:",
            Self::Google => "google:",
            Self::OpenRouter => "openrouter:",
        }
    }

    /// A seal of this maker as it leaves the maker's wire.
    pub(super) fn mark(self, seal: &str) -> String {
        [MARK, self.word(), seal].concat()
    }

    /// A seal that came in by a dialect in which this maker's own come as they are. One that
    /// says whose it is stays that one's.
    pub(super) fn adopt(self, seal: String) -> String {
        if seal.starts_with(MARK) {
            seal
        } else {
            self.mark(&seal)
        }
    }

    /// What this maker wants to see again; `None` if it is somebody else's.
    pub(super) fn own(self, seal: &str) -> Option<&str> {
        seal.strip_prefix(MARK)?.strip_prefix(self.word())
    }
}

/// Whether a seal says whose it is, so that it has been in another wire.
pub(super) fn is_marked(seal: &str) -> bool {
    seal.starts_with(MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAKERS: [Maker; 3] = [Maker::Anthropic, Maker::Google, Maker::OpenRouter];

    #[test]
    fn a_seal_opens_for_its_maker_alone() {
        for maker in MAKERS {
            for seal in ["", "ErUB+/w==", "vz:google:nested", "\u{1f980}:"] {
                let marked = maker.mark(seal);
                assert!(is_marked(&marked));
                for other in MAKERS {
                    let expected = (maker == other).then_some(seal);
                    assert_eq!(other.own(&marked), expected, "{marked} {other:?}");
                    assert_eq!(other.adopt(marked.clone()), marked);
                }
            }
        }
    }

    #[test]
    fn an_unmarked_seal_is_nobodys_until_it_is_adopted() {
        for seal in ["", "abc", "vz", "vz1:google:x", "google:x"] {
            assert!(!is_marked(seal));
            for maker in MAKERS {
                assert_eq!(maker.own(seal), None);
                assert_eq!(maker.own(&maker.adopt(seal.to_owned())), Some(seal));
            }
        }
        assert_eq!(Maker::Google.own("vz:googles:x"), None);
        assert_eq!(Maker::Google.own("vz:"), None);
    }
}
