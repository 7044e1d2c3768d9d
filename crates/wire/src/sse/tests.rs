use super::*;

type Seen = (Option<String>, Vec<u8>, bool);

/// Pushes `pieces` one by one and collects what comes out, and the raw bytes.
fn split(pieces: &[&[u8]]) -> (Vec<Seen>, Vec<u8>) {
    let mut splitter = FrameSplitter::new();
    let (mut frames, mut raw) = (Vec::new(), Vec::new());
    for piece in pieces {
        splitter.push(piece);
        while let Some(frame) = splitter.next_frame().unwrap() {
            raw.extend_from_slice(frame.raw);
            frames.push((
                frame.event.map(str::to_owned),
                frame.data.to_vec(),
                frame.is_comment_only,
            ));
        }
    }
    assert_eq!(splitter.pending(), 0);
    (frames, raw)
}

fn data(text: &str) -> Seen {
    (None, text.as_bytes().to_vec(), false)
}

const STREAM: &str = concat!(
    ": OPENROUTER PROCESSING\n\n",
    "data: {\"id\":\"1\",\"delta\":\"é 😀 \u{2028} x\"}\n\n",
    "\n\n",
    "event: message_start\ndata: {\"a\":1}\nid: 7\nretry: 5\n\n",
    "data: first\ndata:second\ndata\ndata:  third\n\n",
    ":\n: more\nevent: ping\n\n",
    "data:\n\n",
    "unknown: field\n\n",
    "data: [DONE]\n\n",
);

fn expected() -> Vec<Seen> {
    vec![
        (None, vec![], true),
        data("{\"id\":\"1\",\"delta\":\"é 😀 \u{2028} x\"}"),
        (Some("message_start".into()), b"{\"a\":1}".to_vec(), false),
        data("first\nsecond\n\n third"),
        (Some("ping".into()), vec![], false),
        data(""),
        (None, vec![], true),
        data("[DONE]"),
    ]
}

#[test]
fn any_cut_and_any_line_end_give_the_same_frames() {
    for bom in ["", "\u{feff}"] {
        for ending in ["\n", "\r", "\r\n"] {
            let stream = format!("{bom}{}", STREAM.replace('\n', ending));
            let bytes = stream.as_bytes();
            assert_eq!(split(&[bytes]).0, expected(), "{ending:?}");
            for at in 0..=bytes.len() {
                let (head, tail) = bytes.split_at(at);
                assert_eq!(split(&[head, tail]).0, expected(), "{ending:?} cut at {at}");
            }
            for size in 1..=7 {
                let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
                assert_eq!(
                    split(&pieces).0,
                    expected(),
                    "{ending:?} in pieces of {size}"
                );
            }
        }
    }
}

#[test]
fn two_cuts_give_the_same_frames() {
    let stream = STREAM.replace('\n', "\r\n");
    let bytes = stream.as_bytes();
    for first in 0..bytes.len() {
        for second in (first..bytes.len()).step_by(3) {
            let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
            assert_eq!(split(&pieces).0, expected(), "{first} {second}");
        }
    }
}

#[test]
fn raw_bytes_are_the_stream() {
    let stream = "data: a\n\n: c\n\nevent: e\ndata: b\n\n";
    assert_eq!(split(&[stream.as_bytes()]).1, stream.as_bytes());
    let mixed = "data: a\r\n\n: c\r\n\r\n";
    assert_eq!(split(&[mixed.as_bytes()]).1, mixed.as_bytes());
}

#[test]
fn a_cr_frame_does_not_wait_for_the_next_byte() {
    let mut splitter = FrameSplitter::new();
    splitter.push(b"data: x\r\n\r");
    assert_eq!(splitter.next_frame().unwrap().unwrap().data.as_ref(), b"x");
    splitter.push(b"\ndata: y\r\n\r\n");
    assert_eq!(
        splitter.next_frame().unwrap().unwrap().raw,
        b"data: y\r\n\r\n"
    );
    assert_eq!(splitter.next_frame().unwrap(), None);
}

#[test]
fn simple_frames_are_borrowed() {
    let mut splitter = FrameSplitter::new();
    splitter.push(b"data: {}\n\ndata:{}\r\n\r\n");
    assert!(matches!(
        splitter.next_frame().unwrap().unwrap().data,
        Cow::Borrowed(b"{}")
    ));
    assert!(matches!(
        splitter.next_frame().unwrap().unwrap().data,
        Cow::Borrowed(b"{}")
    ));
}

#[test]
fn long_frames_are_refused_whole_or_not() {
    let mut splitter = FrameSplitter::with_limit(32);
    splitter.push(b"data: ok\n\ndata: ");
    assert!(splitter.next_frame().unwrap().is_some());
    assert!(splitter.next_frame().unwrap().is_none());
    splitter.push(&[b'x'; 40]);
    assert_eq!(splitter.next_frame(), Err(FrameTooLong { limit: 32 }));
    splitter.push(b"\n\ndata: later\n\n");
    assert_eq!(splitter.next_frame(), Err(FrameTooLong { limit: 32 }));
    assert_eq!(splitter.next_frame(), Err(FrameTooLong { limit: 32 }));
}

#[test]
fn a_megabyte_in_one_event_passes_by_default_and_not_more() {
    let body = vec![b'a'; DEFAULT_MAX_FRAME - 8];
    let frame = [b"data: ", body.as_slice(), b"\n\n"].concat();
    let pieces: Vec<&[u8]> = frame.chunks(1000).collect();
    assert_eq!(split(&pieces).0.len(), 1);
    let mut splitter = FrameSplitter::new();
    splitter.push(b"data: x");
    splitter.push(&frame);
    assert!(splitter.next_frame().is_err());
}

#[test]
fn memory_stays_flat_over_a_long_stream() {
    let mut splitter = FrameSplitter::new();
    let frame = [b"data: ".as_slice(), &[b'x'; 500], b"\n\ndata: par"].concat();
    let rest = b"tial\n\n";
    for round in 0..20_000 {
        if round == 10 {
            splitter.push(&[b"data: ".as_slice(), &vec![b'y'; 900_000], b"\n\n"].concat());
        }
        splitter.push(&frame);
        while splitter.next_frame().unwrap().is_some() {}
        splitter.push(rest);
        while splitter.next_frame().unwrap().is_some() {}
        assert!(round <= 10 || splitter.buffer.capacity() <= 2 * KEEP_CAPACITY);
    }
}

#[test]
fn the_end_gives_what_is_left() {
    let mut splitter = FrameSplitter::new();
    splitter.push(b"data: a\n\ndata: [DONE]\n");
    assert!(splitter.next_frame().unwrap().is_some());
    assert!(splitter.next_frame().unwrap().is_none());
    assert_eq!(splitter.finish().unwrap().data.as_ref(), b"[DONE]");
    assert_eq!(splitter.finish(), None);
    let mut html = FrameSplitter::new();
    html.push(b"<html>502</html>");
    assert!(html.next_frame().unwrap().is_none());
    assert!(html.finish().unwrap().is_comment_only);
    assert_eq!(FrameSplitter::new().finish(), None);
}

#[test]
fn the_end_marker_is_known_by_its_beginning() {
    assert!(is_done(b"[DONE]") && is_done(b"[DONE] bye"));
    assert!(!is_done(b"{\"x\":\"[DONE]\"}") && !is_done(b"[DON"));
}
