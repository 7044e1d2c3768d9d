use crate::id::RuleId;
use crate::money::{BasisPoints, Units};
use crate::pattern::ModelPattern;

/// How a retail price grows out of a cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Markup {
    /// Percentage on every line.
    pub percentage: BasisPoints,
    /// Added once to every call.
    pub fixed_fee: Units,
    /// The least that a call costs.
    pub minimum: Units,
}

/// An operator's rule for the models that fit a pattern. Fees are in US dollars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricingRule {
    /// Its id.
    pub id: RuleId,
    /// Which models it is for.
    pub pattern: ModelPattern,
    /// What it adds.
    pub markup: Markup,
    /// The highest wins.
    pub priority: i32,
    /// Whether it takes part.
    pub is_active: bool,
}

/// The rule for a model known by `names` (its id and its `provider/model` form):
/// the highest priority wins, ties go to the longer pattern, then to the older rule.
pub fn select_rule<'rules>(
    rules: impl IntoIterator<Item = &'rules PricingRule>,
    names: &[&str],
) -> Option<&'rules PricingRule> {
    rules
        .into_iter()
        .filter(|rule| rule.is_active && names.iter().any(|name| rule.pattern.matches(name)))
        .max_by_key(|rule| {
            (
                rule.priority,
                rule.pattern.specificity(),
                core::cmp::Reverse(rule.id),
            )
        })
}
