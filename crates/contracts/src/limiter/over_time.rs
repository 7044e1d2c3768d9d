use core::time::Duration;

use vuzo_domain::limit::{Limits, RateWindow};

use super::{Gate, calls, places, tokens};

/// Bursts at odd moments, many of them at the edges of minutes: no sixty seconds ever
/// see more than sixty calls, and the gate does not stay shut.
pub async fn no_span_of_a_window_holds_more_than_its_limit(gate: &Gate) {
    let scopes = [(gate.key(), calls(60))];
    let mut admitted = Vec::new();
    for step in 0..2_000_u64 {
        let pause = [130, 7, 980, 3, 59_990, 40][usize::try_from(step % 6).unwrap()];
        gate.pass(Duration::from_millis(pause * (1 + step % 3) / 2));
        for _ in 0..=(step % 40) {
            let call = gate.call(0, &scopes);
            if gate.admit(&call).await.is_ok() {
                admitted.push(call.at);
            }
        }
    }
    let minute = Duration::from_secs(60);
    let mut first = 0;
    for (last, at) in admitted.iter().enumerate() {
        while admitted[first].after(minute) <= *at {
            first += 1;
        }
        assert!(
            last - first < 60,
            "more than 60 within a minute before {at}"
        );
    }
    assert!(admitted.len() > 5_000, "{} got in", admitted.len());
}

/// Who waits as long as they were told, and nobody else comes, gets in.
pub async fn waiting_as_told_is_enough(gate: &Gate) {
    let limits = Limits {
        requests_per_minute: Some(5),
        requests_per_hour: Some(8),
        tokens_per_minute: Some(300),
        ..Limits::default()
    };
    let scopes = [(gate.account(), calls(6)), (gate.key(), limits)];
    for _ in 0..40 {
        gate.pass(Duration::from_millis(700));
        let call = gate.call(90, &scopes);
        if let Err(refusal) = gate.admit(&call).await {
            gate.pass(refusal.retry_after);
            let again = gate.call(90, &scopes);
            let admitted = gate.admit(&again).await;
            assert!(admitted.is_ok(), "after {refusal:?} comes {admitted:?}");
        }
    }
}

/// Minutes, hours and days: full at once, full until the end, and then free again.
pub async fn every_length_of_window_slides(gate: &Gate) {
    for window in [RateWindow::Minute, RateWindow::Hour, RateWindow::Day] {
        let mut limits = Limits::default();
        let limit = match window {
            RateWindow::Minute => &mut limits.requests_per_minute,
            RateWindow::Hour => &mut limits.requests_per_hour,
            RateWindow::Day => &mut limits.requests_per_day,
        };
        *limit = Some(4);
        let scopes = [(gate.key(), limits)];
        assert_eq!(gate.room(0, &scopes).await, 4);
        gate.pass(Duration::from_secs(window.secs() - 1));
        assert_eq!(gate.room(0, &scopes).await, 0, "{window:?}");
        gate.pass(Duration::from_secs(1 + window.slot_secs()));
        assert_eq!(gate.room(0, &scopes).await, 4, "{window:?}");
    }
}

/// A caller that vanished does not keep its place for ever.
pub async fn a_place_that_is_never_given_back_lapses(gate: &Gate) {
    let scopes = [(gate.key(), places(2))];
    assert_eq!(gate.room(0, &scopes).await, 2);
    gate.pass(Duration::from_secs(600));
    assert_eq!(gate.room(0, &scopes).await, 0, "long calls keep theirs");
    gate.pass(Duration::from_secs(3_600));
    assert_eq!(gate.room(0, &scopes).await, 2);
}

/// Corrected or not, tokens leave their window in time.
pub async fn tokens_leave_their_window(gate: &Gate) {
    let scopes = [(gate.key(), tokens(100))];
    let first = gate.call(40, &scopes);
    gate.admit(&first).await.unwrap();
    gate.pass(Duration::from_secs(30));
    gate.leave(&first, 70).await;
    assert!(gate.admit(&gate.call(31, &scopes)).await.is_err());
    gate.admit(&gate.call(30, &scopes)).await.unwrap();
    gate.pass(Duration::from_secs(62));
    assert_eq!(gate.room(100, &scopes).await, 1);
}
