//! Conditions on users and accounts, and who is a member.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::Unsupported;
use super::events::Activity;
use super::expr::{Aggregate, Expr};
use super::lists::Sought;
use super::query::{Join, JoinKind, Part, Select, Table};
use super::scope::{Scope, Whose, id_of};
use super::value::Value;
use crate::consent::ConsentState;
use crate::ir::{
    Audience, AudienceSlot, CategorySlot, Comparison, Count, Destination, Node, NodeId, Performed, Program,
    PropertySlot, Quantifier, Reference, Subject, Test, TraitSlot, TraitSource, ValueRef,
};
use crate::time::Timestamp;
use crate::warehouse::{Layout, Place};

/// A program on its way to a query. What several conditions need stands in it once.
pub(super) struct Lowering<'p> {
    pub(super) program: &'p Program,
    pub(super) layout: &'p Layout,
    pub(super) now: Timestamp,
    /// Each after those that it reads.
    pub(super) parts: Vec<Part>,
    /// What was asked of events in one pass, of users and of accounts.
    pub(super) activities: [Activity; 2],
    /// Where what was asked for already stands.
    known: HashMap<Asked, Found>,
}

/// What a part of a query answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Asked {
    Performed(NodeId),
    /// The events that were followed as a funnel says, with their users.
    Followed(NodeId),
    Members(AudienceSlot),
    /// The users of which an account is among the members that a part has.
    UsersOf(Box<str>),
    Users(NodeId),
    /// A number of the events that a computed trait is over.
    Events(TraitSlot, Aggregate),
    /// The one value of a computed trait.
    Value(TraitSlot),
    Texts(TraitSlot),
    NumberOfTexts(TraitSlot),
    HasTexts(TraitSlot),
    Elements(TraitSlot),
    /// Whose list, of those that a table has, has such an element.
    HasElement(Box<str>, Sought),
}

/// Where an answer stands: the part, and the column where there is one alone.
pub(super) type Found = (Box<str>, Box<str>);

impl<'p> Lowering<'p> {
    pub(super) fn new(program: &'p Program, layout: &'p Layout, now: Timestamp) -> Self {
        Lowering {
            program,
            layout,
            now,
            parts: Vec::new(),
            activities: [Activity::new("activity"), Activity::new("account_activity")],
            known: HashMap::new(),
        }
    }

    /// The parts in the order in which they are to stand: what goes through all events once reads no other part.
    pub(super) fn finish(self) -> Vec<Part> {
        let [users, accounts] = self.activities;
        let activities = users
            .part(Subject::User)
            .into_iter()
            .chain(accounts.part(Subject::Account));
        activities.chain(self.parts).collect()
    }

    /// A part with this name, or, where that is taken, with this name and a number. A name begins with a word of ours, so that none
    /// is a keyword of any engine.
    pub(super) fn add(&mut self, name: &str, selects: Vec<Select>) -> Box<str> {
        let taken = |name: &str| self.parts.iter().any(|part| &*part.name == name);
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        let mut names = std::iter::once(name.to_owned()).chain(numbered);
        let name: Box<str> = names.find(|name| !taken(name)).unwrap_or_default().into();
        self.parts.push(Part {
            name: name.clone(),
            selects,
        });
        name
    }

    /// Where an answer stands, which is made where nothing asked for it before.
    pub(super) fn once(
        &mut self,
        asked: Asked,
        make: impl FnOnce(&mut Self) -> Result<Found, Unsupported>,
    ) -> Result<Found, Unsupported> {
        if let Some(found) = self.known.get(&asked) {
            return Ok(found.clone());
        }
        let found = make(self)?;
        self.known.insert(asked, found.clone());
        Ok(found)
    }

    /// Whether an answer stands somewhere already.
    pub(super) fn is_known(&self, asked: &Asked) -> bool {
        self.known.contains_key(asked)
    }

    /// The same of an answer that is all of a part.
    pub(super) fn part_once(
        &mut self,
        asked: Asked,
        make: impl FnOnce(&mut Self) -> Result<Box<str>, Unsupported>,
    ) -> Result<Box<str>, Unsupported> {
        let (part, _) = self.once(asked, |lowering| Ok((make(lowering)?, "".into())))?;
        Ok(part)
    }

