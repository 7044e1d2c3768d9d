use super::*;

fn at(start: Instant, millis: u64) -> Instant {
    start + Duration::from_millis(millis)
}

#[tokio::test(start_paused = true)]
async fn it_opens_after_five_failures_that_are_half_of_what_was_tried() {
    for (successes, expected) in [
        (0, BreakerState::Open),
        (5, BreakerState::Open),
        (6, BreakerState::Closed),
    ] {
        let now = Instant::now();
        let mut breaker = Breaker::new(now);
        (0..successes).for_each(|_| breaker.succeed(now));
        for _ in 0..4 {
            breaker.fail(now);
            assert_eq!(breaker.state(), BreakerState::Closed);
        }
        breaker.fail(now);
        assert_eq!(breaker.state(), expected, "{successes}");
    }
}

#[tokio::test(start_paused = true)]
async fn failures_of_another_minute_do_not_count() {
    let start = Instant::now();
    let mut breaker = Breaker::new(start);
    (0..4).for_each(|_| breaker.fail(start));
    (0..4).for_each(|_| breaker.fail(at(start, 60_001)));
    assert_eq!(breaker.state(), BreakerState::Closed);
    breaker.fail(at(start, 60_002));
    assert_eq!(breaker.state(), BreakerState::Open);
    assert!(!breaker.is_untroubled());
    breaker.succeed(at(start, 60_003));
    assert!(breaker.is_untroubled());
}

#[tokio::test(start_paused = true)]
async fn one_call_finds_out_and_its_failure_doubles_the_wait() {
    let start = Instant::now();
    let mut breaker = Breaker::new(start);
    (0..5).for_each(|_| breaker.fail(start));
    let mut now = 0;
    for cool_down in [10_000, 20_000, 40_000, 80_000, 120_000, 120_000] {
        assert!(!breaker.enter(at(start, now + cool_down - 1)));
        now += cool_down;
        assert!(breaker.enter(at(start, now)), "the probe");
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        assert!(!breaker.enter(at(start, now)), "one at a time");
        breaker.fail(at(start, now));
        assert_eq!(breaker.state(), BreakerState::Open);
    }
    assert!(breaker.enter(at(start, now + 120_000)));
    assert!(!breaker.enter(at(start, now + 149_999)));
    assert!(breaker.enter(at(start, now + 150_000)), "the first is lost");
    breaker.succeed(at(start, now + 150_001));
    assert_eq!(breaker.state(), BreakerState::Closed);
    assert!(breaker.enter(at(start, now + 150_001)));
}

#[tokio::test(start_paused = true)]
async fn three_silences_in_a_row_open_it_and_an_answer_between_starts_anew() {
    let now = Instant::now();
    for (what_happens, expected) in [
        // s: a long silence, t: a time-out, f: a failure, a: an answer.
        ("ss", BreakerState::Closed),
        ("sss", BreakerState::Open),
        ("st", BreakerState::Open),
        ("t", BreakerState::Closed),
        ("tt", BreakerState::Open),
        ("ts", BreakerState::Open),
        ("ssass", BreakerState::Closed),
        ("sassa", BreakerState::Closed),
        ("tatat", BreakerState::Closed),
        ("ssat", BreakerState::Closed),
        ("ssast", BreakerState::Open),
        ("ssff", BreakerState::Closed),
        ("fsfsf", BreakerState::Closed),
        ("fsfsfs", BreakerState::Open),
    ] {
        let mut breaker = Breaker::new(now);
        for one in what_happens.chars() {
            match one {
                't' => breaker.time_out(now),
                'f' => breaker.fail(now),
                'a' => breaker.succeed(now),
                _ => breaker.fall_silent(now),
            }
        }
        assert_eq!(breaker.state(), expected, "{what_happens}");
    }
}

#[tokio::test(start_paused = true)]
async fn silences_count_until_the_next_answer_however_long_that_takes() {
    let start = Instant::now();
    let mut breaker = Breaker::new(start);
    breaker.fall_silent(start);
    assert!(!breaker.is_untroubled());
    // One call at a time, each given up after two minutes: no minute holds two of them.
    breaker.time_out(at(start, 90_000));
    assert_eq!(breaker.state(), BreakerState::Open);

    let mut breaker = Breaker::new(start);
    breaker.time_out(start);
    breaker.succeed(at(start, 61_000));
    assert!(breaker.is_untroubled());
    breaker.time_out(at(start, 62_000));
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_silent_provider_is_probed_less_and_less_often() {
    let start = Instant::now();
    let mut breaker = Breaker::new(start);
    (0..3).for_each(|_| breaker.fall_silent(start));
    let (mut now, mut probes) = (0, 0);
    // A customer comes every second, and each probe is silent.
    let mut silent_at = u64::MAX;
    while now < 3_600_000 {
        now += 1_000;
        if now == silent_at {
            breaker.fall_silent(at(start, now));
            assert_eq!(breaker.state(), BreakerState::Open);
        }
        if breaker.enter(at(start, now)) {
            probes += 1;
            silent_at = now + 30_000;
        }
    }
    assert!((24..=28).contains(&probes), "{probes} of 3,600 customers");
    breaker.succeed(at(start, now));
    assert!(breaker.is_untroubled());
}

/// A generator that is the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % sides
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_it_keeps_its_word() {
    let start = Instant::now();
    for seed in 0..2_000 {
        let mut dice = Dice(seed);
        let mut breaker = Breaker::new(start);
        let mut now = 0;
        let (mut failures, mut silences) = (0_u32, 0_u32);
        let mut last_probe: Option<u64> = None;
        for _ in 0..60 {
            now += [1, 500, 5_000, 12_000, 61_000][usize::try_from(dice.roll(5)).unwrap()];
            let before = breaker.state();
            match dice.roll(5) {
                0 => {
                    let may = breaker.enter(at(start, now));
                    assert_eq!(
                        may,
                        before == BreakerState::Closed
                            || (may && breaker.state() == BreakerState::HalfOpen)
                    );
                    if may && before != BreakerState::Closed {
                        let since = last_probe.map_or(u64::MAX, |probe| now - probe);
                        let is_lost = before == BreakerState::HalfOpen;
                        assert!(!is_lost || since >= 30_000, "two probes at once");
                        last_probe = Some(now);
                    }
                }
                1 => {
                    breaker.succeed(at(start, now));
                    if before != BreakerState::Closed {
                        failures = 0;
                    }
                    silences = 0;
                    assert_eq!(breaker.state(), BreakerState::Closed, "it answers");
                }
                trouble => {
                    match trouble {
                        2 => breaker.fail(at(start, now)),
                        3 => breaker.time_out(at(start, now)),
                        _ => breaker.fall_silent(at(start, now)),
                    }
                    failures += u32::from(trouble < 4);
                    silences += [0, 0, 0, 2, 1][usize::try_from(trouble).unwrap()];
                    let opened = breaker.state() == BreakerState::Open;
                    let was_closed = before == BreakerState::Closed;
                    assert!(!(opened && was_closed) || failures >= 5 || silences >= 3);
                    assert!(opened || silences < 3 || !was_closed, "three are enough");
                    assert!(opened || was_closed, "a failure never lets more in");
                }
            }
        }
        // However bad it was, it is tried again within two minutes of silence.
        assert!(breaker.enter(at(start, now + 120_000)));
    }
}
