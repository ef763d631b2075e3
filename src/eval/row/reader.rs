//! From a profile's JSON to a row.

use std::mem;
use std::ops::{Deref, DerefMut};

use super::Row;
use super::sheet::Sheet;
use crate::ir::Program;
use crate::model::Profile;
use crate::time::Timestamp;

/// Reads profiles from their JSON, one after the other, for a host that has them as text and asks each about a program.
///
/// What the program does not read is only checked. A row is as if the text had been read as a [`Profile`] and
/// [bound](Row::bind), in a third of the time; the reader keeps its room for the next text.
///
/// ```
/// use volens::eval::{Reader, matches};
/// use volens::{Engine, Timestamp};
///
/// let engine = Engine::from_text("pros.audience", r#"audience pros { who trait plan = "pro" }"#)?;
/// let program = engine.program();
/// let pros = program.audience("pros").ok_or("no such audience")?;
/// let now: Timestamp = "2026-06-30".parse()?;
///
/// let mut reader = Reader::default();
/// for (json, is_pro) in [
///     (r#"{"external_ids": [{"type": "user_id", "id": "u1"}], "traits": {"plan": "pro"}}"#, true),
///     (r#"{"external_ids": [{"type": "user_id", "id": "u2"}], "traits": {"plan": "free"}}"#, false),
/// ] {
///     let row = reader.read(program, json, now)?;
///     assert_eq!(matches(program, pros, &row, &[]), is_pro);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Reader {
    sheet: Sheet,
    /// Of a text that had to be read as a whole.
    profile: Profile,
    /// Bound to nothing.
    spare: Row<'static>,
}

impl Reader {
    /// Reads a user's profile, in the JSON of [`Profile`], and lays it out for a program, as of `now`.
    ///
    /// # Errors
    /// What is no JSON or no such profile is refused as it is by [`Profile`]'s `Deserialize`, with the same error.
    pub fn read(&mut self, program: &Program, json: &str, now: Timestamp) -> Result<Loaded<'_>, serde_json::Error> {
        let is_read = self.sheet.read(program, json).is_some();
        if !is_read {
            self.profile = serde_json::from_str(json)?;
        }
        let mut row: Row<'_> = mem::take(&mut self.spare);
        if is_read {
            row.bind_sheet(program, &self.sheet, now);
        } else {
            row.bind(program, &self.profile, now);
        }
        Ok(Loaded {
            row,
            spare: &mut self.spare,
        })
    }
}

/// The row of a text; its room goes back to the reader.
#[derive(Debug)]
pub struct Loaded<'r> {
    row: Row<'r>,
    spare: &'r mut Row<'static>,
}

impl<'r> Deref for Loaded<'r> {
    type Target = Row<'r>;

    fn deref(&self) -> &Row<'r> {
        &self.row
    }
}

impl DerefMut for Loaded<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.row
    }
}

impl Drop for Loaded<'_> {
    fn drop(&mut self) {
        *self.spare = mem::take(&mut self.row).unbound();
    }
}

impl Row<'_> {
    /// A row that is bound to nothing, with the room of this one.
    fn unbound(self) -> Row<'static> {
        let Row {
            traits,
            read,
            events,
            times,
            values,
            numbers,
            sums,
            consent,
            members,
            funnel,
            room,
            ..
        } = self;
        Row {
            traits: emptied(traits),
            read: emptied(read),
            events: emptied(events),
            times: emptied(times),
            values: emptied(values),
            numbers: emptied(numbers),
            sums: emptied(sums),
            consent: emptied(consent),
            members: emptied(members),
            funnel,
            room,
            ..Row::default()
        }
    }
}

/// The room of a list for a list of the same kind. Collecting from a list uses its room again.
fn emptied<T, U>(mut list: Vec<T>) -> Vec<U> {
    list.clear();
    list.into_iter().filter_map(|_| None).collect()
}
