//! What other languages of this kind have, and this one has not yet. It is named, so that nobody looks for a slip of the
//! pen; and a help never takes away what made an audience smaller without saying so.

use super::site::Site;
use crate::diagnostic::Diagnostic;

/// A word that begins an item elsewhere; the place is at it.
pub(super) fn item(site: &Site<'_, '_>) -> Option<Diagnostic> {
    (site.found() == "identity").then(|| {
        site.error(0, 0, "rules of identity (`identity`) are not part of the language yet")
            .help("remove it")
    })
}
