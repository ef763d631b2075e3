//! Programs as JSON: the same program comes back, and what could not be evaluated safely is refused by name.

use serde_json::{Value, json};
use volens::Engine;
use volens::ir::{FORMAT, Program, ProgramError};

const WORKSPACE: &str = r#"
category Advertising
destination ads requires Advertising
audience buyers { who performed "Order Completed" where (revenue > 5)  consent to Advertising  send to ads }
audience others { who not member of buyers and trait plan in ["pro", 5, true, 2026-01-01] }
"#;

fn program() -> Value {
    let engine = Engine::from_text("ir.audience", WORKSPACE).unwrap();
    serde_json::to_value(engine.program()).unwrap()
}

fn read(program: &Value) -> Result<Program, ProgramError> {
    Program::from_json(&program.to_string())
}

#[test]
fn a_program_comes_back_as_it_was() {
    let engine = Engine::from_text("ir.audience", WORKSPACE).unwrap();
    assert_eq!(&read(&program()).unwrap(), engine.program());
}

#[test]
fn another_format_is_refused_by_its_number() {
    let mut newer = program();
    newer["format"] = json!(FORMAT + 1);
    // Also where this version could not make sense of the rest.
    newer["nodes"] = json!("something else");
    let error = read(&newer).unwrap_err();
    assert!(matches!(error, ProgramError::Format { found } if found == FORMAT + 1));
    assert!(error.to_string().contains(&(FORMAT + 1).to_string()));
    // Reading it with serde alone leads no way round.
    assert!(serde_json::from_value::<Program>(newer).is_err());
    let mut newer = program();
    newer["format"] = json!(FORMAT + 1);
    let error = serde_json::from_value::<Program>(newer).unwrap_err();
    assert!(error.to_string().contains("has format"), "{error}");
    let mut misspelt = program();
    misspelt["catgories"] = json!([]);
    assert!(matches!(read(&misspelt), Err(ProgramError::Json(_))));
    assert!(matches!(Program::from_json("{"), Err(ProgramError::Json(_))));
    assert!(matches!(Program::from_json("{}"), Err(ProgramError::Json(_))));
}

/// The first node of a kind.
fn node(program: &Value, kind: &str) -> usize {
    let nodes = program["nodes"].as_array().unwrap();
    nodes.iter().position(|node| node.get(kind).is_some()).unwrap()
}

