//! The overview as text: 80 columns, bars that need no colour, and every number beside its bar.

use std::collections::BTreeMap;
use std::fmt;

use super::{AudienceFlow, Discarded, Events, Flow, HeldMember, Overview, RefusedEvent, SentEvent, percent};
use crate::consent::ConsentState;
use crate::diagnostic::visible;
use crate::ir::Subject;

/// How wide a line is at most, in columns.
const WIDTH: usize = 80;
/// How wide the longest bar is.
const BAR: u64 = 32;
/// Indentation and name of a step.
const STEP: usize = 28;
/// Its number.
const NUMBER: usize = 9;

pub(super) struct Text<'o>(pub(super) &'o Overview);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let overview = self.0;
        let enforcement = if overview.enforcement {
            "on"
        } else {
            "off: every member is delivered everywhere"
        };
        writeln!(f, "Delivery Overview as of {}", overview.now)?;
        writeln!(f, "Consent enforcement {enforcement}")?;
        let disabled = overview.disabled.iter().map(|category| visible(category));
        wrapped(f, 0, "Not required, because disabled: ", disabled)?;
        writeln!(f, "\nEVENTS")?;
        events(f, &overview.events)?;
        let profiles = counted(overview.profiles as u64, "profile");
        writeln!(f, "\nAUDIENCES, of {profiles}")?;
        if overview.audiences.is_empty() {
            writeln!(f, "  There is none.")?;
        }
        for (at, audience) in overview.audiences.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            audience_flow(f, audience)?;
        }
        Ok(())
    }
}

