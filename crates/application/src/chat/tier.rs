use vuzo_domain::chat::UsageReport;
use vuzo_domain::money::Overflow;
use vuzo_domain::pricing::{Receipt, ServedTier, ServiceTier};
use vuzo_domain::usage::Consumption;

use super::engine::Engine;
use super::hold::Held;
use super::route::Candidate;
use super::tally::Tally;

/// The service tier that was served, as far as it can be charged by.
enum Served {
    /// The standard one, or one that is sold.
    Sold(Option<ServiceTier>),
    /// One without a price.
    Unpriced,
}

impl Candidate {
    /// The service tier that it was asked for.
    fn asked_tier(&self) -> Option<ServiceTier> {
        self.demand.tier
    }

    /// Whoever does not say what was served has served what was asked for.
    fn served(&self, report: &UsageReport) -> Served {
        match &report.served_tier {
            None => Served::Sold(self.asked_tier()),
            Some(ServedTier::Standard) => Served::Sold(None),
            Some(ServedTier::Tier(tier)) if self.quote.sells(*tier) => Served::Sold(Some(*tier)),
            Some(ServedTier::Tier(_) | ServedTier::Unknown(_)) => Served::Unpriced,
        }
    }

    /// The service tier that goes on record of a call that costs nothing.
    pub(super) fn recorded_tier(&self, report: &UsageReport) -> Option<ServiceTier> {
        match self.served(report) {
            Served::Sold(tier) => tier,
            Served::Unpriced => self.asked_tier(),
        }
    }

    /// The service tier that a provider takes its money for, whether it is sold or not.
    pub(super) fn owed_tier(&self, report: &UsageReport) -> Option<ServiceTier> {
        match &report.served_tier {
            None | Some(ServedTier::Unknown(_)) => self.asked_tier(),
            Some(ServedTier::Standard) => None,
            Some(ServedTier::Tier(tier)) => Some(*tier),
        }
    }
}

impl Engine {
    /// Prices what was consumed by the service tier that was served, and says which that
    /// is. A tier without a price is charged as the one that was asked for; so is one that
    /// nobody asked for, where it would make the call dearer: the customer agreed to the
    /// tier asked for and to the standard one, and to nothing else.
    pub(super) fn meter(
        &self,
        held: &Held,
        report: &UsageReport,
        consumed: &Consumption,
    ) -> Result<(Option<ServiceTier>, Receipt), Overflow> {
        let chosen = held.quoted.chosen();
        let (quote, asked) = (&chosen.quote, chosen.asked_tier());
        let tier = match chosen.served(report) {
            Served::Sold(tier) => tier,
            Served::Unpriced => {
                self.note_odd_tier(held, report);
                asked
            }
        };
        let receipt = quote.meter_in(tier, consumed)?;
        if tier.is_none() || tier == asked {
            return Ok((tier, receipt));
        }
        let agreed = quote.meter_in(asked, consumed)?;
        if agreed.total >= receipt.total {
            return Ok((tier, receipt));
        }
        self.note_odd_tier(held, report);
        Ok((asked, agreed))
    }

    fn note_odd_tier(&self, held: &Held, report: &UsageReport) {
        let chosen = held.quoted.chosen();
        let name = |tier: Option<ServiceTier>| tier.map_or(ServedTier::DEFAULT, ServiceTier::name);
        Tally::add(&self.tally.unpriced_tiers);
        tracing::warn!(
            call = %held.quoted.call.id,
            provider = %chosen.provider_id,
            model = chosen.upstream_model,
            served = report.served_tier.as_ref().map(ServedTier::name),
            charged = name(chosen.asked_tier()),
            "a provider served a service tier that has no price, or that nobody asked for"
        );
    }
}
