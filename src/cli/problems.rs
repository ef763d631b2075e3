//! The problems of a workspace, with the source they are about, on standard error.

use std::io::{self, Write};
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::Streams;
use crate::diagnostic::{Diagnostic, Severity};
use crate::span::{FileId, Sources, Span};

/// As many problems as anybody reads who asked for something else.
pub(super) const SHOWN: usize = 100;

/// Prints the problems, no more than `most`.
pub(super) fn print(
    diagnostics: &[Diagnostic],
    most: usize,
    sources: &Sources,
    streams: &mut Streams,
) -> io::Result<()> {
    let renderer = if streams.err_is_terminal {
        Renderer::styled().decor_style(DecorStyle::Unicode)
    } else {
        Renderer::plain()
    };
    for diagnostic in diagnostics.iter().take(most) {
        writeln!(streams.err, "{}\n", renderer.render(&[group(diagnostic, sources)]))?;
    }
    if let Some(rest) = diagnostics.len().checked_sub(most).filter(|rest| *rest > 0) {
        writeln!(streams.err, "… and {rest} more; `volens check` shows all of them")?;
    }
    Ok(())
}

pub(super) fn summary(diagnostics: &[Diagnostic], streams: &mut Streams) -> io::Result<()> {
    let errors = diagnostics.iter().filter(|d| d.is_error()).count();
    let warnings = diagnostics.len() - errors;
    let mut parts = Vec::new();
    for (count, what) in [(errors, "error"), (warnings, "warning")] {
        if count > 0 {
            parts.push(format!("{count} {what}{}", if count == 1 { "" } else { "s" }));
        }
    }
    if parts.is_empty() {
        return Ok(());
    }
    writeln!(streams.err, "{}", parts.join(", "))
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let file = diagnostic.span.file;
    let mut here = vec![(AnnotationKind::Primary, diagnostic.span, diagnostic.label.as_str())];
    let (same, elsewhere): (Vec<_>, Vec<_>) = diagnostic.related.iter().partition(|label| label.span.file == file);
    here.extend(same.iter().map(|l| (AnnotationKind::Context, l.span, l.text.as_str())));
    let mut group = level
        .primary_title(&diagnostic.message)
        .id(diagnostic.code.as_str())
        .element(snippet(file, here, sources));
    for label in elsewhere {
        let there = vec![(AnnotationKind::Context, label.span, label.text.as_str())];
        group = group.element(snippet(label.span.file, there, sources));
    }
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(help)),
        None => group,
    }
}

/// The lines that the spans are in, and no others: what is rendered is looked through from its beginning each time.
fn snippet<'a>(
    file: FileId,
    annotations: Vec<(AnnotationKind, Span, &'a str)>,
    sources: &'a Sources,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let text = sources.text(file);
    let first = annotations.iter().map(|(_, span, _)| span.start).min().unwrap_or(0) as usize;
    let last = annotations.iter().map(|(_, span, _)| span.end).max().unwrap_or(0) as usize;
    let from = text.get(..first).and_then(|t| t.rfind('\n')).map_or(0, |at| at + 1);
    let to = text
        .get(last..)
        .and_then(|t| t.find('\n'))
        .map_or(text.len(), |at| last + at);
    let line = sources
        .position(Span::new(file, u32::try_from(from).unwrap_or(0), 0))
        .line;
    let lines = text.get(from..to).unwrap_or("");
    let within = |span: Span| -> Range<usize> {
        let start = (span.start as usize).saturating_sub(from).min(lines.len());
        let end = (span.end as usize).saturating_sub(from).min(lines.len());
        start..end.max(start)
    };
    let annotations = annotations.into_iter().map(|(kind, span, label)| {
        let annotation = kind.span(within(span));
        if label.is_empty() {
            annotation
        } else {
            annotation.label(label)
        }
    });
    Snippet::source(lines)
        .path(sources.name(file))
        .line_start(line as usize)
        .annotations(annotations)
}
