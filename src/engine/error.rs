//! What can go wrong before anything is evaluated.

use std::fmt;
use std::path::PathBuf;

use super::lookback::HorizonError;
use crate::compile::Accepted;
use crate::diagnostic::{Diagnostic, visible};
use crate::live::LiveError;
use crate::model::account_label;
use crate::space::SpaceError;
use crate::span::Sources;
use crate::syntax::Unformatted;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder of definitions could not be read.
    #[error("cannot read `{}`: {source}", visible(&path.display().to_string()))]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A folder without definitions.
    #[error("there is no `.audience` file in `{}`", visible(&path.display().to_string()))]
    NoDefinitions {
        /// The folder.
        path: PathBuf,
    },
    /// The definitions have errors.
    #[error(transparent)]
    Definitions(#[from] DefinitionErrors),
    /// Definitions look further back than events are kept.
    #[error(transparent)]
    Horizon(#[from] HorizonError),
    /// A sound text could not be put into canonical form.
    #[error("`{}`: {source}", visible(name))]
    Format {
        /// What errors call the text.
        name: String,
        /// What is the matter.
        source: Unformatted,
    },
    /// There is no audience of this name.
    #[error("there is no audience `{}`", visible(.0))]
    UnknownAudience(String),
    /// A profile has so many events that a funnel of some audience would take too long
    /// ([`Row::BUDGET`](crate::eval::Row::BUDGET)).
    #[error(
        "the profile {} has too many events for a funnel of this workspace",
        visible(profile)
    )]
    TooCostly {
        /// The profile's label.
        profile: String,
    },
    /// So much of a profile, or of those that its membership depends on, changes with time that to find out when the membership
    /// does would take too long.
    #[error("too much of {} changes with time to find out until when it is so", visible(profile))]
    TooManyInstants {
        /// The label of the profile or account.
        profile: String,
    },
    /// Whether a profile is in this audience depends on its accounts, and so on other people:
    /// [`Engine::among`](crate::Engine::among) answers, and explains, with all of them.
    #[error("whether a profile is in `{}` depends on its accounts, so it has to be asked among all profiles", visible(.0))]
    NeedsAccounts(String),
    /// No profile is a user of such an account, and no event tells of one.
    #[error("no account has {}", visible(&account_label(.0)))]
    UnknownAccount(String),
    /// A profile is no member of an audience of accounts: one of its accounts may be.
    #[error(
        "`{}` is an audience of accounts, so ask about an account: {}",
        visible(audience),
        listed(&format!("{profile} has"), accounts)
    )]
    OfAccounts {
        /// The audience.
        audience: String,
        /// The profile's label.
        profile: String,
        /// The labels of its accounts.
        accounts: Vec<String>,
    },
    /// An account is no member of an audience of users: some of its users may be.
    #[error(
        "`{}` is an audience of users, so ask about a user: {}",
        visible(audience),
        listed(&format!("{account} has"), users)
    )]
    OfUsers {
        /// The audience.
        audience: String,
        /// The account's label.
        account: String,
        /// The labels of its users, sorted.
        users: Vec<String>,
    },
    /// A profile whose accounts matter is not one of those that it is asked about among, or not as it stands there.
    #[error("{} is not among these profiles as it stands here", visible(profile))]
    NotAmong {
        /// The profile's label.
        profile: String,
    },
    /// A space could not be opened, read or changed.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// A live engine could not be opened.
    #[error(transparent)]
    Live(#[from] LiveError),
    /// Events could not be read. (An event that is *refused* is no error: it is counted and reported.)
    #[error("cannot read events: {0}")]
    Events(#[from] std::io::Error),
}

/// As many labels as an error names.
const LISTED: usize = 5;

/// `user_id:u1 has group_id:acme, group_id:beta`
fn listed(who_has: &str, labels: &[String]) -> String {
    let who_has = visible(who_has);
    let some: Vec<String> = labels.iter().take(LISTED).map(|label| visible(label)).collect();
    match labels.len().saturating_sub(LISTED) {
        _ if labels.is_empty() => format!("{who_has} none"),
        0 => format!("{who_has} {}", some.join(", ")),
        rest => format!("{who_has} {} and {rest} more", some.join(", ")),
    }
}

/// The problems of a workspace, with the texts they are about.
///
/// ```
/// use volens::Engine;
///
/// let error = Engine::from_text("a.audience", "audience a { send to nowhere }").unwrap_err();
/// if let volens::Error::Definitions(errors) = &error {
///     for problem in errors.diagnostics() {
///         let at = errors.sources().position(problem.span);
///         println!("{}:{}:{}: {}", errors.sources().name(problem.span.file), at.line, at.column, problem.message);
///     }
/// }
/// // Or all of it in one text:
/// assert!(error.to_string().starts_with("a.audience:1:22: error[unknown-name]: there is no destination `nowhere`"));
/// ```
#[derive(Clone)]
pub struct DefinitionErrors {
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
    accepted: Vec<Accepted>,
}

impl DefinitionErrors {
    pub(crate) fn new(sources: Sources, diagnostics: Vec<Diagnostic>, accepted: Vec<Accepted>) -> Self {
        DefinitionErrors {
            sources,
            diagnostics,
            accepted,
        }
    }

    /// The audiences in which no error lies. They are not evaluated either.
    pub fn accepted(&self) -> &[Accepted] {
        &self.accepted
    }

    /// All problems, warnings included, by file and place.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The texts that they are about.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }
}

impl std::error::Error for DefinitionErrors {}

/// What a program prints that gives the error out of `main`.
impl fmt::Debug for DefinitionErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

impl fmt::Display for DefinitionErrors {
    /// Every problem with file, line, column and help; one after the other.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.diagnostics.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&diagnostic.to_text(&self.sources))?;
        }
        Ok(())
    }
}
