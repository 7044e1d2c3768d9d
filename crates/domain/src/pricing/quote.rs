use super::{
    Dimension, Exact, Line, LineKind, Markup, PriceVersion, PricingRule, Rate, RateCard, Receipt,
    ServiceTier, select_rule, version_at,
};
use crate::catalog::Model;
use crate::id::RuleId;
use crate::money::{BasisPoints, Currency, Overflow, Units};
use crate::time::Timestamp;
use crate::usage::Consumption;

/// No price can be named for a model: it is refused, never free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no price is set for this model")]
pub struct NotPriced;

/// Where the retail price comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retail {
    /// The price version states it outright.
    Stated,
    /// The cost, marked up by a rule.
    Rule(RuleId, Markup),
}

/// What a call may use at the very most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// An upper bound of its prompt tokens.
    pub most_input: u64,
    /// The limit of completion tokens of one answer.
    pub most_output: u64,
    /// How many answers were asked for.
    pub answers: u32,
    /// Images in the prompt.
    pub images: u64,
    /// Whether the prompt holds audio.
    pub has_audio: bool,
    /// Whether the prompt asks for the one-hour cache.
    pub long_cache: bool,
    /// The service tier that is asked for, beside the standard one.
    pub tier: Option<ServiceTier>,
}

/// The price of a call, frozen at admission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The price version that it was made from.
    pub version: u32,
    /// Where the retail price comes from.
    pub retail: Retail,
    card: RateCard,
    cost: RateCard,
}

