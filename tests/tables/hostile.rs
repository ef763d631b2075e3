//! Files that are damaged, and schemas that nobody would make in earnest.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, StringArray, StructArray};
use arrow_schema::Field;
use volens::Engine;
use volens::tables::{EventLines, Options, Tables, TablesError};

use crate::dice::Dice;
use crate::tempdir;
use crate::write::{self, column, texts};

const TEXT: &str = r#"
    category A
    audience x { consent to A who trait plan = "pro" and performed "E" at least 2 times where (p > 5) }
"#;

/// Tables of fifty people in several row groups.
fn tables(folder: &std::path::Path, dice: &mut Dice) {
    let ids = |by: i64| column("profile_id", (0..50).map(|n| Some(n / by)).collect::<Int64Array>());
    let some = |texts: &[&str]| {
        (0..50)
            .map(|n| Some(texts[n % texts.len()].to_owned()))
            .collect::<StringArray>()
    };
    for (table, columns) in [
        ("profiles", vec![ids(1)]),
        (
            "identifiers",
            vec![
                ids(1),
                column("type", some(&["user_id"])),
                column("id", some(&["a", "b", "c"])),
            ],
        ),
        ("traits", vec![ids(1), column("plan", some(&["pro", "free"]))]),
        ("consent", vec![ids(1), column("A", some(&["granted", "denied"]))]),
        (
            "events",
            vec![
                ids(3),
                column("name", some(&["E", "F"])),
                column("time", Int64Array::from(vec![7; 50])),
                column("p", Int64Array::from((0..50).collect::<Vec<i64>>())),
            ],
        ),
    ] {
        write::somehow(folder, table, &columns, None, dice);
    }
}

fn tables_of<'e>(engine: &'e Engine, folder: &Path) -> Result<Tables<'e>, TablesError> {
    Tables::read(engine.program(), engine.identity(), folder, Options::default())
}

/// Whatever byte is another one, and wherever a file ends: an answer or an error, and the process lives on.
#[test]
fn damage_is_an_error_and_no_end_of_the_process() {
    let engine = Engine::from_text("test.audience", TEXT).unwrap();
    let (mut refused, mut read) = (0, 0);
    for seed in 1..=3 {
        let folder = tempdir();
        let dice = &mut Dice::new(seed * 7919);
        tables(folder.path(), dice);
        let mut files = Vec::new();
        for entry in fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => files.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path())),
                false => files.push(path),
            }
        }
        files.retain(|path| path.extension().is_some_and(|extension| extension == "parquet"));
        files.sort();
        for _ in 0..60 {
            let path = dice.pick(&files).clone();
            let whole = fs::read(&path).unwrap();
            let mut damaged = whole.clone();
            match dice.below(4) {
                0 => damaged.truncate(dice.below(whole.len())),
                _ => {
                    for _ in 0..=dice.below(3) {
                        let at = dice.below(whole.len());
                        damaged[at] = u8::try_from(dice.below(256)).unwrap();
                    }
                }
            }
            fs::write(&path, damaged).unwrap();
            match tables_of(&engine, folder.path()) {
                Ok(_) => read += 1,
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    refused += 1;
                }
            }
            fs::write(&path, whole).unwrap();
        }
    }
    assert!(refused > 30 && read > 5, "{refused} {read}");
}

#[test]
fn what_is_no_parquet_is_told() {
    let folder = tempdir();
    fs::write(folder.path().join("profiles.parquet"), "profile_id\n1\n").unwrap();
    let engine = Engine::from_text("test.audience", TEXT).unwrap();
    let error = tables_of(&engine, folder.path()).unwrap_err();
    assert!(matches!(error, TablesError::Damaged { .. }), "{error}");
    fs::write(folder.path().join("profiles.parquet"), "").unwrap();
    let error = tables_of(&engine, folder.path()).unwrap_err();
    assert!(matches!(error, TablesError::Damaged { .. }), "{error}");
}

