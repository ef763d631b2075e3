//! One raw event at every destination of the workspace.

use serde::Serialize;

use super::Engine;
use crate::enforce::{self, Routing};
use crate::ingest::{self, RejectCode};
use crate::value::Value;

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
    /// `messageId` and says something else.
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
        ingest::check(event, self.identity())?;
        let event = event.as_object().ok_or(RejectCode::BadRequest)?;
        let routings = enforce::route(self.program(), event);
        let routed = self.program().destinations.iter().zip(routings);
        let routed = routed.map(|(destination, routing)| Routed {
            destination: &destination.name,
            routing,
        });
        Ok(routed.collect())
    }
}
