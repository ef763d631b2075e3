//! Definitions in canonical form.

use super::error::{DefinitionErrors, Error};
use crate::span::Sources;
use crate::syntax::{self, Unformatted};

/// Puts the text of one file into canonical form (docs/language.md, Formatting): its meaning and its comments stay, and
/// formatting what is formatted changes nothing. `name` is what errors call the file.
///
/// ```
/// let text = volens::format("shop.audience", "category Advertising \"Ads\"# asked since May")?;
/// assert_eq!(text, "category Advertising \"Ads\"  # asked since May\n");
/// # Ok::<(), volens::Error>(())
/// ```
///
/// # Errors
/// [`Error::Definitions`] where the text breaks the syntax; names that are declared nowhere do not matter.
/// [`Error::Format`] where the text is too long for its line breaks.
pub fn format(name: &str, text: &str) -> Result<String, Error> {
    let mut sources = Sources::default();
    let file = sources.add(name, text);
    syntax::format(file, text).map_err(|error| match error {
        Unformatted::Errors(errors) => DefinitionErrors::new(sources, errors, Vec::new()).into(),
        source => Error::Format {
            name: name.to_owned(),
            source,
        },
    })
}
