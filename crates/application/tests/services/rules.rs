use vuzo_application::operator::{OperatorError, RuleDraft};
use vuzo_domain::id::RuleId;
use vuzo_domain::money::{BasisPoints, Units};
use vuzo_domain::pattern::ModelPattern;
use vuzo_domain::port::{Actor, Change};
use vuzo_domain::pricing::Markup;

use crate::bench::Bench;

/// What is wrong, and what makes it so.
type Row = (&'static str, fn(&mut Markup));

fn draft(pattern: &str, priority: i32) -> RuleDraft {
    RuleDraft {
        pattern: ModelPattern::new(pattern).unwrap(),
        markup: Markup {
            percentage: BasisPoints(2_050),
            fixed_fee: Units(1_000),
            minimum: Units::ZERO,
        },
        priority,
        is_active: true,
    }
}

#[tokio::test]
async fn a_rule_is_made_changed_and_taken_away() {
    let bench = Bench::new().await;
    let operator = &bench.app.operator;
    let made = operator.save_rule(Actor::AdminKey, None, draft("gpt-*", 1));
    let made = made.await.unwrap();
    assert_eq!(operator.rule(made.id).await.unwrap().as_ref(), Some(&made));
    let changed = operator.save_rule(Actor::AdminKey, Some(made.id), draft("*", -2));
    let changed = changed.await.unwrap();
    assert_eq!((changed.id, changed.priority), (made.id, -2));
    assert_eq!(operator.rules().await.unwrap(), vec![changed]);
    operator
        .delete_rule(Actor::AdminKey, made.id)
        .await
        .unwrap();
    assert_eq!(operator.rules().await.unwrap(), vec![]);
    assert_eq!(bench.told.take(), [Change::Catalog; 3]);
    let audit = bench.audit().await;
    let actions: Vec<_> = audit.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["rule.delete", "rule.update", "rule.create"]);
    assert_eq!(
        audit[2].detail,
        r#"{"pattern":"gpt-*","markup_basis_points":2050,"fixed_fee":"0.000001","min_cost":"0.00","priority":1,"is_active":true}"#
    );
}

#[tokio::test]
async fn rules_are_listed_in_the_order_of_winning() {
    let bench = Bench::new().await;
    let operator = &bench.app.operator;
    for (pattern, priority) in [("*", 0), ("gpt-4*", 0), ("*", 5), ("gpt-*", 0)] {
        let made = operator.save_rule(Actor::AdminKey, None, draft(pattern, priority));
        made.await.unwrap();
    }
    let rules = operator.rules().await.unwrap();
    let order: Vec<_> = rules
        .iter()
        .map(|rule| (rule.pattern.as_str(), rule.priority))
        .collect();
    assert_eq!(order, [("*", 5), ("gpt-4*", 0), ("gpt-*", 0), ("*", 0)]);
}

#[tokio::test]
async fn a_rule_that_makes_no_sense_is_refused() {
    let bench = Bench::new().await;
    let operator = &bench.app.operator;
    let bad: [Row; 3] = [
        ("markup_percentage", |markup| {
            markup.percentage = BasisPoints(BasisPoints::MAX.0 + 1);
        }),
        ("fixed_fee", |markup| markup.fixed_fee = Units(-1)),
        ("min_cost", |markup| markup.minimum = Units(-1)),
    ];
    for (expected, change) in bad {
        let mut wanted = draft("*", 0);
        change(&mut wanted.markup);
        let error = operator.save_rule(Actor::AdminKey, None, wanted).await;
        let error = error.unwrap_err();
        let is_named = matches!(error, OperatorError::Invalid { field, .. } if field == expected);
        assert!(is_named, "{expected}: {error}");
    }
    let unknown = RuleId::from_uuid(bench.ports.ids.uuid());
    let changed = operator.save_rule(Actor::AdminKey, Some(unknown), draft("*", 0));
    let deleted = operator.delete_rule(Actor::AdminKey, unknown);
    for error in [changed.await.unwrap_err(), deleted.await.unwrap_err()] {
        assert!(matches!(
            error,
            OperatorError::NotFound {
                what: "pricing rule"
            }
        ));
    }
    assert_eq!(operator.rules().await.unwrap(), vec![]);
    assert_eq!((bench.audit().await, bench.told.take()), (vec![], vec![]));
}
