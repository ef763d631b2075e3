//! The contract of the tables, sentence by sentence, and what is said of tables that break it.

use std::fs;
use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Float64Array, Int32Array, Int64Array, ListArray, NullArray,
    StringArray, StructArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::Field;
use volens::tables::{EventLines, Options, Tables};
use volens::{Engine, Timestamp};

use crate::write::{self, Columns, column, texts};
use crate::{Folder, tempdir};

const NOW: Timestamp = Timestamp::from_millis(1_782_777_600_000);

fn engine(text: &str) -> Engine {
    Engine::from_text("test.audience", text).unwrap_or_else(|error| panic!("{error}"))
}

fn numbers(ids: &[i64]) -> (String, ArrayRef) {
    column("profile_id", Int64Array::from(ids.to_vec()))
}

/// Two people, 1 and 2, who can be members; what else there is of them is written over it.
fn two() -> Folder {
    let folder = tempdir();
    let write = |table, columns| write::plainly(folder.path(), table, &columns);
    write("profiles", vec![numbers(&[1, 2])]);
    write(
        "identifiers",
        vec![
            numbers(&[1, 2]),
            texts("type", &["user_id", "user_id"]),
            texts("id", &["u1", "u2"]),
        ],
    );
    write("traits", vec![numbers(&[1, 2]), texts("plan", &["pro", "free"])]);
    write("consent", vec![numbers(&[1, 2]), texts("A", &["granted", "denied"])]);
    write(
        "events",
        vec![
            numbers(&[1, 2]),
            texts("name", &["E", "F"]),
            column("time", Int64Array::from(vec![NOW.as_millis(); 2])),
            texts("p", &["x", "y"]),
        ],
    );
    folder
}

fn over(folder: &Folder, table: &str, columns: Columns) {
    write::plainly(folder.path(), table, &columns);
}

/// The ids of the members of the only audience.
fn members(folder: &Path, text: &str, absent: bool) -> Result<Vec<String>, String> {
    let engine = engine(text);
    let options = Options { threads: 1, absent };
    let tables = Tables::read(engine.program(), engine.identity(), folder, options);
    // The path of the folder is another one each time.
    let shown = folder.display().to_string();
    let tables = tables.map_err(|error| error.to_string().replace(&shown, "IN"))?;
    let members = tables.snapshot().members(NOW, 1).unwrap();
    Ok(members[0]
        .places()
        .map(|place| tables.profile_id(place).unwrap())
        .collect())
}

fn who(folder: &Folder, condition: &str) -> Result<Vec<String>, String> {
    members(folder.path(), &format!("audience x {{ who {condition} }}"), false)
}

fn refused(folder: &Folder, condition: &str) -> String {
    who(folder, condition).unwrap_err()
}

