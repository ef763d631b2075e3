//! Elements of lists: each is a row of a table of its own, and what is asked of a list becomes the set of those whose list has such an
//! element.

use super::Unsupported;
use super::expr::Expr;
use super::lower::{Asked, Lowering};
use super::query::{Join, JoinKind, Select, Table};
use super::scope::{Element, Scope, Whose};
use super::value::{Elements, Value, Wanted};
use crate::ir::{Function, Literal, NodeId, Operand, Subject, TraitSource, ValueRef};
use crate::warehouse::{Layout, Place};

/// Which element a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Sought {
    Passing(NodeId),
    Equal(Operand),
    Among(Vec<Literal>),
}

/// Where the elements of a list are.
struct List {
    table: Box<str>,
    /// Whose list it is: what the table has as owner.
    owner: Expr,
    /// Who that is.
    of: Owner,
}

#[derive(Debug, Clone)]
pub(super) enum Owner {
    Subject(Subject),
    Event,
    Element(Box<Element>),
}

/// The elements of a value that a test is asked of.
pub(super) struct ElementsOf<'l, 'p, 's> {
    pub(super) lowering: &'l mut Lowering<'p>,
    pub(super) scope: &'s mut Scope,
    pub(super) of: &'s ValueRef,
}

impl Elements for ElementsOf<'_, '_, '_> {
    fn has(&mut self, wanted: Wanted<'_>) -> Result<Expr, Unsupported> {
        let sought = match wanted {
            Wanted::Equal(operand) => Sought::Equal(operand.clone()),
            Wanted::Among(literals) => Sought::Among(literals.to_vec()),
        };
        self.lowering
            .has_element(self.scope, self.of, sought, |lowering, scope| {
                let element = lowering.value(scope, &ValueRef::Item(Vec::new()))?;
                match wanted {
                    Wanted::Among(literals) => element.is_among(&literals.iter().cloned().collect()),
                    Wanted::Equal(Operand::Literal(literal)) => element.equals(literal),
                    Wanted::Equal(Operand::Reference(reference)) => {
                        let other = lowering.referred(scope, *reference)?;
                        element.same(&other)
                    }
                }
            })
    }
}

