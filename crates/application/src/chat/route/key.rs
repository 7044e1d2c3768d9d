use std::sync::Arc;

use vuzo_domain::id::ProviderKeyId;
use vuzo_domain::secret::Secret;

use super::order::draw;
use crate::provider_keys::RouteKey;

/// Makes the lots for keys others than those for models: else each model would see one
/// of its provider's keys alone.
const OTHER_LOTS: u64 = 0x5EED_0F0F_1234_4321;

/// One of the keys of a provider.
#[derive(Clone)]
pub(in crate::chat) struct ChosenKey {
    keys: Arc<[RouteKey]>,
    index: usize,
}

impl ChosenKey {
    fn key(&self) -> Option<&RouteKey> {
        self.keys.get(self.index)
    }

    /// Its id, if it is not that of the configuration.
    pub(in crate::chat) fn id(&self) -> Option<ProviderKeyId> {
        self.key()?.id
    }

    /// Its secret, if it is not that of the configuration.
    pub(in crate::chat) fn secret(&self) -> Option<Secret> {
        self.key()?.secret.clone()
    }
}

/// The key that a call is made with: of those that can be used the ones of the highest
/// priority, and among these one by lot.
pub(in crate::chat) fn choose_key(
    keys: Arc<[RouteKey]>,
    seed: u64,
    is_usable: impl Fn(Option<ProviderKeyId>) -> bool,
) -> Option<ChosenKey> {
    let index = match &*keys {
        [only] => is_usable(only.id).then_some(0)?,
        many => choose_among(many, seed, |key| is_usable(key.id))?,
    };
    Some(ChosenKey { keys, index })
}

fn choose_among(
    keys: &[RouteKey],
    seed: u64,
    is_usable: impl Fn(&RouteKey) -> bool,
) -> Option<usize> {
    let mut rivals: Vec<usize> = (0..keys.len()).collect();
    rivals.retain(|index| keys.get(*index).is_some_and(&is_usable));
    let of = |index: &usize| keys.get(*index).map(|key| (key.priority, key.weight));
    let highest = rivals
        .iter()
        .filter_map(of)
        .map(|(priority, _)| priority)
        .max()?;
    rivals.retain(|index| of(index).is_some_and(|(priority, _)| priority == highest));
    let weights = rivals.iter().filter_map(of).map(|(_, weight)| weight);
    rivals.get(draw(seed ^ OTHER_LOTS, weights)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;
    use vuzo_domain::id::ProviderKeyId;

    fn key(number: u128, priority: i32, weight: u32) -> RouteKey {
        RouteKey {
            id: Some(ProviderKeyId::from_uuid(Uuid::from_u128(number))),
            secret: None,
            weight,
            priority,
        }
    }

    #[test]
    fn the_highest_priority_that_can_be_used_is_drawn_from() {
        let keys: Arc<[RouteKey]> = [key(1, 0, 1), key(2, 5, 1), key(3, 5, 3), key(4, 9, 1)].into();
        let choose = |call, without: Option<ProviderKeyId>| {
            let chosen = choose_key(Arc::clone(&keys), call, |id| id != without);
            chosen.unwrap().id()
        };
        let fourth = keys[3].id;
        let mut counts = [0_u32; 2];
        for call in 0..4_000 {
            assert_eq!(choose(call, None), fourth);
            let chosen = choose(call, fourth);
            let index = keys[1..3].iter().position(|key| key.id == chosen);
            counts[index.unwrap()] += 1;
        }
        assert!(counts[0].abs_diff(1_000) < 120, "{counts:?}");
        let nobody = |keys: &[RouteKey]| choose_key(keys.into(), 1, |_| false).is_none();
        assert!(nobody(&keys) && nobody(&keys[..1]));
        assert!(choose_key([].into(), 1, |_| true).is_none());
    }

    #[test]
    fn keys_are_drawn_apart_from_models() {
        let keys: Arc<[RouteKey]> = [key(1, 0, 1), key(2, 0, 1)].into();
        let mut counts = [[0_u32; 2]; 2];
        for call in 0..4_000 {
            let seed = super::super::seed_of(Uuid::from_u128(call));
            let model = draw(seed, [1, 1].into_iter()).unwrap();
            let chosen = choose_key(Arc::clone(&keys), seed, |_| true).unwrap().index;
            counts[model][chosen] += 1;
        }
        let is_even = counts
            .as_flattened()
            .iter()
            .all(|it| it.abs_diff(1_000) < 120);
        assert!(is_even, "{counts:?}");
    }
}
