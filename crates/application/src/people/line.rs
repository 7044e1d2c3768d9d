/// What is wrong with a line of text that somebody wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineFault {
    /// There is nothing in it.
    Blank,
    /// It has too many characters.
    TooLong,
    /// It holds line breaks, NUL or other control characters.
    Unprintable,
}

/// Takes a line of at most `most` characters, without the space around it.
pub(crate) fn line(text: &str, most: usize) -> Result<String, LineFault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(LineFault::Blank);
    }
    // A character has at most four bytes, so a flood is refused before it is counted.
    if text.len() > most.saturating_mul(4) || text.chars().count() > most {
        return Err(LineFault::TooLong);
    }
    if text.chars().any(char::is_control) {
        return Err(LineFault::Unprintable);
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_or_refused() {
        for (text, taken) in [
            (" Ada ", Ok("Ada")),
            ("żółć", Ok("żółć")),
            ("", Err(LineFault::Blank)),
            (" \t ", Err(LineFault::Blank)),
            ("żółćż", Err(LineFault::TooLong)),
            ("a\nb", Err(LineFault::Unprintable)),
            ("a\0b", Err(LineFault::Unprintable)),
        ] {
            assert_eq!(line(text, 4), taken.map(str::to_owned), "{text:?}");
        }
    }
}
