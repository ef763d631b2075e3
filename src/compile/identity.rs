//! `identity { … }`: the rules by which events become profiles (ID-2 to ID-9).

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic};
use crate::model::{
    BadType, IdentifierRule, IdentifierSource, IdentityRules, Period, USER_ID, check_type, standard_type,
};
use crate::span::Span;
use crate::syntax::ast::{File, Identifier, Identity, Item, Source};
use crate::value::written;

/// The workspace's rules; the default ones where it has no block.
pub(super) fn identity(files: &[File], diagnostics: &mut Vec<Diagnostic>) -> IdentityRules {
    let items = files.iter().flat_map(|file| &file.items);
    let mut blocks = items.filter_map(|item| match item {
        Item::Identity(identity) => Some(identity),
        _ => None,
    });
    let Some(first) = blocks.next() else {
        return IdentityRules::default();
    };
    let rules = lower(first, diagnostics);
    for again in blocks {
        diagnostics.push(
            Diagnostic::error(Code::Repeated, again.span, "`identity` is given twice")
                .related(first.span, "first given here")
                .help("move what it says into one of the two, for the order is the priority"),
        );
        lower(again, diagnostics);
    }
    rules
}

fn lower(identity: &Identity, diagnostics: &mut Vec<Diagnostic>) -> IdentityRules {
    let mut rules = IdentityRules::default();
    rules.listed = Vec::new();
    let mut listed: BTreeMap<&str, Span> = BTreeMap::new();
    for identifier in &identity.identifiers {
        let kind = &*identifier.name.text;
        check(identifier, diagnostics);
        match listed.get(kind) {
            Some(first) => diagnostics.push(
                Diagnostic::error(
                    Code::Repeated,
                    identifier.name.span,
                    format!("the identifier `{kind}` is listed twice"),
                )
                .related(*first, "first listed here")
                .help("keep one of them; its place is its priority"),
            ),
            None => {
                listed.insert(kind, identifier.name.span);
                rules.listed.push(IdentifierRule {
                    kind: kind.into(),
                    from: identifier.from.iter().map(source).collect(),
                    limit: identifier.limit.value,
                    period: identifier.period,
                });
            }
        }
    }
    if !listed.contains_key(USER_ID) {
        let rule = IdentifierRule {
            kind: USER_ID.into(),
            from: Vec::new(),
            limit: 1,
            period: Period::Ever,
        };
        rules.listed.insert(0, rule);
    }
    identity.blocked.iter().for_each(|value| rules.block(&value.text));
    rules
}

fn source(source: &Source) -> IdentifierSource {
    IdentifierSource {
        root: source.root,
        path: source.keys.iter().map(|key| key.text.clone()).collect(),
    }
}

fn check(identifier: &Identifier, diagnostics: &mut Vec<Diagnostic>) {
    let kind = &*identifier.name.text;
    let error = |message: &str| Diagnostic::error(Code::BadIdentity, identifier.name.span, message);
    match check_type(kind) {
        Ok(()) => {}
        Err(BadType::Empty) => diagnostics.push(
            error("the type of an identifier is empty").help("write the type between the quotes, such as `\"phone\"`"),
        ),
        Err(BadType::UpperCase) => diagnostics.push(
            error("the type of an identifier is written in small letters").help(format!(
                "write `{}`",
                written(standard_type(kind).unwrap_or(&kind.to_lowercase()))
            )),
        ),
        Err(BadType::OfAccounts) => {
            diagnostics.push(error("`group_id` identifies accounts, and `identity` is about people").help("remove it"))
        }
        Err(BadType::Odd(odd)) => {
            let shown = match odd {
                ' ' => "a space".to_owned(),
                odd => format!("`{}`", odd.escape_debug()),
            };
            let plain = |c: char| {
                if c == odd || c.is_whitespace() || c.is_control() {
                    '_'
                } else {
                    c
                }
            };
            let plain: String = kind.chars().map(plain).flat_map(char::to_lowercase).collect();
            diagnostics.push(
                error(&format!("the type of an identifier cannot have {shown} in it")).help(format!(
                    "events that carry such a type are not read; use one such as `{}`",
                    written(&plain.replace(':', "_"))
                )),
            );
        }
    }
    if identifier.limit.value == 0 {
        diagnostics.push(
            Diagnostic::error(
                Code::BadIdentity,
                identifier.limit.span,
                format!("`{kind} limit 0` would let nobody have any: a limit is at least 1"),
            )
            .help("write `limit 1`"),
        );
    }
}
