//! What a run found, arranged as the Delivery Overview.

use super::{AudienceRun, DestinationRun, Engine, Error};
use crate::ingest::Ingested;
use crate::overview::{self, AudienceFlow, Destination, Overview, Samples};
use crate::time::Timestamp;

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
        let audiences = run
            .audiences
            .iter()
            .map(|audience| self.audience_flow(audience, samples));
        Ok(Overview {
            now,
            enforcement: run.enforcement,
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
