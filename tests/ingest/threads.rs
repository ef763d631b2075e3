//! Lines read on several threads: the same comes of them as on one, whatever they hold and wherever they are cut.

use std::io::{BufReader, Error, Read};
use std::num::NonZeroUsize;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::made_events::{event, state};

/// Everything that can be told of what was taken in, and what its reader came to.
fn told(files: &[Vec<u8>], torn: bool, keep: usize, threads: usize) -> String {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(Error::other("gone"))
        }
    }
    let mut ingestor = Ingestor::new(settings());
    ingestor.threads(NonZeroUsize::new(threads).unwrap());
    ingestor.keep_rejects(keep);
    let mut ends = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let name = format!("{number}.jsonl");
        let read = match torn {
            true => ingestor.read(&name, BufReader::new(file.chain(Broken))),
            false => ingestor.read(&name, file.as_slice()),
        };
        ends.push(read.map_err(|error| error.to_string()));
    }
    // In the order in which they came.
    let mut applied = Vec::new();
    let ingested = ingestor.finish_with(|event| applied.push(event.canonical()));
    format!(
        "{ends:?} {:?} {:?} {:?} {:?} {applied:?} {}",
        ingested.counts,
        ingested.rejects,
        ingested.refused,
        ingested.violations,
        state(&ingested)
    )
}

/// A line, and how many blanks follow it: they say nothing, and move the places at which a file is cut.
fn line() -> impl Strategy<Value = (Vec<u8>, usize)> {
    let odd = [
        "",
        " \t",
        "{",
        "[]",
        "\u{feff}{}",
        r#"{"type":"track","userId":"u1","userId":"u2"}"#,
        r#"{"type":"track","event":"E","anonymousId":"0"}"#,
        r#"{"type":"track","event":"E","userId":"u9","timestamp":"2027-01-01"}"#,
        r#"{"batch":[]}"#,
        r#"{"batch":[{"type":"identify","userId":"u1","messageId":"m1"},{},{"type":"track","event":"E","userId":"u2"}]}"#,
        r#"{"type":"track","event":"E","userId":"u\u0031","messageId":"m2","timestamp":"2026-01-01"}"#,
    ];
    let odd = odd.map(|line| line.as_bytes().to_vec());
    let not_utf_8 = b"{\"type\":\"track\xff\"}".to_vec();
    let line = prop_oneof![
        12 => event().prop_map(|event| event.to_string().into_bytes()),
        3 => select(odd.to_vec()),
        1 => Just(not_utf_8),
    ];
    (line, prop_oneof![3 => 0..200_usize, 1 => 0..60_000_usize])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn as_many_threads_as_there_may_be_come_to_the_same(
        lines in vec(vec(line(), 0..60), 1..3),
        torn in any::<bool>(),
        keep in select(vec![0, 3, usize::MAX]),
    ) {
        let files: Vec<Vec<u8>> = lines
            .into_iter()
            .map(|lines| {
                let lines = lines.into_iter().map(|(line, blanks)| [line, vec![b' '; blanks]].concat());
                lines.collect::<Vec<_>>().join(&b'\n')
            })
            .collect();
        let one = told(&files, torn, keep, 1);
        for threads in [2, 3, 8] {
            prop_assert_eq!(&told(&files, torn, keep, threads), &one);
        }
    }
}

#[test]
fn what_is_refused_has_the_number_of_its_line() {
    let mut file = Vec::new();
    for number in 1..=20_000 {
        let event = track("E", "2026-01-01", json!({"messageId": format!("m{number}")}));
        let line = if number % 997 == 0 {
            "no event".to_owned()
        } else {
            event.to_string()
        };
        file.extend_from_slice(line.as_bytes());
        file.push(b'\n');
    }
    for threads in 1..5 {
        let mut ingestor = Ingestor::new(settings());
        ingestor.threads(NonZeroUsize::new(threads).unwrap());
        ingestor.read("f", file.as_slice()).unwrap();
        let ingested = ingestor.finish();
        let lines: Vec<u64> = ingested.rejects.iter().map(|reject| reject.line).collect();
        assert_eq!(lines, (1..=20).map(|n| n * 997).collect::<Vec<_>>());
        assert_eq!((ingested.counts.read, ingested.counts.applied), (20_000, 19_980));
    }
}

#[test]
fn lines_as_long_as_many_blocks_are_whole_or_refused() {
    let long = |bytes: usize| {
        let event = track("E", "2026-01-01", json!({})).to_string();
        event + &" ".repeat(bytes)
    };
    let file = [long(1 << 20), long(9 << 20), long(0), long(8 << 20), long(0)].join("\n");
    for threads in [1, 2] {
        let mut ingestor = Ingestor::new(settings());
        ingestor.threads(NonZeroUsize::new(threads).unwrap());
        ingestor.read("f", file.as_bytes()).unwrap();
        let ingested = ingestor.finish();
        assert_eq!(codes(&ingested), [RejectCode::EventTooLarge; 2]);
        assert_eq!((ingested.counts.applied, ingested.counts.duplicate), (1, 2));
    }
}
