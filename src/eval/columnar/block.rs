//! Asks the conditions of a plan of a block of profiles.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::aggregate::Cells;
use super::bits::{self, BLOCK, Bits};
use super::column::Column;
use super::count::Passing;
use super::ladder::{Climbed, Rungs};
use super::plan::{Held, Plan, Way};
use super::segment::Segment;
use super::select::Asker;
use super::windows::Seen;
use crate::consent::ConsentState;
use crate::eval;
use crate::eval::many::TooCostly;
use crate::eval::row::Row;
use crate::ir::{Audience, AudienceSlot, CategorySlot, NodeId, Program, Subject, TraitSlot};
use crate::model::Profile;
use crate::value::Value;

/// What is kept from block to block: buffers.
#[derive(Debug)]
pub(super) struct Room {
    /// By number, of whom of the block it is known whether a condition holds, and of whom it does.
    answers: Vec<Answer>,
    /// By number, of the audiences that conditions ask for.
    members: Vec<Bits>,
    /// By trait slot.
    computed: Vec<Cells>,
    climbed: Vec<Climbed>,
    seen: Seen,
    /// Who has identifiers that suffice for a member, without and with an anonymous one.
    eligible: [Bits; 2],
    /// By category slot, who granted it.
    granted: Vec<Bits>,
}

#[derive(Debug, Clone, Copy)]
struct Answer {
    /// The first place of the block that it is about.
    start: usize,
    known: Bits,
    holds: Bits,
}

const UNKNOWN: Answer = Answer {
    start: usize::MAX,
    known: bits::NONE,
    holds: bits::NONE,
};

/// A funnel of a profile costs more than [`Row::BUDGET`] here, where it may not where the audience is asked as a whole: another
/// condition may settle it first.
#[derive(Debug)]
pub(super) struct Exhausted;

impl Room {
    pub(super) fn new(program: &Program, plan: &Plan<'_>) -> Self {
        Room {
            answers: vec![UNKNOWN; plan.answers.count],
            members: vec![bits::NONE; plan.members.count],
            computed: program.traits.iter().map(|_| Cells::default()).collect(),
            climbed: program.traits.iter().map(|_| Climbed::default()).collect(),
            seen: Seen::default(),
            eligible: [bits::NONE; 2],
            granted: vec![bits::NONE; program.categories.len()],
        }
    }
}

/// A place for each profile of a block, made when the first is needed: few blocks need any.
type Lazily<T> = OnceCell<Box<[OnceCell<T>]>>;

fn place<T>(all: &Lazily<T>, at: usize) -> Option<&OnceCell<T>> {
    all.get_or_init(|| (0..BLOCK).map(|_| OnceCell::new()).collect())
        .get(at)
}

/// A block, and what is known of it.
pub(super) struct Block<'b, 's> {
    program: &'s Program,
    segment: &'s Segment,
    plan: &'b Plan<'s>,
    asker: &'s Asker<'s>,
    start: usize,
    /// Everybody in it.
    all: Bits,
    room: &'b mut Room,
    /// People who are asked about one by one, and how they are laid out for that.
    profiles: &'b Lazily<Profile>,
    rows: Lazily<Row<'b>>,
    /// The same of what alone can be asked no other way.
    parts: Lazily<Row<'b>>,
    exhausted: bool,
}

/// Fills in who of the block from `start` on is in which audience, and hands over the members of each.
pub(super) fn evaluate<'s>(
    (program, segment): (&'s Program, &'s Segment),
    plan: &Plan<'s>,
    asker: &'s Asker<'s>,
    start: usize,
    room: &mut Room,
    mut members: impl FnMut(AudienceSlot, &Bits),
) -> Result<(), Exhausted> {
    let profiles = OnceCell::new();
    room.eligible = [false, true].map(|anonymous| segment.eligible(start, anonymous));
    for (slot, granted) in room.granted.iter_mut().enumerate() {
        *granted = segment.consent(start, CategorySlot::at(slot), ConsentState::Granted);
    }
    room.computed.iter_mut().for_each(Cells::forget);
    room.climbed.iter_mut().for_each(Climbed::forget);
    room.seen.forget();
    let mut block = Block {
        program,
        segment,
        plan,
        asker,
        start,
        all: bits::first(segment.in_block(start)),
        room,
        profiles: &profiles,
        rows: OnceCell::new(),
        parts: OnceCell::new(),
        exhausted: false,
    };
    for slot in &program.order {
        let Some(audience) = program.audiences.get(slot.index()) else {
            continue;
        };
        // Nobody here has an account.
        if audience.of == Subject::Account {
            continue;
        }
        let found = block.audience(audience);
        if let Some(number) = plan.members.number(slot.index())
            && let Some(kept) = block.room.members.get_mut(number)
        {
            *kept = found;
        }
        if block.exhausted {
            return Err(Exhausted);
        }
        members(*slot, &found);
    }
    Ok(())
}