#[test]
fn lists_are_sorted_again() {
    let mut program = program();
    let at = node(&program, "test");
    let test = program["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .position(|n| !n["test"]["test"]["one_of"].is_null())
        .unwrap_or(at);
    program["nodes"][test]["test"]["test"]["one_of"]["texts"] = json!(["z", "a", "m", "a"]);
    let read = read(&program).unwrap();
    let again = serde_json::to_value(&read).unwrap();
    assert_eq!(
        again["nodes"][test]["test"]["test"]["one_of"]["texts"],
        json!(["a", "m", "z"])
    );
}

#[test]
fn what_leads_nowhere_is_refused() {
    let base = program();
    let performed = node(&base, "performed");
    let and = node(&base, "and");
    let member = node(&base, "member");
    let step = json!({"negated": false, "event": 0, "filter": 0, "count": {"at_least": 1}});
    let nested = {
        let mut program = base.clone();
        let nodes = program["nodes"].as_array_mut().unwrap();
        for _ in 0..2000 {
            let last = nodes.len() - 1;
            nodes.push(json!({ "not": last }));
        }
        program
    };
    let with = |edit: &dyn Fn(&mut Value)| {
        let mut program = base.clone();
        edit(&mut program);
        program
    };
    for (program, what) in [
        (with(&|p| p["nodes"][and]["and"] = json!([0, and])), "not before it"),
        (with(&|p| p["nodes"][and]["and"] = json!([0, 9999])), "not before it"),
        (with(&|p| p["nodes"][member]["member"] = json!(9)), "unknown audience"),
        (with(&|p| p["order"] = json!([1, 0])), "before one that it refers to"),
        (with(&|p| p["order"] = json!([0, 0])), "each audience once"),
        (with(&|p| p["order"] = json!([0])), "each audience once"),
        (with(&|p| p["audiences"][0]["who"] = json!(77)), "node 77"),
        (with(&|p| p["audiences"][0]["consent"] = json!([5])), "category 5"),
        (
            with(&|p| p["audiences"][0]["destinations"] = json!([5])),
            "destination 5",
        ),
        (with(&|p| p["destinations"][0]["requires"] = json!([5])), "category 5"),
        (
            with(&|p| p["nodes"][performed]["performed"]["event"] = json!(3)),
            "event 3",
        ),
        (with(&|p| p["events"][0]["properties"] = json!([])), "property 0"),
        // A filter over an event is no condition on a profile.
        (
            with(&|p| p["audiences"][0]["who"] = p["nodes"][performed]["performed"]["filter"].clone()),
            "not there",
        ),
        (
            with(&|p| p["nodes"][performed]["performed"]["steps"] = Value::Array(vec![step.clone(); 65])),
            "64 steps",
        ),
        (nested, "1000 deep"),
        (with(&|p| p["nodes"][and]["and"] = json!([0])), "fewer than two"),
        (
            with(&|p| {
                let twin = json!({"id": "Advertising", "enabled": false});
                p["categories"].as_array_mut().unwrap().push(twin);
            }),
            "stands twice",
        ),
        (
            with(&|p| {
                let twin = p["destinations"][0].clone();
                p["destinations"].as_array_mut().unwrap().push(twin);
            }),
            "a destination stands twice",
        ),
        (
            with(&|p| p["audiences"][0]["destinations"] = json!([0, 0])),
            "a destination stands twice",
        ),
        (
            with(&|p| p["audiences"][1]["name"] = json!("buyers")),
            "audience stands twice",
        ),
        (
            with(&|p| {
                // Each level is the one before twice, so that 30 nodes are a billion visits.
                let nodes = p["nodes"].as_array_mut().unwrap();
                for _ in 0..30 {
                    let last = nodes.len() - 1;
                    nodes.push(json!({ "or": [last, last] }));
                }
            }),
            "visits more than",
        ),
        (
            with(&|p| p["nodes"][performed]["performed"]["window"] = json!({ "newest": -1 })),
            "negative",
        ),
    ] {
        match read(&program) {
            Err(ProgramError::Broken(reason)) => assert!(reason.contains(what), "{reason:?}, not {what:?}"),
            other => panic!("{what}: {other:?}"),
        }
    }
}

#[test]
fn one_audience_is_a_program_of_its_own() {
    let engine = Engine::from_text("ir.audience", WORKSPACE).unwrap();
    let program = engine.program();
    let profile = volens::Profile::builder().user_id("u1").trait_("plan", "pro").build();
    let now = volens::Timestamp::EPOCH;
    let is_member = |program: &Program, name: &str| {
        let mut row = volens::eval::Row::new(program, &profile, now);
        volens::eval::evaluate(program, &mut row, &[]);
        program.audience(name).map(|slot| row.is_member(slot))
    };
    let buyers = program.only(program.audience("buyers").unwrap());
    assert_eq!(is_member(&buyers, "buyers"), Some(false));
    assert_eq!(is_member(&buyers, "others"), None);
    assert!(buyers.nodes.len() < program.nodes.len());
    // It brings those that it refers to.
    let others = program.only(program.audience("others").unwrap());
    assert_eq!(is_member(&others, "others"), is_member(program, "others"));
    assert_eq!(is_member(&others, "others"), Some(true));
    assert_eq!(is_member(&others, "buyers"), Some(false));
    for part in [buyers, others] {
        assert_eq!(
            Program::from_json(&serde_json::to_string(&part).unwrap()).unwrap(),
            part
        );
    }
}

/// Which subject is asked what: a program that asks the wrong one would find everything absent, and `not` of it true.
#[test]
fn programs_that_ask_the_wrong_subject_are_refused() {
    let text = "category A
        destination ads requires A
        destination store requires nothing { storage }
        trait orders = count of \"E\"
        account trait total = sum of x from \"E\"
        audience of_users { who trait plan = \"pro\" and trait orders > 1 and performed \"E\" and consent to A }
        audience of_accounts of accounts { who account trait seats > 5 and account trait total > 1 and any user (trait plan exists) }
        audience both { who member of of_accounts send to ads }";
    let whole = serde_json::to_value(Engine::from_text("a.audience", text).unwrap().program()).unwrap();
    assert!(Program::from_json(&whole.to_string()).is_ok());
    let at = |kind: &str| {
        whole["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .position(|node| node.get(kind).is_some())
            .unwrap()
    };
    let with = |change: &dyn Fn(&mut Value)| {
        let mut program = whole.clone();
        change(&mut program);
        program
    };
    let who = |audience: usize, node: usize| with(&|p| p["audiences"][audience]["who"] = json!(node));
    let of = |audience: usize, of: &str| with(&|p| p["audiences"][audience]["of"] = json!(of));
    for (program, what) in [
        (who(0, at("users")), "a quantifier"),
        (who(1, at("performed")), "only its users"),
        (who(1, at("consent")), "only its users"),
        (of(0, "account"), "only its users"),
        (of(1, "user"), "a trait is read of a subject"),
        (
            with(&|p| {
                p["nodes"][at("member")]["member"] = json!(0);
                p["audiences"][2]["of"] = json!("account");
            }),
            "only its users",
        ),
        (
            with(&|p| {
                let inner = p["nodes"][at("users")]["users"]["condition"].clone();
                let nodes = p["nodes"].as_array_mut().unwrap();
                nodes.push(json!({"users": {"quantifier": "no", "condition": inner}}));
                let nested = nodes.len() - 1;
                nodes.push(json!({"users": {"quantifier": "no", "condition": nested}}));
                p["audiences"][1]["who"] = json!(nested + 1);
            }),
            "a quantifier",
        ),
        (with(&|p| p["destinations"][1]["requires"] = json!([0])), "CC-10"),
        (with(&|p| p["destinations"][1]["kind"] = json!("ads")), "CC-6"),
        (
            with(&|p| p["traits"][0]["source"] = json!({"sent": ["Segment_Consent_Preference", "A"]})),
            "CP-17",
        ),
    ] {
        match Program::from_json(&program.to_string()) {
            Err(ProgramError::Broken(reason)) => assert!(reason.contains(what), "{reason:?}, not {what:?}"),
            other => panic!("{what}: {other:?}"),
        }
    }
    // What a misspelt key was to restrict would be lost.
    for (path, key) in [
        (format!("/nodes/{}/performed", at("performed")), "windw"),
        (format!("/nodes/{}/users", at("users")), "quantifer"),
        (format!("/nodes/{}/consent", at("consent")), "stat"),
        ("/audiences/0".to_owned(), "off"),
        ("/destinations/0".to_owned(), "require"),
        ("/categories/0".to_owned(), "enable"),
        ("/traits/0".to_owned(), "off"),
        ("/events/0".to_owned(), "property"),
    ] {
        let program = with(&|p| p.pointer_mut(&path).unwrap()[key] = json!(1));
        let error = Program::from_json(&program.to_string()).unwrap_err();
        assert!(
            error.to_string().contains(&format!("unknown field `{key}`")),
            "{path}: {error}"
        );
    }
}
