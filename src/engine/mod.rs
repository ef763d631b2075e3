//! The façade: load a workspace, take events in, ask who matches and where they may be delivered.

mod among;
mod delivery;
mod error;
mod execution;
mod format;
mod live;
pub(crate) mod load;
mod lookback;
mod overlap;
mod overview;
mod routed;
mod router;
mod run;
mod space;
mod until;

use std::collections::BTreeSet;
use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

use crate::compile::{self, Places};
use crate::diagnostic::Diagnostic;
use crate::enforce::{self, Decision};
use crate::eval::{self, Row, members};
use crate::explain::{self, Asked, Explanation};
use crate::ingest::{Ingested, Ingestor, Settings};
use crate::ir::{AudienceSlot, DestinationSlot, Program, Subject, TraitSlot, TraitSource};
use crate::model::{IdentityRules, Profile, Profiles, label};
use crate::span::{FileId, Sources};
use crate::syntax;
use crate::time::Timestamp;
use crate::value::Value;

pub use among::Among;
pub(crate) use load::{find, is_definition, is_test, read_all};

pub use delivery::{Delivery, Outcome, Through};
pub use error::{DefinitionErrors, Error};
pub use execution::{Execution, Executor};
pub use format::format;
pub use lookback::{Beyond, Definition, HorizonError};
pub use overlap::Overlap;
pub use overview::EventFlows;
pub use routed::Routed;
pub use router::{RoutedEvent, Router};
pub use run::{AudienceRun, DestinationRun, Filtered, Run};

/// A compiled workspace, ready to take events and answer. Cheap to clone.
///
/// ```
/// use volens::{ConsentState, Engine, Profile, Timestamp};
///
/// let engine = Engine::from_text(
///     "shop.audience",
///     r#"
///     category Advertising
///     destination google_ads requires Advertising
///     audience pros { who trait plan = "pro"  send to google_ads }
///     "#,
/// )?;
/// let profile = Profile::builder()
///     .user_id("u1")
///     .trait_("plan", "pro")
///     .consent("Advertising", ConsentState::Denied)
///     .build();
/// let now: Timestamp = "2026-06-30".parse()?;
/// assert!(engine.is_member("pros", &profile, now)?);
/// let deliveries = engine.deliveries("pros", &profile, now)?;
/// assert_eq!(deliveries[0].destination, "google_ads");
/// assert_eq!(deliveries[0].outcome.to_string(), "filtered: Advertising denied");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Engine {
    workspace: Arc<Workspace>,
}

#[derive(Debug)]
struct Workspace {
    sources: Sources,
    program: Arc<Program>,
    places: Places,
    warnings: Vec<Diagnostic>,
    identity: IdentityRules,
    /// By audience, whether a user's membership depends on the user's accounts.
    depends_on_accounts: Vec<bool>,
}

impl Engine {
    /// Loads one `.audience` file, or every `*.audience` file below a folder, in path order, as one namespace.
    ///
    /// # Errors
    /// [`Error::Read`] and [`Error::NoDefinitions`] where there is nothing to read, [`Error::Definitions`] with all
    /// problems of all files where a definition is wrong.
    pub fn load(path: impl AsRef<Path>) -> Result<Engine, Error> {
        let loaded = load::load(path.as_ref())?;
        Engine::compile(loaded.sources, loaded.diagnostics)
    }

    /// Takes the text of one file; `name` is what errors call it.
    ///
    /// # Errors
    /// [`Error::Definitions`] where a definition is wrong.
    pub fn from_text(name: &str, text: &str) -> Result<Engine, Error> {
        let mut sources = Sources::default();
        sources.add(name, text);
        Engine::from_sources(sources)
    }

    /// Takes the texts of several files as one workspace.
    ///
    /// # Errors
    /// [`Error::Definitions`] where a definition is wrong.
    pub fn from_sources(sources: Sources) -> Result<Engine, Error> {
        Engine::compile(sources, Vec::new())
    }

    fn compile(sources: Sources, mut diagnostics: Vec<Diagnostic>) -> Result<Engine, Error> {
        let mut files = Vec::new();
        // Bytes that are no text were told already; what the parser makes of them would only repeat it.
        let told: BTreeSet<FileId> = diagnostics.iter().map(|diagnostic| diagnostic.span.file).collect();
        for id in sources.ids() {
            let (file, found) = syntax::parse(id, sources.text(id));
            files.push(file);
            if !told.contains(&id) {
                diagnostics.extend(found);
            }
        }
        let compiled = compile::compile(&files, &sources, diagnostics);
        match compiled.program {
            Some(program) => Ok(Engine {
                workspace: Arc::new(Workspace {
                    depends_on_accounts: members::depend_on_accounts(&program),
                    sources,
                    program: Arc::new(program),
                    places: compiled.places,
                    warnings: compiled.diagnostics,
                    identity: compiled.identity,
                }),
            }),
            None => Err(DefinitionErrors::new(sources, compiled.diagnostics, compiled.accepted).into()),
        }
    }

