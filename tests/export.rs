//! The tables of a warehouse in Parquet files: that what is read back is what `Layout::rows` says, that nothing but an export
//! gives way to one, and that a name of an event leads nowhere else.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{LogicalType, Type};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use volens::warehouse::export::{self, ExportError, Exported, Options};
use volens::warehouse::{Cell, Layout};
use volens::{ConsentState, Engine, Profile, Profiles, Timestamp, Value, value};

const NOW: Timestamp = Timestamp::from_millis(1_782_777_600_000);

/// A folder of its own, empty.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("export").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The files below a folder, by their paths within it.
fn files(folder: &Path) -> Vec<String> {
    fn collect(folder: &Path, within: &str, files: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = format!("{within}{}", entry.file_name().to_str().unwrap());
            match entry.file_type().unwrap().is_dir() {
                true => collect(&entry.path(), &format!("{name}/"), files),
                false => files.push(name),
            }
        }
    }
    let mut found = Vec::new();
    collect(folder, "", &mut found);
    found.sort();
    found
}

/// A cell as text, with its type.
fn cell(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Int(int) => format!("int {int}"),
        Cell::Text(text) => format!("text {text}"),
        Cell::Double(double) => format!("double {:x}", double.to_bits()),
        Cell::Boolean(boolean) => format!("boolean {boolean}"),
        Cell::Decimal(billionths) => format!("decimal {billionths}"),
    }
}

fn field(field: &Field) -> String {
    match field {
        Field::Null => "NULL".to_owned(),
        Field::Long(int) => format!("int {int}"),
        Field::Str(text) => format!("text {text}"),
        Field::Double(double) => format!("double {:x}", double.to_bits()),
        Field::Bool(boolean) => format!("boolean {boolean}"),
        Field::Decimal(decimal) => {
            assert_eq!((decimal.precision(), decimal.scale()), (28, 9));
            let negative = decimal.data()[0] & 0x80 != 0;
            let start = if negative { -1 } else { 0 };
            let whole = decimal
                .data()
                .iter()
                .fold(start, |whole: i128, byte| (whole << 8) | i128::from(*byte));
            format!("decimal {whole}")
        }
        other => panic!("{other:?}"),
    }
}

/// A row: each column with its cell.
type Row = Vec<(String, String)>;

fn rows(path: &Path) -> Vec<Row> {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let rows = reader.get_row_iter(None).unwrap().map(Result::unwrap);
    rows.map(|row| {
        let columns = row.get_column_iter();
        columns.map(|(name, value)| (name.clone(), field(value))).collect()
    })
    .collect()
}

/// What `Layout::rows` says, by table.
fn expected(layout: &Layout, profiles: &Profiles) -> BTreeMap<String, Vec<Row>> {
    let mut tables: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for table in layout.tables() {
        tables.insert(table.name.to_string(), Vec::new());
    }
    let put = |table: &volens::warehouse::Table, cells: &[Cell<'_>]| {
        let names = table.columns.iter().map(|column| column.name.to_string());
        let row = names.zip(cells.iter().map(cell)).collect();
        tables.get_mut(&*table.name).unwrap().push(row);
        Ok::<_, Infallible>(())
    };
    layout.rows(profiles, put).unwrap();
    tables
}

