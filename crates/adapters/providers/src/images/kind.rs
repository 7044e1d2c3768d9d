//! What kind of image some bytes are. What the sender says is nothing to go by.

/// How a file begins, where a second mark stands in it, and its media type.
const BEGINNINGS: &[(&[u8], usize, &[u8], &str)] = &[
    (b"\x89PNG\r\n\x1a\n", 0, b"", "image/png"),
    (b"\xff\xd8\xff", 0, b"", "image/jpeg"),
    (b"RIFF", 8, b"WEBP", "image/webp"),
    (b"GIF87a", 0, b"", "image/gif"),
    (b"GIF89a", 0, b"", "image/gif"),
    (b"\0\0\0", 4, b"ftypheic", "image/heic"),
    (b"\0\0\0", 4, b"ftypheix", "image/heic"),
    (b"\0\0\0", 4, b"ftypmif1", "image/heif"),
    (b"\0\0\0", 4, b"ftypmsf1", "image/heif"),
];

/// The media type, if it is one of those that models look at.
pub(super) fn of(bytes: &[u8]) -> Option<&'static str> {
    let is_like = |(begin, at, mark, _): &&(&[u8], usize, &[u8], &str)| {
        let rest = bytes.get(*at..);
        bytes.starts_with(begin) && rest.is_some_and(|rest| rest.starts_with(mark))
    };
    BEGINNINGS.iter().find(is_like).map(|(.., kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn images_are_told_by_their_beginning() {
        for (bytes, expected) in [
            (&b"\x89PNG\r\n\x1a\nrest"[..], Some("image/png")),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"RIFF\x01\x02\x03\x04WEBPVP8 ", Some("image/webp")),
            (b"GIF89a", Some("image/gif")),
            (b"\0\0\0\x18ftypheic", Some("image/heic")),
            (b"\0\0\0\x18ftypmif1", Some("image/heif")),
            (b"RIFF\x01\x02\x03\x04WAVE", None),
            (b"\0\0\0\x18ftypmp42", None),
            (b"<svg xmlns=", None),
            (b"<html>", None),
            (b"\x89PNG", None),
            (b"RIFF", None),
            (b"", None),
        ] {
            assert_eq!(of(bytes), expected, "{bytes:?}");
        }
    }
}
