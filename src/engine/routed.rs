//! One raw event at every destination of the workspace.

use serde::Serialize;

use super::{Among, Engine};
use crate::enforce::{self, Policy, Routing};
use crate::ingest::{self, Claim, RejectCode};
use crate::model::{Consent, Profile};
use crate::value::{Object, Value};

/// One destination of the workspace, and what becomes of one event there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Routed<'e> {
    /// The destination's name.
    pub destination: &'e str,
    /// What becomes of the event.
    pub routing: Routing,
}

impl Engine {
    /// What becomes of a raw event at each destination, in order of declaration: delivered, or discarded for one reason
    /// (CR-1 to CR-20). Its own consent object and integrations object decide, and no profile; `consent enforcement off` is
    /// about members of audiences and changes nothing here.
    ///
    /// Each event is judged by itself: that it repeats another is not seen, and neither is one that has the same
    /// `messageId` and says something else; a [`router`](Engine::router) sees both.
    ///
    /// ```
    /// use volens::{Engine, value};
    ///
    /// let engine = Engine::from_text(
    ///     "shop.audience",
    ///     r#"
    ///     category Advertising
    ///     destination google_ads requires Advertising
    ///     destination crm requires nothing
    ///     "#,
    /// )?;
    /// let event = value::parse(
    ///     r#"{
    ///         "type": "track", "event": "Order Completed", "userId": "u1",
    ///         "context": {"consent": {"categoryPreferences": {"Advertising": false}}}
    ///     }"#,
    /// )?;
    /// let routed: Vec<String> = engine
    ///     .route(&event)
    ///     .map_err(|code| code.to_string())?
    ///     .iter()
    ///     .map(|routed| format!("{}: {}", routed.destination, routed.routing))
    ///     .collect();
    /// assert_eq!(routed, ["google_ads: discarded: FILTERED_BY_END_USER_CONSENT", "crm: delivered"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Why the event is refused: then it goes nowhere at all.
    pub fn route(&self, event: &Value) -> Result<Vec<Routed<'_>>, RejectCode> {
        self.route_for(event, Policy::Documented)
    }

    /// The same, under a policy: for a host that keeps consent itself and does not let an event without a consent object go
    /// where its person did not agree. [`Among::route`] finds the person.
    ///
    /// ```
    /// use volens::enforce::Policy;
    /// use volens::{ConsentState, Engine, Profile, value};
    ///
    /// let engine = Engine::from_text("shop.audience", "category Advertising  destination google_ads requires Advertising")?;
    /// let order = value::parse(r#"{"type": "track", "event": "Order Completed", "userId": "u1"}"#)?;
    /// let profile = Profile::builder().user_id("u1").consent("Advertising", ConsentState::Denied).build();
    /// let delivered = |policy: Policy<'_>| engine.route_for(&order, policy).map(|routed| routed[0].routing.is_delivered());
    /// assert_eq!(delivered(Policy::Documented), Ok(true));
    /// assert_eq!(delivered(Policy::Strict(&[profile.consent()])), Ok(false));
    /// // Of somebody unknown nothing is granted.
    /// assert_eq!(delivered(Policy::Strict(&[])), Ok(false));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`route`](Engine::route).
    pub fn route_for(&self, event: &Value, policy: Policy<'_>) -> Result<Vec<Routed<'_>>, RejectCode> {
        ingest::check(event, self.identity())?;
        let event = event.as_object().ok_or(RejectCode::BadRequest)?;
        Ok(self.routed(event, policy))
    }

    /// Routes an event that is not refused.
    pub(super) fn routed(&self, event: &Object, policy: Policy<'_>) -> Vec<Routed<'_>> {
        let routings = enforce::route(self.program(), event, policy);
        let routed = self.program().destinations.iter().zip(routings);
        let routed = routed.map(|(destination, routing)| Routed {
            destination: &destination.name,
            routing,
        });
        routed.collect()
    }
}

impl<'e> Among<'e> {
    /// What becomes of a raw event at each destination under the strict policy ([`Policy::Strict`]), by what is stored on
    /// these profiles: an event without a consent object is held to the consent of the person it is about, and of somebody
    /// unknown nothing is granted. An event with a consent object is held to that alone, as by [`Engine::route`].
    ///
    /// The person is the one who has the most important of the event's identifiers. Where others of them are somebody
    /// else's, as with a device that two people share, that one must have agreed, too; and so must everybody whom an alias
    /// names, by its `previousId`, its `anonymousId` or in its context.
    ///
    /// ```
    /// use volens::{Engine, value};
    ///
    /// let engine = Engine::from_text("shop.audience", "category Advertising  destination google_ads requires Advertising")?;
    /// let visit = r#"{"type": "page", "userId": "u1", "context": {"consent": {"categoryPreferences": {"Advertising": true}}}}"#;
    /// let people = engine.ingest(visit.as_bytes(), "2026-06-30".parse()?)?.profiles;
    /// let delivered = |event: &str| {
    ///     let routed = engine.among(&people).route(&value::parse(event).ok()?).ok()?;
    ///     Some(routed[0].routing.is_delivered())
    /// };
    /// assert_eq!(delivered(r#"{"type": "track", "event": "Order Completed", "userId": "u1"}"#), Some(true));
    /// assert_eq!(delivered(r#"{"type": "track", "event": "Order Completed", "userId": "u2"}"#), Some(false));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Why the event is refused: then it goes nowhere at all.
    pub fn route(&self, event: &Value) -> Result<Vec<Routed<'e>>, RejectCode> {
        let claims = ingest::claims(event, self.engine.identity())?;
        let consents = self.consents(&claims, event);
        let event = event.as_object().ok_or(RejectCode::BadRequest)?;
        Ok(self.engine.routed(event, Policy::Strict(&consents)))
    }

    /// The stored consent of everybody whom an event names; of nobody where its person is not known.
    ///
    /// An event that was folded is on the profile of its most important identifier: resolution gives up only less important
    /// ones (ID-11). One that was not folded would come to that profile, if there is one.
    pub(super) fn consents(&self, claims: &[Claim], event: &Value) -> Vec<&'e Consent> {
        let find = |claim: &Claim| self.profiles.find(&claim.id.kind, &claim.id.value);
        let known = most_important(self.engine, claims).is_some_and(|claim| find(claim).is_some());
        if !known {
            return Vec::new();
        }
        let besides = ingest::named_besides(event, self.engine.identity());
        let named = claims.iter().chain(&besides).filter_map(find);
        named.map(Profile::consent).collect()
    }
}

/// The identifier that an event's person is found by before all others.
pub(super) fn most_important<'c>(engine: &Engine, claims: &'c [Claim]) -> Option<&'c Claim> {
    let rank = |claim: &&'c Claim| (engine.identity().rank(&claim.id.kind), &claim.id.value);
    claims.iter().min_by(|a, b| rank(a).cmp(&rank(b)))
}
