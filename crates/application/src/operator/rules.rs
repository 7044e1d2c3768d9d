use vuzo_domain::id::RuleId;
use vuzo_domain::money::{BasisPoints, Currency, Units};
use vuzo_domain::pattern::ModelPattern;
use vuzo_domain::port::{Actor, Change, RuleWrite, Unavailable};
use vuzo_domain::pricing::{Markup, PricingRule};

use super::detail::Detail;
use super::{Operator, OperatorError};

/// A pricing rule as the operator wants it. Fees are in US dollars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleDraft {
    /// Which models it is for.
    pub pattern: ModelPattern,
    /// What it adds.
    pub markup: Markup,
    /// The highest wins.
    pub priority: i32,
    /// Whether it takes part.
    pub is_active: bool,
}

const NO_RULE: OperatorError = OperatorError::NotFound {
    what: "pricing rule",
};

impl Operator {
    /// All pricing rules, those first that win.
    pub async fn rules(&self) -> Result<Vec<PricingRule>, Unavailable> {
        let mut rules = self.catalog.load_catalog().await?.rules;
        rules.sort_by_key(|rule| {
            let weight = (rule.priority, rule.pattern.specificity());
            (core::cmp::Reverse(weight), rule.id)
        });
        Ok(rules)
    }

    /// One pricing rule.
    pub async fn rule(&self, id: RuleId) -> Result<Option<PricingRule>, Unavailable> {
        let rules = self.catalog.load_catalog().await?.rules;
        Ok(rules.into_iter().find(|rule| rule.id == id))
    }

    /// Makes a rule, or with an id changes one.
    pub async fn save_rule(
        &self,
        actor: Actor,
        id: Option<RuleId>,
        draft: RuleDraft,
    ) -> Result<PricingRule, OperatorError> {
        check_markup(&draft.markup)?;
        let action = match id {
            Some(known) if self.rule(known).await?.is_none() => return Err(NO_RULE),
            Some(_) => "rule.update",
            None => "rule.create",
        };
        let rule = PricingRule {
            id: id.unwrap_or_else(|| RuleId::from_uuid(self.ids.uuid())),
            pattern: draft.pattern,
            markup: draft.markup,
            priority: draft.priority,
            is_active: draft.is_active,
        };
        let write = RuleWrite {
            id: rule.id,
            rule: Some(rule.clone()),
            audit: self.entry(rule_detail(&rule), actor, action, &rule.id),
        };
        self.catalog.save_rule(write).await?;
        self.announcer.tell(Change::Catalog).await;
        Ok(rule)
    }

    /// Takes a rule away.
    pub async fn delete_rule(&self, actor: Actor, id: RuleId) -> Result<(), OperatorError> {
        let known = self.rule(id).await?.ok_or(NO_RULE)?;
        let write = RuleWrite {
            id,
            rule: None,
            audit: self.entry(rule_detail(&known), actor, "rule.delete", &id),
        };
        let was_there = self.catalog.save_rule(write).await?;
        self.announcer.tell(Change::Catalog).await;
        if was_there { Ok(()) } else { Err(NO_RULE) }
    }
}

fn check_markup(markup: &Markup) -> Result<(), OperatorError> {
    let Markup {
        percentage,
        fixed_fee,
        minimum,
    } = markup;
    if *percentage > BasisPoints::MAX {
        let why = "must be at most 100000";
        return Err(OperatorError::invalid("markup_percentage", why));
    }
    for (field, fee) in [("fixed_fee", fixed_fee), ("min_cost", minimum)] {
        if *fee < Units::ZERO {
            return Err(OperatorError::invalid(field, "must not be negative"));
        }
    }
    Ok(())
}

fn rule_detail(rule: &PricingRule) -> Detail {
    Detail::new()
        .text("pattern", rule.pattern.as_str())
        .number("markup_basis_points", rule.markup.percentage.0)
        .amount("fixed_fee", rule.markup.fixed_fee, Currency::USD)
        .amount("min_cost", rule.markup.minimum, Currency::USD)
        .number("priority", rule.priority)
        .flag("is_active", rule.is_active)
}
