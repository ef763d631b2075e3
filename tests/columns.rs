//! Many profiles in columns: what is kept, what has a form of its own, and that blocks and segments hide nothing.
//!
//! That the answers are those of the evaluator of one profile, whatever the workspace, `tests/meaning` holds.

use std::num::NonZeroUsize;

use volens::engine::{Execution, Executor};
use volens::eval::columnar::Snapshot;
use volens::{ConsentState, Engine, Profile, Profiles, Timestamp, Value};

const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);
const DAY: i64 = 86_400_000;

fn engine(text: &str) -> Engine {
    let head = "category Advertising\ncategory Analytics\n";
    Engine::from_text("test.audience", &format!("{head}{text}")).unwrap_or_else(|error| panic!("{error}"))
}

fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Person number so-and-so: everything about them follows from the number.
fn person(at: usize) -> Profile {
    let n = i64::try_from(at).unwrap();
    let consent = |by: usize| match at / by % 4 {
        0 | 1 => ConsentState::Granted,
        2 => ConsentState::Denied,
        _ => ConsentState::NotCollected,
    };
    let mut profile = Profile::builder()
        .user_id(&format!("u{at}"))
        .trait_("plan", ["free", "pro", "business"][at % 3])
        .trait_("email", format!("user{at}@example.{}", ["com", "org"][at % 2]))
        .trait_("spend", number(&format!("{}.{:02}", at % 777, at % 100)))
        .trait_(
            "signup",
            Timestamp::from_millis(NOW.as_millis() - n % 400 * DAY).to_string(),
        )
        .consent("Advertising", consent(1))
        .consent("Analytics", consent(2));
    for order in 0..at % 5 {
        let back = i64::try_from(order * 11 + at % 13).unwrap() * DAY;
        let at = Timestamp::from_millis(NOW.as_millis() - back);
        let product = format!("p{}", (n + back / DAY) % 7);
        let revenue = number(&format!("{}.5", 20 + order * 30));
        profile = profile
            .event(
                "Order Completed",
                at,
                [("revenue", revenue), ("product_id", product.clone().into())],
            )
            .event(
                "Product Viewed",
                Timestamp::from_millis(at.as_millis() - DAY / 2),
                [("product_id", format!("p{}", n % 7).into())],
            );
    }
    profile.build()
}

const AUDIENCES: &str = r#"
    destination ads requires Advertising
    trait spend90 = sum of revenue from "Order Completed" within last 90 days
    trait average90 = average of revenue from "Order Completed" within last 90 days
    trait last_bought = last of product_id from "Order Completed"
    audience plans { consent to Advertising who trait plan in ["pro", "business"] send to ads }
    audience spenders { who trait spend > 100 and trait email ends with "@example.com" and not trait plan = "free" }
    audience buyers {
      consent to Advertising and Analytics
      who performed "Order Completed" at least 2 times within last 30 days where (revenue > 50)
        and not performed "Order Refunded" within last 90 days
    }
    audience big { who trait spend90 > 150 or trait average90 >= 65 }
    audience last { who trait last_bought in ["p1", "p2"] }
    audience lookers {
      who performed "Product Viewed" as viewed within last 7 days
        then not performed "Order Completed" within 1 day where (product_id = viewed.product_id)
    }
    audience new { who trait signup within last 30 days }
"#;

/// Every condition of the ordinary kinds is asked in columns; what is not, is known.
#[test]
fn ordinary_conditions_have_a_form_in_columns() {
    let engine = engine(AUDIENCES);
    let snapshot = Snapshot::from_profiles(engine.program(), (0..3000).map(person));
    assert_eq!(snapshot.len(), 3000);
    assert!(snapshot.not_in_columns(NOW).is_empty());

    let of_several_values = self::engine(OF_SEVERAL_VALUES);
    let snapshot = Snapshot::from_profiles(of_several_values.program(), (0..3000).map(person));
    assert!(snapshot.not_in_columns(NOW).is_empty());

    let dear = self::engine(
        r#"trait spent = sum of revenue from "Order Completed"
        audience computed { who performed "Order Completed" where (revenue > trait spent) }
        audience inside { who any trait products (price > trait budget) }"#,
    );
    let snapshot = Snapshot::from_profiles(dear.program(), (0..10).map(person));
    assert_eq!(snapshot.not_in_columns(NOW).len(), 2);
}

