//! Which identifiers an event carries (ID-2, ID-3, ID-8, EV-23).

use std::borrow::Cow;

use super::event::{Claim, Identifier, LeftOut};
use crate::model::{EMAIL, IdentifierSource, IdentityRules, SourceRoot, USER_ID, check_type, matched};
use crate::value::{Leaf, Look};

pub(crate) const ANONYMOUS_ID: &str = "anonymous_id";
const ANDROID_IDFA: &str = "android.idfa";
const IOS_IDFA: &str = "ios.idfa";

/// The parts of an event that are looked into; of an alias, none.
#[derive(Clone, Copy)]
pub(super) struct Parts<V> {
    /// Those that describe the person.
    pub(super) traits: Option<V>,
    pub(super) context: Option<V>,
    pub(super) properties: Option<V>,
}

impl<V> Parts<V> {
    /// None of them.
    pub(super) const NONE: Self = Parts {
        traits: None,
        context: None,
        properties: None,
    };
}

impl<'e, V: Look<'e>> Parts<V> {
    fn device(self) -> Option<V> {
        self.context?.get("device")
    }

    /// Whether the person lets the advertising id be used. An older page drops the condition, which would identify more.
    fn allows_tracking(self) -> bool {
        let allowed = self.device().and_then(|device| device.get("adTrackingEnabled"));
        allowed.is_some_and(|allowed| allowed.leaf() == Leaf::Bool(true))
    }

    /// What stands at a place, if it is a string.
    fn text(self, source: &IdentifierSource) -> Option<&'e str> {
        let root = match source.root {
            SourceRoot::Traits => self.traits,
            SourceRoot::Context => self.context,
            SourceRoot::Properties => self.properties,
        };
        let (last, above) = source.path.split_last()?;
        let object = above.iter().try_fold(root?, |object, key| object.get(key));
        object?.get(last)?.text()
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
    pub(super) fn own<'e>(&mut self, event: impl Look<'e>, anonymous: bool) {
        self.add(USER_ID.into(), event.get("userId"), true);
        if anonymous {
            self.add(ANONYMOUS_ID.into(), event.get("anonymousId"), true);
        }
    }

    /// Whom an alias names as the one that the user was before. It may be a user or a device.
    pub(super) fn previous<'e>(&mut self, event: impl Look<'e>) {
        for kind in [USER_ID, ANONYMOUS_ID] {
            self.add(kind.into(), event.get("previousId"), true);
        }
    }

    /// What else the event says of the person: first at the default places, then at those that the rules add.
    pub(super) fn described<'e>(&mut self, parts: Parts<impl Look<'e>>) {
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
    fn email<'e>(&mut self, parts: Parts<impl Look<'e>>) {
        let in_context = parts.context.and_then(|c| c.get("traits"));
        let mut places = [parts.traits, in_context].into_iter().flatten();
        let found = places.find_map(|traits| {
            let value = traits.get(EMAIL)?;
            value.text().map(|_| value)
        });
        self.add(EMAIL.into(), found, false);
    }

    /// What the context says about Google Analytics and other systems.
    fn context<'e>(&mut self, context: impl Look<'e>) {
        let analytics = context.get("integrations").and_then(|i| i.get("Google Analytics"));
        self.add("ga_client_id".into(), analytics.and_then(|a| a.get("clientId")), false);
        let Some(external) = context.get("externalIds").and_then(Look::present) else {
            return;
        };
        match external.items() {
            Some(items) => items.for_each(|item| self.external(item)),
            None => self.left_out.malformed_external += 1,
        }
    }

    fn device<'e>(&mut self, device: impl Look<'e>, allows_tracking: bool) {
        let kinds = match device.get("type").and_then(Look::text) {
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
    fn added<'e>(&mut self, parts: Parts<impl Look<'e>>) {
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
    fn external<'e>(&mut self, item: impl Look<'e>) {
        let text = |key| item.get(key).and_then(Look::text);
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
    fn add<'e>(&mut self, kind: Cow<'static, str>, value: Option<impl Look<'e>>, own: bool) {
        if let Some(value) = value.and_then(Look::text) {
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
