use core::time::Duration;

use super::Endpoint;
use crate::catalog::{ModelId, ProviderId};
use crate::id::{AccountId, GenerationId, KeyId, RuleId};
use crate::key::Environment;
use crate::money::Units;
use crate::pricing::{Receipt, ServiceTier};
use crate::time::Timestamp;
use crate::usage::Consumption;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallStatus {
    /// The customer has the whole answer.
    Ok,
    /// The request was at fault, or we were.
    Error,
    /// The customer left before the end.
    ClientDisconnected,
    /// The provider did not do its part.
    ProviderFailed,
    /// It was not let in.
    Refused,
}

impl CallStatus {
    /// Every status with its name.
    pub const NAMES: [(Self, &'static str); 5] = [
        (Self::Ok, "ok"),
        (Self::Error, "error"),
        (Self::ClientDisconnected, "client_disconnected"),
        (Self::ProviderFailed, "provider_failed"),
        (Self::Refused, "refused"),
    ];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(status, _)| *status == self)
            .map_or("error", |(_, name)| name)
    }

    /// The status of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(status, _)| *status)
    }
}

/// How one attempt at a provider ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptStatus {
    /// It answered.
    Ok,
    /// It did not.
    Failed,
    /// We gave it up.
    Aborted,
}

impl AttemptStatus {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
        }
    }

    /// The status of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Ok, Self::Failed, Self::Aborted]
            .into_iter()
            .find(|status| status.name() == name)
    }
}

/// One attempt at a provider, failed ones too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Where.
    pub provider: ProviderId,
    /// What the provider calls the model.
    pub model: String,
    /// How it ended.
    pub status: AttemptStatus,
    /// How long it took.
    pub latency: Duration,
    /// What the provider is owed for it.
    pub provider_cost: Units,
    /// What went wrong, for the operator.
    pub fault: Option<String>,
    /// By which of the operator's keys, where it was not the one from the
    /// configuration.
    pub key: Option<String>,
}

/// One call for the usage log, with its receipt. It is written once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// Its id.
    pub id: GenerationId,
    /// Whose.
    pub account: AccountId,
    /// With which key, if it was one.
    pub key: Option<KeyId>,
    /// The key's environment.
    pub environment: Environment,
    /// Which route.
    pub endpoint: Endpoint,
    /// The model that was asked for.
    pub model: String,
    /// The model that answered.
    pub served_model: Option<String>,
    /// Who served it.
    pub provider: ProviderId,
    /// Whether it was streamed.
    pub stream: bool,
    /// How it ended.
    pub status: CallStatus,
    /// What was consumed.
    pub consumption: Consumption,
    /// Whether the consumption is our estimate.
    pub estimated: bool,
    /// The receipt: its total is what the call cost, before any shortfall.
    pub receipt: Receipt,
    /// What the provider is owed, all attempts together.
    pub provider_cost: Units,
    /// The model of the catalogue by whose price it was charged, where that is not the
    /// one that was asked for.
    pub priced_as: Option<ModelId>,
    /// The call whose answer was given again, where no provider was asked.
    pub cached_from: Option<GenerationId>,
    /// The service tier whose prices it was charged by: the one that was served. The
    /// standard one has no name here.
    pub service_tier: Option<ServiceTier>,
    /// The price version that it was charged by.
    pub price_version: u32,
    /// The rule that marked it up.
    pub rule: Option<RuleId>,
    /// What was held for it at the end.
    pub held: Units,
    /// Every attempt, in order.
    pub attempts: Vec<Attempt>,
    /// From the request to the end of the answer.
    pub latency: Duration,
    /// From the request to the first token.
    pub time_to_first_token: Option<Duration>,
    /// What the customer noted on it, as JSON text.
    pub metadata: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
}

/// One call as the usage log has it: with what came of its charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedCall {
    /// The call as it was settled.
    pub record: CallRecord,
    /// What the customer was charged; the rest of the receipt's total is the
    /// operator's loss.
    pub charged: Units,
}
