//! Events that lie in a Parquet file are what their JSON would be, line by line.

use std::fs;
use std::io::{BufRead, Read};
use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Float64Array, Int64Array, ListArray, StringArray, StructArray,
    TimestampMicrosecondArray, UInt64Array,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::Field;
use volens::tables::{EventLines, TablesError};
use volens::{ConsentState, Engine, Timestamp};

use crate::write::{self, Columns, column};
use crate::{Folder, tempdir};

fn object(fields: Vec<(&str, ArrayRef)>) -> StructArray {
    let fields = fields
        .into_iter()
        .map(|(name, array)| (Arc::new(Field::new(name, array.data_type().clone(), true)), array));
    StructArray::from(fields.collect::<Vec<_>>())
}

fn optional(texts: &[Option<&str>]) -> StringArray {
    StringArray::from(texts.to_vec())
}

/// Four events: the second has nothing, the third no type, and the fourth says something else under the id of the first.
fn events() -> Columns {
    let granted: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), Some(true)]));
    let preferences: ArrayRef = Arc::new(object(vec![("Advertising", granted)]));
    let consent: ArrayRef = Arc::new(object(vec![("categoryPreferences", preferences)]));
    let tags: ArrayRef = Arc::new(optional(&[Some("a"), None]));
    let field = Arc::new(Field::new("item", tags.data_type().clone(), true));
    let tags = ListArray::new(
        field,
        OffsetBuffer::from_lengths([2, 0, 0, 0]),
        tags,
        Some(vec![true, false, true, false].into()),
    );
    let properties = object(vec![
        (
            "revenue",
            Arc::new(Float64Array::from(vec![0.1 + 0.2, f64::NAN, 1e300, 5.0])) as ArrayRef,
        ),
        (
            "count",
            Arc::new(UInt64Array::from(vec![Some(u64::MAX), None, Some(1), Some(0)])),
        ),
        ("tags", Arc::new(tags)),
    ]);
    let time = Timestamp::parse("2026-06-01T10:00:00.5Z").unwrap().as_millis() * 1000;
    vec![
        column("type", optional(&[Some("track"), None, None, Some("track")])),
        column("event", optional(&[Some("A \"b\"\n"), None, Some("x"), Some("x")])),
        column("userId", optional(&[Some("u1"), None, Some("u2"), Some("u1")])),
        column("messageId", optional(&[Some("m1"), None, Some("m2"), Some("m1")])),
        column(
            "timestamp",
            TimestampMicrosecondArray::from(vec![Some(time + 7), None, None, Some(time)]),
        ),
        column("context", object(vec![("consent", consent)])),
        column("properties", properties),
    ]
}

fn lines(columns: &Columns) -> (Folder, Result<EventLines, TablesError>) {
    let folder = tempdir();
    write::plainly(folder.path(), "events", columns);
    let lines = EventLines::open(&folder.path().join("events.parquet"));
    (folder, lines)
}

