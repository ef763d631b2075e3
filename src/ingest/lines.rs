//! Reads lines of any length in bounded memory.

use std::io::{self, BufRead, Read};

/// The longest line that is held, in bytes.
pub(super) const LONGEST_LINE: usize = 8 << 20;
/// What is kept of a longer one, in bytes.
const KEPT_OF_LONGER: usize = 64 << 10;
/// What the buffer may keep between lines, in bytes.
const KEPT_BUFFER: usize = 1 << 20;

/// A line, without its end.
pub(super) enum Line<'b> {
    /// All of it.
    Whole(&'b [u8]),
    /// The beginning of one that is longer than [`LONGEST_LINE`].
    Cut(&'b [u8]),
}

/// Gives every line, with its number from 1, until one is an error. The last need not end.
pub(super) fn each<E: From<io::Error>>(
    mut reader: impl BufRead,
    longest: usize,
    mut give: impl FnMut(u64, Line<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut line = Vec::new();
    for number in 1.. {
        let Some(cut) = next(&mut reader, longest, &mut line)? else {
            break;
        };
        give(number, if cut { Line::Cut(&line) } else { Line::Whole(&line) })?;
    }
    Ok(())
}

/// Reads one line into a buffer, which is emptied first; whether it was cut. `None` at the end.
pub(super) fn next(reader: &mut impl BufRead, longest: usize, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    line.shrink_to(KEPT_BUFFER);
    append(reader, longest, line)
}

/// Reads one line behind what a buffer holds; whether it was cut. `None` at the end. After an error nothing was added.
pub(super) fn append(reader: &mut impl BufRead, longest: usize, buffer: &mut Vec<u8>) -> io::Result<Option<bool>> {
    let begin = buffer.len();
    // As far as a line with its end may go.
    let most = u64::try_from(longest).unwrap_or(u64::MAX).saturating_add(1);
    let read = match reader.take(most).read_until(b'\n', buffer) {
        Ok(0) => return Ok(None),
        Ok(read) => read,
        Err(error) => {
            buffer.truncate(begin);
            return Err(error);
        }
    };
    if buffer.last() == Some(&b'\n') {
        buffer.pop();
    } else if read > longest {
        buffer.truncate(begin.saturating_add(KEPT_OF_LONGER.min(longest)));
        reader.skip_until(b'\n').inspect_err(|_| buffer.truncate(begin))?;
        return Ok(Some(true));
    }
    Ok(Some(false))
}

/// The beginning of a line up to the last whole character, if no more than its last character is torn.
pub(super) fn whole_characters(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => bytes.get(..error.valid_up_to()).unwrap_or(bytes),
        _ => bytes,
    }
}

/// A line without the white space of JSON around it.
pub(super) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] | [rest @ .., b' ' | b'\t' | b'\r' | b'\n'] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn lines(text: &[u8], buffer: usize, longest: usize) -> Vec<(u64, String, bool)> {
        let mut all = Vec::new();
        each(BufReader::with_capacity(buffer, text), longest, |number, line| {
            let (bytes, cut) = match line {
                Line::Whole(bytes) => (bytes, false),
                Line::Cut(bytes) => (bytes, true),
            };
            all.push((number, String::from_utf8_lossy(bytes).into_owned(), cut));
            Ok::<(), io::Error>(())
        })
        .unwrap();
        all
    }

    #[test]
    fn lines_are_the_same_whatever_the_buffer() {
        let text = b"one\n\ntwo\r\nthree";
        let expected: Vec<_> = [(1, "one"), (2, ""), (3, "two\r"), (4, "three")]
            .map(|(number, line)| (number, line.to_owned(), false))
            .into();
        for buffer in 1..20 {
            assert_eq!(lines(text, buffer, 100), expected, "{buffer}");
        }
        assert!(lines(b"", 8, 100).is_empty());
        assert_eq!(lines(b"\n", 8, 100).len(), 1);
    }

    #[test]
    fn a_line_too_long_is_cut_and_the_next_is_whole() {
        let text = [vec![b'x'; 100], b"\nnext\n".to_vec()].concat();
        for buffer in [1, 7, 99, 100, 101, 1000] {
            assert_eq!(
                lines(&text, buffer, 100).first().map(|l| (l.1.len(), l.2)),
                Some((100, false))
            );
            let cut = lines(&text, buffer, 99);
            assert_eq!(cut.first().map(|l| l.2), Some(true), "{buffer}");
            assert_eq!(cut.get(1), Some(&(2, "next".to_owned(), false)), "{buffer}");
        }
        let long = vec![b'x'; 3 * KEPT_OF_LONGER];
        assert_eq!(
            lines(&long, 4096, 2 * KEPT_OF_LONGER).first().map(|l| (l.1.len(), l.2)),
            Some((KEPT_OF_LONGER, true))
        );
    }

    #[test]
    fn a_torn_character_is_left_out_and_broken_bytes_are_not() {
        assert_eq!(whole_characters("aé".as_bytes()), "aé".as_bytes());
        assert_eq!(whole_characters(b"a\xc3"), b"a");
        assert_eq!(whole_characters(b"a\xffb"), b"a\xffb");
        assert_eq!(trim(b" \t x y\r\n"), b"x y");
        assert_eq!(trim(b" \n"), b"");
    }
}
