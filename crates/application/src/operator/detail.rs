use core::fmt::{Display, Write};

use vuzo_domain::id::AuditId;
use vuzo_domain::limit::Limits;
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{Actor, AuditEntry, IdGen};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::Cap;

/// What an audit entry says about how something was done: one JSON object, written
/// here because nothing else in this crate speaks JSON.
#[derive(Debug, Default)]
pub(crate) struct Detail {
    members: String,
}

impl Detail {
    /// An object without members.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The same object with a string.
    pub(crate) fn text(mut self, name: &str, value: &str) -> Self {
        self.name(name);
        push_string(&mut self.members, value);
        self
    }

    /// The same object with an integer.
    pub(crate) fn number(mut self, name: &str, value: impl Into<i128>) -> Self {
        self.name(name);
        // Writing to a string does not fail.
        let _written = write!(self.members, "{}", value.into());
        self
    }

    /// The same object with a truth value.
    pub(crate) fn flag(mut self, name: &str, value: bool) -> Self {
        self.name(name);
        self.members.push_str(if value { "true" } else { "false" });
        self
    }

    /// The same object with something that is not there.
    pub(crate) fn nothing(mut self, name: &str) -> Self {
        self.name(name);
        self.members.push_str("null");
        self
    }

    /// The same object with a list of strings.
    pub(crate) fn texts(
        mut self,
        name: &str,
        values: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Self {
        self.name(name);
        self.list(values, |members, value| {
            push_string(members, value.as_ref());
        });
        self
    }

    /// The same object with another inside.
    pub(crate) fn object(mut self, name: &str, value: &Self) -> Self {
        self.name(name);
        self.members.push_str(&value.json());
        self
    }

    /// The same object with a list of others.
    pub(crate) fn objects(mut self, name: &str, values: impl IntoIterator<Item = Self>) -> Self {
        self.name(name);
        self.list(values, |members, value| members.push_str(&value.json()));
        self
    }

    /// The same object with an amount of money as a decimal string.
    pub(crate) fn amount(self, name: &str, amount: Units, currency: Currency) -> Self {
        self.text(name, &currency.format(amount))
    }

    /// The text of the object.
    pub(crate) fn json(&self) -> String {
        format!("{{{}}}", self.members)
    }

    /// The audit entry that it is the detail of.
    pub(crate) fn entry(
        self,
        ids: &dyn IdGen,
        actor: Actor,
        action: &'static str,
        target: &dyn Display,
        at: Timestamp,
    ) -> AuditEntry {
        AuditEntry {
            id: AuditId::from_uuid(ids.uuid()),
            actor,
            action: action.to_owned(),
            target: target.to_string(),
            detail: self.json(),
            at,
        }
    }

    fn name(&mut self, name: &str) {
        if !self.members.is_empty() {
            self.members.push(',');
        }
        push_string(&mut self.members, name);
        self.members.push(':');
    }

    fn list<T>(
        &mut self,
        values: impl IntoIterator<Item = T>,
        mut push: impl FnMut(&mut String, T),
    ) {
        self.members.push('[');
        for (position, value) in values.into_iter().enumerate() {
            if position > 0 {
                self.members.push(',');
            }
            push(&mut self.members, value);
        }
        self.members.push(']');
    }
}

/// Limits by their names on the wire, those that are set.
pub(crate) fn limits_detail(limits: &Limits) -> Detail {
    let set = [
        ("requests_per_minute", limits.requests_per_minute),
        ("requests_per_hour", limits.requests_per_hour),
        ("requests_per_day", limits.requests_per_day),
        ("tokens_per_minute", limits.tokens_per_minute),
        ("tokens_per_hour", limits.tokens_per_hour),
        ("tokens_per_day", limits.tokens_per_day),
        ("max_tokens_per_request", limits.max_tokens_per_request),
        ("max_concurrency", limits.max_concurrency),
    ];
    set.into_iter()
        .filter_map(|(name, limit)| Some((name, limit?)))
        .fold(Detail::new(), |detail, (name, limit)| {
            detail.number(name, limit)
        })
}

/// A spending cap.
pub(crate) fn cap_detail(cap: &Cap) -> Detail {
    Detail::new()
        .text("window", cap.window.name())
        .amount("amount", cap.limit, Currency::USD)
        .text("currency", Currency::USD.code())
}

fn push_string(out: &mut String, value: &str) {
    out.push('"');
    for character in value.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                // Writing to a string does not fail.
                let _written = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_written_as_json() {
        let inside = Detail::new().number("n", i64::MIN);
        let detail = Detail::new()
            .text("a", "b")
            .number("max", u64::MAX)
            .flag("yes", true)
            .flag("no", false)
            .nothing("none")
            .texts("list", ["x", "y"])
            .texts("empty", Vec::<String>::new())
            .object("inside", &inside)
            .objects("many", [Detail::new(), Detail::new().flag("z", true)])
            .amount("cost", Units(-1_500_000_000), Currency::USD);
        assert_eq!(
            detail.json(),
            r#"{"a":"b","max":18446744073709551615,"yes":true,"no":false,"none":null,"list":["x","y"],"empty":[],"inside":{"n":-9223372036854775808},"many":[{},{"z":true}],"cost":"-1.50"}"#
        );
        assert_eq!(Detail::new().json(), "{}");
    }

    #[test]
    fn what_json_cannot_hold_is_escaped() {
        let detail = Detail::new().text("\"k\"", "a\"b\\c\n\r\t\0\u{1f}\u{7f}é😀</script>");
        assert_eq!(
            detail.json(),
            "{\"\\\"k\\\"\":\"a\\\"b\\\\c\\n\\r\\t\\u0000\\u001f\u{7f}é😀</script>\"}"
        );
    }

    #[test]
    fn limits_that_are_not_set_are_left_out() {
        let limits = Limits {
            requests_per_minute: Some(60),
            max_concurrency: Some(0),
            ..Limits::default()
        };
        assert_eq!(
            limits_detail(&limits).json(),
            r#"{"requests_per_minute":60,"max_concurrency":0}"#
        );
    }
}
