//! A provider that fails at every byte of a recorded answer, in every way.

use futures_util::stream::{self, StreamExt as _};
use vuzo_domain::chat::{FaultKind, UpstreamCall};
use vuzo_domain::port::ChatProvider;
use vuzo_providers::HttpClient;

use crate::fake::{Act, Fake, impatient, patient_at_first, short_patience};
use crate::outcome::{self, Outcome};

/// How an answer can go wrong. What a changed byte makes of it is anybody's guess, so
/// that it stands last and can be left out.
pub(crate) const WAYS: [&str; 6] = ["close", "reset", "half-close", "stall", "rubbish", "flip"];

/// What is played, to whom.
pub(crate) struct Failing<'a> {
    /// The whole answer, head included.
    pub(crate) answer: Vec<u8>,
    /// From this offset on an answer must come, however busy the machine is.
    pub(crate) late: usize,
    /// Some of [`WAYS`].
    pub(crate) ways: &'a [&'a str],
    /// The call.
    pub(crate) asked: &'a UpstreamCall,
}

/// A case, and what came of it.
pub(crate) type Played = (String, Result<Outcome, FaultKind>);

impl Failing<'_> {
    /// Plays every way at every offset to the provider that is made for an address.
    pub(crate) async fn play<P: ChatProvider>(
        self,
        adapter: impl Fn(&str, HttpClient) -> P,
    ) -> Vec<Played> {
        let Self {
            answer,
            late,
            ways,
            asked,
        } = self;
        let length = answer.len();
        let fake = Fake::start(move |request| acts(&request.path, &answer)).await;
        let cases = ways
            .iter()
            .flat_map(|way| (0..=length).map(move |offset| format!("{way}/{offset}")));
        let client = |patience| HttpClient::new(patience).expect("client");
        let patient = client(short_patience());
        // What a changed byte makes of the lengths in the head may be a wait without end.
        let impatient = client(impatient());
        let patient_at_first = client(patient_at_first());
        let client_for = |case: &str| match parsed(case) {
            ("stall" | "flip", offset) if offset < late => impatient.clone(),
            // Its connection stays open, so that nobody else must be given it.
            ("stall", _) => patient_at_first.clone(),
            _ => patient.clone(),
        };
        let (base_url, adapter) = (&fake.base_url, &adapter);
        stream::iter(cases)
            .map(|case| (client_for(&case), case))
            .map(|(client, case)| async move {
                let provider = adapter(&format!("{base_url}/{case}"), client);
                let outcome = outcome::of(&provider, asked).await;
                (case, outcome.map_err(|fault| fault.kind))
            })
            .buffer_unordered(48)
            .collect()
            .await
    }
}

/// The way and the offset of a case.
pub(crate) fn parsed(case: &str) -> (&str, usize) {
    let (way, offset) = case.split_once('/').expect("a case");
    (way, offset.parse().expect("a number"))
}

/// Only the provider is to blame, whatever is left of its status.
pub(crate) fn check_kind(kind: &FaultKind, case: &str) {
    let is_flipped = case.starts_with("flip");
    let is_broken = matches!(
        kind,
        FaultKind::Unreachable | FaultKind::TimedOut | FaultKind::Garbled
    );
    assert!(is_broken || is_flipped, "{case}: {kind:?}");
}

/// The answer up to the offset that the path names, then the trouble that it names.
pub(crate) fn acts(path: &str, answer: &[u8]) -> Vec<Act> {
    let mut words = path.split('/').skip(1);
    let way = words.next().expect("a way");
    let offset: usize = words.next().expect("an offset").parse().expect("a number");
    let (before, after) = answer.split_at(offset);
    let begin = Act::Send(before.to_vec());
    match way {
        "close" => vec![begin, Act::Close],
        "reset" => vec![begin, Act::Reset],
        "half-close" => vec![begin, Act::HalfClose],
        "stall" => vec![begin, Act::Stall],
        "rubbish" => vec![
            begin,
            Act::Send(b"\xff\x00}{ rubbish \r\n\r\ndata: {]\n\n\n\n".repeat(3)),
            Act::Close,
        ],
        _ => {
            let mut after = after.to_vec();
            if let Some(byte) = after.first_mut() {
                *byte ^= 0x55;
            }
            vec![begin, Act::Send(after), Act::Close]
        }
    }
}
