use uuid::Uuid;

/// What a call draws its lots from: the same call always draws the same.
pub(in crate::chat) fn seed_of(call: Uuid) -> u64 {
    let (high, low) = call.as_u64_pair();
    spread(high ^ spread(low))
}

/// Spreads a number over all 64 bits (the finish of `SplitMix64`).
const fn spread(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Which of these weights a lot falls on; the first if none weighs anything.
pub(super) fn draw(seed: u64, weights: impl Iterator<Item = u32> + Clone) -> Option<usize> {
    let sum: u64 = weights.clone().map(u64::from).sum();
    let Some(mut lot) = spread(seed).checked_rem(sum) else {
        return weights.clone().next().map(|_| 0);
    };
    for (index, weight) in weights.enumerate() {
        match lot.checked_sub(u64::from(weight)) {
            Some(rest) => lot = rest,
            None => return Some(index),
        }
    }
    None
}

/// Puts things into an order by lot: each place goes to one of those that are left, as
/// often as its weight says. Those without a weight come last, as they were.
pub(super) fn shuffle<T>(seed: u64, things: &mut [T], weight: impl Fn(&T) -> u32 + Copy) {
    let mut rest = things;
    let mut round = seed;
    while rest.len() > 1 {
        let Some(index) = draw(round, rest.iter().map(weight)) else {
            return;
        };
        if let Some(place) = rest.get_mut(..=index) {
            place.rotate_right(1);
        }
        rest = rest.get_mut(1..).unwrap_or_default();
        round = spread(round);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn firsts(weights: &[u32]) -> Vec<u32> {
        let mut counts = vec![0; weights.len()];
        for call in 0..10_000_u128 {
            let mut order: Vec<usize> = (0..weights.len()).collect();
            let seed = seed_of(Uuid::from_u128(call));
            shuffle(seed, &mut order, |index| weights[*index]);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert!(sorted.iter().copied().eq(0..weights.len()), "none is lost");
            counts[order[0]] += 1;
        }
        counts
    }

    #[test]
    fn each_comes_first_as_often_as_its_weight_says() {
        for (weights, expected) in [
            (vec![1, 1], vec![5_000, 5_000]),
            (vec![300, 100], vec![7_500, 2_500]),
            (vec![0, 10_000], vec![0, 10_000]),
            (vec![0, 0], vec![10_000, 0]),
            (vec![20, 30, 50], vec![2_000, 3_000, 5_000]),
            (vec![u32::MAX, u32::MAX], vec![5_000, 5_000]),
        ] {
            for (count, expected) in firsts(&weights).into_iter().zip(expected) {
                let off = u32::abs_diff(count, expected);
                assert!(off < 200, "{weights:?}: {count} for {expected}");
            }
        }
    }

    #[test]
    fn the_second_place_is_drawn_for_too() {
        let mut seconds = [0_u32; 3];
        for call in 0..6_000_u128 {
            let mut order = [0, 1, 2];
            let weights = [1_000_000, 2, 1];
            shuffle(seed_of(Uuid::from_u128(call)), &mut order, |index| {
                weights[*index]
            });
            seconds[order[1]] += 1;
        }
        assert!(seconds[1].abs_diff(4_000) < 200, "{seconds:?}");
        assert!(seconds[2].abs_diff(2_000) < 200, "{seconds:?}");
    }

    #[test]
    fn a_call_draws_the_same_again() {
        let order = |call| {
            let mut order: Vec<usize> = (0..20).collect();
            shuffle(seed_of(Uuid::from_u128(call)), &mut order, |_| 7);
            order
        };
        assert_eq!(order(5), order(5));
        assert_ne!(order(5), order(6));
    }

    #[test]
    fn nothing_to_draw_from_is_nothing() {
        assert_eq!(draw(1, core::iter::empty()), None);
        assert_eq!(draw(1, [0, 0].into_iter()), Some(0));
        shuffle::<u8>(1, &mut [], |_| 1);
    }
}
