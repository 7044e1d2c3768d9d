//! The catalogue as `GET /v1/models` shows it.

use std::collections::BTreeMap;

use serde::Serialize;

/// The list; it has no pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelList {
    /// Always `list`.
    pub object: ListTag,
    /// The models.
    pub data: Vec<Model>,
}

impl ModelList {
    /// Lists these models.
    pub fn new(data: Vec<Model>) -> Self {
        Self {
            object: ListTag::List,
            data,
        }
    }
}

/// One model, in the list or alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Model {
    /// The id that requests name; it may hold `/` and `:`.
    pub id: String,
    /// Always `model`.
    pub object: ModelTag,
    /// Seconds since 1970.
    pub created: u64,
    /// The provider.
    pub owned_by: String,
    /// Tokens that prompt and answer share.
    pub context_length: Option<u32>,
    /// The longest answer in tokens.
    pub max_output_tokens: Option<u32>,
    /// Retail prices, if the model can be bought.
    pub pricing: Option<Pricing>,
    /// What it can do, such as `tools` or `vision`.
    pub capabilities: Vec<String>,
}

/// Retail prices: `input`, `output`, `cache_read`, `cache_write` and so on, then unit and currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pricing {
    /// Price by kind, as decimal text.
    #[serde(flatten)]
    pub rates: BTreeMap<String, String>,
    /// What the rates are for, `1M tokens`.
    pub unit: String,
    /// The currency's code.
    pub currency: String,
}

/// The word `list`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ListTag {
    /// The only value.
    #[default]
    List,
}

/// The word `model`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelTag {
    /// The only value.
    #[default]
    Model,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_with_prices() {
        let list = ModelList::new(vec![Model {
            id: "openai/gpt-4o".into(),
            object: ModelTag::Model,
            created: 1_715_367_049,
            owned_by: "openai".into(),
            context_length: Some(128_000),
            max_output_tokens: None,
            pricing: Some(Pricing {
                rates: BTreeMap::from([
                    ("input".into(), "2.5".into()),
                    ("output".into(), "10".into()),
                ]),
                unit: "1M tokens".into(),
                currency: "USD".into(),
            }),
            capabilities: vec!["tools".into()],
        }]);
        assert_eq!(
            serde_json::to_string(&list).unwrap(),
            concat!(
                r#"{"object":"list","data":[{"id":"openai/gpt-4o","object":"model","created":1715367049,"owned_by":"openai","#,
                r#""context_length":128000,"max_output_tokens":null,"#,
                r#""pricing":{"input":"2.5","output":"10","unit":"1M tokens","currency":"USD"},"capabilities":["tools"]}]}"#
            )
        );
    }
}
