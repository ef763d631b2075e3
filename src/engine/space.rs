//! Spaces of a workspace: its rules for identities and its categories say how the events of a store become profiles.

#[cfg(feature = "store")]
use std::path::Path;

use super::{Engine, Error};
use crate::space::{Horizon, Journal, Settings, Space};
#[cfg(feature = "store")]
use crate::store::Directory;
use crate::store::Storage;
use crate::time::{Duration, Timestamp};

impl Engine {
    /// Opens a space: the events in a storage, and the profiles that they lead to as of `now`, kept up to date.
    ///
    /// ```
    /// use volens::store::Memory;
    /// use volens::{Engine, Timestamp};
    ///
    /// let engine = Engine::from_text("a.audience", r#"audience buyers { who performed "Order Completed" within last 30 days }"#)?;
    /// let now: Timestamp = "2026-06-30".parse()?;
    /// let mut space = engine.space(Memory::new(), now)?;
    /// let mut intake = space.intake(now, now)?;
    /// let order = r#"{"type": "track", "event": "Order Completed", "userId": "u1", "timestamp": "2026-06-29T00:00:00Z"}"#;
    /// intake.event(serde_json::from_str::<volens::Value>(order)?)?;
    /// // All that is counted is durable.
    /// assert_eq!(intake.commit()?.counts.applied, 1);
    /// let profile = space.find("user_id", "u1").ok_or("nobody")?;
    /// assert!(engine.is_member("buyers", &profile, now)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Space`]; [`Error::Horizon`] where history was dropped that a definition can see; as of an instant before that, also
    /// where one reads traits: what set them then may have gone with it.
    pub fn space<S: Storage>(&self, storage: S, now: Timestamp) -> Result<Space<S>, Error> {
        self.space_of(self.journal(storage)?, now)
    }

    /// Opens the space of a journal, which this workspace opened: what is in it, and the profiles that it leads to as of `now`.
    ///
    /// # Errors
    /// Those of [`space`](Engine::space).
    pub fn space_of<S: Storage>(&self, journal: Journal<S>, now: Timestamp) -> Result<Space<S>, Error> {
        if let Some(horizon) = journal.horizon() {
            self.check_horizon(horizon, now)?;
            self.check_traits(horizon, now)?;
        }
        Ok(Space::of(journal, self.space_settings(), now)?)
    }

    /// How the events of this workspace become profiles.
    pub fn space_settings(&self) -> Settings {
        let categories = self.program().categories.iter().map(|category| category.id.clone());
        Settings {
            identity: self.identity().clone(),
            categories: categories.collect(),
        }
    }

    /// Opens the events in a storage without what they lead to: to store more of them.
    ///
    /// # Errors
    /// [`Error::Space`]
    pub fn journal<S: Storage>(&self, storage: S) -> Result<Journal<S>, Error> {
        Ok(Journal::open(storage, self.identity().clone())?)
    }

    /// Opens the space in a folder, for writing: there is one writer, and any number of readers
    /// ([`Directory::open_read_only`]). A folder that is not there, or is empty, becomes a new store. What was forgotten
    /// or dropped, and not yet taken away from the files, is taken away now.
    ///
    /// # Errors
    /// Those of [`space`](Engine::space).
    #[cfg(feature = "store")]
    pub fn open(&self, folder: impl AsRef<Path>, now: Timestamp) -> Result<Space<Directory>, Error> {
        let folder = Directory::open(folder.as_ref()).map_err(crate::space::SpaceError::from)?;
        let mut journal = self.journal(folder)?;
        journal.finish_erasure()?;
        self.space_of(journal, now)
    }

    /// Where history ends if only so much of it is kept, for [`Space::drop_history`].
    ///
    /// # Errors
    /// [`Error::Horizon`], with each place of the definitions that can see further back.
    pub fn horizon(&self, length: Duration, now: Timestamp) -> Result<Horizon, Error> {
        let horizon = now.minus(length);
        self.check_horizon(horizon, now)?;
        Ok(Horizon::at(horizon))
    }
}
