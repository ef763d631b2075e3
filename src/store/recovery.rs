//! What opening a store had to put right.

use std::fmt;

/// What was found when a store was opened that had not been closed, and what was done. Nothing of it concerns a record
/// that was acknowledged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// Bytes of a batch that was being written and never acknowledged. They were dropped.
    pub dropped_bytes: u64,
    /// Batches that were found whole, but of which it was not noted that they had been acknowledged. They were kept.
    pub kept_batches: u64,
    /// Whether the note of what was acknowledged could not be read, and was made anew. All records were found whole.
    pub head_made_anew: bool,
    /// Files of an unfinished rewriting. They were removed.
    pub removed_files: u64,
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = |count: u64| if count == 1 { "" } else { "s" };
        let mut said = Vec::new();
        if self.dropped_bytes > 0 {
            let count = self.dropped_bytes;
            said.push(format!(
                "dropped {count} byte{} of a batch that was never acknowledged",
                s(count)
            ));
        }
        match self.kept_batches {
            0 => {}
            1 => said.push("kept 1 whole batch whose acknowledgement was not noted".to_owned()),
            count => said.push(format!(
                "kept {count} whole batches whose acknowledgement was not noted"
            )),
        }
        if self.head_made_anew {
            said.push("made the note of what was acknowledged anew, as it could not be read".to_owned());
        }
        if self.removed_files > 0 {
            let count = self.removed_files;
            said.push(format!("removed {count} unfinished file{}", s(count)));
        }
        match said.as_slice() {
            [] => f.write_str("nothing had to be put right"),
            said => write!(f, "the store had not been closed: {}", said.join("; ")),
        }
    }
}
