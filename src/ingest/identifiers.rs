//! Which identifiers an event carries (ID-2, ID-3, ID-8, EV-23).

use std::borrow::Cow;

use super::event::{Claim, Identifier, LeftOut};
use crate::model::{EMAIL, IdentifierSource, IdentityRules, SourceRoot, USER_ID, check_type, matched};
use crate::value::{Object, Value};

pub(crate) const ANONYMOUS_ID: &str = "anonymous_id";
const ANDROID_IDFA: &str = "android.idfa";
const IOS_IDFA: &str = "ios.idfa";

/// The parts of an event that are looked into; of an alias, none.
#[derive(Clone, Copy, Default)]
pub(super) struct Parts<'e> {
    /// Those that describe the person.
    pub(super) traits: Option<&'e Object>,
    pub(super) context: Option<&'e Object>,
    pub(super) properties: Option<&'e Object>,
}

impl<'e> Parts<'e> {
    fn device(self) -> Option<&'e Object> {
        self.context?.get("device")?.as_object()
    }

    /// Whether the person lets the advertising id be used. An older page drops the condition, which would identify more.
    fn allows_tracking(self) -> bool {
        self.device().and_then(|device| device.get("adTrackingEnabled")) == Some(&Value::Bool(true))
    }

    /// What stands at a place, if it is a string.
    fn text(self, source: &IdentifierSource) -> Option<&'e str> {
        let root = match source.root {
            SourceRoot::Traits => self.traits,
            SourceRoot::Context => self.context,
            SourceRoot::Properties => self.properties,
        };
        let (last, above) = source.path.split_last()?;
        let object = above.iter().try_fold(root?, |object, key| object.get(key)?.as_object());
        object?.get(last)?.as_str()
    }
}

/// Collects claims, leaving out what is blocked.
pub(super) struct Claims<'r> {
    rules: &'r IdentityRules,
    claims: Vec<Claim>,
    /// The types of the values that are left out.
    blocked: Vec<Cow<'static, str>>,
    left_out: LeftOut,
}

impl<'r> Claims<'r> {
    pub(super) fn new(rules: &'r IdentityRules) -> Self {
        Claims {
            rules,
            claims: Vec::new(),
            blocked: Vec::new(),
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

    /// Whom an alias names as the one that the user was before. It may be a user or a device.
    pub(super) fn previous(&mut self, event: &Object) {
        for kind in [USER_ID, ANONYMOUS_ID] {
            self.add(kind.into(), event.get("previousId"), true);
        }
    }

    /// What else the event says of the person: first at the default places, then at those that the rules add.
    pub(super) fn described(&mut self, parts: Parts<'_>) {
        self.email(parts);
        if let Some(context) = parts.context {
            self.context(context);
        }
        if let Some(device) = parts.device() {
            self.device(device, parts.allows_tracking());
        }
        self.added(parts);
    }

    /// The email: of the traits that describe the person, else of the context's.
    fn email(&mut self, parts: Parts<'_>) {
        let in_context = parts.context.and_then(|c| c.get("traits")).and_then(Value::as_object);
        let found = [parts.traits, in_context].into_iter().flatten().find_map(|traits| {
            let value = traits.get(EMAIL)?;
            value.as_str().map(|_| value)
        });
        self.add(EMAIL.into(), found, false);
    }

    /// What the context says about Google Analytics and other systems.
    fn context(&mut self, context: &Object) {
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

    fn device(&mut self, device: &Object, allows_tracking: bool) {
        let kinds = match device.get("type").and_then(Value::as_str) {
            Some("android") => ["android.id", ANDROID_IDFA, "android.push_token"],
            Some("ios") => ["ios.id", IOS_IDFA, "ios.push_token"],
            _ => return,
        };
        let [id, idfa, push_token] = kinds;
        self.add(id.into(), device.get("id"), false);
        if allows_tracking {
            self.add(idfa.into(), device.get("advertisingId"), false);
        }
        self.add(push_token.into(), device.get("token"), false);
    }

    /// The places that the rules add (ID-3), for the types of which the event has given no string so far: the first that
    /// holds a string counts. A string that is blocked is still the one that was given; a second one in its place could be
    /// somebody else's.
    fn added(&mut self, parts: Parts<'_>) {
        for rule in &self.rules.listed {
            if rule.from.is_empty() || check_type(&rule.kind).is_err() || self.has(&rule.kind) {
                continue;
            }
            let is_idfa = matches!(&*rule.kind, ANDROID_IDFA | IOS_IDFA);
            let open = |source: &&IdentifierSource| parts.allows_tracking() || !(is_idfa || is_advertising_id(source));
            let found = rule.from.iter().filter(open).find_map(|source| parts.text(source));
            if let Some(value) = found {
                self.add_text(rule.kind.to_string().into(), value, false);
            }
        }
    }

    fn has(&self, kind: &str) -> bool {
        let mut kinds = self.claims.iter().map(|claim| &claim.id.kind).chain(&self.blocked);
        kinds.any(|given| given == kind)
    }

    /// An item of `context.externalIds`: all four keys, and a type in lower case (EV-23).
    fn external(&mut self, item: &Value) {
        let text = |key| item.as_object().and_then(|o| o.get(key)).and_then(Value::as_str);
        let parts = (text("type"), text("id"), text("collection"), text("encoding"));
        match parts {
            (Some(_), Some(_), Some("accounts"), Some("none")) => {}
            (Some(kind), Some(id), Some("users"), Some("none")) if check_type(kind).is_ok() => {
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
        if self.rules.is_blocked(&kind, value) {
            self.left_out.blocked += 1;
            self.blocked.push(kind);
            return;
        }
        let value = matched(&kind, value).into();
        let id = Identifier { kind, value };
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

/// Where devices have the id that follows a person across apps.
fn is_advertising_id(source: &IdentifierSource) -> bool {
    source.root == SourceRoot::Context && source.path.iter().map(|key| &**key).eq(["device", "advertisingId"])
}