fn events(f: &mut fmt::Formatter<'_>, events: &Events) -> fmt::Result {
    let of = events.received;
    step(f, 2, "Successfully received", of, &bar(0, of, of, '█'), None)?;
    // Whoever is in no step leaves as well, between those that failed and those that are left.
    let failed = bar(of - events.failed_on_ingest.min(of), events.failed_on_ingest, of, '░');
    step(f, 2, "Failed on ingest", events.failed_on_ingest, &failed, None)?;
    for failure in &events.failures {
        reason(f, 4, failure)?;
    }
    let accepted = bar(0, events.accepted, of, '█');
    let share = Some(percent(events.accepted, of)).filter(|_| of > 0);
    step(f, 2, "Accepted", events.accepted, &accepted, share)?;
    let silent = &events.in_no_step;
    let counts = [
        (silent.duplicate, "duplicate"),
        (silent.later, "later than this instant"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    wrapped(
        f,
        2,
        "In no step: ",
        counts.map(|(count, what)| format!("{count} {what}")),
    )?;
    let left_out = silent.left_out.iter();
    wrapped(
        f,
        2,
        "Left out of events: ",
        left_out.map(|(name, count)| format!("{count} {name}")),
    )?;
    if !events.destinations.is_empty() {
        writeln!(f, "\nEVENTS AT DESTINATIONS, by the consent that each carries")?;
    }
    let mut destinations = events.destinations.iter();
    destinations.try_for_each(|destination| flow(f, destination, "Accepted events"))
}

fn audience_flow(f: &mut fmt::Formatter<'_>, audience: &AudienceFlow) -> fmt::Result {
    let what = match audience.of {
        Subject::User => "member",
        Subject::Account => "account",
    };
    let size = format!(": {}", counted(audience.size as u64, what));
    let title = titled(&audience.name, audience.label.as_deref());
    writeln!(f, "{}{size}", clipped(&title, WIDTH - size.len()))?;
    if audience.destinations.is_empty() {
        writeln!(f, "  Sent nowhere")?;
    }
    let first = match audience.of {
        Subject::User => "From the audience",
        Subject::Account => "Users of its accounts",
    };
    audience
        .destinations
        .iter()
        .try_for_each(|destination| flow(f, destination, first))
}

fn flow<S: Sample>(f: &mut fmt::Formatter<'_>, flow: &Flow<S>, first: &str) -> fmt::Result {
    let title = titled(&flow.name, flow.label.as_deref());
    let requires = match &*flow.requires {
        [] => "nothing".to_owned(),
        categories => visible(&categories.join(", ")),
    };
    let line = format!("{title} requires {requires}");
    if columns(&line) <= WIDTH - 2 {
        writeln!(f, "  {line}")?;
    } else {
        writeln!(f, "  {}", clipped(&title, WIDTH - 2))?;
        wrapped(f, 4, "requires ", requires.split(", ").map(str::to_owned))?;
    }
    let of = flow.entered;
    step(f, 4, first, of, &bar(0, of, of, '█'), None)?;
    let filtered = bar(flow.delivered, flow.filtered, of, '░');
    step(f, 4, "Filtered at destination", flow.filtered, &filtered, None)?;
    for discarded in &flow.discards {
        reason(f, 6, discarded)?;
    }
    let delivered = bar(0, flow.delivered, of, '█');
    let share = Some(flow.percent_delivered()).filter(|_| of > 0);
    step(f, 4, "Cleared for delivery", flow.delivered, &delivered, share)
}

fn reason<S: Sample>(f: &mut fmt::Formatter<'_>, indent: usize, discarded: &Discarded<S>) -> fmt::Result {
    let pad = " ".repeat(indent);
    writeln!(f, "{pad}{}: {}", discarded.reason, discarded.count)?;
    for (category, states) in &discarded.categories {
        wrapped(f, indent + 2, &format!("{}: ", visible(category)), in_states(states))?;
    }
    let samples = discarded.samples.iter().map(Sample::short);
    wrapped(f, indent + 2, "such as ", samples)
}

fn in_states(states: &BTreeMap<ConsentState, u64>) -> impl Iterator<Item = String> + '_ {
    states.iter().map(|(state, count)| format!("{state} {count}"))
}

/// How a sample is named in a list.
trait Sample {
    fn short(&self) -> String;
}

impl Sample for HeldMember {
    fn short(&self) -> String {
        visible(&self.profile)
    }
}

impl Sample for RefusedEvent {
    fn short(&self) -> String {
        if self.file.is_empty() {
            format!("event {}", self.line)
        } else {
            format!("{}:{}", visible(&self.file), self.line)
        }
    }
}

impl Sample for SentEvent {
    fn short(&self) -> String {
        let called = self.event.as_deref().unwrap_or(&self.call);
        match &self.message_id {
            Some(id) => format!("{} ({})", visible(id), visible(called)),
            None => visible(called),
        }
    }
}

/// One line: name, number, bar, and how many of a hundred.
fn step(
    f: &mut fmt::Formatter<'_>,
    indent: usize,
    name: &str,
    count: u64,
    bar: &str,
    share: Option<u64>,
) -> fmt::Result {
    let pad = " ".repeat(indent);
    let name = format!("{pad}{name}");
    let mut line = format!("{name:<STEP$}{count:>NUMBER$}  {bar}");
    if let Some(share) = share {
        let missing = STEP + NUMBER + 2 + BAR as usize;
        line = format!("{line:<missing$} {share:>3} %");
    }
    writeln!(f, "{}", line.trim_end())
}

/// Part of a bar, behind what comes before it. What is more than nothing is seen, and what is less than all is seen to be.
fn bar(before: u64, part: u64, whole: u64, fill: char) -> String {
    let start = cells(before, whole, part > 0);
    let end = cells(before.saturating_add(part), whole, before.saturating_add(part) < whole);
    let end = if part > 0 { end.max(start + 1) } else { start };
    let mut bar = " ".repeat(usize::try_from(start).unwrap_or(0));
    bar.extend((start..end).map(|_| fill));
    bar.trim_end().to_owned()
}

fn cells(count: u64, whole: u64, leaves_room: bool) -> u64 {
    let cells = (u128::from(count) * u128::from(BAR)).checked_div(u128::from(whole));
    let cells = cells.map_or(0, |cells| u64::try_from(cells).unwrap_or(BAR));
    let cells = if count > 0 { cells.max(1) } else { cells };
    cells.min(if leaves_room { BAR - 1 } else { BAR })
}

/// A list with commas, in lines of at most [`WIDTH`]; nothing where it is empty.
fn wrapped(f: &mut fmt::Formatter<'_>, indent: usize, title: &str, items: impl Iterator<Item = String>) -> fmt::Result {
    let pad = " ".repeat(indent);
    let mut line = format!("{pad}{title}");
    let mut is_first = true;
    for item in items {
        let item = clipped(&item, WIDTH - indent - title.len().min(WIDTH / 2) - 1);
        if !is_first {
            line.push(',');
            if columns(&line) + columns(&item) + 2 > WIDTH {
                writeln!(f, "{line}")?;
                line = format!("{pad}  ");
            } else {
                line.push(' ');
            }
        }
        line.push_str(&item);
        is_first = false;
    }
    if is_first { Ok(()) } else { writeln!(f, "{line}") }
}

fn titled(name: &str, label: Option<&str>) -> String {
    match label {
        Some(label) => format!("{} \"{}\"", visible(name), visible(label)),
        None => visible(name),
    }
}

/// The text, with its end cut off where it is wider than that.
fn clipped(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut used = 1;
    let kept = text.chars().take_while(|c| {
        used += column(*c);
        used <= width
    });
    let mut kept: String = kept.collect();
    kept.push('…');
    kept
}

fn columns(text: &str) -> usize {
    text.chars().map(column).sum()
}

/// How wide terminals set a character, nearly: rather too wide, so that no line breaks.
fn column(c: char) -> usize {
    match c {
        '\u{2010}'..='\u{2027}' | '\u{2580}'..='\u{259f}' => 1,
        '\u{1100}'.. => 2,
        _ => 1,
    }
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_more_than_nothing_is_seen_and_what_is_less_than_all_is_not_all() {
        assert_eq!(bar(0, 0, 0, '█'), "");
        assert_eq!(bar(0, 1, 1, '█').chars().count() as u64, BAR);
        assert_eq!(bar(0, 1, 1_000_000, '█').chars().count(), 1);
        assert_eq!(bar(0, 999_999, 1_000_000, '█').chars().count() as u64, BAR - 1);
        assert_eq!(bar(999_999, 1, 1_000_000, '░').trim_start().chars().count(), 1);
        assert_eq!(
            bar(1, 999_999, 1_000_000, '░').trim_start().chars().count() as u64,
            BAR - 1
        );
        assert_eq!(bar(u64::MAX - 1, 1, u64::MAX, '░').chars().count() as u64, BAR);
        // The two parts of a whole meet and neither covers the other.
        for delivered in 0..=97 {
            let (left, right) = (bar(0, delivered, 97, '█'), bar(delivered, 97 - delivered, 97, '░'));
            let blanks = right.chars().take_while(|c| *c == ' ').count();
            assert!(right.is_empty() || blanks == left.chars().count(), "{delivered}");
        }
    }

    #[test]
    fn long_and_wide_texts_are_cut_to_their_width() {
        assert_eq!(clipped("abc", 3), "abc");
        assert_eq!(clipped("abcd", 3), "ab…");
        assert_eq!(clipped("🦊🦊🦊", 5), "🦊🦊…");
        assert!(columns(&clipped(&"שלום".repeat(50), 20)) <= 20);
    }
}
