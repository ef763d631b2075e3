//! Rules of identity by which two people can become one profile, with one history and one consent.

use crate::diagnostic::{Code, Diagnostic};
use crate::model::{GROUP_ID, Period, USER_ID, standard_type};
use crate::span::Span;
use crate::syntax::ast::{File, Identifier, Identity, Item};
use crate::value::written;

pub(super) fn warn(files: &[File], diagnostics: &mut Vec<Diagnostic>) {
    for item in files.iter().flat_map(|file| &file.items) {
        if let Item::Identity(identity) = item {
            self::identity(identity, diagnostics);
        }
    }
}

fn identity(identity: &Identity, diagnostics: &mut Vec<Diagnostic>) {
    let listed = &identity.identifiers;
    let users = listed.iter().position(|identifier| &*identifier.name.text == USER_ID);
    if let Some((at, user)) = users.and_then(|at| Some((at, listed.get(at)?))) {
        if user.limit.value > 1 || user.period != Period::Ever {
            diagnostics.push(several(user));
        }
        if let Some(first) = listed.first().filter(|_| at > 0) {
            diagnostics.push(below(user, first));
        }
    }
    diagnostics.extend(listed.iter().filter_map(look_alike));
}

fn several(user: &Identifier) -> Diagnostic {
    let message = match user.period {
        Period::Ever => format!(
            "one profile may have {} `user_id`, so people who share a device or an email become one",
            user.limit.value
        ),
        _ => "one profile may have another `user_id` later, so people who share a device or an email become one"
            .to_owned(),
    };
    let limit = Span {
        start: user.limit.span.start,
        ..user.span
    };
    Diagnostic::warning(Code::RiskyIdentity, limit, message)
        .help("write `user_id limit 1`: it tells people apart who share something else")
}

fn below(user: &Identifier, first: &Identifier) -> Diagnostic {
    let other = &first.name.text;
    let message = format!("`{other}` stands above `user_id`, so people who share one become one profile");
    Diagnostic::warning(Code::RiskyIdentity, user.name.span, message)
        .related(first.name.span, "counts for more")
        .help("let `user_id` stand first: the order is the priority")
}

/// A type that is nearly one of those that events carry is another type all the same, and its rule is about nothing, or about
/// what nobody meant.
fn look_alike(identifier: &Identifier) -> Option<Diagnostic> {
    let kind = &*identifier.name.text;
    let standard = standard_type(kind).filter(|standard| *standard != kind)?;
    let message = format!("`{kind}` is a type of your own: this rule is not about `{standard}`");
    let own = written(&format!("own_{kind}")).into_owned();
    let help = if standard == GROUP_ID {
        // Whoever writes that is refused.
        format!(
            "remove it, for an account is no person; give what tells people apart a name of its own, such as `{own}`"
        )
    } else {
        let standard = written(standard);
        format!("write `{standard}` if that is meant, else give it a name of its own, such as `{own}`")
    };
    Some(Diagnostic::warning(Code::RiskyIdentity, identifier.name.span, message).help(help))
}