    /// Whether a condition holds. In a filter, of the event or element that the scope has.
    ///
    /// The recursion is as deep as conditions are nested, which `Program::from_json` and the language bound.
    pub(super) fn condition(&mut self, scope: &mut Scope, id: NodeId) -> Result<Expr, Unsupported> {
        Ok(match self.program.node(id) {
            Node::Const(value) => Expr::Bool(*value),
            Node::Not(inner) => self.condition(scope, *inner)?.not(),
            Node::And(nodes) => Expr::all(self.conditions(scope, nodes)?),
            Node::Or(nodes) => Expr::any(self.conditions(scope, nodes)?),
            Node::Test { value, test } => self.test(scope, value, test)?,
            Node::Element { list, filter } => self.element(scope, list, *filter)?,
            Node::Performed(performed) => self.performed(scope, id, performed)?,
            Node::Member(audience) => self.member(scope, *audience)?,
            Node::Consent { category, state } => match scope.user_row() {
                Some(alias) => self.consent(&alias, *category, *state),
                None => Expr::Bool(*state == ConsentState::NotCollected),
            },
            Node::Users { quantifier, condition } => self.users(scope, *quantifier, *condition)?,
        })
    }

    /// What a condition leaves to be asked of the rows that are selected, all of which have to meet it. Whether there is a funnel at
    /// all, or who is a member of another audience, is a join that adds nothing to a row: nothing has to be counted. Spark infers
    /// conditions from columns that are equal, and such a join has no column of the other side.
    fn required(&mut self, scope: &mut Scope, id: NodeId) -> Result<Expr, Unsupported> {
        let program = self.program;
        if let Node::And(nodes) = program.node(id) {
            let left: Result<Vec<Expr>, _> = nodes.iter().map(|node| self.required(scope, *node)).collect();
            return Ok(Expr::all(left?));
        }
        let (kind, asked) = match program.node(id) {
            Node::Not(inner) => (JoinKind::Anti, *inner),
            _ => (JoinKind::Semi, id),
        };
        let found = match program.node(asked) {
            Node::Performed(performed) if !performed.steps.is_empty() && performed.count == Count::ONCE => {
                Some((self.followed(asked, performed)?, Subject::User))
            }
            Node::Member(audience) => self.members_beside(scope, *audience)?,
            _ => None,
        };
        if let Some((part, of)) = found
            && self.join_by_id(scope, kind, of, &part).is_some()
        {
            return Ok(Expr::Bool(true));
        }
        self.condition(scope, id)
    }

    fn conditions(&mut self, scope: &mut Scope, nodes: &[NodeId]) -> Result<Vec<Expr>, Unsupported> {
        nodes.iter().map(|node| self.condition(scope, *node)).collect()
    }

    fn test(&mut self, scope: &mut Scope, value: &ValueRef, test: &Test) -> Result<Expr, Unsupported> {
        let of = value;
        let (value, referred) = match test.reference() {
            Some(reference) => {
                let value = self.value_beside(scope, of)?;
                (value, Some(self.referred(scope, reference)?))
            }
            None => (self.value(scope, of)?, None),
        };
        let now = self.now;
        let mut elements = super::lists::ElementsOf {
            lowering: self,
            scope,
            of,
        };
        value.holds(test, now, referred.as_ref(), &mut elements)
    }

    /// A value that is compared with another one.
    fn value_beside(&mut self, scope: &mut Scope, value: &ValueRef) -> Result<Value, Unsupported> {
        match value {
            ValueRef::Trait(slot) => self.trait_value(scope, *slot, true),
            value => self.value(scope, value),
        }
    }

    pub(super) fn value(&mut self, scope: &mut Scope, value: &ValueRef) -> Result<Value, Unsupported> {
        match value {
            ValueRef::Trait(slot) => self.trait_value(scope, *slot, false),
            ValueRef::Property(slot) => Ok(self.property_value(scope, *slot).unwrap_or(Value::Absent)),
            ValueRef::Item(path) => Ok(scope
                .element
                .as_ref()
                .and_then(|element| self.item(element, path))
                .unwrap_or(Value::Absent)),
        }
    }

    fn property_value(&self, scope: &Scope, slot: PropertySlot) -> Option<Value> {
        let (alias, event) = scope.event.as_ref()?;
        let path = self.property(*event, slot)?;
        let name = &*self.layout.values(Place::Events, path.keys())?.name;
        Some(Value::columns(alias, name))
    }

    pub(super) fn referred(&mut self, scope: &mut Scope, reference: Reference) -> Result<Value, Unsupported> {
        match reference {
            Reference::Trait(slot) => self.trait_value(scope, slot, true),
            Reference::Step { step, property } => {
                let Some(before) = &scope.before else {
                    return Err(Unsupported::ElementBesideStep);
                };
                Ok(Value::columns(&before.alias, format!("{step}.{}", property.0)))
            }
        }
    }

