//! The problems of a workspace, with the source they are about, on standard error.

use std::io::{self, Write};
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::Streams;
use crate::diagnostic::{Diagnostic, Severity, visible};
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
        if is_drawable(diagnostic, sources) {
            writeln!(streams.err, "{}\n", renderer.render(&[group(diagnostic, sources)]))?;
        } else {
            writeln!(streams.err, "{}\n", diagnostic.to_text(sources))?;
        }
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

/// How many lines apart two places may be to stand in one picture.
const NEAR: u32 = 12;

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let file = diagnostic.span.file;
    let mut here = vec![(AnnotationKind::Primary, diagnostic.span, diagnostic.label.as_str())];
    // What is far away is a picture of its own: all lines between would else be looked through.
    let line = |span| sources.position(span).line;
    let near = |span: Span| span.file == file && line(span).abs_diff(line(diagnostic.span)) <= NEAR;
    let (same, elsewhere): (Vec<_>, Vec<_>) = diagnostic.related.iter().partition(|label| near(label.span));
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

/// Whether the lines in question fit a picture; a line of a megabyte is drawn for nobody, and would be for each problem.
fn is_drawable(diagnostic: &Diagnostic, sources: &Sources) -> bool {
    const WIDEST: usize = 4096;
    let related = diagnostic.related.iter().map(|label| label.span);
    std::iter::once(diagnostic.span).chain(related).all(|span| {
        let text = sources.text(span.file).as_bytes();
        let (before, after) = text.split_at_checked(span.start as usize).unwrap_or((text, b""));
        let is_break = |byte: &u8| *byte == b'\n';
        let left = before.iter().rev().take(WIDEST).position(is_break);
        let right = after.iter().take(WIDEST).position(is_break);
        (left.is_some() || before.len() < WIDEST) && (right.is_some() || after.len() < WIDEST)
    })
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
        .path(visible(sources.name(file)))
        .line_start(line as usize)
        .annotations(annotations)
}