    /// Starts to take events in, as of `now`: events from after it are counted and not applied. Events without any time
    /// count as received at `received_at`, which is `now` in most cases.
    ///
    /// ```
    /// # let engine = volens::Engine::from_text("a.audience", "audience everybody {}")?;
    /// # let (monday, tuesday) = ("{}".as_bytes(), "{}".as_bytes());
    /// let now: volens::Timestamp = "2026-06-30".parse()?;
    /// let mut ingestor = engine.ingestor(now, now);
    /// ingestor.read("monday.jsonl", monday)?;
    /// ingestor.read("tuesday.jsonl", tuesday)?;
    /// let people = ingestor.finish().profiles;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ingestor(&self, now: Timestamp, received_at: Timestamp) -> Ingestor {
        let categories = self.program().categories.iter().map(|category| category.id.clone());
        Ingestor::new(Settings {
            identity: self.workspace.identity.clone(),
            categories: categories.collect(),
            received_at,
            now,
        })
    }

    /// Takes in a whole stream of events, one JSON object a line, as of `now`; [`Ingested::rejects`] calls it `events`.
    /// Several streams, or events that are values already, go through [`ingestor`](Engine::ingestor).
    ///
    /// A refused event is no error: [`Ingested::rejects`] says which were refused and why.
    ///
    /// # Errors
    /// [`Error::Events`] where the reader fails.
    pub fn ingest(&self, events: impl BufRead, now: Timestamp) -> Result<Ingested, Error> {
        let mut ingestor = self.ingestor(now, now);
        ingestor.read("events", events)?;
        Ok(ingestor.finish())
    }

    /// Evaluates every audience and decides every delivery, as of `now`, by as many threads as the machine runs at once;
    /// [`run_with`](Engine::run_with) takes a number.
    ///
    /// # Errors
    /// [`Error::TooCostly`]: then there is no result at all, for a part of one could be taken for the whole.
    pub fn run(&self, profiles: &Profiles, now: Timestamp) -> Result<Run, Error> {
        self.run_with(profiles, now, Execution::default())
    }

    /// The same, in a way that the caller chooses. The result does not depend on it.
    ///
    /// # Errors
    /// As for [`run`](Engine::run).
    pub fn run_with(&self, profiles: &Profiles, now: Timestamp, execution: Execution) -> Result<Run, Error> {
        run::run(self.program(), &self.workspace.identity, profiles, now, execution)
    }

    /// These profiles as the people that each one's accounts are about; for audiences that depend on accounts.
    pub fn among<'e>(&'e self, profiles: &'e Profiles) -> Among<'e> {
        Among::new(self, profiles)
    }

    /// Whether a profile is a member of an audience, as of `now`. Every audience is evaluated for it.
    ///
    /// # Errors
    /// [`Error::UnknownAudience`]; [`Error::NeedsAccounts`] where the answer depends on an account of the profile;
    /// [`Error::TooCostly`]
    pub fn is_member(&self, audience: &str, profile: &Profile, now: Timestamp) -> Result<bool, Error> {
        let slot = self.slot(audience)?;
        self.needs_no_accounts(Some(slot), profile)?;
        Ok(self.evaluated(profile, now)?.is_member(slot))
    }

    /// The audiences that a profile is in, in order of declaration.
    ///
    /// # Errors
    /// [`Error::NeedsAccounts`] where the answer depends on an account of the profile; [`Error::TooCostly`]
    pub fn memberships(&self, profile: &Profile, now: Timestamp) -> Result<Vec<&str>, Error> {
        self.needs_no_accounts(None, profile)?;
        let row = self.evaluated(profile, now)?;
        let audiences = self.program().audiences.iter().enumerate();
        let is_in = audiences.filter(|(at, _)| row.is_member(AudienceSlot::at(*at)));
        Ok(is_in.map(|(_, audience)| &*audience.name).collect())
    }

    /// The computed traits of a profile as of `now` that have a value, in order of declaration (CT-1).
    pub fn computed_traits(&self, profile: &Profile, now: Timestamp) -> Vec<(&str, Value)> {
        self.computed(&Row::new(self.program(), profile, now))
    }

    /// The computed traits of a row's subject.
    fn computed(&self, row: &Row<'_>) -> Vec<(&str, Value)> {
        let traits = self.program().traits.iter().enumerate();
        let computed = traits.filter_map(|(at, source)| match &source.source {
            TraitSource::Computed(aggregate) => {
                let value = row.trait_value(self.program(), TraitSlot::at(at))?;
                Some((&*aggregate.name, value.clone()))
            }
            TraitSource::Sent(_) => None,
        });
        computed.collect()
    }

    fn slot(&self, audience: &str) -> Result<AudienceSlot, Error> {
        let slot = self.program().audience(audience);
        slot.ok_or_else(|| Error::UnknownAudience(audience.to_owned()))
    }

    /// An error where an audience (or any) depends on an account of the profile.
    fn needs_no_accounts(&self, wanted: Option<AudienceSlot>, profile: &Profile) -> Result<(), Error> {
        let of_accounts = |slot: usize| {
            let audience = self.program().audiences.get(slot);
            audience.is_some_and(|audience| audience.of == Subject::Account)
        };
        let alone = profile.accounts().next().is_none();
        let depends = self.workspace.depends_on_accounts.iter().enumerate();
        let first = depends
            // Of a profile without accounts it is known that none of them is in an audience.
            .filter(|(slot, depends)| **depends && (!alone || wanted.is_some() && of_accounts(*slot)))
            .find(|(slot, _)| wanted.is_none_or(|wanted| wanted.index() == *slot));
        match first.and_then(|(slot, _)| self.program().audiences.get(slot)) {
            Some(audience) => Err(Error::NeedsAccounts(audience.name.to_string())),
            None => Ok(()),
        }
    }

    fn evaluated<'p>(&self, profile: &'p Profile, now: Timestamp) -> Result<Row<'p>, Error> {
        let mut row = Row::new(self.program(), profile, now);
        eval::evaluate(self.program(), &mut row, &[]);
        if row.is_exhausted() {
            let profile = self.label(profile);
            return Err(Error::TooCostly { profile });
        }
        Ok(row)
    }

    /// The destinations of an audience, in order of declaration, and what becomes of this profile at each.
    ///
    /// # Errors
    /// [`Error::UnknownAudience`]; [`Error::NeedsAccounts`] where the answer depends on an account of the profile;
    /// [`Error::TooCostly`]
    pub fn deliveries(&self, audience: &str, profile: &Profile, now: Timestamp) -> Result<Vec<Delivery<'_>>, Error> {
        let member = self.is_member(audience, profile, now)?;
        Ok(self.delivered(self.slot(audience)?, profile, member))
    }

    /// What becomes of a profile at the destinations of an audience, if it is one of those to deliver.
    fn delivered(&self, audience: AudienceSlot, profile: &Profile, member: bool) -> Vec<Delivery<'_>> {
        let program = self.program();
        let audience = program.audiences.get(audience.index());
        let slots = audience.map_or(&[][..], |audience| &audience.destinations);
        let delivery = |slot: &DestinationSlot| {
            let destination = program.destinations.get(slot.index())?;
            let outcome = match enforce::decide(program, *slot, profile.consent()) {
                _ if !member => Outcome::NotMember,
                Decision::Delivered => Outcome::Delivered,
                Decision::Filtered(missing) => Outcome::Filtered(
                    missing
                        .into_iter()
                        .map(|(slot, state)| (program.category_id(slot), state))
                        .collect(),
                ),
            };
            Some(Delivery {
                destination: &destination.name,
                outcome,
            })
        };
        slots.iter().filter_map(delivery).collect()
    }

    /// Why a profile is a member of an audience or not, condition by condition as they are written, and what becomes of it at
    /// each destination, as of `now`.
    ///
    /// ```
    /// use volens::{Engine, Profile, Timestamp};
    ///
    /// let engine = Engine::from_text("pros.audience", r#"audience pros { who trait plan in ["pro", "business"] }"#)?;
    /// let profile = Profile::builder().user_id("u1").trait_("plan", "free").build();
    /// let now: Timestamp = "2026-06-30".parse()?;
    /// let why = engine.explain("pros", &profile, now)?;
    /// assert!(!why.member);
    /// assert_eq!(why.conditions.because, r#"trait plan is "free", not one of "business", "pro""#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownAudience`]; [`Error::NeedsAccounts`] where the answer depends on an account of the profile
    /// ([`Among::explain`] has it); [`Error::TooCostly`], also where counting all events of a funnel costs more than deciding it.
    pub fn explain(&self, audience: &str, profile: &Profile, now: Timestamp) -> Result<Explanation, Error> {
        let slot = self.slot(audience)?;
        self.needs_no_accounts(Some(slot), profile)?;
        let row = self.evaluated(profile, now)?;
        let label = self.label(profile);
        let asked = Asked {
            until: until::told(self.until_alone(slot, profile, now)),
            ..Asked::user(&label, &row, profile.consent())
        };
        self.explained(slot, asked)
    }

    fn explained(&self, audience: AudienceSlot, asked: Asked<'_>) -> Result<Explanation, Error> {
        let workspace = explain::Workspace {
            program: self.program(),
            places: self.places(),
            sources: self.sources(),
        };
        let explanation = explain::explain(workspace, audience, asked);
        explanation.ok_or_else(|| Error::TooCostly {
            profile: asked.label.to_owned(),
        })
    }

    /// How a profile is called in every list: `TYPE:VALUE`, by the priorities of the identity rules.
    pub fn label(&self, profile: &Profile) -> String {
        label(profile.identifiers(), &self.workspace.identity)
    }

    /// The rules by which [`ingestor`](Engine::ingestor) resolves identities: those of the workspace's `identity` block. The
    /// program does not hold them.
    pub fn identity(&self) -> &IdentityRules {
        &self.workspace.identity
    }

    /// The compiled program.
    pub fn program(&self) -> &Program {
        &self.workspace.program
    }

    /// Where the program's nodes are written.
    pub fn places(&self) -> &Places {
        &self.workspace.places
    }

    /// What is probably not meant, though it can be used.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.workspace.warnings
    }

    /// The texts that the workspace was read from.
    pub fn sources(&self) -> &Sources {
        &self.workspace.sources
    }
}
