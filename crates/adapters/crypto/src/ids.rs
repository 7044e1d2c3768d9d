use std::fmt;
use std::sync::Arc;

use ring::rand::{SecureRandom, SystemRandom};
use uuid::{Builder, Uuid};
use vuzo_domain::port::{Clock, IdGen};

/// Ids and randomness from the operating system.
pub struct SystemIds {
    clock: Arc<dyn Clock>,
    random: SystemRandom,
}

/// The system has no source of randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRandomness;

impl fmt::Display for NoRandomness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the system has no source of randomness")
    }
}

impl std::error::Error for NoRandomness {}

impl SystemIds {
    /// Opens the random source and tries it, so that a system without one is found
    /// at the start and not at the first key.
    pub fn new(clock: Arc<dyn Clock>) -> Result<Self, NoRandomness> {
        let random = SystemRandom::new();
        random
            .fill(&mut [0_u8; 16])
            .map_err(|_unspecified| NoRandomness)?;
        Ok(Self { clock, random })
    }
}

impl fmt::Debug for SystemIds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SystemIds").finish_non_exhaustive()
    }
}

impl IdGen for SystemIds {
    fn uuid(&self) -> Uuid {
        let mut random = [0_u8; 10];
        self.fill_random(&mut random);
        let millis = u64::try_from(self.clock.now().as_millis()).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    #[expect(
        clippy::expect_used,
        reason = "the source was tried when this was made and does not fail after that; to go on \
                  without randomness would be to hand out keys that can be guessed"
    )]
    fn fill_random(&self, buffer: &mut [u8]) {
        self.random
            .fill(buffer)
            .expect("the system's random source was there at the start");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use vuzo_domain::time::Timestamp;

    struct Fixed(Timestamp);

    impl Clock for Fixed {
        fn now(&self) -> Timestamp {
            self.0
        }
    }

    fn ids_at(text: &str) -> SystemIds {
        SystemIds::new(Arc::new(Fixed(Timestamp::parse(text).unwrap()))).unwrap()
    }

    #[test]
    fn ids_are_of_version_7_and_follow_the_clock() {
        let earlier = ids_at("2026-11-21T03:00:00.001Z").uuid();
        let later = ids_at("2026-11-21T03:00:00.002Z").uuid();
        assert_eq!(earlier.get_version_num(), 7);
        assert_eq!(earlier.get_variant(), uuid::Variant::RFC4122);
        assert!(earlier < later);
        let millis = earlier.as_u128() >> 80;
        assert_eq!(millis, 1_795_230_000_001);
    }

    #[test]
    fn ids_of_one_moment_differ() {
        let ids = ids_at("2026-11-21T03:00:00Z");
        let many: HashSet<Uuid> = (0..10_000).map(|_| ids.uuid()).collect();
        assert_eq!(many.len(), 10_000);
    }

    #[test]
    fn randomness_fills_the_buffer() {
        let ids = ids_at("2026-11-21T03:00:00Z");
        let (mut one, mut two) = ([0_u8; 64], [0_u8; 64]);
        ids.fill_random(&mut one);
        ids.fill_random(&mut two);
        assert_ne!(one, two);
        assert_ne!(one[48..], [0_u8; 16]);
    }
}