/// Conditions on more than one value, and on values that are made of many.
const OF_SEVERAL_VALUES: &str = r#"
    trait products = unique list of product_id from "Order Completed"
    trait different = unique count of product_id from "Order Completed"
    trait favourite = most frequent of product_id from "Product Viewed" at least 1 times
    trait bought = last of product_id from "Order Completed"
    trait spent = sum of revenue from "Order Completed"
    trait dear = count of "Order Completed" where (revenue > trait spend)
    audience steps {
      who performed "Product Viewed" then performed "Order Completed" within 2 days then performed "Product Viewed"
    }
    audience back {
      who performed "Product Viewed" as viewed at least 2 times
        then performed "Order Completed" as ordered where (revenue > 20)
        then not performed "Order Completed" where (product_id = viewed.product_id or revenue <= ordered.revenue)
    }
    audience again {
      who performed "Order Completed" as one then performed "Product Viewed" then performed "Order Completed" as two
        then performed "Order Completed" at least 1 times within 30 days where (product_id != one.product_id)
    }
    audience alike { who trait spend > trait spent and trait email does not contain trait plan }
    audience signed { who performed "Order Completed" where (revenue >= trait spend) or trait signup before trait email }
    audience listed { who trait products contains trait favourite and not any trait products (item = "p3") }
    audience many { who trait different >= 2 and trait dear < trait different }
    audience same { who trait favourite = trait bought }
"#;

/// More people than fit a block, and than fit a segment: each is where it is alone.
#[test]
fn blocks_and_segments_hide_nothing() {
    let (ordinary, all) = (engine(AUDIENCES), engine(&format!("{AUDIENCES}{OF_SEVERAL_VALUES}")));
    for count in [1, 64, 2047, 2048, 2049, 70_001] {
        let engine = if count > 10_000 { &ordinary } else { &all };
        let profiles: Profiles = (0..count).map(person).collect();
        let by = |executor, threads| {
            let threads = NonZeroUsize::new(threads);
            engine
                .run_with(&profiles, NOW, Execution { executor, threads })
                .unwrap()
        };
        let scalar = by(Executor::Scalar, 1);
        assert_eq!(by(Executor::Columnar, 3), scalar, "{count}");
        assert_eq!(by(Executor::Scalar, 2), scalar, "{count}");
        assert_eq!(by(Executor::Auto, 2), scalar, "{count}");

        let program = engine.program();
        let snapshot = Snapshot::new(program, profiles.users(), 2);
        assert_eq!((snapshot.len(), snapshot.is_empty()), (count, false));
        let members = snapshot.members(NOW, 2).unwrap();
        let sizes: Vec<usize> = scalar.audiences.iter().map(|audience| audience.size).collect();
        assert_eq!(members.iter().map(|members| members.len()).collect::<Vec<_>>(), sizes);
        assert_eq!(snapshot.sizes(NOW, 1).unwrap(), sizes);
        for (members, audience) in members.iter().zip(&scalar.audiences) {
            let mut labels: Vec<String> = members.places().map(|at| format!("user_id:u{at}")).collect();
            labels.sort();
            assert!(
                labels
                    .iter()
                    .map(String::as_str)
                    .eq(audience.members.iter().map(|label| &**label))
            );
            assert!(
                (0..count).all(|at| members.contains(at) == labels.binary_search(&format!("user_id:u{at}")).is_ok())
            );
        }
        if count > 1000 {
            assert!(sizes.iter().all(|size| (1..count).contains(size)), "{sizes:?}");
        }
    }
}

/// Nobody is delivered without consent, whatever executes.
#[test]
fn whoever_is_delivered_granted() {
    let engine = engine("destination ads requires Advertising\naudience everybody { send to ads }");
    let profiles: Profiles = (0..5000).map(person).collect();
    let execution = Execution {
        executor: Executor::Columnar,
        ..Execution::default()
    };
    let run = engine.run_with(&profiles, NOW, execution).unwrap();
    let destination = &run.audiences[0].destinations[0];
    assert_eq!(destination.delivered.len() + destination.filtered.len(), 5000);
    for label in &destination.delivered {
        let profile = profiles
            .find("user_id", label.strip_prefix("user_id:").unwrap())
            .unwrap();
        assert!(profile.consent().state("Advertising").is_granted(), "{label}");
    }
}

