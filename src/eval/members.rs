//! Who is in each audience, where users and accounts depend on each other.
//!
//! A user alone is evaluated alone. Users of the same account belong together, and through a user of several accounts so
//! do these: such a group is evaluated as one, audience by audience in the program's order, so that each sees the
//! memberships of the other kind that it asks about. No more than one group is laid out at a time.

use crate::eval::{self, Row};
use crate::ir::{AudienceSlot, Node, NodeId, Program, Subject};
use crate::model::{Account, Profile, Profiles};
use crate::time::Timestamp;

/// Users and accounts that are evaluated together, as places in [`Profiles`] and in [`Groups::accounts`]; each sorted.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) users: Vec<usize>,
    pub(crate) accounts: Vec<usize>,
}

/// The accounts of a set of profiles, and how they hang together.
#[derive(Debug)]
pub(crate) struct Groups<'p> {
    profiles: &'p Profiles,
    pub(crate) accounts: Vec<(&'p str, &'p Account)>,
    /// The accounts and the users that are in a group already.
    seen: Vec<bool>,
    seen_users: Vec<bool>,
}

impl<'p> Groups<'p> {
    pub(crate) fn new(profiles: &'p Profiles) -> Self {
        let accounts: Vec<_> = profiles
            .accounts()
            .iter()
            .map(|(id, account)| (&**id, account))
            .collect();
        Groups {
            profiles,
            seen: vec![false; accounts.len()],
            seen_users: vec![false; profiles.users().len()],
            accounts,
        }
    }

    /// The place of an account.
    pub(crate) fn place(&self, id: &str) -> Option<usize> {
        self.accounts.binary_search_by_key(&id, |(id, _)| *id).ok()
    }

    /// The users of a group.
    pub(crate) fn users(&self, group: &Group) -> impl Iterator<Item = &'p Profile> {
        let users = self.profiles.users();
        let users = group.users.iter().filter_map(|place| users.get(*place));
        users.map(|user| &**user)
    }

    /// The accounts of a group.
    pub(crate) fn accounts_of(&self, group: &Group) -> impl Iterator<Item = &'p Account> {
        let accounts = group.accounts.iter().filter_map(|place| self.accounts.get(*place));
        accounts.map(|(_, account)| *account)
    }

    /// The group of an account; `None` where it was given already.
    pub(crate) fn group(&mut self, account: usize) -> Option<Group> {
        let mut group = Group::default();
        let mut open = vec![account];
        while let Some(at) = open.pop() {
            match self.seen.get_mut(at) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            group.accounts.push(at);
            let users = self.accounts.get(at).map_or(&[][..], |(_, account)| &account.users);
            for user in users {
                // Each user is looked at once: one can be in as many accounts as there are.
                match self.seen_users.get_mut(*user) {
                    Some(seen) if !*seen => *seen = true,
                    _ => continue,
                }
                group.users.push(*user);
                let profile = self.profiles.users().get(*user);
                open.extend(
                    profile
                        .into_iter()
                        .flat_map(|profile| profile.accounts())
                        .filter_map(|id| self.place(id)),
                );
            }
        }
        group.users.sort_unstable();
        group.accounts.sort_unstable();
        (!group.accounts.is_empty()).then_some(group)
    }
}

/// A group, laid out and evaluated. Its buffers serve the next one.
#[derive(Debug, Default)]
pub(crate) struct Laid<'p> {
    pub(crate) group: Group,
    users: Vec<Row<'p>>,
    accounts: Vec<Row<'p>>,
}

impl<'p> Laid<'p> {
    /// A group that is still to be laid out.
    pub(crate) fn of(group: Group) -> Self {
        Laid {
            group,
            ..Laid::default()
        }
    }