    /// A trait of the subject, which may be `beside` another value. A user has none of an account's traits, and the other way round.
    fn trait_value(&mut self, scope: &mut Scope, slot: TraitSlot, beside: bool) -> Result<Value, Unsupported> {
        let Some(source) = self.program.traits.get(slot.index()) else {
            return Ok(Value::Absent);
        };
        let whose = match source.of {
            Subject::User => &scope.user,
            Subject::Account => &scope.account,
        };
        match &source.source {
            _ if matches!(whose, Whose::Nobody) => Ok(Value::Absent),
            _ if matches!(whose, Whose::OutOfReach) => Err(Unsupported::ElementBesideAccount),
            TraitSource::Sent(path) => {
                let (row, place) = match source.of {
                    Subject::User => (scope.user_row(), Place::Traits),
                    Subject::Account => (scope.account_row(), Place::AccountTraits),
                };
                let columns =
                    row.and_then(|row| Some(Value::columns(&row, &*self.layout.values(place, path.keys())?.name)));
                Ok(columns.unwrap_or(Value::Absent))
            }
            TraitSource::Computed(aggregate) => self.computed(scope, source.of, slot, aggregate, beside),
        }
    }

    /// Joins a part that has a row for each subject of which it knows anything.
    pub(super) fn attach(&mut self, scope: &mut Scope, of: Subject, part: &str) -> Option<Box<str>> {
        self.join_by_id(scope, JoinKind::Left, of, part)
    }

    fn join_by_id(&self, scope: &mut Scope, kind: JoinKind, of: Subject, part: &str) -> Option<Box<str>> {
        let id = match of {
            Subject::User => scope.user_id()?,
            Subject::Account => scope.account_id()?,
        };
        Some(scope.join(kind, part, part, |alias| {
            Expr::column(alias, id_of(of)).equals(id.clone())
        }))
    }

    fn performed(&mut self, scope: &mut Scope, id: NodeId, performed: &Performed) -> Result<Expr, Unsupported> {
        let (part, column) = self.once(Asked::Performed(id), |lowering| match performed.steps.is_empty() {
            true => lowering.counted(performed),
            false => lowering.counted_followed(id, performed),
        })?;
        let Some(alias) = self.attach(scope, Subject::User, &part) else {
            return Ok(Expr::Bool(performed.count.holds(0)));
        };
        Ok(holds(performed.count, &Expr::column(&alias, &column)))
    }

    /// Whether the stored consent is in a state.
    fn consent(&self, alias: &str, category: CategorySlot, state: ConsentState) -> Expr {
        let Some(column) = self.layout.category(category) else {
            return Expr::Bool(state == ConsentState::NotCollected);
        };
        let stored = Expr::column(alias, column);
        match state {
            ConsentState::NotCollected => stored.exists().not(),
            state => stored.equals(Expr::text(state.as_str())),
        }
    }

    /// Whether each of these was granted. A category that there is not can have been granted by nobody.
    pub(super) fn granted(&self, alias: &str, categories: impl IntoIterator<Item = CategorySlot>) -> Expr {
        let granted = categories
            .into_iter()
            .map(|category| match self.layout.category(category) {
                Some(column) => Expr::column(alias, column).equals(Expr::text(ConsentState::Granted.as_str())),
                None => Expr::Bool(false),
            });
        Expr::all(granted)
    }

    /// Whether the audience's own clauses let the user be delivered (AM-6, and `consent to`).
    pub(super) fn deliverable(&self, audience: &Audience, alias: &str) -> Expr {
        let known = Expr::column(alias, "known");
        let known = match audience.include_anonymous {
            true => Expr::any([known, Expr::column(alias, "anonymous")]),
            false => known,
        };
        Expr::all([known, self.granted(alias, audience.consent.iter().copied())])
    }

    /// Whether a destination may receive a user (CC-7, CC-9, CE-1).
    pub(super) fn may_receive(&self, destination: &Destination, alias: &str) -> Expr {
        match self.program.enforcement {
            true => self.granted(alias, self.program.enforced(destination)),
            false => Expr::Bool(true),
        }
    }

    /// The join that leaves out whoever has several rows in `profiles`: it is not known which of them tells what was consented to.
    pub(super) fn standing_once(&mut self, alias: &str) -> Join {
        let id = || Expr::column("p", "profile_id");
        let mut select = Select::from(Table::new("profiles", "p"));
        select.columns = vec![(id(), "profile_id".into())];
        select.group = vec![id()];
        select.having = Expr::count(None).compare(Comparison::Greater, Expr::Int(1));
        let twice = self.add("standing_twice", vec![select]);
        Join {
            kind: JoinKind::Anti,
            on: Expr::column(&twice, "profile_id").equals(Expr::column(alias, "profile_id")),
            table: Table::new(&twice, &twice),
        }
    }