#[test]
fn a_row_is_a_line_of_json() {
    let (_folder, lines) = lines(&events());
    let lines: Vec<String> = lines.unwrap().lines().map(Result::unwrap).collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(
        lines[0],
        r#"{"context":{"consent":{"categoryPreferences":{"Advertising":true}}},"event":"A \"b\"\n","messageId":"m1","properties":{"count":18446744073709551615,"revenue":0.30000000000000004,"tags":["a",null]},"timestamp":"2026-06-01T10:00:00.500Z","type":"track","userId":"u1"}"#
    );
    assert_eq!(
        lines[1],
        r#"{"context":{"consent":{"categoryPreferences":{}}},"properties":{}}"#
    );
    assert!(
        lines[2].contains(r#""revenue":1e+300"#) && lines[2].contains(r#""tags":[]"#),
        "{}",
        lines[2]
    );
    assert!(lines[3].contains(r#""revenue":5"#), "{}", lines[3]);
}

#[test]
fn rows_are_taken_in_as_their_lines_would_be() {
    let engine = Engine::from_text("a.audience", "category Advertising\naudience x { who trait a exists }").unwrap();
    let now = Timestamp::parse("2026-07-01").unwrap();
    let (_folder, rows) = lines(&events());
    let mut text = String::new();
    let mut rows = rows.unwrap();
    rows.read_to_string(&mut text).unwrap();
    let (_folder, rows) = lines(&events());
    let from_rows = engine.ingest(rows.unwrap(), now).unwrap();
    let from_text = engine.ingest(text.as_bytes(), now).unwrap();
    assert_eq!(from_rows.profiles.users(), from_text.profiles.users());
    assert_eq!(from_rows.counts, from_text.counts);
    assert_eq!(from_rows.counts.read, 4);
    assert_eq!(from_rows.counts.rejected, from_text.rejects.len() as u64);
    let places: Vec<u64> = from_rows.rejects.iter().map(|reject| reject.line).collect();
    assert_eq!(places, [2, 3, 4]);
    let profile = from_rows.profiles.find("user_id", "u1").unwrap();
    assert_eq!(profile.consent().state("Advertising"), ConsentState::Granted);
    assert_eq!(profile.history().of("A \"b\"\n").len(), 1);
    assert_eq!(profile.history().len(), 1);
}

#[test]
fn what_json_does_not_have_is_refused_before_a_row_is_read() {
    let shown = |columns: Columns| {
        let (folder, lines) = lines(&columns);
        let error = lines.map(|_| ()).unwrap_err().to_string();
        error.replace(&folder.path().display().to_string(), "IN")
    };
    let bytes: ArrayRef = Arc::new(BinaryArray::from(vec![&b"x"[..]]));
    assert_eq!(
        shown(vec![column("context", object(vec![("ip", bytes)]))]),
        "the column `context.ip` of `IN/events.parquet` is of type bytes: it is to be text, a number, a decimal, a boolean, a date \
         or a timestamp, or lists or structs of these"
    );
    let one = || column("a", Int64Array::from(vec![1]));
    assert_eq!(
        shown(vec![one(), one()]),
        "`IN/events.parquet` has more than one column that says what `a` is: leave one of them"
    );
}

#[test]
fn a_file_that_ends_early_is_an_error() {
    let (folder, _) = lines(&events());
    let path = folder.path().join("events.parquet");
    let whole = fs::read(&path).unwrap();
    for length in [0, 3, 4, 11, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(
            matches!(EventLines::open(&path), Err(TablesError::Damaged { .. })),
            "{length}"
        );
    }
    // The rows themselves are not looked at before they are read.
    for at in 4..40 {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        fs::write(&path, damaged).unwrap();
        if let Ok(mut lines) = EventLines::open(&path) {
            let _ = lines.read_to_end(&mut Vec::new());
        }
    }
}

#[cfg(feature = "cli")]
#[test]
fn the_command_takes_parquet_where_it_takes_lines() {
    use crate::command::{volens, volens_with};

    let (folder, _) = lines(&events());
    let path = folder.path().join("events.parquet");
    let workspace = folder.path().join("a.audience");
    fs::write(&workspace, "audience x { who performed \"x\" }").unwrap();
    let (workspace, path) = (workspace.to_str().unwrap(), path.to_str().unwrap());
    let arguments = ["run", workspace, "--now", "2026-07-01", "--events", path];
    let done = volens(&arguments);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.err.contains(&format!("rejected: {path}:3:")), "{}", done.err);
    assert!(done.out.contains("4 events read"), "{}", done.out);
    fs::write(path, b"PAR1 and no more").unwrap();
    let done = volens(&arguments);
    assert_eq!(done.code, 2);
    assert!(done.err.contains("as Parquet"), "{}", done.err);
    let done = volens_with(
        &b"PAR1"[..],
        &["run", workspace, "--now", "2026-07-01", "--events", "-"],
    );
    assert_eq!(done.code, 2);
    assert!(done.err.contains("standard input"), "{}", done.err);
}
