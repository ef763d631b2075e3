//! In which way an engine goes through many profiles.

use std::sync::Arc;
use std::{num::NonZeroUsize, thread};

use crate::eval::{self, Places, TooCostly, columnar};
use crate::ir::Program;
use crate::model::Profile;
use crate::time::Timestamp;

/// How [`Engine::run_with`](crate::Engine::run_with) goes through the profiles. The answer is the same in every way. Whether
/// there is one can depend on it, where a profile comes near [`Row::BUDGET`](crate::eval::Row::BUDGET): what costs too much is
/// judged by the audience where profiles are evaluated one by one, and by the condition where they lie in columns.
///
/// ```
/// use volens::engine::{Execution, Executor};
/// use volens::{Engine, Profiles, Timestamp};
///
/// let engine = Engine::from_text("shop.audience", r#"audience pros { who trait plan = "pro" }"#)?;
/// let (profiles, now) = (Profiles::default(), Timestamp::EPOCH);
/// let columnar = Execution { executor: Executor::Columnar, ..Execution::default() };
/// assert_eq!(engine.run_with(&profiles, now, columnar)?, engine.run(&profiles, now)?);
/// # Ok::<(), volens::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Execution {
    /// By which executor.
    pub executor: Executor,
    /// By how many threads; `None` for as many as the machine runs at once.
    pub threads: Option<NonZeroUsize>,
}

/// What evaluates many profiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Executor {
    /// The one that is expected to be faster: columns where there are a thousand profiles and fifty audiences or more; and more
    /// audiences, where conditions have no form in columns.
    #[default]
    Auto,
    /// One profile after the other.
    Scalar,
    /// All profiles laid out in columns; see [`columnar`]. People with accounts are evaluated as by `Scalar`
    /// where there are audiences of accounts.
    Columnar,
}

impl Execution {
    /// How many threads it takes.
    pub(super) fn threads(self) -> usize {
        let threads = self.threads.or_else(|| thread::available_parallelism().ok());
        threads.map_or(1, NonZeroUsize::get)
    }

    /// The members of each audience among people without accounts, as places.
    pub(super) fn members(
        self,
        program: &Program,
        users: &[Arc<Profile>],
        now: Timestamp,
    ) -> Result<Vec<Places>, TooCostly> {
        let columnar = match self.executor {
            Executor::Auto => columnar::pays(program, users.len()),
            Executor::Scalar => false,
            Executor::Columnar => true,
        };
        if columnar {
            columnar::members_of(program, users, now, self.threads())
        } else {
            eval::one_by_one(program, users, now, self.threads())
        }
    }
}