    pub(super) fn member(&mut self, scope: &mut Scope, slot: AudienceSlot) -> Result<Expr, Unsupported> {
        let Some((part, of)) = self.members_beside(scope, slot)? else {
            return Ok(Expr::Bool(false));
        };
        let alias = self.attach(scope, of, &part);
        Ok(alias.map_or(Expr::Bool(false), |alias| Expr::column(&alias, id_of(of)).exists()))
    }

    /// The part that has the members of an audience as they are asked for here: of one of accounts, where the scope has none, the users.
    fn members_beside(
        &mut self,
        scope: &Scope,
        slot: AudienceSlot,
    ) -> Result<Option<(Box<str>, Subject)>, Unsupported> {
        let Some(of) = self.program.audiences.get(slot.index()).map(|audience| audience.of) else {
            return Ok(None);
        };
        let part = self.members(slot)?;
        let accounts_own = !matches!(scope.account, Whose::Nobody);
        Ok(Some(match of {
            Subject::Account if !accounts_own => (self.users_of(&part)?, Subject::User),
            of => (part, of),
        }))
    }

    /// The users of which an account is in an audience of accounts.
    fn users_of(&mut self, members: &str) -> Result<Box<str>, Unsupported> {
        self.part_once(Asked::UsersOf(members.into()), |lowering| {
            let mut select = Select::from(Table::new("account_users", "u"));
            select.distinct = true;
            select.columns = vec![(Expr::column("u", "profile_id"), "profile_id".into())];
            select.joins = vec![Join {
                kind: JoinKind::Inner,
                table: Table::new(members, "m"),
                on: Expr::column("m", "account_id").equals(Expr::column("u", "account_id")),
            }];
            Ok(lowering.add(&format!("users_{members}"), vec![select]))
        })
    }

    /// Lowers what these audiences lead to, each after what it leads to itself: the audiences of which they ask who is a member, and
    /// the traits with which computed traits compare. So lowering one goes no deeper than to the next, however long a chain is.
    pub(super) fn prepare(&mut self, of: &[AudienceSlot]) -> Result<(), Unsupported> {
        let program = self.program;
        let of: HashSet<AudienceSlot> = of.iter().copied().collect();
        let mut asked = HashSet::new();
        for slot in program.order.iter().rev() {
            if (of.contains(slot) || asked.contains(slot))
                && let Some(audience) = program.audiences.get(slot.index())
            {
                program.referred(audience.who, &mut |other| {
                    asked.insert(other);
                });
            }
        }
        let mut traits = BTreeSet::new();
        for slot in of.iter().chain(&asked) {
            if let Some(audience) = program.audiences.get(slot.index()) {
                traits_in(program, audience.who, &mut traits);
            }
        }
        self.prepare_traits(traits)?;
        for other in program.order.iter().filter(|slot| asked.contains(slot)) {
            self.members(*other)?;
        }
        Ok(())
    }

    /// A computed trait stands after those that it reads.
    fn prepare_traits(&mut self, mut read: BTreeSet<TraitSlot>) -> Result<(), Unsupported> {
        let program = self.program;
        let computed = |slot: TraitSlot| {
            let source = program.traits.get(slot.index())?;
            match &source.source {
                TraitSource::Computed(aggregate) => Some((source.of, aggregate)),
                TraitSource::Sent(_) => None,
            }
        };
        let mut compared = BTreeSet::new();
        while let Some(slot) = read.pop_last() {
            if let Some((_, aggregate)) = computed(slot) {
                let mut others = BTreeSet::new();
                traits_in(program, aggregate.filter, &mut others);
                read.extend(&others);
                compared.extend(others);
            }
        }
        for slot in compared {
            if let Some((of, aggregate)) = computed(slot) {
                self.computed(&mut Scope::default(), of, slot, aggregate, true)?;
            }
        }
        Ok(())
    }

    /// The part that has the members of an audience.
    pub(super) fn members(&mut self, slot: AudienceSlot) -> Result<Box<str>, Unsupported> {
        self.part_once(Asked::Members(slot), |lowering| {
            let select = lowering.select_members(slot)?;
            let audience = lowering.program.audiences.get(slot.index());
            let name = audience.map_or("", |audience| &audience.name);
            Ok(lowering.add(&format!("member_of_{}", plain(name)), vec![select]))
        })
    }