#[test]
fn many_columns_and_deep_ones_are_passed_over() {
    let folder = tempdir();
    tables(folder.path(), &mut Dice::new(5));
    let mut deep: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    // With the column itself as deep as is read.
    for _ in 0..39 {
        let field = Arc::new(Field::new("a", deep.data_type().clone(), true));
        deep = Arc::new(StructArray::new(vec![field].into(), vec![deep], None));
    }
    let mut columns = vec![
        column("profile_id", Int64Array::from(vec![1])),
        ("deep".to_owned(), deep),
        texts("twice", &["x"]),
        texts("twice", &["y"]),
    ];
    columns.extend((0..10_000).map(|at| column(&format!("c{at}"), Int64Array::from(vec![1]))));
    columns.push(texts("plan", &["pro"]));
    for path in [folder.path().join("traits"), folder.path().join("traits.parquet")] {
        let _ = fs::remove_file(&path);
        let _ = fs::remove_dir_all(&path);
    }
    write::plainly(folder.path(), "traits", &columns);
    let engine = Engine::from_text("test.audience", r#"audience x { who trait plan = "pro" }"#).unwrap();
    let tables = tables_of(&engine, folder.path()).unwrap();
    let members = tables.snapshot().members(volens::Timestamp::EPOCH, 1).unwrap();
    assert_eq!(members[0].places().collect::<Vec<usize>>(), [1]);
}

/// The start of a file's metadata: a schema of elements that have one child each, which is not there in the end.
fn nested(depth: usize) -> Vec<u8> {
    let mut metadata = vec![0x15, 2, 0x19, 0xfc];
    let mut count = depth + 1;
    while count >= 0x80 {
        metadata.push(u8::try_from(count & 0x7f).unwrap() | 0x80);
        count >>= 7;
    }
    metadata.push(u8::try_from(count).unwrap());
    for _ in 0..=depth {
        metadata.extend([0x35, 0, 0x18, 1, b'a', 0x15, 2, 0]);
    }
    metadata.push(0);
    let length = u32::try_from(metadata.len()).unwrap().to_le_bytes();
    [b"PAR1".as_slice(), &metadata, &length, b"PAR1"].concat()
}

/// However deep a schema is: an error, and the stack is not exhausted.
#[test]
fn schemas_that_are_too_deep_are_refused() {
    let engine = Engine::from_text("test.audience", TEXT).unwrap();
    for (depth, told) in [
        (41, "nested 41 deep, and 40 is the most"),
        (1000, "nested 1000 deep, and 40 is the most"),
        (1_000_000, "nested 1000000 deep, and 40 is the most"),
        // The end of it is looked for below as many levels as are read.
        (40, ""),
    ] {
        let folder = tempdir();
        let path = folder.path().join("profiles.parquet");
        fs::write(&path, nested(depth)).unwrap();
        let error = Tables::read(engine.program(), engine.identity(), folder.path(), Options::default()).unwrap_err();
        assert!(matches!(error, TablesError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(told), "{error}");
        let error = EventLines::open(&path).unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
    }
}

/// `checksums.parquet` has the profiles 11 to 14, and a checksum of their page.
#[test]
fn a_flipped_bit_under_a_checksum_is_an_error() {
    let engine = Engine::from_text("test.audience", "audience pros { who trait plan exists }").unwrap();
    let folder = tempdir();
    tables(folder.path(), &mut Dice::new(5));
    for table in ["profiles", "identifiers", "traits"] {
        let _ = fs::remove_file(folder.path().join(format!("{table}.parquet")));
        let _ = fs::remove_dir_all(folder.path().join(table));
    }
    let ids = || column("profile_id", Int64Array::from(vec![11]));
    let user_id = vec![ids(), texts("type", &["user_id"]), texts("id", &["a"])];
    write::plainly(folder.path(), "identifiers", &user_id);
    write::plainly(folder.path(), "traits", &vec![ids(), texts("plan", &["pro"])]);
    let path = folder.path().join("profiles.parquet");
    let mut bytes = include_bytes!("checksums.parquet").to_vec();
    fs::write(&path, &bytes).unwrap();
    let read = Tables::read(engine.program(), engine.identity(), folder.path(), Options::default()).unwrap();
    assert_eq!(read.profile_id(2), Some("13".to_owned()));

    let at = bytes
        .windows(8)
        .position(|eight| eight == 13_u64.to_le_bytes())
        .unwrap();
    bytes[at] = 15;
    fs::write(&path, &bytes).unwrap();
    let error = Tables::read(engine.program(), engine.identity(), folder.path(), Options::default()).unwrap_err();
    assert!(matches!(error, TablesError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("checksum"), "{error}");
}