/// By audience slot, the members among the block from `start` on, each profile evaluated by itself.
///
/// # Errors
/// [`TooCostly`], by the place in the segment.
pub(super) fn one_by_one(
    (program, segment): (&Program, &Segment),
    asker: &Asker<'_>,
    start: usize,
) -> Result<Vec<Bits>, TooCostly> {
    let mut members = vec![bits::NONE; program.audiences.len()];
    for at in (0..segment.in_block(start)).filter(|at| !segment.is_nobody(start + at)) {
        let laid_out;
        let profile = match segment.people.get(start + at) {
            Some(at_hand) => &**at_hand,
            None => {
                laid_out = segment.profile(program, start + at);
                &laid_out
            }
        };
        let mut row = asker.row(profile);
        eval::evaluate(program, &mut row, &[]);
        if row.is_exhausted() {
            return Err(TooCostly(start + at));
        }
        for (slot, members) in members.iter_mut().enumerate() {
            if let Some(word) = members.get_mut(at / 64) {
                *word |= u64::from(row.is_member(AudienceSlot::at(slot))) << (at % 64);
            }
        }
    }
    Ok(members)
}

impl<'b, 's: 'b> Block<'b, 's> {
    fn audience(&mut self, audience: &Audience) -> Bits {
        let [known, anonymous] = &self.room.eligible;
        let mut members = if audience.include_anonymous { *anonymous } else { *known };
        for category in &audience.consent {
            // What is no category was granted by nobody.
            bits::keep(
                &mut members,
                self.room.granted.get(category.index()).unwrap_or(&bits::NONE),
            );
        }
        self.narrow(audience.who, &mut members);
        members
    }

    /// Leaves those in the set of whom a condition holds. The recursion is as deep as conditions are nested.
    fn narrow(&mut self, id: NodeId, wanted: &mut Bits) {
        let Some(number) = self.plan.answers.number(id.index()) else {
            return self.ask(id, wanted);
        };
        let missing = match self.room.answers.get_mut(number) {
            Some(answer) if answer.start == self.start => bits::without(wanted, &answer.known),
            Some(answer) => {
                *answer = Answer {
                    start: self.start,
                    ..UNKNOWN
                };
                *wanted
            }
            None => *wanted,
        };
        if !bits::is_none(&missing) {
            let mut found = missing;
            self.ask(id, &mut found);
            if let Some(answer) = self.room.answers.get_mut(number) {
                bits::add(&mut answer.known, &missing);
                bits::add(&mut answer.holds, &found);
            }
        }
        if let Some(answer) = self.room.answers.get(number) {
            bits::keep(wanted, &answer.holds);
        }
    }

    /// The same, whether or not the answer is known.
    fn ask(&mut self, id: NodeId, wanted: &mut Bits) {
        let plan = self.plan;
        match plan.way(id) {
            Way::Const(true) => {}
            Way::Const(false) => *wanted = bits::NONE,
            Way::Member(audience) => {
                let members = plan.members.number(audience.index());
                let members = members.and_then(|number| self.room.members.get(number));
                bits::keep(wanted, members.unwrap_or(&bits::NONE));
            }
            Way::Not(inner) => {
                let mut found = *wanted;
                self.narrow(*inner, &mut found);
                bits::leave_out(wanted, &found);
            }
            Way::All(nodes) => {
                for node in nodes {
                    if bits::is_none(wanted) {
                        break;
                    }
                    self.narrow(*node, wanted);
                }
            }
            Way::Any(nodes) => {
                let mut left = *wanted;
                for node in nodes {
                    if bits::is_none(&left) {
                        break;
                    }
                    let mut found = left;
                    self.narrow(*node, &mut found);
                    bits::leave_out(&mut left, &found);
                }
                bits::leave_out(wanted, &left);
            }
            Way::Consent(category, ConsentState::Granted) => {
                bits::keep(wanted, self.room.granted.get(category.index()).unwrap_or(&bits::NONE));
            }
            Way::Consent(category, state) => {
                bits::keep(wanted, &self.segment.consent(self.start, *category, *state));
            }
            Way::Select(select) => select.narrow(self.start, wanted),
            Way::Rungs(slot, rungs) => self.rungs(id, *slot, *rungs, wanted),
            Way::Computed(slot, on) => {
                let odd = self.compute(*slot, wanted);
                if let (Some(computing), Some(cells)) = (plan.computing(*slot), self.room.computed.get(slot.index())) {
                    on.narrow(computing, cells, self.asker, wanted);
                }
                self.odd(id, odd, wanted);
            }
            Way::Compared(compared) => {
                *wanted = bits::each(wanted, |at| compared.holds(self.start + at, self.start + at));
            }
            Way::Between(own, other, test) => {
                let mut odd = bits::NONE;
                for held in [own, other] {
                    if let Held::Computed(slot) = held
                        && let Some(more) = self.compute(*slot, wanted)
                    {
                        bits::add(&mut odd, &more);
                    }
                }
                *wanted = bits::each(wanted, |at| {
                    let (own, other) = (self.held(*own, at), self.held(*other, at));
                    self.asker.compares(test, own.as_deref(), other.as_deref())
                });
                self.odd(id, Some(odd), wanted);
            }
            Way::Count(counting) => {
                let outside = self.inside(&counting.passing).map(|inside| {
                    let outside = bits::without(wanted, &inside);
                    bits::keep(wanted, &inside);
                    outside
                });
                *wanted = bits::each(wanted, |at| match counting.holds(self.start + at) {
                    Some(holds) => holds,
                    None => self.one(id, at),
                });
                if let Some(outside) = outside.filter(|_| counting.holds_of_none()) {
                    bits::add(wanted, &outside);
                }
            }
            Way::One => *wanted = bits::each(wanted, |at| self.alone(id, at)),
            Way::OneInside(passing, of_none) => {
                *wanted = bits::each(wanted, |at| match passing.window(self.start + at).is_empty() {
                    true => *of_none,
                    false => self.alone(id, at),
                });
            }
        }
    }

    /// Who has an event in a window, if many conditions look at it.
    fn inside(&mut self, passing: &Passing<'_>) -> Option<Bits> {
        let number = passing.shared?;
        let windows = &self.plan.windows;
        Some(windows.inside(number, self.segment, self.start, &self.all, &mut self.room.seen))
    }

    /// Computes a computed trait of those who are wanted, and gives those of them whose value is none that columns have;
    /// `None` where there are none.
    fn compute(&mut self, slot: TraitSlot, wanted: &Bits) -> Option<Bits> {
        let computing = self.plan.computing(slot)?;
        let inside = self.inside(&computing.passing);
        let cells = self.room.computed.get_mut(slot.index())?;
        computing.fill(self.start, wanted, inside.as_ref(), cells);
        let odd = cells.odd()?;
        Some(bits::and(wanted, odd))
    }

    /// The value of a trait of a profile; one that is computed is known.
    fn held<'v>(&'v self, held: Held<'v>, at: usize) -> Option<Cow<'v, Value>> {
        match held {
            Held::Sent(column) => column?.value(self.start + at),
            Held::Computed(slot) => {
                let computing = self.plan.computing(slot)?;
                computing.told(self.room.computed.get(slot.index())?, at)
            }
        }
    }

    /// Asks about those whose value is none that columns have one by one.
    fn odd(&mut self, id: NodeId, odd: Option<Bits>, found: &mut Bits) {
        if let Some(odd) = odd {
            bits::leave_out(found, &odd);
            bits::add(found, &bits::each(&odd, |at| self.one(id, at)));
        }
    }

    /// A range of a value of which there are many.
    fn rungs(&mut self, id: NodeId, slot: TraitSlot, rungs: Rungs, wanted: &mut Bits) {
        let odd = self.compute(slot, wanted);
        let (Some(Some(ladder)), Some(climbed)) = (
            self.plan.ladders.get(slot.index()),
            self.room.climbed.get_mut(slot.index()),
        ) else {
            *wanted = bits::NONE;
            return;
        };
        match self.segment.traits.get(slot.index()) {
            Some(Column::Units(units)) => {
                ladder.climb(&self.all, |at| units.units(self.start + at), climbed);
            }
            _ => {
                if let Some(cells) = self.room.computed.get(slot.index()) {
                    ladder.climb(wanted, |at| cells.units(at), climbed);
                }
            }
        }
        climbed.narrow(rungs, wanted);
        self.odd(id, odd, wanted);
    }

    /// Whether a condition that has no form here holds of one profile of the block.
    fn alone(&mut self, id: NodeId, at: usize) -> bool {
        let (Some(row), Some(profile)) = (place(&self.parts, at), self.profile(at)) else {
            return false;
        };
        let row = row.get_or_init(|| self.plan.alone.row(self.program, profile, self.asker));
        let (holds, exhausted) = holds(self.program, id, row);
        self.exhausted |= exhausted;
        holds
    }

    /// Whether any condition holds of one profile of the block, by the evaluator that says what it means.
    fn one(&mut self, id: NodeId, at: usize) -> bool {
        let (Some(row), Some(profile)) = (place(&self.rows, at), self.profile(at)) else {
            return false;
        };
        let row = row.get_or_init(|| self.asker.row(profile));
        let (holds, exhausted) = holds(self.program, id, row);
        self.exhausted |= exhausted;
        holds
    }

    /// A profile to be asked about by itself; `None` where no more is asked.
    fn profile(&self, at: usize) -> Option<&'b Profile> {
        if self.exhausted {
            return None;
        }
        match self.segment.people.get(self.start + at) {
            Some(at_hand) => Some(&**at_hand),
            None => {
                let profile = place(self.profiles, at)?;
                Some(profile.get_or_init(|| self.segment.profile(self.program, self.start + at)))
            }
        }
    }
}

/// Whether a condition holds of a row, and whether that cost too much.
fn holds(program: &Program, id: NodeId, row: &Row<'_>) -> (bool, bool) {
    row.begin();
    let holds = eval::holds(program, id, row, &[], &mut ());
    (holds, row.is_exhausted())
}
