//! A text with places where it may break, and how it is laid out: as Wadler and Prettier do it, with remarks.
//!
//! A group stays on one line if it fits, with what follows it up to the next place where the line may end; else it breaks
//! at all of its own places. A remark (a comment) ends its line, whatever group it is in, so a group with a remark in its
//! midst never fits. Nothing in here knows the language.

use std::borrow::Cow;

/// Lines are at most so wide, in characters, where the text allows it.
pub(in crate::syntax) const WIDTH: usize = 100;

/// A text that is still to be laid out.
#[derive(Debug, Clone)]
pub(in crate::syntax) enum Doc<'t> {
    /// Words without a line break.
    Text(Cow<'t, str>),
    /// A blank. The line ends here only after a remark.
    Space,
    /// A blank, or a line break if the group breaks.
    Line,
    /// Nothing, or a line break if the group breaks.
    SoftLine,
    /// What follows begins a line.
    HardLine,
    /// What follows begins a line, below an empty one.
    EmptyLine,
    /// Words that stand there only if the group breaks.
    IfBroken(&'static str),
    /// A comment behind what stands on the line.
    Remark(Cow<'t, str>),
    /// A comment on a line of its own.
    OwnRemark(Cow<'t, str>),
    /// Lines that begin inside are indented so much more.
    Nest(usize, Box<Doc<'t>>),
    /// Stays on one line if it fits, and is no longer than so many characters.
    Group(usize, Box<Doc<'t>>),
    /// One after the other.
    All(Vec<Doc<'t>>),
}

impl<'t> Doc<'t> {
    pub(in crate::syntax) fn text(text: impl Into<Cow<'t, str>>) -> Self {
        Doc::Text(text.into())
    }

    pub(in crate::syntax) fn nest(by: usize, parts: Vec<Doc<'t>>) -> Self {
        Doc::Nest(by, Box::new(Doc::All(parts)))
    }

    pub(in crate::syntax) fn group(parts: Vec<Doc<'t>>) -> Self {
        Doc::group_within(WIDTH, parts)
    }

    /// A group that breaks if it is longer than `limit`, also where the line would have room for it.
    pub(in crate::syntax) fn group_within(limit: usize, parts: Vec<Doc<'t>>) -> Self {
        Doc::Group(limit, Box::new(Doc::All(parts)))
    }

    /// The text, laid out; it ends with a line break unless it is empty.
    pub(in crate::syntax) fn render(&self) -> String {
        let mut page = Page {
            out: String::new(),
            column: 0,
            begun: false,
            blank: false,
            ended: false,
            frames: vec![Frame {
                indent: 0,
                flat: false,
                doc: self,
            }],
        };
        page.render();
        page.out
    }
}

/// A piece that is still to be put on the page.
#[derive(Clone, Copy)]
struct Frame<'d> {
    indent: usize,
    flat: bool,
    doc: &'d Doc<'d>,
}

struct Page<'d> {
    out: String,
    /// Where the next character goes; of a line that has not begun, how far it is indented.
    column: usize,
    /// Something stands on this line.
    begun: bool,
    /// A blank comes before the next word, if there is one on this line.
    blank: bool,
    /// A remark stands on this line: nothing may follow it.
    ended: bool,
    frames: Vec<Frame<'d>>,
}

impl<'d> Page<'d> {
    fn render(&mut self) {
        while let Some(frame) = self.frames.pop() {
            let Frame { indent, flat, doc } = frame;
            match doc {
                Doc::Text(text) => self.text(indent, text),
                Doc::Space => self.space(indent),
                Doc::Line if flat => self.space(indent),
                Doc::SoftLine if flat => {}
                Doc::Line | Doc::SoftLine | Doc::HardLine => self.line(indent),
                Doc::EmptyLine => {
                    self.line(indent);
                    if !self.out.is_empty() && !self.out.ends_with("\n\n") {
                        self.out.push('\n');
                    }
                }
                Doc::IfBroken(_) if flat => {}
                Doc::IfBroken(text) => self.text(indent, text),
                Doc::Remark(text) => self.remark(indent, text),
                Doc::OwnRemark(text) => self.own_remark(indent, text),
                Doc::Nest(by, inner) => self.frames.push(Frame {
                    indent: indent + by,
                    flat,
                    doc: inner,
                }),
                Doc::Group(limit, inner) => {
                    let inner = Frame {
                        indent,
                        flat: true,
                        doc: inner,
                    };
                    let flat = flat || self.fits(*limit, inner);
                    self.frames.push(Frame { flat, ..inner });
                }
                Doc::All(parts) => {
                    let parts = parts.iter().rev();
                    self.frames.extend(parts.map(|doc| Frame { indent, flat, doc }));
                }
            }
        }
        if self.begun {
            self.out.push('\n');
        }
    }

    fn end_line(&mut self, indent: usize) {
        self.out.push('\n');
        self.column = indent;
        self.begun = false;
        self.blank = false;
        self.ended = false;
    }

    /// Begins a line, unless the one that we are on has not begun.
    fn line(&mut self, indent: usize) {
        if self.begun {
            self.end_line(indent);
        }
        self.column = indent;
    }

    fn text(&mut self, indent: usize, text: &str) {
        if self.ended {
            self.end_line(indent);
        }
        if !self.begun {
            // Only now, so that no line ends with blanks.
            self.out.extend(std::iter::repeat_n(' ', self.column));
            self.begun = true;
        } else if std::mem::take(&mut self.blank) {
            self.out.push(' ');
            self.column += 1;
        }
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn space(&mut self, indent: usize) {
        if self.ended {
            self.end_line(indent);
        } else {
            self.blank = self.begun;
        }
    }

    fn remark(&mut self, indent: usize, text: &str) {
        if self.begun && !self.ended {
            self.blank = false;
            self.text(indent, "  ");
            self.text(indent, text);
            self.ended = true;
        } else {
            self.own_remark(indent, text);
        }
    }

    /// What follows is indented as the remark is, unless it begins a line itself.
    fn own_remark(&mut self, indent: usize, text: &str) {
        if self.begun {
            self.end_line(indent);
        }
        let indent = self.column;
        self.text(indent, text);
        self.end_line(indent);
    }

    /// Whether the group, put on one line, leaves the line short enough.
    fn fits(&self, limit: usize, group: Frame<'d>) -> bool {
        let ended = self.ended;
        let mut line = Line {
            start: if ended {
                group.indent
            } else {
                self.column + usize::from(self.blank)
            },
            limit,
            length: 0,
            begun: self.begun && !ended,
            ended: false,
        };
        let mut frames = vec![group];
        while let Some(frame) = frames.pop() {
            if !line.takes(frame, &mut frames) {
                return false;
            }
        }
        line.ended || self.rest_fits(line.start + line.length)
    }

    /// Whether what comes after a group fits as well, as far as the next place where the line may end.
    fn rest_fits(&self, mut column: usize) -> bool {
        let mut frames = Vec::new();
        for rest in self.frames.iter().rev() {
            frames.push(*rest);
            while let Some(frame) = frames.pop() {
                match frame.doc {
                    Doc::Text(text) => column += text.chars().count(),
                    Doc::Space => column += 1,
                    Doc::Line if frame.flat => column += 1,
                    Doc::SoftLine if frame.flat => {}
                    Doc::IfBroken(text) => column += if frame.flat { 0 } else { text.len() },
                    Doc::Line | Doc::SoftLine | Doc::HardLine | Doc::EmptyLine => return column <= WIDTH,
                    Doc::Remark(_) | Doc::OwnRemark(_) => return column <= WIDTH,
                    Doc::Nest(_, doc) | Doc::Group(_, doc) => frames.push(Frame { doc, ..frame }),
                    Doc::All(parts) => frames.extend(parts.iter().rev().map(|doc| Frame { doc, ..frame })),
                }
                if column > WIDTH {
                    return false;
                }
            }
        }
        column <= WIDTH
    }
}

/// A group that is tried on one line.
struct Line {
    /// Where it begins.
    start: usize,
    limit: usize,
    length: usize,
    /// Something stands on the line.
    begun: bool,
    /// A remark stands on the line.
    ended: bool,
}

impl Line {
    /// Whether there is room for one more piece.
    fn takes<'d>(&mut self, frame: Frame<'d>, frames: &mut Vec<Frame<'d>>) -> bool {
        match frame.doc {
            Doc::Nest(_, doc) | Doc::Group(_, doc) => frames.push(Frame { doc, ..frame }),
            Doc::All(parts) => frames.extend(parts.iter().rev().map(|doc| Frame { doc, ..frame })),
            Doc::SoftLine | Doc::IfBroken(_) => {}
            Doc::HardLine | Doc::EmptyLine => return false,
            Doc::Remark(_) => self.ended = true,
            // Before everything else it is no part of the line.
            Doc::OwnRemark(_) => return !self.begun && !self.ended,
            _ if self.ended => return false,
            Doc::Space | Doc::Line => self.length += usize::from(self.begun),
            Doc::Text(text) => {
                self.length += text.chars().count();
                self.begun = true;
            }
        }
        self.length <= self.limit && self.start + self.length <= WIDTH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words<'t>(words: &'t [&'t str]) -> Vec<Doc<'t>> {
        let mut parts = Vec::new();
        for word in words {
            if !parts.is_empty() {
                parts.push(Doc::Line);
            }
            parts.push(Doc::text(*word));
        }
        parts
    }

    #[test]
    fn a_group_breaks_at_all_of_its_places_or_at_none() {
        let short = ["aaa", "bbb"];
        assert_eq!(Doc::group(words(&short)).render(), "aaa bbb\n");
        let long = "x".repeat(60);
        let long = [&long[..], &long, "y"];
        let broken = Doc::group(vec![Doc::nest(2, words(&long)), Doc::group(words(&short))]);
        let x = long[0];
        assert_eq!(broken.render(), format!("{x}\n  {x}\n  yaaa bbb\n"));
        assert_eq!(Doc::group_within(5, words(&short)).render(), "aaa\nbbb\n");
    }

    #[test]
    fn what_follows_a_group_has_to_fit_too() {
        let tail = "z".repeat(95);
        let doc = Doc::All(vec![Doc::group(words(&["aaa", "bbb"])), Doc::text(&*tail)]);
        assert_eq!(doc.render(), format!("aaa\nbbb{tail}\n"));
    }

    #[test]
    fn remarks_end_their_line() {
        let remark = || Doc::Remark("# r".into());
        let doc = Doc::group(vec![Doc::text("a"), remark(), Doc::Line, Doc::text("b"), remark()]);
        assert_eq!(doc.render(), "a  # r\nb  # r\n");
        // Also where there is no place to break.
        let doc = Doc::nest(
            2,
            vec![Doc::text("a"), remark(), Doc::Space, Doc::text("b"), remark(), remark()],
        );
        assert_eq!(doc.render(), "a  # r\n  b  # r\n  # r\n");
    }

    #[test]
    fn a_remark_before_a_group_leaves_it_whole() {
        let own = || Doc::OwnRemark("# r".into());
        let group = Doc::group(vec![own(), Doc::text("a"), Doc::Line, Doc::text("b")]);
        let doc = Doc::All(vec![Doc::text("x"), Doc::nest(2, vec![Doc::HardLine, group])]);
        assert_eq!(doc.render(), "x\n  # r\n  a b\n");
        let group = Doc::group(vec![Doc::text("a"), Doc::Line, own(), Doc::text("b")]);
        assert_eq!(group.render(), "a\n# r\nb\n");
    }
}
