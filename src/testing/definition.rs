//! A definition as text: what is written, which consent it needs, and what it compiles to.

use std::fmt::{self, Write};

use super::alone::{self, Alone};
use crate::compile;
use crate::engine::{DefinitionErrors, Engine, Error};
use crate::ir::{Audience, AudienceSlot, Program, Subject};
use crate::render;
use crate::syntax;
use crate::syntax::ast::{self, Item};
use crate::value::written;

/// An audience as text: its definition in canonical form without comments, the computed traits and audiences that it refers
/// to, which consent it needs, and the program that it compiles to.
///
/// The text depends on these definitions alone: what else the workspace holds, in which files and in which order, leaves no
/// trace in it. (Of categories and destinations, the order in which they are declared is theirs in the program, too.)
///
/// ```
/// use volens::{Engine, testing};
///
/// let engine = Engine::from_text("shop.audience", r#"
///     category Advertising
///     destination google_ads requires Advertising
///     audience pros { who trait plan = "pro"  send to google_ads }
/// "#)?;
/// let text = testing::definition(&engine, "pros")?;
/// assert!(text.contains("google_ads requires Advertising"));
/// # Ok::<(), volens::Error>(())
/// ```
///
/// # Errors
/// [`Error::UnknownAudience`]
pub fn definition(engine: &Engine, audience: &str) -> Result<String, Error> {
    let sources = engine.sources();
    let files: Vec<ast::File> = sources.ids().map(|id| syntax::parse(id, sources.text(id)).0).collect();
    let unknown = || Error::UnknownAudience(audience.to_owned());
    let alone = Alone::find(&files, audience).ok_or_else(unknown)?;
    let compiled = compile::compile(&[alone.workspace()], sources, Vec::new());
    // What is a part of a sound workspace, with all that it names, is sound; were it not, its errors say why.
    let program = compiled
        .program
        .ok_or_else(|| DefinitionErrors::new(sources.clone(), compiled.diagnostics, compiled.accepted))?;
    let slot = program.audience(audience).ok_or_else(unknown)?;
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out, &alone, &program, slot);
    Ok(out)
}

fn write(out: &mut String, alone: &Alone<'_>, program: &Program, slot: AudienceSlot) -> fmt::Result {
    let item = Item::Audience(alone.audience.clone());
    write!(out, "DEFINITION\n{}", syntax::print(&alone::file(vec![item])))?;
    let referred = alone.referred();
    if !referred.is_empty() {
        write!(out, "\nREFERS TO\n{}", syntax::print(&alone::file(referred)))?;
    }
    writeln!(out, "\nCONSENT")?;
    if let Some(audience) = program.audiences.get(slot.index()) {
        consent(out, alone, program, audience)?;
    }
    let listing = render::program(program, Some(slot));
    write!(out, "\nCOMPILED\n{}", listing.trim_start())
}

/// What people must have granted, to be members and to be delivered.
fn consent(out: &mut String, alone: &Alone<'_>, program: &Program, audience: &Audience) -> fmt::Result {
    let asked: Vec<_> = audience
        .consent
        .iter()
        .map(|slot| written(program.category_id(*slot)))
        .collect();
    let whom = match audience.of {
        Subject::User => "a member",
        // The clauses restrict which users are delivered, never which accounts match.
        Subject::Account => "a user of a member",
    };
    match asked.as_slice() {
        [] => writeln!(out, "{whom} need not have granted anything")?,
        asked => writeln!(out, "{whom} has granted {}", asked.join(" and "))?,
    }
    if !alone.categories.is_empty() {
        let looked_at: Vec<_> = alone.categories.iter().map(|category| written(category)).collect();
        writeln!(out, "who is in it depends on the consent to {}", looked_at.join(", "))?;
    }
    if audience.destinations.is_empty() {
        return writeln!(out, "sent nowhere");
    }
    if !program.enforcement {
        writeln!(
            out,
            "consent enforcement off: every member is delivered, whatever is required"
        )?;
    }
    for slot in &audience.destinations {
        let Some(destination) = program.destinations.get(slot.index()) else {
            continue;
        };
        let declared = alone.destinations.iter().find(|d| d.name.text == destination.name);
        let says_nothing = declared.is_some_and(|declared| declared.requires.is_none());
        let requires: Vec<String> = destination
            .requires
            .iter()
            .filter_map(|slot| program.categories.get(slot.index()))
            .map(|category| {
                let disabled = if category.enabled {
                    ""
                } else {
                    " (disabled, not enforced)"
                };
                format!("{}{disabled}", written(&category.id))
            })
            .collect();
        let requires = match requires.as_slice() {
            [] if says_nothing => "does not say what it requires, so it receives every member".to_owned(),
            [] => "requires nothing".to_owned(),
            requires => format!("requires {}", requires.join(", ")),
        };
        writeln!(out, "{} {requires}", written(&destination.name))?;
    }
    Ok(())
}