#[test]
fn only_what_is_read_must_be_there_and_readable() {
    let folder = two();
    over(
        &folder,
        "traits",
        vec![
            numbers(&[2, 1]),
            texts("plan", &["free", "pro"]),
            column("secret", BinaryArray::from(vec![&b"\0"[..], b"\xff"])),
        ],
    );
    for table in ["consent", "events"] {
        fs::remove_file(folder.path().join(format!("{table}.parquet"))).unwrap();
    }
    assert_eq!(who(&folder, r#"trait plan = "pro""#).unwrap(), ["1"]);
    assert_eq!(
        refused(&folder, r#"trait secret = "x""#),
        "the column `secret` of `IN/traits.parquet` is of type bytes: it is to be text, a number, a decimal, a boolean, a date \
         or a timestamp, or lists or structs of these"
    );
    assert_eq!(
        refused(&folder, r#"performed "E""#),
        "`IN` has no table `events`: it is to be a file `events.parquet` or a folder `events` of such files"
    );
}

#[test]
fn a_missing_column_is_an_error_unless_it_is_said_to_be_absent() {
    let folder = two();
    let text = r#"audience x { who trait score > 5 or trait age > 5 or not performed "E" where (q = 5) }"#;
    let refused = members(folder.path(), text, false).unwrap_err();
    assert_eq!(
        refused,
        "`IN/traits.parquet` has no column `score`, `age`, which the definitions read"
    );
    assert_eq!(members(folder.path(), text, true).unwrap(), ["1", "2"]);
    let category = "category A\ncategory B\naudience x { who consent to A }";
    for absent in [false, true] {
        assert_eq!(
            members(folder.path(), category, absent).unwrap_err(),
            "`IN/consent.parquet` has no column `B`: each category has a column there, of states or of booleans"
        );
    }
}

#[test]
fn consent_is_a_word_or_a_boolean_and_never_guessed() {
    let folder = two();
    let granted = |condition: &str| {
        let text = format!("category A\naudience x {{ who {condition} }}");
        members(folder.path(), &text, false)
    };
    assert_eq!(granted("consent to A").unwrap(), ["1"]);
    for (words, is) in [
        (["conflicted", "not collected"], ["conflicted", "not collected"]),
        (["denied", "granted"], ["denied", "granted"]),
    ] {
        over(&folder, "consent", vec![numbers(&[1, 2]), texts("A", &words)]);
        for (state, id) in is.iter().zip(["1", "2"]) {
            let words = if *state == "not collected" {
                "not collected"
            } else {
                state
            };
            assert_eq!(granted(&format!("consent A is {words}")).unwrap(), [id], "{state}");
        }
    }
    over(
        &folder,
        "consent",
        vec![
            numbers(&[2, 1]),
            column("A", BooleanArray::from(vec![Some(true), None])),
        ],
    );
    assert_eq!(granted("consent to A").unwrap(), ["2"]);
    assert_eq!(granted("consent A is not collected").unwrap(), ["1"]);
    for word in ["Granted", "true", "yes", "", "granted "] {
        over(
            &folder,
            "consent",
            vec![numbers(&[1, 2]), texts("A", &["granted", word])],
        );
        assert_eq!(
            granted("consent to A").unwrap_err(),
            format!(
                "row 2 of `IN/consent.parquet` says `{word}` of the category `A`: it is to be `granted`, `denied`, `conflicted` \
                 or `not collected`"
            )
        );
    }
    over(
        &folder,
        "consent",
        vec![numbers(&[1, 2]), column("A", Int32Array::from(vec![1, 0]))],
    );
    assert_eq!(
        granted("consent to A").unwrap_err(),
        "the column `A` of `IN/consent.parquet` is of type int32: it is to be text or boolean"
    );
    // Whoever has no row was never asked.
    over(&folder, "consent", vec![numbers(&[2]), texts("A", &["granted"])]);
    assert_eq!(granted("consent A is not collected").unwrap(), ["1"]);
}

#[test]
fn each_profile_is_there_once_and_no_row_is_of_another() {
    let folder = two();
    over(
        &folder,
        "traits",
        vec![numbers(&[1, 2, 1]), texts("plan", &["a", "b", "c"])],
    );
    assert_eq!(
        refused(&folder, "trait plan exists"),
        "the table `traits` has more than one row of the profile `1`"
    );
    over(
        &folder,
        "traits",
        vec![numbers(&[1, 7, 2, 8]), texts("plan", &["a"; 4])],
    );
    assert_eq!(
        refused(&folder, "trait plan exists"),
        "the table `traits` has rows of profiles that are not in `profiles`: 2 of those that are read, the first in row 2 of \
         `IN/traits.parquet`, of `7`"
    );
    let ids = Int64Array::from(vec![Some(1), None]);
    over(
        &folder,
        "traits",
        vec![column("profile_id", ids), texts("plan", &["a"; 2])],
    );
    assert_eq!(
        refused(&folder, "trait plan exists"),
        "row 2 of `IN/traits.parquet` has no `profile_id`"
    );
    over(
        &folder,
        "traits",
        vec![texts("profile_id", &["1", "2"]), texts("plan", &["a"; 2])],
    );
    assert_eq!(
        refused(&folder, "trait plan exists"),
        "the column `profile_id` of `IN/traits.parquet` is of type text: it is to be of the type that it has in the table \
         `profiles`"
    );
    over(
        &folder,
        "consent",
        vec![numbers(&[2, 2]), texts("A", &["granted", "granted"])],
    );
    let text = "category A\naudience x { who consent to A }";
    assert_eq!(
        members(folder.path(), text, false).unwrap_err(),
        "the table `consent` has more than one row of the profile `2`"
    );
    for ids in [[1, 2, 2], [2, 1, 2]] {
        over(&folder, "profiles", vec![numbers(&ids)]);
        assert_eq!(
            refused(&folder, "trait plan exists"),
            "the table `profiles` has more than one row of the profile `2`"
        );
    }
}

#[test]
fn an_event_has_a_name_a_time_and_a_profile() {
    let events = |ids: [i64; 2], names: [Option<&str>; 2], times: [Option<i64>; 2]| {
        let folder = two();
        over(
            &folder,
            "events",
            vec![
                numbers(&ids),
                column("name", StringArray::from(names.to_vec())),
                column("time", Int64Array::from(times.to_vec())),
            ],
        );
        who(&folder, r#"performed "E""#)
    };
    let (e, now) = (Some("E"), Some(NOW.as_millis()));
    assert_eq!(events([1, 2], [e, e], [now, now]).unwrap(), ["1", "2"]);
    assert_eq!(
        events([1, 2], [e, None], [now, now]).unwrap_err(),
        "row 2 of `IN/events.parquet` has no `name`"
    );
    assert_eq!(
        events([1, 2], [e, e], [None, now]).unwrap_err(),
        "row 1 of `IN/events.parquet` has no `time`"
    );
    assert!(events([1, 3], [e, e], [now, now]).unwrap_err().contains("of `3`"));
    // Rows of events that no condition looks at are passed over.
    assert_eq!(events([1, 3], [e, Some("F")], [now, None]).unwrap(), ["1"]);
}

/// Events of one instant count in the order of their rows.
#[test]
fn ties_are_in_the_order_of_the_rows() {
    for (products, last) in [(["a", "b", "c"], "c"), (["c", "b", "a"], "a")] {
        let folder = two();
        fs::remove_file(folder.path().join("events.parquet")).unwrap();
        for (part, product) in products.iter().enumerate() {
            over(
                &folder,
                &format!("events/{part}"),
                vec![
                    numbers(&[1]),
                    texts("name", &["E"]),
                    column("time", Int64Array::from(vec![5])),
                    texts("p", &[product]),
                ],
            );
        }
        let text = format!("trait bought = last of p from \"E\"\naudience x {{ who trait bought = \"{last}\" }}");
        assert_eq!(members(folder.path(), &text, false).unwrap(), ["1"]);
    }
}

#[test]
fn dots_and_structs_are_paths() {
    let city = |texts: &[Option<&str>]| Arc::new(StringArray::from(texts.to_vec())) as ArrayRef;
    let field = |name: &str, array: &ArrayRef| Arc::new(Field::new(name, array.data_type().clone(), true));
    let inner = city(&[Some("Rome"), Some("Oslo")]);
    let of = |nulls: Vec<bool>| {
        let field = field("city", &inner);
        StructArray::new(vec![field].into(), vec![inner.clone()], Some(nulls.into()))
    };
    let folder = two();
    for columns in [
        vec![column("address.city", StringArray::from(vec!["Rome", "Oslo"]))],
        vec![column("address", of(vec![true, true]))],
    ] {
        over(&folder, "traits", [vec![numbers(&[1, 2])], columns].concat());
        assert_eq!(who(&folder, r#"trait address.city = "Rome""#).unwrap(), ["1"]);
    }
    // Where a struct is NULL, so is what is in it.
    over(
        &folder,
        "traits",
        vec![numbers(&[1, 2]), column("address", of(vec![false, true]))],
    );
    assert_eq!(who(&folder, "trait address.city exists").unwrap(), ["2"]);
    assert_eq!(who(&folder, "trait address exists").unwrap(), ["2"]);
    assert_eq!(
        who(&folder, "trait address exists and trait address.city exists").unwrap(),
        ["2"]
    );

    over(
        &folder,
        "traits",
        vec![numbers(&[1, 2]), texts("address.city", &["Rome", "Oslo"])],
    );
    assert_eq!(
        refused(&folder, "trait address exists"),
        "`IN/traits.parquet` has `address` in parts, and the definitions read it as a whole: make it one column of structs"
    );
    for columns in [
        vec![
            texts("address.city", &["a"; 2]),
            column("address", of(vec![true, true])),
        ],
        vec![texts("address.city", &["a"; 2]), texts("address.city", &["a"; 2])],
    ] {
        over(&folder, "traits", [vec![numbers(&[1, 2])], columns].concat());
        assert_eq!(
            refused(&folder, r#"trait address.city = "Rome""#),
            "`IN/traits.parquet` has more than one column that says what `address.city` is: leave one of them"
        );
    }
    // A text cannot have a city in it.
    let columns = vec![
        numbers(&[1, 2]),
        texts("address", &["a"; 2]),
        texts("address.city", &["a"; 2]),
    ];
    over(&folder, "traits", columns);
    assert!(refused(&folder, "trait address exists and trait address.city exists").contains("more than one column"));
}

#[test]
fn values_that_conditions_do_not_know_are_absent() {
    let folder = two();
    let absent = |array: ArrayRef| {
        over(&folder, "traits", vec![numbers(&[1, 2]), ("plan".to_owned(), array)]);
        assert_eq!(who(&folder, "trait plan does not exist").unwrap(), ["1"]);
        assert_eq!(who(&folder, "trait plan exists").unwrap(), ["2"]);
    };
    absent(Arc::new(Float64Array::from(vec![f64::NAN, 1.5])));
    absent(Arc::new(Float64Array::from(vec![f64::NEG_INFINITY, 1.5])));
    over(
        &folder,
        "traits",
        vec![numbers(&[1, 2]), column("plan", NullArray::new(2))],
    );
    assert_eq!(who(&folder, "trait plan does not exist").unwrap(), ["1", "2"]);
}

/// Outside of the years that a date can have it is no date.
#[test]
fn instants_are_dates_where_they_can_be() {
    let folder = two();
    let instants = TimestampMicrosecondArray::from(vec![i64::MAX, 0]);
    over(&folder, "traits", vec![numbers(&[1, 2]), column("plan", instants)]);
    assert_eq!(who(&folder, "trait plan before 2026-01-01").unwrap(), ["2"]);
    assert_eq!(
        who(&folder, "trait plan after 2026-01-01").unwrap(),
        Vec::<String>::new()
    );
}

/// Spark's, of which many that stand for ever are centuries away: what does not fit 64 bits in nanoseconds is no other instant.
#[test]
fn instants_of_96_bits_are_what_they_are_wherever_they_stand() {
    let folder = two();
    let instant = |text| Timestamp::parse(text).unwrap();
    let of = [(1, instant("9999-12-31T23:59:59.999Z")), (2, instant("1601-01-01"))];
    write::long_instants(&folder.path().join("traits.parquet"), &of);
    for value in ["trait until", "trait sub.until"] {
        assert_eq!(
            who(&folder, &format!("{value} after 9999-12-31T23:59Z")).unwrap(),
            ["1"]
        );
        assert_eq!(who(&folder, &format!("{value} before 1601-01-02")).unwrap(), ["2"]);
    }
    assert_eq!(
        who(&folder, "any trait all (item after 9999-12-31T23:59Z)").unwrap(),
        ["1"]
    );
    let lines = EventLines::open(&folder.path().join("traits.parquet")).unwrap();
    let lines: Vec<String> = lines.lines().map(Result::unwrap).collect();
    let line = |id: u32, until: &str| {
        format!(r#"{{"all":["{until}"],"profile_id":{id},"sub":{{"until":"{until}"}},"until":"{until}"}}"#)
    };
    assert_eq!(
        lines,
        [line(1, "9999-12-31T23:59:59.999Z"), line(2, "1601-01-01T00:00:00Z")]
    );
}

#[test]
fn numbers_keep_what_they_are() {
    let folder = two();
    over(
        &folder,
        "traits",
        vec![
            numbers(&[1, 2]),
            column("plan", UInt64Array::from(vec![u64::MAX, u64::MAX - 1])),
        ],
    );
    assert_eq!(who(&folder, "trait plan = 18446744073709551615").unwrap(), ["1"]);
    over(
        &folder,
        "traits",
        vec![
            numbers(&[1, 2]),
            column(
                "plan",
                Int64Array::from(vec![9_007_199_254_740_993, 9_007_199_254_740_992]),
            ),
        ],
    );
    assert_eq!(who(&folder, "trait plan = 9007199254740993").unwrap(), ["1"]);
    // A text is a text, also one that could be a number.
    over(&folder, "traits", vec![numbers(&[1, 2]), texts("plan", &["5.0", "5"])]);
    assert_eq!(who(&folder, r#"trait plan = "5""#).unwrap(), ["2"]);
    assert_eq!(who(&folder, "trait plan = 5").unwrap(), ["1", "2"]);
}

#[test]
fn what_must_not_be_two_things_is_refused() {
    let folder = two();
    assert_eq!(
        refused(&folder, r#"performed "E" where (name = "x")"#),
        "the definitions read `name` of the table `events`, where a column of that name is something else"
    );
    fs::create_dir(folder.path().join("traits")).unwrap();
    assert_eq!(
        refused(&folder, "trait plan exists"),
        "`IN` has the table `traits` twice, as the file `traits.parquet` and as the folder `traits`: leave one of them"
    );
    let accounts = "audience x of accounts { who account trait plan exists }";
    assert_eq!(
        members(folder.path(), accounts, false).unwrap_err(),
        "tables have no accounts, and the definitions ask about some: give events instead"
    );
}

#[test]
fn folders_say_a_column_where_the_file_has_none() {
    let folder = two();
    fs::remove_file(folder.path().join("events.parquet")).unwrap();
    let columns = vec![numbers(&[1]), column("time", Int64Array::from(vec![5]))];
    over(&folder, "events/name=Order%20Completed/p=x/part", columns);
    over(
        &folder,
        "events/name=E/p=__HIVE_DEFAULT_PARTITION__/part",
        vec![numbers(&[2]), column("time", Int64Array::from(vec![5]))],
    );
    // Of a name that is not asked for, nothing is decoded: here it could not be.
    over(
        &folder,
        "events/name=F/p=x/part",
        vec![
            texts("profile_id", &["other"]),
            column("time", Int64Array::from(vec![5])),
        ],
    );
    assert_eq!(
        who(&folder, r#"performed "Order Completed" where (p = "x")"#).unwrap(),
        ["1"]
    );
    assert_eq!(
        who(&folder, r#"performed "E" where (p does not exist)"#).unwrap(),
        ["2"]
    );
    assert!(refused(&folder, r#"performed "F""#).contains("is of type text"));
}

/// Two folders around a file that say two things are no more to be believed than two columns.
#[test]
fn folders_say_a_column_once() {
    let folder = two();
    fs::remove_file(folder.path().join("consent.parquet")).unwrap();
    over(&folder, "consent/A=granted/part", vec![numbers(&[1])]);
    assert_eq!(
        members(folder.path(), "category A audience x { consent to A }", false).unwrap(),
        ["1"]
    );
    over(&folder, "consent/A=denied/A=granted/part", vec![numbers(&[2])]);
    let error = members(folder.path(), "category A audience x { consent to A }", false).unwrap_err();
    assert!(error.contains("`A`"), "{error}");
}

#[test]
fn empty_tables_have_nobody() {
    let folder = tempdir();
    over(&folder, "profiles", vec![numbers(&[])]);
    over(
        &folder,
        "identifiers",
        vec![numbers(&[]), texts("type", &[]), texts("id", &[])],
    );
    over(&folder, "traits", vec![numbers(&[]), texts("plan", &[])]);
    assert_eq!(who(&folder, "trait plan does not exist").unwrap(), Vec::<String>::new());
    // Rows of nobody are still refused.
    over(
        &folder,
        "identifiers",
        vec![numbers(&[1]), texts("type", &["user_id"]), texts("id", &["u"])],
    );
    assert!(refused(&folder, "trait plan does not exist").contains("of `1`"));
}

/// A folder without a file is no table, unless its writer ended: it would say of everybody that nothing was ever asked, or is known.
#[test]
fn a_folder_without_files_is_no_table() {
    let folder = tempdir();
    over(&folder, "profiles", vec![numbers(&[1])]);
    over(
        &folder,
        "identifiers",
        vec![numbers(&[1]), texts("type", &["user_id"]), texts("id", &["u1"])],
    );
    let traits = folder.path().join("traits");
    fs::create_dir_all(traits.join("_temporary")).unwrap();
    assert!(refused(&folder, "trait plan does not exist").contains("has no table `traits`"));
    // A writer that ended without a row leaves this.
    fs::write(traits.join("_SUCCESS"), "").unwrap();
    let everybody = Options {
        absent: true,
        ..Options::default()
    };
    let engine = Engine::from_text("a.audience", "audience a { who trait plan does not exist }").unwrap();
    let tables = Tables::read(engine.program(), engine.identity(), folder.path(), everybody).unwrap();
    assert_eq!(tables.snapshot().len(), 1);
}

/// Who has no identifier that makes a member is none, whatever holds (AM-6), and what names nobody is none (ID-8).
#[test]
fn identifiers_make_members() {
    for (kind, id, is) in [
        ("user_id", "u1", true),
        ("email", "a@b.example", true),
        ("email", " ", false),
        ("anonymous_id", "a1", false),
        ("phone", "1", false),
        ("user_id", "", false),
        ("user_id", "null", false),
        ("user_id", "00000", false),
    ] {
        let folder = two();
        over(
            &folder,
            "identifiers",
            vec![numbers(&[2]), texts("type", &[kind]), texts("id", &[id])],
        );
        let expected: &[&str] = if is { &["2"] } else { &[] };
        assert_eq!(who(&folder, "trait plan exists").unwrap(), expected, "{kind} {id}");
        let text = "audience x { who trait plan exists include anonymous }";
        let anonymous = is || kind == "anonymous_id";
        assert_eq!(!members(folder.path(), text, false).unwrap().is_empty(), anonymous);
    }
    let folder = two();
    over(
        &folder,
        "identifiers",
        vec![
            numbers(&[1]),
            texts("type", &["user_id"]),
            column("id", Int64Array::from(vec![Some(17)])),
        ],
    );
    assert_eq!(who(&folder, "trait plan exists").unwrap(), ["1"]);
}

/// What the workspace blocks names nobody here either (ID-8), and an email in no spelling.
#[test]
fn what_the_workspace_blocks_makes_no_member() {
    let text = r#"
        identity { user_id limit 1 block "u1", "Test@acme.example" }
        audience x { who trait plan exists }
    "#;
    let folder = two();
    assert_eq!(members(folder.path(), text, false).unwrap(), ["2"]);
    let emails = ["test@ACME.example ", "u1"];
    over(
        &folder,
        "identifiers",
        vec![
            numbers(&[1, 2]),
            texts("type", &["email", "email"]),
            texts("id", &emails),
        ],
    );
    assert_eq!(members(folder.path(), text, false).unwrap(), Vec::<String>::new());
    assert_eq!(who(&folder, "trait plan exists").unwrap(), ["1", "2"]);
}

#[test]
fn lists_are_lists() {
    let folder = two();
    let items: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("b")]));
    let field = Arc::new(Field::new("item", items.data_type().clone(), true));
    let lists = ListArray::new(field, OffsetBuffer::from_lengths([2, 1]), items, None);
    over(&folder, "traits", vec![numbers(&[1, 2]), column("plan", lists)]);
    assert_eq!(who(&folder, r#"trait plan contains "b""#).unwrap(), ["2"]);
    assert_eq!(who(&folder, r#"trait plan contains "a""#).unwrap(), ["1"]);
}