/// Many thresholds on one value are answered together, and each as it would be alone.
#[test]
fn many_thresholds_are_answered_as_each_alone() {
    let mut text = "trait spend90 = sum of revenue from \"Order Completed\" within last 90 days\n".to_owned();
    for at in 0..120 {
        let (operator, bound) = ([">", ">=", "<", "<=", "=", "!="][at % 6], at * 13 / 2);
        text += &format!("audience s{at} {{ who trait spend {operator} {bound}.{} }}\n", at % 10);
        text += &format!("audience c{at} {{ who trait spend90 {operator} {bound} }}\n");
    }
    text += "audience in_both { consent to Analytics who trait spend90 > 100 and trait spend90 <= 200 }\n";
    let many = engine(&text);
    let profiles: Profiles = (0..2500).map(person).collect();
    let by = |executor| {
        let threads = NonZeroUsize::new(1);
        many.run_with(&profiles, NOW, Execution { executor, threads }).unwrap()
    };
    assert_eq!(by(Executor::Columnar), by(Executor::Scalar));
}

/// The numbers that stand for an absent value in columns are values like any other where they are computed.
#[test]
fn the_least_number_is_a_number() {
    let engine = engine(
        r#"trait least = minimum of v from "E"
        trait total = sum of v from "E"
        audience least_below { who trait least < 0 }
        audience least_not_below { who not trait least < 0 }
        audience total_below { who trait total < 0 }
        audience total_not_below { who not trait total < 0 }"#,
    );
    // The least of 32 bits, of 64 bits, and in hundredths.
    let billions = [["-999999999999999999"; 9].as_slice(), &["-223372036854775817"]].concat();
    for values in [
        ["-2147483648"].as_slice(),
        &["-2147483647", "-1"],
        &billions,
        &["-21474836.48"],
    ] {
        let person = |values: &[&str]| {
            let events = values.iter().enumerate();
            let profile = Profile::builder().user_id(&format!("u{}", values.len()));
            let profile = events.fold(profile, |profile, (at, value)| {
                let time = Timestamp::from_millis(NOW.as_millis() - i64::try_from(at).unwrap());
                profile.event("E", time, [("v", number(value))])
            });
            profile.build()
        };
        let profiles: Profiles = [person(&[]), person(values)].into_iter().collect();
        let by = |executor| {
            let execution = Execution {
                executor,
                ..Execution::default()
            };
            engine.run_with(&profiles, NOW, execution).unwrap()
        };
        let (columnar, scalar) = (by(Executor::Columnar), by(Executor::Scalar));
        assert_eq!(columnar, scalar, "{values:?}");
        let sizes: Vec<usize> = columnar.audiences.iter().map(|audience| audience.size).collect();
        assert_eq!(sizes, [1, 1, 1, 1], "{values:?}");
    }
}

/// A snapshot of a million would be of use to nobody if it were larger than the profiles.
#[test]
fn columns_take_little_room() {
    let engine = engine(AUDIENCES);
    let snapshot = Snapshot::from_profiles(engine.program(), (0..20_000).map(person));
    // 80 000 events with 8 bytes for their instant; five traits and properties of 1 to 4 bytes; texts as they are.
    assert!(snapshot.bytes() < 20_000 * 120, "{}", snapshot.bytes());
}

/// What others of an account do can decide about a person: where there are audiences of accounts, columns alone say of nobody with an
/// account that they are a member, and a run asks about them otherwise.
#[test]
fn whose_accounts_may_decide_is_no_member_by_columns_alone() {
    let engine = engine(
        r#"audience large of accounts { who any user (trait plan = "pro") }
        audience small { who not member of large }
        audience pros { who trait plan = "pro" }"#,
    );
    let user = |id: &str, plan: &str| Profile::builder().user_id(id).trait_("plan", plan);
    let profiles: Profiles = [
        user("alone", "pro").build(),
        user("in", "pro").account("acme").build(),
        user("with", "free").account("acme").build(),
    ]
    .into_iter()
    .collect();
    let sizes = [0, 1, 1];
    let snapshot = Snapshot::new(engine.program(), profiles.users(), 1);
    assert_eq!(snapshot.sizes(NOW, 1).unwrap(), sizes);
    let alone = volens::eval::one_by_one(engine.program(), profiles.users(), NOW, 1).unwrap();
    assert_eq!(alone.iter().map(|members| members.len()).collect::<Vec<_>>(), sizes);
    for executor in [Executor::Scalar, Executor::Columnar] {
        let threads = None;
        let run = engine
            .run_with(&profiles, NOW, Execution { executor, threads })
            .unwrap();
        assert_eq!(
            run.audiences.iter().map(|audience| audience.size).collect::<Vec<_>>(),
            [1, 1, 2]
        );
    }
}