fn engine(text: &str) -> Engine {
    Engine::from_text("made.audience", text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Somebody with events, each a name, an instant and properties in JSON.
fn person(id: &str, traits: &[(&str, &str)], events: &[(&str, i64, &str)]) -> Profile {
    let mut profile = Profile::builder().user_id(id);
    for (name, json) in traits {
        profile = profile.trait_(name, value::parse(json).unwrap());
    }
    for (name, time, json) in events {
        let Value::Object(properties) = value::parse(json).unwrap() else {
            panic!("{json}")
        };
        let properties: Vec<(&str, Value)> = properties.iter().map(|(key, value)| (key, value.clone())).collect();
        profile = profile.event(name, Timestamp::from_millis(*time), properties);
    }
    profile.build()
}

const WORKSPACE: &str = r#"
category Advertising
category Analytics-and_more
destination ads requires Advertising
destination stats requires Analytics-and_more
trait spent = sum of revenue from "Ordered" within 30 days
audience a {
  who trait plan = "pro" and trait "a b".c exists and trait tags contains "x" and trait spent > 5
    and performed "Ordered" where (revenue > 5 and any items (price > trait limit and any sub (item = 1)))
  send to ads, stats
}
audience b { who not performed "it's/../\"Ü\\%=1" and performed "Seen" then performed "Ordered"  send to ads }
"#;

const ODD: &str = "it's/../\"Ü\\%=1";

fn people() -> Profiles {
    let items = r#"{"revenue":"49.90","items":[{"price":9007199254740993,"sub":[1,"2",null]},{"price":-0.0},null,7]}"#;
    let of_many: Vec<(&str, i64, &str)> = (0..10_000)
        .map(|at| ("Seen", 86_400_000 * (at / 3000) + at, r#"{"revenue":5}"#))
        .collect();
    [
        person(
            "u1",
            &[
                ("plan", "\"pro\\u0000\\n✓\""),
                ("a b", r#"{"c":true}"#),
                ("tags", r#"["x",5,null,["y"]]"#),
                ("limit", "1e300"),
            ],
            &[
                ("Ordered", 5, items),
                ("Ordered", -86_400_001, r#"{"revenue":-0.0000000015}"#),
                (ODD, 5, "{}"),
                ("Other", 5, "{}"),
            ],
        ),
        person("u2", &[("plan", "5"), ("tags", "[]")], &of_many),
        Profile::builder()
            .consent("Advertising", ConsentState::Denied)
            .consent("Analytics-and_more", ConsentState::Granted)
            .build(),
    ]
    .into_iter()
    .collect()
}

fn write(layout: &Layout, out: &Path, options: Options) -> Result<Exported, ExportError> {
    export::write(layout, &people(), NOW, out, options)
}

#[test]
fn what_is_read_back_is_what_rows_says() {
    let engine = engine(WORKSPACE);
    let layout = Layout::new(engine.program());
    let expected = expected(&layout, &people());
    assert!(
        expected.values().filter(|rows| !rows.is_empty()).count() >= 5,
        "{:?}",
        expected.keys()
    );
    for by_day in [false, true] {
        let out = folder(&format!("back-{by_day}")).join("out");
        let options = Options {
            by_day,
            ..Options::default()
        };
        let exported = write(&layout, &out, options).unwrap();
        let all = files(&out);
        assert_eq!(exported.files, all.len() - 1, "{all:?}");
        for table in layout.tables() {
            let of_table = all.iter().filter(|file| {
                **file == format!("{}.parquet", table.name) || file.starts_with(&format!("{}/", table.name))
            });
            let mut found: Vec<Row> = of_table.flat_map(|file| rows(&out.join(file))).collect();
            let mut expected = expected[&*table.name].clone();
            assert_eq!(exported.rows(&table.name), expected.len() as u64, "{}", table.name);
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "{}", table.name);
        }
        assert_eq!(
            rows(&out.join("identifiers.parquet")),
            [("0", "u1"), ("1", "u2")].map(|(profile, id)| {
                let cells = [
                    ("profile_id", format!("int {profile}")),
                    ("type", "text user_id".into()),
                ];
                let cells = cells.into_iter().chain([("id", format!("text {id}"))]);
                cells.map(|(name, cell)| (name.to_owned(), cell)).collect::<Row>()
            })
        );
    }
}

#[test]
fn events_lie_by_their_names_and_days_in_the_order_of_time() {
    let engine = engine(WORKSPACE);
    let layout = Layout::new(engine.program());
    let out = folder("parts").join("out");
    write(&layout, &out, Options::default()).unwrap();
    let parts = |out: &Path| -> Vec<String> {
        let all = files(out).into_iter();
        all.filter(|file| file.starts_with("events/")).collect()
    };
    assert_eq!(
        parts(&out),
        [
            "events/name=Ordered/part-1.parquet",
            "events/name=Seen/part-2.parquet",
            "events/name=it%27s%2F..%2F%22Ü%5C%25%3D1/part-3.parquet",
        ]
    );
    let times = |row: &Row| row[3].1.strip_prefix("int ").unwrap().parse::<i64>().unwrap();
    let of_seen: Vec<i64> = rows(&out.join(&parts(&out)[1])).iter().map(times).collect();
    assert!(of_seen.is_sorted());

    let by_day = folder("by-day").join("out");
    let options = Options {
        by_day: true,
        ..Options::default()
    };
    write(&layout, &by_day, options).unwrap();
    let days = parts(&by_day);
    assert!(
        days.contains(&"events/name=Ordered/day=1969-12-30/part-1.parquet".to_owned()),
        "{days:?}"
    );
    assert_eq!(
        days.iter().filter(|file| file.contains("=Seen/day=1970-01-0")).count(),
        4,
        "{days:?}"
    );
}

#[test]
fn columns_have_their_types_and_tables_without_rows_too() {
    let engine = engine(WORKSPACE);
    let layout = Layout::new(engine.program());
    let out = folder("types").join("out");
    export::write(&layout, &Profiles::default(), NOW, &out, Options::default()).unwrap();
    for table in layout.tables() {
        let path = match &*table.name {
            "events" => "events/part-1.parquet".to_owned(),
            name => format!("{name}.parquet"),
        };
        let file = File::open(out.join(path)).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let found: Vec<(String, String)> = reader
            .parquet_schema()
            .columns()
            .iter()
            .map(|column| {
                let kind = match (column.physical_type(), column.logical_type_ref()) {
                    (Type::INT64, None) => "BIGINT",
                    (Type::DOUBLE, None) => "DOUBLE",
                    (Type::BOOLEAN, None) => "BOOLEAN",
                    (Type::BYTE_ARRAY, Some(LogicalType::String)) => "VARCHAR",
                    (Type::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::Decimal { .. })) => "DECIMAL(28,9)",
                    other => panic!("{other:?}"),
                };
                assert_eq!(column.path().parts().len(), 1);
                (column.name().to_owned(), kind.to_owned())
            })
            .collect();
        let columns = table.columns.iter();
        let expected: Vec<(String, String)> = columns.map(|c| (c.name.to_string(), c.kind.to_string())).collect();
        assert_eq!(found, expected, "{}", table.name);
    }
}

#[test]
fn nothing_but_an_export_gives_way_to_one() {
    let engine = engine(WORKSPACE);
    let layout = Layout::new(engine.program());
    let folder = folder("way");
    let (once, again) = (
        Options::default(),
        Options {
            replace: true,
            ..Options::default()
        },
    );
    let out = folder.join("out");

    // What is there, and no export.
    fs::create_dir(&out).unwrap();
    fs::write(out.join("mine"), "kept").unwrap();
    for options in [once, again] {
        assert!(matches!(
            write(&layout, &out, options),
            Err(ExportError::NotEmpty { .. })
        ));
    }
    fs::write(out.join("_volens_export.json"), "{}").unwrap();
    assert!(matches!(write(&layout, &out, again), Err(ExportError::NotEmpty { .. })));
    assert_eq!(files(&folder), ["out/_volens_export.json", "out/mine"]);
    let file = folder.join("file");
    fs::write(&file, "kept").unwrap();
    for options in [once, again] {
        assert!(matches!(
            write(&layout, &file, options),
            Err(ExportError::NoFolder { .. })
        ));
        assert!(matches!(
            write(&layout, Path::new("/"), options),
            Err(ExportError::NoFolder { .. })
        ));
        let nowhere = folder.join("a").join("b");
        assert!(matches!(write(&layout, &nowhere, options), Err(ExportError::Io { .. })));
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "kept");

    // Into an empty folder, and then in the place of that.
    fs::remove_dir_all(&out).unwrap();
    fs::create_dir(&out).unwrap();
    write(&layout, &out, once).unwrap();
    let first = files(&out);
    assert!(matches!(write(&layout, &out, once), Err(ExportError::Exists { .. })));
    export::write(&layout, &Profiles::default(), NOW, &out, again).unwrap();
    assert!(files(&out).len() < first.len());

    // Not with something else in it.
    for name in ["mine", "events/mine", "events/name=Mine/part-9.parquet"] {
        let mine = out.join(name);
        fs::create_dir_all(mine.parent().unwrap()).unwrap();
        fs::write(&mine, "kept").unwrap();
        assert!(
            matches!(write(&layout, &out, again), Err(ExportError::Foreign { .. })),
            "{name}"
        );
        assert_eq!(fs::read_to_string(&mine).unwrap(), "kept");
        fs::remove_file(&mine).unwrap();
    }
    fs::remove_dir(out.join("events/name=Mine")).unwrap();
    write(&layout, &out, again).unwrap();
    assert_eq!(files(&out), first);
    let beside: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(beside.len(), 2, "{beside:?}");
}

#[test]
fn a_failure_leaves_what_was_there_and_nothing_else() {
    let long = "n".repeat(300);
    let engine = engine(&format!("audience a {{ who performed \"{long}\" }}"));
    let layout = Layout::new(engine.program());
    let profiles: Profiles = [person("u1", &[], &[(&long, 5, "{}")])].into_iter().collect();
    let folder = folder("failure");
    let out = folder.join("out");
    export::write(&layout, &Profiles::default(), NOW, &out, Options::default()).unwrap();
    let before = files(&folder);
    let options = Options {
        replace: true,
        ..Options::default()
    };
    let failed = export::write(&layout, &profiles, NOW, &out, options);
    assert!(matches!(failed, Err(ExportError::Name { .. })), "{failed:?}");
    assert_eq!(files(&folder), before);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}
