use bytes::Bytes;
use vuzo_domain::chat::{FaultKind, ProviderFault, UpstreamCall};
use vuzo_wire::chat::{ChatRequest, RequestFault, Rewrite};
use vuzo_wire::talk::chat::without_foreign_seals;

use super::dialect::Habits;

/// The customer's body as it goes to the provider.
pub(super) fn build(call: &UpstreamCall, habits: &Habits) -> Result<Bytes, ProviderFault> {
    let request = parse(&call.envelope.body)?;
    let mut rewrite = Rewrite::new(&request)
        .model(&call.upstream_model)
        .remove(habits.withheld_fields)
        .narrow(habits.is_narrow)
        .include_usage();
    if let Some(word) = habits.tier_word(call.service_tier) {
        rewrite = rewrite.service_tier(word);
    }
    let messages = request.raw("messages");
    if let Some(messages) =
        messages.and_then(|messages| without_foreign_seals(messages, habits.unmarked))
    {
        rewrite = rewrite.set("messages", messages);
    }
    if let Some(limit) = call.output_limit {
        let field = request.limit_field.unwrap_or(habits.limit_field);
        rewrite = rewrite.output_limit_as(field, u32::try_from(limit).unwrap_or(u32::MAX));
    }
    Ok(Bytes::from(rewrite.build()))
}

/// Reads a body that the front door has let in already.
pub(crate) fn parse(body: &[u8]) -> Result<ChatRequest<'_>, ProviderFault> {
    ChatRequest::parse(body).map_err(refused)
}

/// A body that cannot be taken, as the customer's own fault.
pub(crate) fn refused(refusal: RequestFault) -> ProviderFault {
    let kind = FaultKind::BadRequest {
        status: 400,
        param: refusal.param,
        code: refusal.code.map(str::to_owned),
    };
    ProviderFault::new(kind, refusal.message)
}
