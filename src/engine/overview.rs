//! What a run found, arranged as the Delivery Overview.

use super::{AudienceRun, DestinationRun, Engine, Error};
use crate::enforce::{self, Discard, Policy, Routing};
use crate::ingest::Ingested;
use crate::ir;
use crate::overview::{self, AudienceFlow, Destination, EventTally, Flow, Overview, Samples, SentEvent};
use crate::time::Timestamp;
use crate::value::Value;

/// Counts what becomes of accepted events at each destination of the workspace, by what each says itself, as
/// [`Engine::route`] decides it.
///
/// ```
/// use volens::{Engine, Timestamp};
///
/// let engine = Engine::from_text("shop.audience", "category Advertising  destination google_ads requires Advertising")?;
/// let now: Timestamp = "2026-06-30".parse()?;
/// let visit = r#"{"type": "page", "userId": "u1", "context": {"consent": {"categoryPreferences": {"Advertising": false}}}}"#;
/// let mut ingestor = engine.ingestor(now, now);
/// ingestor.read("events", visit.as_bytes())?;
/// let mut flows = engine.event_flows(10);
/// let ingested = ingestor.finish_with(|event| flows.add(event));
/// let mut overview = engine.overview(&ingested, now, 10)?;
/// overview.events.destinations = flows.finish();
/// assert_eq!(overview.events.destinations[0].discards[0].reason, "FILTERED_BY_END_USER_CONSENT");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct EventFlows<'e> {
    engine: &'e Engine,
    tallies: Vec<EventTally>,
}

impl EventFlows<'_> {
    /// Counts an accepted event: one that [`Ingestor::finish_with`](crate::ingest::Ingestor::finish_with) or
    /// [`Space::each_applied`](crate::space::Space::each_applied) hands over.
    pub fn add(&mut self, event: &Value) {
        let Some(event) = event.as_object() else { return };
        let program = self.engine.program();
        let routings = enforce::route(program, event, Policy::Documented);
        let destinations = program.destinations.iter().zip(routings);
        for (tally, (destination, routing)) in self.tallies.iter_mut().zip(destinations) {
            match routing {
                Routing::Delivered(_) => tally.deliver(),
                Routing::Discarded(discard) => {
                    let missing = match discard {
                        Discard::EndUserConsent => enforce::not_granted(program, destination, event),
                        Discard::IntegrationsObject => Vec::new(),
                    };
                    let missing: Vec<&str> = missing.iter().map(|slot| program.category_id(*slot)).collect();
                    tally.discard(discard.as_str(), &missing, event);
                }
            }
        }
    }

    /// What was counted, for [`Events::destinations`](crate::overview::Events::destinations).
    pub fn finish(self) -> Vec<Flow<SentEvent>> {
        self.tallies.into_iter().map(EventTally::finish).collect()
    }
}

impl Engine {
    /// The Delivery Overview of events that were taken in, as of `now`: step by step how many came, how many were left behind
    /// and why, and how many may be delivered. Its numbers are those of [`run`](Engine::run).
    ///
    /// Each reason has up to `samples` examples, ten at most. They name people by the labels of their profiles and are
    /// personal data: with 0 the overview has counts alone.
    ///
    /// ```
    /// use volens::{Engine, Timestamp};
    ///
    /// let engine = Engine::from_text(
    ///     "shop.audience",
    ///     r#"
    ///     category Advertising
    ///     destination google_ads requires Advertising
    ///     audience pros { who trait plan = "pro"  send to google_ads }
    ///     "#,
    /// )?;
    /// let now: Timestamp = "2026-06-30".parse()?;
    /// let events = r#"{"type": "identify", "userId": "u1", "timestamp": "2026-06-01", "traits": {"plan": "pro"}}"#;
    /// let ingested = engine.ingest(events.as_bytes(), now)?;
    /// let overview = engine.overview(&ingested, now, 10)?;
    /// let google_ads = &overview.audiences[0].destinations[0];
    /// assert_eq!((google_ads.entered, google_ads.filtered, google_ads.delivered), (1, 1, 0));
    /// assert_eq!(google_ads.discards[0].reason, "FILTERED_BY_END_USER_CONSENT");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::TooCostly`]
    pub fn overview(&self, ingested: &Ingested, now: Timestamp, samples: usize) -> Result<Overview, Error> {
        let run = self.run(&ingested.profiles, now)?;
        let samples = Samples::at_most(samples);
        let disabled = self.program().categories.iter().filter(|category| !category.enabled);
        let audiences = run
            .audiences
            .iter()
            .map(|audience| self.audience_flow(audience, samples));
        Ok(Overview {
            now,
            enforcement: run.enforcement,
            disabled: disabled.map(|category| category.id.clone()).collect(),
            profiles: run.profiles,
            samples: samples.count(),
            events: overview::ingest(ingested, samples),
            audiences: audiences.collect(),
        })
    }

    fn audience_flow(&self, audience: &AudienceRun, samples: Samples) -> AudienceFlow {
        let destinations = audience.destinations.iter().map(|destination| {
            let held = destination.filtered.iter();
            let held = held.map(|filtered| (filtered.reason, (&filtered.profile, &filtered.categories)));
            self.called(destination)
                .members(destination.delivered.len(), held, samples)
        });
        AudienceFlow {
            name: audience.name.clone(),
            label: audience.label.clone(),
            of: audience.of,
            size: audience.size,
            destinations: destinations.collect(),
        }
    }

    /// Starts to count what becomes of accepted events at the destinations, with up to so many samples of each reason, ten at
    /// most.
    pub fn event_flows(&self, samples: usize) -> EventFlows<'_> {
        let samples = Samples::at_most(samples);
        let program = self.program();
        let id = |slot: &ir::CategorySlot| Box::from(program.category_id(*slot));
        let tallies = program.destinations.iter().map(|destination| {
            let called = Destination {
                name: destination.name.clone(),
                label: destination.label.clone(),
                requires: destination.requires.iter().map(id).collect(),
            };
            EventTally::new(called, samples)
        });
        EventFlows {
            engine: self,
            tallies: tallies.collect(),
        }
    }

    fn called(&self, destination: &DestinationRun) -> Destination {
        let mut declared = self.program().destinations.iter();
        let declared = declared.find(|declared| declared.name == destination.name);
        Destination {
            name: destination.name.clone(),
            label: declared.and_then(|declared| declared.label.clone()),
            requires: destination.requires.clone(),
        }
    }
}
