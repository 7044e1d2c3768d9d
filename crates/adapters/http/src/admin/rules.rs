use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use vuzo_application::operator::RuleDraft;
use vuzo_domain::id::RuleId;
use vuzo_domain::money::{BasisPoints, Currency, format_scaled};
use vuzo_domain::pattern::ModelPattern;
use vuzo_domain::pricing::{Markup, PricingRule};

use crate::error::{Fault, rules};
use crate::fields::Fields;
use crate::gate::Gate;
use crate::money::dollars;
use crate::page::{created, json, whole_list};
use crate::path;

#[derive(Serialize)]
struct RuleView {
    id: String,
    pattern: String,
    markup_percentage: String,
    fixed_fee: String,
    min_cost: String,
    currency: String,
    priority: i32,
    is_active: bool,
}

impl RuleView {
    fn of(rule: &PricingRule) -> Self {
        let dollars = Currency::USD;
        Self {
            id: rule.id.to_string(),
            pattern: rule.pattern.to_string(),
            markup_percentage: format_scaled(i128::from(rule.markup.percentage.0), 2, 0),
            fixed_fee: dollars.format(rule.markup.fixed_fee),
            min_cost: dollars.format(rule.markup.minimum),
            currency: dollars.to_string(),
            priority: rule.priority,
            is_active: rule.is_active,
        }
    }
}

/// `GET /v1/admin/pricing-rules`, those first that win.
pub(crate) async fn list(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    gate.admin(&request).await?;
    let listed = gate.application.operator.rules().await?;
    Ok(whole_list(listed.iter().map(RuleView::of).collect()))
}

/// `GET /v1/admin/pricing-rules/{id}`.
pub(crate) async fn one(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    gate.admin(&request).await?;
    Ok(json(&RuleView::of(&find(&gate, &request).await?)))
}

/// `POST /v1/admin/pricing-rules`.
pub(crate) async fn create(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let actor = gate.admin(&request).await?;
    let body = gate.body(&request, payload).await?;
    let draft = draft(Fields::parse(&body)?, None)?;
    let operator = &gate.application.operator;
    let rule = operator.save_rule(actor, None, draft).await?;
    Ok(created(&RuleView::of(&rule)))
}

/// `PATCH /v1/admin/pricing-rules/{id}`.
pub(crate) async fn change(
    gate: Data<Gate>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let actor = gate.admin(&request).await?;
    let body = gate.body(&request, payload).await?;
    let known = find(&gate, &request).await?;
    let draft = draft(Fields::parse(&body)?, Some(&known))?;
    let operator = &gate.application.operator;
    let rule = operator.save_rule(actor, Some(known.id), draft).await?;
    Ok(json(&RuleView::of(&rule)))
}

/// `DELETE /v1/admin/pricing-rules/{id}`.
pub(crate) async fn delete(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let actor = gate.admin(&request).await?;
    let id = path::id(&request, rules::RULE_NOT_FOUND)?;
    gate.application.operator.delete_rule(actor, id).await?;
    Ok(HttpResponse::new(StatusCode::NO_CONTENT))
}

async fn find(gate: &Gate, request: &HttpRequest) -> Result<PricingRule, Fault> {
    let id: RuleId = path::id(request, rules::RULE_NOT_FOUND)?;
    let found = gate.application.operator.rule(id).await?;
    found.ok_or_else(|| path::not_found(rules::RULE_NOT_FOUND))
}

/// Reads a rule; what is left out stays as it is known.
fn draft(mut fields: Fields<'_>, known: Option<&PricingRule>) -> Result<RuleDraft, Fault> {
    let expected = "a model pattern such as openai/gpt-4*";
    let pattern = fields.word("pattern", expected, |text| ModelPattern::new(text).ok())?;
    let pattern = pattern.or_else(|| known.map(|rule| rule.pattern.clone()));
    let before = known.map(|rule| rule.markup);
    let percentage = match fields.decimal("markup_percentage")? {
        Some(text) => Some(BasisPoints::parse_percent(&text).ok_or_else(|| {
            let expected = "a percentage from 0 to 100000 with at most two decimals";
            Fault::invalid("markup_percentage", expected)
        })?),
        None => before.map(|markup| markup.percentage),
    };
    let (fixed_fee, minimum) = (
        dollars(&mut fields, "fixed_fee")?,
        dollars(&mut fields, "min_cost")?,
    );
    let base = before.unwrap_or_default();
    let draft = RuleDraft {
        pattern: pattern.ok_or_else(|| fields.missing("pattern"))?,
        markup: Markup {
            percentage: percentage.ok_or_else(|| fields.missing("markup_percentage"))?,
            fixed_fee: fixed_fee.unwrap_or(base.fixed_fee),
            minimum: minimum.unwrap_or(base.minimum),
        },
        priority: fields
            .integer("priority")?
            .or(known.map(|rule| rule.priority))
            .unwrap_or(0),
        is_active: fields
            .flag("is_active")?
            .or(known.map(|rule| rule.is_active))
            .unwrap_or(true),
    };
    fields.word("currency", "USD: fees are in US dollars", |code| {
        code.eq_ignore_ascii_case("USD").then_some(())
    })?;
    fields.finish()?;
    Ok(draft)
}