    /// Lays a group out and fills in all memberships, as of `now`.
    pub(crate) fn evaluate(&mut self, program: &Program, groups: &Groups<'p>, group: Group, now: Timestamp) {
        self.group = group;
        self.users.resize(self.group.users.len(), Row::default());
        self.accounts.resize(self.group.accounts.len(), Row::default());
        for (at, row) in self.group.users.iter().zip(&mut self.users) {
            if let Some(profile) = groups.profiles.users().get(*at) {
                row.bind(program, profile, now);
            }
        }
        let members = |users: &'p [usize]| -> Vec<usize> {
            let places = users
                .iter()
                .filter_map(|user| self.group.users.binary_search(user).ok());
            places.collect()
        };
        // By account of the group, its users' places in the group.
        let users_of: Vec<Vec<usize>> = self
            .group
            .accounts
            .iter()
            .map(|at| {
                groups
                    .accounts
                    .get(*at)
                    .map_or_else(Vec::new, |(_, account)| members(&account.users))
            })
            .collect();
        for ((at, row), users) in self.group.accounts.iter().zip(&mut self.accounts).zip(&users_of) {
            if let Some((_, account)) = groups.accounts.get(*at) {
                row.bind_account(program, &account.traits, &rows(&self.users, users), now);
            }
        }
        for slot in &program.order {
            match program.audiences.get(slot.index()).map(|audience| audience.of) {
                Some(Subject::User) => {
                    for row in &mut self.users {
                        eval::evaluate_audience(program, *slot, row, &[]);
                    }
                }
                Some(Subject::Account) => {
                    for (row, users) in self.accounts.iter_mut().zip(&users_of) {
                        let member = eval::evaluate_audience(program, *slot, row, &rows(&self.users, users));
                        for user in users.iter().filter(|_| member) {
                            if let Some(user) = self.users.get_mut(*user) {
                                user.set_member(*slot, true);
                            }
                        }
                    }
                }
                None => {}
            }
        }
    }

    /// The row of a user of the group.
    pub(crate) fn user(&self, place: usize) -> Option<&Row<'p>> {
        let at = self.group.users.binary_search(&place).ok()?;
        self.users.get(at)
    }

    /// The row of an account of the group.
    pub(crate) fn account(&self, place: usize) -> Option<&Row<'p>> {
        let at = self.group.accounts.binary_search(&place).ok()?;
        self.accounts.get(at)
    }

    /// The users, as places in [`Profiles`], with their rows.
    pub(crate) fn users(&self) -> impl Iterator<Item = (usize, &Row<'p>)> {
        self.group.users.iter().copied().zip(&self.users)
    }

    /// The accounts, as places in [`Groups::accounts`], with their rows.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = (usize, &Row<'p>)> {
        self.group.accounts.iter().copied().zip(&self.accounts)
    }
}

fn rows<'r, 'p>(all: &'r [Row<'p>], wanted: &[usize]) -> Vec<&'r Row<'p>> {
    wanted.iter().filter_map(|at| all.get(*at)).collect()
}

/// Whether any audience of the program is one of accounts.
pub(crate) fn has_accounts(program: &Program) -> bool {
    program.audiences.iter().any(|audience| audience.of == Subject::Account)
}

/// By audience, whether a user's membership depends on the user's accounts: an audience of accounts, or one of users
/// that refers to such a one, at any distance.
pub(crate) fn depend_on_accounts(program: &Program) -> Vec<bool> {
    let mut depends = vec![false; program.audiences.len()];
    // Nodes are shared by audiences, and children stand before them.
    let mut nodes: Vec<Option<bool>> = vec![None; program.nodes.len()];
    for slot in &program.order {
        if let Some(audience) = program.audiences.get(slot.index()) {
            let of_accounts = audience.of == Subject::Account;
            let answer = of_accounts || asks(program, audience.who, &depends, &mut nodes);
            if let Some(depends) = depends.get_mut(slot.index()) {
                *depends = answer;
            }
        }
    }
    depends
}

fn asks(program: &Program, id: NodeId, depends: &[bool], known: &mut [Option<bool>]) -> bool {
    if let Some(Some(known)) = known.get(id.index()) {
        return *known;
    }
    let depends_on = |slot: &AudienceSlot| depends.get(slot.index()).copied().unwrap_or(false);
    let answer = match program.node(id) {
        Node::Member(slot) => depends_on(slot),
        Node::Not(inner) => asks(program, *inner, depends, known),
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().any(|node| asks(program, *node, depends, known)),
        Node::Const(_)
        | Node::Test { .. }
        | Node::Element { .. }
        | Node::Performed(_)
        | Node::Consent { .. }
        | Node::Users { .. } => false,
    };
    if let Some(known) = known.get_mut(id.index()) {
        *known = Some(answer);
    }
    answer
}
