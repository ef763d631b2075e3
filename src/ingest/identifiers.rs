//! Which identifiers an event carries (ID-2, ID-8, EV-23).

use std::borrow::Cow;

use super::event::{Claim, Identifier, LeftOut};
use crate::model::{IdentityRules, matched};
use crate::value::{Object, Value};

pub(super) const USER_ID: &str = "user_id";
pub(super) const ANONYMOUS_ID: &str = "anonymous_id";
const EMAIL: &str = "email";
/// Identifies accounts, never people.
const GROUP_ID: &str = "group_id";

/// Collects claims, leaving out what is blocked.
pub(super) struct Claims<'r> {
    rules: &'r IdentityRules,
    claims: Vec<Claim>,
    left_out: LeftOut,
}

impl<'r> Claims<'r> {
    pub(super) fn new(rules: &'r IdentityRules) -> Self {
        Claims {
            rules,
            claims: Vec::new(),
            left_out: LeftOut::default(),
        }
    }

    /// The call's own `userId` and, but for an alias (ID-26), `anonymousId`.
    pub(super) fn own(&mut self, event: &Object, anonymous: bool) {
        self.add(USER_ID.into(), event.get("userId"), true);
        if anonymous {
            self.add(ANONYMOUS_ID.into(), event.get("anonymousId"), true);
        }
    }

    /// The email: of the traits that describe the person, else of the context's.
    pub(super) fn email(&mut self, traits: Option<&Object>, context: Option<&Object>) {
        let in_context = context.and_then(|c| c.get("traits")).and_then(Value::as_object);
        let found = [traits, in_context].into_iter().flatten().find_map(|traits| {
            let value = traits.get(EMAIL)?;
            value.as_str().map(|_| value)
        });
        self.add(EMAIL.into(), found, false);
    }

    /// What the context says about the device, Google Analytics, and other systems.
    pub(super) fn context(&mut self, context: &Object) {
        if let Some(device) = context.get("device").and_then(Value::as_object) {
            self.device(device);
        }
        let integrations = context.get("integrations").and_then(Value::as_object);
        let analytics = integrations.and_then(|i| i.get("Google Analytics"));
        let client = analytics.and_then(Value::as_object).and_then(|a| a.get("clientId"));
        self.add("ga_client_id".into(), client, false);
        match context.get("externalIds") {
            None | Some(Value::Null) => {}
            Some(Value::List(items)) => items.iter().for_each(|item| self.external(item)),
            Some(_) => self.left_out.malformed_external += 1,
        }
    }

    fn device(&mut self, device: &Object) {
        let kinds = match device.get("type").and_then(Value::as_str) {
            Some("android") => ["android.id", "android.idfa", "android.push_token"],
            Some("ios") => ["ios.id", "ios.idfa", "ios.push_token"],
            _ => return,
        };
        let [id, idfa, push_token] = kinds;
        self.add(id.into(), device.get("id"), false);
        // Only where tracking is allowed: an older page drops the condition, which would identify more.
        if device.get("adTrackingEnabled") == Some(&Value::Bool(true)) {
            self.add(idfa.into(), device.get("advertisingId"), false);
        }
        self.add(push_token.into(), device.get("token"), false);
    }

    /// An item of `context.externalIds`: all four keys, and a type in lower case (EV-23).
    fn external(&mut self, item: &Value) {
        let text = |key| item.as_object().and_then(|o| o.get(key)).and_then(Value::as_str);
        let parts = (text("type"), text("id"), text("collection"), text("encoding"));
        match parts {
            (Some(_), Some(_), Some("accounts"), Some("none")) => {}
            (Some(kind), Some(id), Some("users"), Some("none")) if is_external_kind(kind) => {
                self.add_text(kind.to_owned().into(), id, false);
            }
            _ => self.left_out.malformed_external += 1,
        }
    }

    /// What is not a string is no identifier.
    fn add(&mut self, kind: Cow<'static, str>, value: Option<&Value>, own: bool) {
        if let Some(value) = value.and_then(Value::as_str) {
            self.add_text(kind, value, own);
        }
    }

    fn add_text(&mut self, kind: Cow<'static, str>, value: &str, own: bool) {
        let matched = matched(&kind, value);
        if self.rules.is_blocked(&matched) || self.rules.is_blocked(value) {
            self.left_out.blocked += 1;
            return;
        }
        let id = Identifier {
            kind,
            value: matched.into(),
        };
        self.claims.push(Claim { id, own });
    }

    /// The claims, sorted and each once, and what was left out of them.
    pub(super) fn done(mut self) -> (Vec<Claim>, LeftOut) {
        // The call's own first, so that it is the one that is kept.
        self.claims.sort_by(|a, b| a.id.cmp(&b.id).then(b.own.cmp(&a.own)));
        self.claims.dedup_by(|later, kept| later.id == kept.id);
        (self.claims, self.left_out)
    }
}

/// A type has no upper case (EV-23), and nothing that would make `TYPE:VALUE` ambiguous: two people could else go by one
/// label, and whoever acts on a list of labels would deliver the wrong one.
fn is_external_kind(kind: &str) -> bool {
    let odd = |c: char| c == ':' || c.is_uppercase() || c.is_whitespace() || c.is_control();
    !kind.is_empty() && kind != GROUP_ID && !kind.chars().any(odd)
}
