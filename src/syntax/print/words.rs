//! The words of a text that is printed anew, and the comments between them.
//!
//! The printer puts out the words of the tree in the order in which they were read, so counting them is enough to know
//! which comments stand before and behind each: no place of the tree is looked at. Where there is no text, as for a tree
//! that a program made, there are no comments.

use crate::syntax::lex::Tokens;

/// A comment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Remark<'t> {
    pub(super) text: &'t str,
    /// It has its line for itself; else it stands behind a word.
    pub(super) own_line: bool,
    /// There is an empty line before it.
    pub(super) blank: bool,
}

/// What stands before a word.
#[derive(Debug, Default)]
pub(super) struct Gap<'t> {
    pub(super) remarks: Vec<Remark<'t>>,
    /// There is an empty line directly before the word.
    pub(super) blank: bool,
}

impl<'t> Gap<'t> {
    /// Puts remarks behind those that are there: only the first of all can stand behind a word.
    fn append(&mut self, remarks: Vec<Remark<'t>>) {
        for mut remark in remarks {
            remark.own_line |= !self.remarks.is_empty();
            self.remarks.push(remark);
        }
    }
}

/// The words of a text, and how far they have been printed.
#[derive(Debug, Default)]
pub(super) struct Words<'t> {
    words: Vec<&'t str>,
    /// Before each word, and at the end.
    gaps: Vec<Gap<'t>>,
    /// The next word.
    at: usize,
    /// The last word has a remark behind it.
    remarked: bool,
    /// They are of a text.
    read: bool,
}

impl<'t> Words<'t> {
    /// The words and comments of a text. Left out are commas that nothing follows: whether one stands there is for the
    /// layout to say.
    pub(super) fn read(tokens: &Tokens<'t>) -> Self {
        let mut words = Words {
            read: true,
            ..Words::default()
        };
        let mut comments = tokens.comments.iter().peekable();
        let mut before = None;
        // What was found before a comma goes behind it.
        let mut held = Vec::new();
        for (index, token) in tokens.tokens.iter().enumerate() {
            let mut gap = Gap::default();
            gap.append(std::mem::take(&mut held));
            while let Some(comment) = comments.next_if(|comment| comment.start < token.start) {
                gap.append(vec![remark(tokens.text, before, comment.start, comment.end)]);
                before = Some(comment.end);
            }
            let word = tokens.text(*token);
            if word == "," {
                held = std::mem::take(&mut gap.remarks);
                if matches!(tokens.at(index + 1), "]" | "}") {
                    before = Some(token.end);
                    continue;
                }
            }
            gap.blank = before.is_some_and(|before| breaks(tokens.text, before, token.start) > 1);
            before = Some(token.end);
            words.words.push(word);
            words.gaps.push(gap);
        }
        let mut end = Gap::default();
        for comment in comments {
            end.append(vec![remark(tokens.text, before, comment.start, comment.end)]);
            before = Some(comment.end);
        }
        words.gaps.push(end);
        words
    }

    /// Whether the words are of a text, which has its own spelling and its own empty lines.
    pub(super) fn are_read(&self) -> bool {
        self.read
    }

    /// The next word, as it is written.
    pub(super) fn next(&self) -> Option<&'t str> {
        self.words.get(self.at).copied()
    }

    /// The word so many behind the next one.
    pub(super) fn ahead(&self, count: usize) -> Option<&'t str> {
        self.words.get(self.at + count).copied()
    }

    /// Goes on by so many words.
    pub(super) fn advance(&mut self, count: usize) {
        self.at += count;
        self.remarked = false;
    }

    /// What stands before the next word; nothing when asked again.
    pub(super) fn before(&mut self) -> Gap<'t> {
        self.gaps.get_mut(self.at).map(std::mem::take).unwrap_or_default()
    }

    /// The remark behind the last word, if there is one.
    pub(super) fn behind(&mut self) -> Option<Remark<'t>> {
        let gap = self.gaps.get_mut(self.at)?;
        if gap.remarks.first()?.own_line {
            return None;
        }
        self.remarked = true;
        Some(gap.remarks.remove(0))
    }

    /// Moves what stands behind the next word before it: `a and # on a` is a remark on `a`.
    pub(super) fn pull(&mut self) {
        let next = self.gaps.get_mut(self.at + 1).map(std::mem::take).unwrap_or_default();
        let remarked = self.remarked;
        if let Some(gap) = self.gaps.get_mut(self.at) {
            gap.append(next.remarks);
            if let Some(first) = gap.remarks.first_mut() {
                first.own_line |= remarked;
            }
        }
    }

    /// Goes on by so many words that are not printed; what stands around them stays.
    pub(super) fn leave_out(&mut self, count: usize) {
        let mut joined = self.before();
        for _ in 0..count {
            self.at += 1;
            let gap = self.before();
            joined.append(gap.remarks);
            joined.blank = gap.blank;
        }
        if let Some(first) = joined.remarks.first_mut() {
            first.own_line |= self.remarked;
        }
        if let Some(gap) = self.gaps.get_mut(self.at) {
            *gap = joined;
        }
    }

    /// Whether there are remarks behind one of the next words.
    pub(super) fn has_remarks(&self, count: usize) -> bool {
        let gaps = self.gaps.iter().skip(self.at + 1).take(count);
        gaps.map(|gap| gap.remarks.len()).sum::<usize>() > 0
    }
}

/// How many lines end between two places.
fn breaks(text: &str, from: u32, to: u32) -> usize {
    let between = text.get(from as usize..to as usize).unwrap_or("");
    between.bytes().filter(|byte| *byte == b'\n').count()
}

fn remark(text: &str, before: Option<u32>, start: u32, end: u32) -> Remark<'_> {
    let lines = before.map(|before| breaks(text, before, start));
    Remark {
        text: text.get(start as usize..end as usize).unwrap_or("").trim_end(),
        own_line: lines != Some(0),
        blank: lines.is_some_and(|lines| lines > 1),
    }
}
