//! Live engines of a workspace.

use super::{Engine, Error};
use crate::live::{Live, Options};
use crate::space::Journal;
use crate::store::Storage;

impl Engine {
    /// Opens a live engine: a space in which memberships are kept up to date event by event, and destinations are sent who
    /// entered and who left.
    ///
    /// What is to be sent then is handed out by the first [`deliver`](Live::deliver): all members where nothing was ever sent, else
    /// what was left undone and what changed definitions make different. What was forgotten or dropped, and not yet taken away
    /// from the storage, is taken away now.
    ///
    /// ```
    /// use volens::deliver::Message;
    /// use volens::live::Options;
    /// use volens::store::Memory;
    /// use volens::{Engine, Timestamp, Value};
    ///
    /// let engine = Engine::from_text("shop.audience", r#"
    ///     category Advertising
    ///     destination google_ads requires Advertising
    ///     audience buyers { who performed "Order Completed" within 30 days  send to google_ads }
    /// "#)?;
    /// let event = |text: &str| serde_json::from_str::<Value>(text);
    /// let now: Timestamp = "2026-07-01".parse()?;
    /// let mut sent: Vec<Message> = Vec::new();
    /// let mut live = engine.live(Memory::new(), Options::new(now))?;
    ///
    /// let order = r#"{"type": "track", "event": "Order Completed", "userId": "u1", "timestamp": "2026-06-01T00:00:00Z"}"#;
    /// let changes = live.apply(event(order)?, now)?;
    /// assert_eq!((&*changes[0].member, &*changes[0].audience, changes[0].entered), ("user_id:u1", "buyers", true));
    /// // A member, who has not agreed to anything.
    /// assert_eq!(live.deliver(&mut sent)?, 0);
    ///
    /// let grant = r#"{"type": "identify", "userId": "u1", "timestamp": "2026-06-02T00:00:00Z",
    ///     "context": {"consent": {"categoryPreferences": {"Advertising": true}}}}"#;
    /// assert!(live.apply(event(grant)?, now)?.is_empty());
    /// live.deliver(&mut sent)?;
    /// assert_eq!(sent[0].event(), Some("Audience Entered"));
    ///
    /// // 30 days after the order nothing else has happened.
    /// let changes = live.advance(now)?;
    /// assert_eq!((changes[0].at, changes[0].entered), ("2026-07-01".parse()?, false));
    /// live.deliver(&mut sent)?;
    /// assert_eq!(sent[1].event(), Some("Audience Exited"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Space`]; [`Error::Horizon`] where history was dropped, or is not to be kept, that a definition can see;
    /// [`Error::Live`]
    pub fn live<S: Storage>(&self, storage: S, options: Options) -> Result<Live<S>, Error> {
        let mut journal = self.journal(storage)?;
        journal.finish_erasure()?;
        self.live_of(journal, options)
    }

    pub(crate) fn live_of<S: Storage>(&self, journal: Journal<S>, options: Options) -> Result<Live<S>, Error> {
        if let Some(length) = options.retain {
            self.horizon(length, options.now)?;
        }
        let horizon = journal.horizon();
        let program = self.workspace.program.clone();
        let live = Live::open(program, journal, self.space_settings(), options)?;
        if let Some(horizon) = horizon {
            // Everything is as of the instant at which it was left, not as of the host's clock.
            self.check_horizon(horizon, live.now())?;
        }
        Ok(live)
    }
}
