//! Users and accounts: which conditions stand where (language.md, Conditions).

use super::lower::{Lowering, Place};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Node, NodeId, Quantifier, Subject};
use crate::span::Span;
use crate::syntax::ast::{Condition, ValuePath};
use crate::value::Path;

impl Lowering<'_, '_> {
    /// A condition on users where the account itself is asked about is an error.
    pub(super) fn asks_users(&mut self, what: &str, span: Span, place: Place<'_>) {
        if place.of == Subject::Account {
            let message = format!("in an audience of accounts, {what} is asked of the account's users");
            self.diagnostics.push(
                Diagnostic::error(Code::WrongSubject, span, message).help(
                    "say of how many of them: put `any user ( … )`, `all users ( … )` or `no user ( … )` around it",
                ),
            );
        }
    }

    /// A user's trait where the account itself is asked about is an error; the account's may be meant.
    pub(super) fn asks_trait(&mut self, path: &ValuePath, written: Span, place: Place<'_>) {
        if place.of != Subject::Account {
            return;
        }
        let (account, keys) = match path.keys.split_first() {
            Some((first, rest)) if &*first.text == "account" && !rest.is_empty() => (true, rest),
            _ => (false, path.keys.as_slice()),
        };
        let keys = Path::new(keys.iter().map(|key| key.text.clone()));
        let any = if self.sources.slice(written).starts_with("any") {
            "any "
        } else {
            ""
        };
        let help = if account {
            format!("write `{any}account trait {keys}`")
        } else {
            format!(
                "for one of the account itself, write `{any}account trait {keys}`; else say of how many users: put `any user ( \
                 … )`, `all users ( … )` or `no user ( … )` around it"
            )
        };
        self.diagnostics.push(
            Diagnostic::error(
                Code::WrongSubject,
                written,
                "in an audience of accounts, `trait` is asked of the account's users",
            )
            .help(help),
        );
    }

    /// A condition on the account where there is none is an error.
    pub(super) fn asks_account(&mut self, what: &str, span: Span) {
        if self.of == Subject::User {
            let message = format!("{what} stands in an audience of accounts alone");
            self.diagnostics
                .push(Diagnostic::error(Code::WrongSubject, span, message).help(
                "ask for it in an audience of its own, `audience … of accounts { … }`, and write `member of` that one \
                 here",
            ));
        }
    }

    /// `any user ( … )` and its kin.
    pub(super) fn users(&mut self, quantifier: Quantifier, inner: &Condition, span: Span, place: Place<'_>) -> NodeId {
        let words = quantifier.as_str();
        let end = span
            .start
            .saturating_add(u32::try_from(words.len()).unwrap_or(0))
            .min(span.end);
        let words_span = Span::new(span.file, span.start, end);
        self.asks_account(&format!("`{words}`"), words_span);
        if place.inside {
            let message = format!("`{words}` stands inside another one: the condition there is on one user already");
            self.diagnostics.push(
                Diagnostic::error(Code::WrongSubject, words_span, message)
                    .help("join the two with `and`, each with brackets of its own"),
            );
        }
        let place = Place {
            of: Subject::User,
            inside: true,
            ..place
        };
        let condition = self.condition(inner, place);
        self.builder.leaf(Node::Users { quantifier, condition })
    }
}