    /// The members of an audience, by their ids.
    pub(super) fn select_members(&mut self, slot: AudienceSlot) -> Result<Select, Unsupported> {
        let program = self.program;
        let Some(audience) = program.audiences.get(slot.index()) else {
            return Err(Unsupported::NoSuchAudience);
        };
        let (table, alias) = match audience.of {
            Subject::User => ("profiles", "p"),
            Subject::Account => ("accounts", "a"),
        };
        let mut scope = Scope::default();
        let clauses = match audience.of {
            Subject::User => {
                scope.user = Whose::Here(alias.into());
                self.deliverable(audience, alias)
            }
            Subject::Account => {
                scope.account = Whose::Here(alias.into());
                Expr::Bool(true)
            }
        };
        let who = self.required(&mut scope, audience.who)?;
        let mut select = Select::from(Table::new(table, alias));
        let id = id_of(audience.of);
        select.columns = vec![(Expr::column(alias, id), id.into())];
        select.joins = scope.joins;
        // Consent stands by itself, whatever the condition is.
        select.condition = Expr::all([clauses, who]);
        Ok(select)
    }

    /// How many users an account has, and of how many the condition holds.
    fn users(&mut self, scope: &mut Scope, quantifier: Quantifier, condition: NodeId) -> Result<Expr, Unsupported> {
        let part = self.part_once(Asked::Users(condition), |lowering| {
            let account = Expr::column("u", "account_id");
            let mut inner = Scope {
                user: Whose::By(Expr::column("u", "profile_id"), Vec::new()),
                account: Whose::By(account.clone(), Vec::new()),
                ..Scope::default()
            };
            let condition = lowering.condition(&mut inner, condition)?;
            let mut select = Select::from(Table::new("account_users", "u"));
            select.columns = vec![
                (account.clone(), "account_id".into()),
                (Expr::count(None), "users".into()),
                (Expr::count(Some(condition)), "met".into()),
            ];
            select.joins = inner.joins;
            select.group = vec![account];
            Ok(lowering.add("users_of_account", vec![select]))
        })?;
        let Some(alias) = self.attach(scope, Subject::Account, &part) else {
            return Ok(Expr::Bool(quantifier == Quantifier::No));
        };
        let (users, met) = (Expr::column(&alias, "users"), Expr::column(&alias, "met"));
        let some = met.clone().compare(Comparison::AtLeast, Expr::Int(1));
        Ok(match quantifier {
            Quantifier::Any => some,
            // An account without users has no row.
            Quantifier::All => users.equals(met),
            Quantifier::No => some.not(),
        })
    }
}

/// Whether a number that is NULL where it is 0 is one of a count.
pub(super) fn holds(count: Count, number: &Expr) -> Expr {
    if count.at_most == Some(count.at_least) && count.at_least > 0 {
        return number.clone().equals(Expr::Int(i64::from(count.at_least)));
    }
    let least = (count.at_least > 0).then(|| {
        number
            .clone()
            .compare(Comparison::AtLeast, Expr::Int(i64::from(count.at_least)))
    });
    let most = count.at_most.map(|most| {
        let number = match count.at_least {
            0 => Expr::Or0(Box::new(number.clone())),
            _ => number.clone(),
        };
        number.compare(Comparison::AtMost, Expr::Int(i64::from(most)))
    });
    Expr::all(least.into_iter().chain(most))
}

/// Collects the traits that a condition reads or compares with.
fn traits_in(program: &Program, condition: NodeId, found: &mut BTreeSet<TraitSlot>) {
    match program.node(condition) {
        Node::Not(inner) | Node::Users { condition: inner, .. } => traits_in(program, *inner, found),
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().for_each(|node| traits_in(program, *node, found)),
        Node::Element { list, filter } => {
            if let ValueRef::Trait(slot) = list {
                found.insert(*slot);
            }
            traits_in(program, *filter, found);
        }
        Node::Test { value, test } => {
            if let ValueRef::Trait(slot) = value {
                found.insert(*slot);
            }
            if let Some(Reference::Trait(slot)) = test.reference() {
                found.insert(slot);
            }
        }
        Node::Performed(performed) => {
            traits_in(program, performed.filter, found);
            performed
                .steps
                .iter()
                .for_each(|step| traits_in(program, step.filter, found));
        }
        Node::Const(_) | Node::Member(_) | Node::Consent { .. } => {}
    }
}

/// A name as part of one of ours.
pub(super) fn plain(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    name.chars().take(40).map(plain).collect()
}