impl Lowering<'_> {
    /// Whether one element of a list passes the filter.
    pub(super) fn element(&mut self, scope: &mut Scope, list: &ValueRef, filter: NodeId) -> Result<Expr, Unsupported> {
        self.has_element(scope, list, Sought::Passing(filter), |lowering, scope| {
            lowering.condition(scope, filter)
        })
    }

    /// A value in an element. A list that is computed has texts, and no table of its own.
    pub(super) fn item(&self, element: &Element, path: &[Box<str>]) -> Option<Value> {
        match self.layout.values(Place::List(&element.table), path) {
            Some(values) => Some(Value::columns(&element.alias, &*values.name)),
            None => path.is_empty().then(|| Value::made(&element.alias, "item")),
        }
    }

    fn has_element(
        &mut self,
        scope: &mut Scope,
        of: &ValueRef,
        sought: Sought,
        filter: impl FnOnce(&mut Self, &mut Scope) -> Result<Expr, Unsupported>,
    ) -> Result<Expr, Unsupported> {
        let Some(list) = self.list_of(scope, of)? else {
            return Ok(Expr::Bool(false));
        };
        let part = self.part_once(Asked::HasElement(list.table.clone(), sought), |lowering| {
            let mut inner = list.scope();
            let passes = filter(lowering, &mut inner)?;
            let mut select = Select::from(Table::new(&list.table, "i"));
            select.distinct = true;
            select.columns = vec![(Expr::column("i", "owner"), "owner".into())];
            select.joins = inner.joins;
            select.condition = passes;
            Ok(lowering.add(&format!("has_{}", list.table), vec![select]))
        })?;
        if let (Owner::Event, ValueRef::Property(_), Some(before)) = (&list.of, of, &mut scope.before) {
            // In a funnel this is asked of the step's events before they are joined to what was matched.
            before.sets.insert(part.clone());
            return Ok(Expr::column("s", &part));
        }
        let owner = list.owner;
        let alias = scope.join(JoinKind::Left, &part, &part, |alias| {
            Expr::column(alias, "owner").equals(owner.clone())
        });
        Ok(Expr::column(&alias, "owner").exists())
    }

    fn list_of(&mut self, scope: &mut Scope, of: &ValueRef) -> Result<Option<List>, Unsupported> {
        let layout = self.layout;
        fn list(layout: &Layout, place: Place<'_>, path: &[Box<str>]) -> Option<Box<str>> {
            layout.list(place, path).map(|table| table.name.clone())
        }
        let id = |scope: &mut Scope, of| match of {
            Subject::User => scope.user_id(),
            Subject::Account => scope.account_id(),
        };
        Ok(match of {
            ValueRef::Property(slot) => scope
                .event
                .clone()
                .and_then(|(alias, event)| {
                    let path = self.property(event, *slot)?;
                    let table = list(layout, Place::Events, path.keys())?;
                    Some((table, Expr::column(&alias, "event_id")))
                })
                .map(|(table, owner)| List {
                    table,
                    owner,
                    of: Owner::Event,
                }),
            ValueRef::Item(path) => scope.element.clone().and_then(|element| {
                Some(List {
                    table: list(layout, Place::List(&element.table), path)?,
                    owner: Expr::column(&element.alias, "element_id"),
                    of: Owner::Element(Box::new(element)),
                })
            }),
            ValueRef::Trait(slot) => {
                let Some(source) = self.program.traits.get(slot.index()) else {
                    return Ok(None);
                };
                let of = source.of;
                match &source.source {
                    TraitSource::Sent(path) => {
                        let place = match of {
                            Subject::User => Place::Traits,
                            Subject::Account => Place::AccountTraits,
                        };
                        let owner = id(scope, of);
                        owner.zip(list(layout, place, path.keys())).map(|(owner, table)| List {
                            table,
                            owner,
                            of: Owner::Subject(of),
                        })
                    }
                    TraitSource::Computed(aggregate) => match aggregate.function {
                        Function::First(property) | Function::Last(property) => {
                            let table = self
                                .property(aggregate.event, property)
                                .and_then(|path| list(layout, Place::Events, path.keys()));
                            let Some(table) = table else { return Ok(None) };
                            let owner = self.event_of_value(scope, of, *slot, aggregate)?;
                            owner.map(|owner| List {
                                table,
                                owner,
                                of: Owner::Event,
                            })
                        }
                        Function::UniqueList(property) => {
                            let table = self.unique_elements(of, *slot, aggregate, property)?;
                            id(scope, of).map(|owner| List {
                                table,
                                owner,
                                of: Owner::Subject(of),
                            })
                        }
                        _ => None,
                    },
                }
            }
        })
    }
}

impl List {
    /// What a filter of elements sees.
    fn scope(&self) -> Scope {
        let mut scope = Scope {
            user: Whose::OutOfReach,
            account: Whose::OutOfReach,
            element: Some(Element {
                alias: "i".into(),
                table: self.table.clone(),
                of: self.of.clone(),
            }),
            ..Scope::default()
        };
        // From the element to its list, to the list that this is an element of, and so on.
        let (mut owner, mut of, mut joins) = (Expr::column("i", "owner"), &self.of, Vec::new());
        while let Owner::Element(element) = of {
            let alias = format!("o{}", joins.len() + 1);
            joins.push(Join {
                kind: JoinKind::Inner,
                table: Table::new(&element.table, &alias),
                on: Expr::column(&alias, "element_id").equals(owner),
            });
            (owner, of) = (Expr::column(&alias, "owner"), &element.of);
        }
        match of {
            Owner::Subject(Subject::User) => scope.user = Whose::By(owner, joins),
            Owner::Subject(Subject::Account) => scope.account = Whose::By(owner, joins),
            Owner::Event => {
                joins.push(Join {
                    kind: JoinKind::Inner,
                    table: Table::new("events", "e"),
                    on: Expr::column("e", "event_id").equals(owner),
                });
                scope.user = Whose::By(Expr::column("e", "profile_id"), joins);
            }
            Owner::Element(_) => {}
        }
        scope
    }
}
