use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::JoinSet;
use vuzo_crypto::Argon2Hasher;
use vuzo_domain::account::Password;
use vuzo_domain::key::KeyText;
use vuzo_domain::port::{Hasher, PasswordHash};

fn hasher() -> Argon2Hasher {
    Argon2Hasher::new(b"pepper", Handle::current())
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

#[tokio::test]
async fn a_password_opens_its_own_hash_only() {
    let hasher = hasher();
    let password = Password::new("correct horse").unwrap();
    let hash = hasher.hash_password(&password).await.unwrap();
    assert!(
        hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "parameters are kept beside the hash"
    );
    let again = hasher.hash_password(&password).await.unwrap();
    assert!(hash != again, "every hash has a salt of its own");
    for (candidate, expected) in [
        ("correct horse", true),
        ("correct horsf", false),
        ("correct horse ", false),
        ("", false),
    ] {
        let verdict = hasher.verify_password(candidate, Some(hash.clone())).await;
        assert_eq!(verdict.unwrap(), expected, "{candidate:?}");
    }
    let overlong = "x".repeat(100_000);
    assert!(!hasher.verify_password(&overlong, Some(hash)).await.unwrap());
}

#[tokio::test]
async fn hashes_do_not_depend_on_the_pepper() {
    let password = Password::new("correct horse").unwrap();
    let hash = hasher().hash_password(&password).await.unwrap();
    let other = Argon2Hasher::new(b"another pepper", Handle::current());
    assert!(
        other
            .verify_password("correct horse", Some(hash))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn a_hash_that_is_none_is_trouble_and_not_a_wrong_password() {
    let broken = Some(PasswordHash("not a hash".to_owned()));
    assert!(
        hasher()
            .verify_password("correct horse", broken)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn somebody_who_does_not_exist_takes_as_long() {
    let hasher = hasher();
    let password = Password::new("correct horse").unwrap();
    let hash = hasher.hash_password(&password).await.unwrap();
    let mut fastest = [Duration::MAX; 2];
    for _ in 0..5 {
        for (best, stored) in fastest.iter_mut().zip([Some(hash.clone()), None]) {
            let known = stored.is_some();
            let start = Instant::now();
            let verdict = hasher.verify_password("correct horse", stored).await;
            *best = (*best).min(start.elapsed());
            assert_eq!(verdict.unwrap(), known);
        }
    }
    let [somebody, nobody] = fastest;
    assert!(
        nobody * 2 > somebody && somebody * 2 > nobody,
        "{somebody:?} against {nobody:?}"
    );
}

#[tokio::test]
async fn a_flood_is_turned_away_and_not_queued() {
    let hasher = Arc::new(hasher());
    let mut flood = JoinSet::new();
    for _ in 0..90 {
        let hasher = Arc::clone(&hasher);
        flood.spawn(async move { hasher.verify_password("anything", None).await.is_ok() });
    }
    let answers = flood.join_all().await;
    let served = answers.iter().filter(|ok| **ok).count();
    assert!((66..90).contains(&served), "{served} of 90 were served");
    assert!(
        !hasher.verify_password("anything", None).await.unwrap(),
        "there is room again"
    );
}

#[test]
fn hashing_works_for_callers_on_another_runtime() {
    let main = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let hasher = Argon2Hasher::new(b"pepper", main.handle().clone());
    let worker = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let verdict = worker.block_on(hasher.verify_password("anything", None));
    assert!(!verdict.unwrap());
}

#[tokio::test]
async fn keys_are_hashed_with_the_pepper() {
    let key = KeyText::from_random(&[0; KeyText::RANDOM_BYTES]);
    let here = hasher().hash_key(&key);
    assert_eq!(hex(&here.0), EXPECTED_KEY_HASH);
    assert_eq!(here, hasher().hash_key(&key));
    let elsewhere = Argon2Hasher::new(b"another pepper", Handle::current());
    assert_ne!(here, elsewhere.hash_key(&key));
}

/// HMAC-SHA256 of the key of zeros under `pepper`, computed by another program.
const EXPECTED_KEY_HASH: &str = "98582cb284bfbf23be3c3c9d5a4132531e5924f54480cf01b32410f9cacd540b";

#[tokio::test]
async fn digests_are_sha256_and_secrets_are_compared_whole() {
    let hasher = hasher();
    assert_eq!(
        hex(&hasher.digest(b"abc")),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    for (left, right, same) in [
        ("", "", true),
        ("secret", "secret", true),
        ("secret", "secreT", false),
        ("secret", "secret ", false),
        ("secret", "", false),
    ] {
        assert_eq!(
            hasher.same_secret(left.as_bytes(), right.as_bytes()),
            same,
            "{left:?} {right:?}"
        );
    }
}
