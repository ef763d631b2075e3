//! Events as they are accepted, for those who look at what is sent and need no profiles.

use std::io::{self, BufRead};

use super::event::Effect;
use super::{Ingestor, Kept, lines};
use crate::value::Object;

/// What an accepted event says.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Said<'e> {
    /// A track, page or screen call: an event, as conditions see it.
    Event {
        /// Its name.
        name: &'e str,
        /// Its properties.
        properties: &'e Object,
    },
    /// An identify call.
    Traits(&'e Object),
    /// A group call.
    AccountTraits(&'e Object),
}

impl Ingestor {
    /// Reads JSONL as [`read`](Ingestor::read) does, and hands over what each accepted event says, with an identifier of
    /// its person: the `user_id` where it has one. Nothing is kept of it, so that duplicates are handed over, too.
    ///
    /// # Errors
    /// Those of the reader. The lines before are handed over.
    pub fn survey(
        &mut self,
        source: &str,
        reader: impl BufRead,
        mut each: impl FnMut(&str, Said<'_>),
    ) -> io::Result<()> {
        let kept = std::mem::replace(&mut self.kept, Kept::Taken(Vec::new()));
        let read = lines::each(reader, lines::LONGEST_LINE, |number, line| {
            self.one(source, number, line);
            self.clear_shared();
            let Kept::Taken(taken) = &mut self.kept else {
                return Ok(());
            };
            for taken in taken.drain(..) {
                let claims = &taken.event.claims;
                let user = claims.iter().find(|claim| claim.id.kind == "user_id");
                let person = user.or(claims.first());
                let person = person.map_or(String::new(), |claim| format!("{}:{}", claim.id.kind, claim.id.value));
                let said = match &taken.event.effect {
                    Effect::Past { name, properties } => Said::Event { name, properties },
                    Effect::Traits(traits) => Said::Traits(traits),
                    Effect::Group { traits, .. } => Said::AccountTraits(traits),
                    Effect::Nothing => continue,
                };
                each(&person, said);
            }
            Ok(())
        });
        self.kept = kept;
        read
    }
}