impl Quote {
    /// Prices a model at a moment, from its versions and the operator's rules.
    pub fn new<'rules>(
        model: &Model,
        versions: &[PriceVersion],
        rules: impl IntoIterator<Item = &'rules PricingRule>,
        at: Timestamp,
    ) -> Result<Self, NotPriced> {
        let version = version_at(versions, at).ok_or(NotPriced)?;
        let (card, retail) = if let Some(stated) = &version.retail {
            (stated.clone(), Retail::Stated)
        } else {
            let qualified = model.qualified_name();
            let rule = select_rule(rules, &[model.id.as_str(), &qualified]).ok_or(NotPriced)?;
            (version.cost.clone(), Retail::Rule(rule.id, rule.markup))
        };
        Ok(Self {
            version: version.number,
            retail,
            card,
            cost: version.cost.clone(),
        })
    }

    /// The currency that it is priced in.
    pub const fn currency(&self) -> Currency {
        self.card.currency()
    }

    /// The rule that marked it up, if one did.
    pub const fn rule(&self) -> Option<RuleId> {
        match self.retail {
            Retail::Stated => None,
            Retail::Rule(id, _) => Some(id),
        }
    }

    const fn markup(&self) -> Markup {
        match self.retail {
            Retail::Stated => Markup {
                percentage: BasisPoints(0),
                fixed_fee: Units::ZERO,
                minimum: Units::ZERO,
            },
            Retail::Rule(_, markup) => markup,
        }
    }

    /// Whether a service tier can be bought: its price is known, and what it costs the
    /// operator is, too. A retail price that is stated outright without the tier does not
    /// sell it.
    pub fn sells(&self, tier: ServiceTier) -> bool {
        let is_stated = |card: &RateCard| card.of_tier(Some(tier)).is_some();
        is_stated(&self.card) && is_stated(&self.cost)
    }

    /// The service tiers that can be bought, beside the standard one.
    pub fn tiers_sold(&self) -> impl Iterator<Item = ServiceTier> + '_ {
        let stated = self.card.service_tiers().iter().map(|one| one.tier);
        stated.filter(|tier| self.sells(*tier))
    }

    /// The retail prices of a service tier, or else the standard ones.
    fn retail_card(&self, tier: Option<ServiceTier>) -> &RateCard {
        self.card.of_tier(tier).unwrap_or(&self.card)
    }

    /// Turns the real consumption into the customer's receipt: every count at its
    /// rate, the fees of the rule, rounded up once.
    pub fn meter(&self, consumed: &Consumption) -> Result<Receipt, Overflow> {
        self.meter_in(None, consumed)
    }

    /// The same at the rates of a service tier. One without a price is the standard one.
    pub fn meter_in(
        &self,
        tier: Option<ServiceTier>,
        consumed: &Consumption,
    ) -> Result<Receipt, Overflow> {
        let consumed = consumed.checked()?;
        let markup = self.markup();
        let mut lines = usage_lines(self.retail_card(tier), &consumed, markup.percentage)?;
        if markup.fixed_fee.is_positive() {
            lines.push(Line::plain(
                LineKind::FixedFee,
                Exact::from_units(markup.fixed_fee),
            ));
        }
        let sum = lines
            .iter()
            .try_fold(Exact::default(), |sum, line| sum.plus(line.cost))?;
        let least = Exact::from_units(markup.minimum);
        if sum < least {
            lines.push(Line::plain(LineKind::Minimum, least.minus(sum)?));
        }
        Receipt::close(self.currency(), lines)
    }

    /// What the provider is owed for the same consumption.
    pub fn provider_cost(&self, consumed: &Consumption) -> Result<Units, Overflow> {
        self.provider_cost_in(None, consumed)
    }

    /// The same at what the provider takes for a service tier, where that is known.
    pub fn provider_cost_in(
        &self,
        tier: Option<ServiceTier>,
        consumed: &Consumption,
    ) -> Result<Units, Overflow> {
        let card = self.cost.of_tier(tier).unwrap_or(&self.cost);
        let lines = usage_lines(card, &consumed.checked()?, BasisPoints::default())?;
        Ok(Receipt::close(card.currency(), lines)?.total)
    }

    /// The most that a call can come to. A provider may serve another service tier than
    /// was asked for, down to the standard one, and either may be the dearer.
    pub fn worst_case(&self, demand: &Demand) -> Result<Units, Overflow> {
        let output = demand
            .most_output
            .checked_mul(u64::from(demand.answers))
            .ok_or(Overflow)?;
        self.bound(demand, output)
    }

    /// The largest output limit for which [`Quote::worst_case`] stays within
    /// `available`; `None` if not even the prompt fits.
    pub fn affordable_output(
        &self,
        demand: &Demand,
        available: Units,
    ) -> Result<Option<u64>, Overflow> {
        let fits = |limit: u64| {
            self.worst_case(&Demand {
                most_output: limit,
                ..*demand
            })
            .map(|cost| cost <= available)
        };
        if fits(demand.most_output)? {
            return Ok(Some(demand.most_output));
        }
        if !fits(0)? {
            return Ok(None);
        }
        let (mut low, mut high) = (0_u64, demand.most_output);
        while high.saturating_sub(low) > 1 {
            let middle = low.midpoint(high);
            if fits(middle)? {
                low = middle;
            } else {
                high = middle;
            }
        }
        Ok(Some(low))
    }

    fn bound(&self, demand: &Demand, output: u64) -> Result<Units, Overflow> {
        let standard = self.bound_by(&self.card, demand, output)?;
        match demand.tier {
            None => Ok(standard),
            tier => {
                let asked = self.bound_by(self.retail_card(tier), demand, output)?;
                Ok(standard.max(asked))
            }
        }
    }

    fn bound_by(&self, card: &RateCard, demand: &Demand, output: u64) -> Result<Units, Overflow> {
        let markup = self.markup();
        let dearest = |dimension| card.dearest(dimension, demand.most_input);
        let mut input = dearest(Dimension::Input)
            .max(dearest(Dimension::CacheRead))
            .max(dearest(Dimension::CacheWrite));
        if demand.has_audio {
            input = input.max(dearest(Dimension::AudioInput));
        }
        if demand.long_cache {
            input = input.max(dearest(Dimension::CacheWriteLong));
        }
        let completion = dearest(Dimension::Output).max(dearest(Dimension::Reasoning));
        let price = |quantity: u64, rate: Rate, dimension: Dimension| {
            Exact::of(quantity, rate, dimension.per(), markup.percentage)
        };
        let sum = price(demand.most_input, input, Dimension::Input)?
            .plus(price(output, completion, Dimension::Output)?)?
            .plus(price(
                demand.images,
                dearest(Dimension::Image),
                Dimension::Image,
            )?)?
            .plus(price(1, dearest(Dimension::Request), Dimension::Request)?)?
            .plus(Exact::from_units(markup.fixed_fee))?;
        sum.max(Exact::from_units(markup.minimum)).round_up()
    }

    /// The retail price of a dimension below every tier, marked up, as a decimal
    /// string; `None` where it is not sold separately.
    pub fn shown_price(&self, dimension: Dimension) -> Option<String> {
        self.shown_price_in(None, dimension)
    }

    /// The same of a service tier; `None` where the tier is not sold.
    pub fn shown_price_in(
        &self,
        tier: Option<ServiceTier>,
        dimension: Dimension,
    ) -> Option<String> {
        let rate = self.card.of_tier(tier)?.stated(dimension)?;
        let marked = Exact::of(
            dimension.per(),
            rate,
            dimension.per(),
            self.markup().percentage,
        )
        .ok()?;
        Some(marked.format(self.currency()))
    }
}

fn usage_lines(
    card: &RateCard,
    consumed: &Consumption,
    markup: BasisPoints,
) -> Result<Vec<Line>, Overflow> {
    let prompt = consumed.prompt_tokens();
    let mut lines = Vec::with_capacity(4);
    for dimension in Dimension::ALL {
        let quantity = match dimension {
            Dimension::Input => consumed.input,
            Dimension::CacheRead => consumed.cache_read,
            Dimension::CacheWrite => consumed.cache_write,
            Dimension::CacheWriteLong => consumed.cache_write_long,
            Dimension::AudioInput => consumed.audio_input,
            Dimension::Output => consumed.output,
            Dimension::Reasoning => consumed.reasoning,
            Dimension::Image => consumed.images,
            Dimension::Request => 1,
        };
        let unit_price = card.rate(dimension, prompt);
        let is_piece = dimension.per() == 1;
        if quantity == 0 || (is_piece && unit_price == Rate::default()) {
            continue;
        }
        let per = dimension.per();
        let cost = Exact::of(quantity, unit_price, per, markup)?;
        lines.push(Line {
            kind: LineKind::Usage(dimension),
            quantity,
            unit_price,
            per,
            markup,
            cost,
        });
    }
    Ok(lines)
}
