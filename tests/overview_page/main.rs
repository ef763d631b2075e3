//! The page of `volens overview --html` in a browser: `make overview-page`. It needs Chromium, so it is not among the tests
//! that `cargo test` runs.
//!
//! What is looked at is what people see and hear: the numbers in the tables (those of `volens run`), the filters, both
//! colour schemes, the names of the controls; and what nobody may find: a request, a complaint, markup made of a name.

mod browser;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};

use browser::Browser;

const NOW: &str = "2026-06-30T00:00:00Z";
const WIDE: (u32, u32) = (1280, 1400);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("overview_page").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn volens(arguments: &[&str]) -> String {
    let done = Command::new(env!("CARGO_BIN_EXE_volens"))
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// The page of a workspace, and what `run` says of it.
fn page(folder: &Path, workspace: &str, events: &str) -> (PathBuf, Json) {
    let html = folder.join("overview.html");
    let common = [workspace, "--events", events, "--now", NOW];
    volens(&[&["overview"], &common[..], &["--html", html.to_str().unwrap()]].concat());
    let run = volens(&[&["run"], &common[..], &["--format", "json"]].concat());
    (html, serde_json::from_str(&run).unwrap())
}

/// Audience, destination, and the three numbers: how many came, were filtered, are cleared.
type Row = (String, String, u64, u64, u64);

fn rows_of(run: &Json) -> BTreeSet<Row> {
    let mut rows = BTreeSet::new();
    for (audience, its) in run["audiences"].as_object().unwrap() {
        for (destination, its) in its["destinations"].as_object().unwrap() {
            let count = |key: &str| its[key].as_array().unwrap().len() as u64;
            let (delivered, filtered) = (count("delivered"), count("filtered"));
            rows.insert((
                audience.clone(),
                destination.clone(),
                delivered + filtered,
                filtered,
                delivered,
            ));
        }
    }
    rows
}

/// The rows as they are read on the page: the texts of its cells.
fn rows_on(browser: &mut Browser) -> BTreeSet<Row> {
    let rows = browser.evaluate(
        r##"[...document.querySelectorAll("#list .card")].flatMap((card) =>
            [...card.querySelectorAll("tr.flow")].map((row) => [
                card.querySelector("h3").textContent, row.querySelector("th bdi").textContent,
                ...[...row.querySelectorAll("td.n")].map((cell) => Number(cell.textContent.replaceAll(",", "")))]))"##,
    );
    serde_json::from_value(rows).unwrap()
}

fn number(browser: &mut Browser, pipe: &str, step: &str) -> Json {
    browser.evaluate(&format!(
        r##"Number(document.querySelector('#{pipe} [data-step="{step}"] .num').textContent.replaceAll(",", ""))"##
    ))
}

fn sum(rows: &BTreeSet<Row>, number: impl Fn(&Row) -> u64) -> Json {
    json!(rows.iter().map(number).sum::<u64>())
}

fn is_quiet(browser: &Browser, html: &Path) {
    assert_eq!(browser.complaints(), Vec::<&Json>::new());
    let own = format!("file://{}", html.canonicalize().unwrap().display());
    let requests = browser.requests();
    let others: Vec<&String> = requests
        .iter()
        .filter(|url| url.split('#').next() != Some(&own))
        .collect();
    assert!(others.is_empty() && requests.len() == 1, "{requests:?}");
}

/// Every text that is seen, and how far its colour stands off what is behind it (WCAG 2, contrast ratio).
const FAINT: &str = r##"(() => {
    const parse = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
    const light = ([r, g, b]) => {
        const part = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
        return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    };
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const colour = parse(getComputedStyle(at).backgroundColor);
            if (colour.length === 3 || colour[3] === 1) return colour;
        }
        return [255, 255, 255];
    };
    const faint = new Set();
    for (const element of document.querySelectorAll("body *:not(script):not(.skip):not(noscript)")) {
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== "");
        if (!own || element.closest("[hidden], script, noscript")) continue;
        const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) faint.add(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
    }
    return [...faint];
})()"##;

#[test]
fn the_page_says_what_the_run_says_in_light_and_dark() {
    let folder = scratch("shop");
    let (html, run) = page(&folder, "examples/shop", "examples/shop/events.jsonl");
    let mut browser = Browser::start(&folder.join("browser"));
    let rows = rows_of(&run);
    let mut grounds = BTreeSet::new();
    for (hash, prefers) in [
        ("", "light"),
        ("", "dark"),
        ("theme=dark", "light"),
        ("theme=light", "dark"),
    ] {
        browser.open(&html, hash, prefers, WIDE);
        assert_eq!(rows_on(&mut browser), rows);
        let sizes = browser.evaluate(
            r##"[...document.querySelectorAll("#list .card")].map((card) => [card.querySelector("h3").textContent, card.querySelector(".size").textContent]).sort()"##,
        );
        let audiences = run["audiences"].as_object().unwrap().iter();
        let told: Vec<Json> = audiences
            .map(|(name, its)| json!([name, format!("{} members", its["size"])]))
            .collect();
        assert_eq!(sizes, json!(told));
        assert_eq!(
            number(&mut browser, "audiences-pipe", "entered"),
            sum(&rows, |row| row.2)
        );
        assert_eq!(
            number(&mut browser, "audiences-pipe", "filtered"),
            sum(&rows, |row| row.3)
        );
        assert_eq!(
            number(&mut browser, "audiences-pipe", "delivered"),
            sum(&rows, |row| row.4)
        );
        assert_eq!(number(&mut browser, "events-pipe", "received"), run["events"]["read"]);
        assert_eq!(number(&mut browser, "events-pipe", "failed"), run["events"]["rejected"]);
        assert_eq!(
            number(&mut browser, "events-pipe", "accepted"),
            run["events"]["applied"]
        );
        let faint = browser.evaluate(&format!(
            "document.querySelectorAll('details').forEach((details) => {{ details.open = true; }}), {FAINT}"
        ));
        assert_eq!(faint, json!([]), "{hash} {prefers}");
        let ground = browser.evaluate("getComputedStyle(document.body).backgroundColor");
        let is_dark = if hash.is_empty() {
            prefers == "dark"
        } else {
            hash == "theme=dark"
        };
        grounds.insert((is_dark, ground.to_string()));
        is_quiet(&browser, &html);
    }
    // The switch and the preference lead to the same two.
    assert_eq!(grounds.len(), 2, "{grounds:?}");

    let nameless: Vec<(String, String)> = browser
        .controls()
        .into_iter()
        .filter(|(_, name)| name.is_empty())
        .collect();
    assert!(nameless.is_empty(), "{nameless:?}");
    assert!(browser.controls().len() > 20);

    if let Ok(path) = std::env::var("VOLENS_SCREENSHOT") {
        let hash = "theme=light&audience=a&held=yes";
        browser.open(&html, hash, "light", (1180, 1480));
        browser.evaluate(
            r##"document.getElementById("failures").hidden = true; document.querySelector("#list details").open = true; document.querySelector("#raw").hidden = true"##,
        );
        fs::write(root().join(path), browser.screenshot()).unwrap();
    }
}

#[test]
fn what_is_printed_is_dark_on_white_and_all_of_it() {
    let folder = scratch("print");
    let (html, run) = page(&folder, "examples/saas", "examples/saas/events.jsonl");
    let mut browser = Browser::start(&folder.join("browser"));
    let rows = rows_of(&run);
    // A filter is told on paper, too, which has no fields.
    browser.open(&html, "audience=trial&held=yes", "light", WIDE);
    let status = browser.evaluate("document.getElementById('status').textContent");
    assert!(
        status.as_str().unwrap().ends_with("(audience “trial”, held back only)"),
        "{status}"
    );
    for (hash, prefers) in [("", "dark"), ("theme=dark", "light")] {
        browser.open(&html, hash, prefers, (800, 1100));
        browser.print();
        assert_eq!(rows_on(&mut browser), rows);
        assert_eq!(
            browser.evaluate("document.querySelectorAll('details:not([open])').length"),
            json!(0)
        );
        assert_eq!(
            browser.evaluate("getComputedStyle(document.body).backgroundColor"),
            json!("rgb(255, 255, 255)")
        );
        assert_eq!(browser.evaluate(FAINT), json!([]), "{hash} {prefers}");
        is_quiet(&browser, &html);
        if let Ok(path) = std::env::var("VOLENS_PRINT") {
            fs::write(path, browser.screenshot()).unwrap();
        }
        // Afterwards they are as they were.
        browser.evaluate("dispatchEvent(new Event('afterprint'))");
        assert_eq!(
            browser.evaluate("document.querySelectorAll('details[open]').length"),
            json!(0)
        );
    }
}

#[test]
fn filters_leave_what_they_name() {
    let folder = scratch("filters");
    let (html, run) = page(&folder, "examples/shop", "examples/shop/events.jsonl");
    let mut browser = Browser::start(&folder.join("browser"));
    let all = rows_of(&run);
    let wanted =
        |keep: &dyn Fn(&Row) -> bool| -> BTreeSet<Row> { all.iter().filter(|row| keep(row)).cloned().collect() };
    type Keep<'k> = &'k dyn Fn(&Row) -> bool;
    let filters: [(&str, Keep<'_>); 6] = [
        ("audience=CART", &|row| row.0.contains("cart")),
        ("destination=google_ads", &|row| row.1 == "google_ads"),
        ("reason=FILTERED_BY_END_USER_CONSENT", &|row| row.3 > 0),
        ("held=yes", &|row| row.3 > 0),
        ("audience=lapsed&destination=newsletter", &|row| {
            row.0.contains("lapsed") && row.1 == "newsletter"
        }),
        ("audience=nobody+has+this+name", &|_| false),
    ];
    for (hash, keep) in filters {
        let rows = wanted(keep);
        // From the address, and by hand.
        browser.open(&html, hash, "light", WIDE);
        assert_eq!(rows_on(&mut browser), rows, "{hash}");
        assert_eq!(
            number(&mut browser, "audiences-pipe", "filtered"),
            sum(&rows, |row| row.3),
            "{hash}"
        );
        is_quiet(&browser, &html);
        browser.open(&html, "", "light", WIDE);
        browser.evaluate(&format!(
            r##"(async () => {{
                for (const [key, value] of new URLSearchParams("{hash}")) {{
                    const field = document.getElementById(`f-${{key}}`);
                    if (field.type === "checkbox") field.click();
                    else {{ field.value = value; field.dispatchEvent(new Event(field.type === "search" ? "input" : "change")); }}
                }}
                while (!location.hash.includes("{hash}")) await new Promise((go) => setTimeout(go, 20));
            }})()"##
        ));
        assert_eq!(rows_on(&mut browser), rows, "{hash}");
        // Reset shows all again.
        browser.evaluate(
            r##"(async () => {
                document.querySelector("button[type=reset]").click();
                while (location.hash !== "") await new Promise((go) => setTimeout(go, 20));
            })()"##,
        );
        assert_eq!(rows_on(&mut browser), all, "{hash}");
    }
    // A reason of the ingest leaves its own row, and no audience.
    browser.open(&html, "reason=no_user_anon_id", "light", WIDE);
    assert_eq!(rows_on(&mut browser), BTreeSet::new());
    let codes =
        browser.evaluate(r##"[...document.querySelectorAll("#failures [data-code]")].map((row) => row.dataset.code)"##);
    assert_eq!(codes, json!(["no_user_anon_id"]));
}

#[test]
fn what_senders_chose_is_text_and_thousands_of_audiences_are_shown_some_at_a_time() {
    let folder = scratch("hostile");
    let hostile = r#"</script><img src="https://evil.example/x" onerror="document.title = 'gone'"><!-- "#;
    let turning = "\u{202e}gpj.evil\u{2028}\u{0}";
    let mut workspace = "category Advertising\ndestination google_ads \"<b>Ads</b>\" requires Advertising\n".to_owned();
    workspace.push_str(
        "audience \"__proto__\" \"</script><script>document.title = 'gone'</script>\" { send to google_ads }\n",
    );
    workspace.push_str(&format!(
        "audience \"{}\" \"שלום 🦊\" {{ send to google_ads }}\n",
        "long ".repeat(300).trim_end()
    ));
    for number in 0..2500 {
        workspace.push_str(&format!(
            "audience a{number} {{ who trait plan = \"{number}\"  send to google_ads }}\n"
        ));
    }
    fs::write(folder.join("a.audience"), workspace).unwrap();
    let events: Vec<String> = [hostile, turning]
        .iter()
        .map(|id| json!({"type": "identify", "userId": id, "timestamp": "2026-06-01", "messageId": id}).to_string())
        .chain([json!({"type": hostile, "userId": "u"}).to_string()])
        .collect();
    fs::write(folder.join("events.jsonl"), events.join("\n")).unwrap();
    let (workspace, events) = (folder.join("a.audience"), folder.join("events.jsonl"));
    let (html, run) = page(&folder, workspace.to_str().unwrap(), events.to_str().unwrap());
    let mut browser = Browser::start(&folder.join("browser"));
    browser.open(&html, "", "light", (420, 900));
    is_quiet(&browser, &html);
    assert_eq!(browser.evaluate("document.title"), json!("Delivery Overview · Volens"));
    assert_eq!(
        browser.evaluate("document.querySelectorAll('img, iframe, link, object, svg').length"),
        json!(0)
    );
    assert_eq!(browser.evaluate("document.querySelectorAll('script').length"), json!(2));
    let samples = browser.evaluate(
        r##"[...document.querySelectorAll("#list .samples")].slice(0, 1).flatMap((table) => [...table.querySelectorAll("th bdi")].map((name) => name.textContent))"##,
    );
    let spelt = r"user_id:\u{202e}gpj.evil\u{2028}\u{0}";
    assert_eq!(samples, json!([format!("user_id:{hostile}"), spelt]));
    // Nothing is wider than the window, whatever its name.
    assert_eq!(
        browser.evaluate("document.documentElement.scrollWidth <= innerWidth"),
        json!(true)
    );
    let shown = |browser: &mut Browser| {
        browser
            .evaluate("document.querySelectorAll('#list .card').length")
            .as_u64()
            .unwrap()
    };
    assert_eq!(shown(&mut browser), 40);
    browser.evaluate("document.getElementById('more').click()");
    assert_eq!(shown(&mut browser), 80);
    let all = rows_of(&run);
    assert_eq!(all.len(), 2502);
    assert_eq!(
        number(&mut browser, "audiences-pipe", "entered"),
        sum(&all, |row| row.2)
    );
    // Some with these signs in it, found by its name.
    browser.open(&html, "audience=a2499", "dark", WIDE);
    let names: Vec<String> = rows_on(&mut browser).into_iter().map(|row| row.0).collect();
    assert_eq!(names, ["a2499"]);
    is_quiet(&browser, &html);
}

#[test]
fn nothing_at_all_is_a_page_too() {
    let folder = scratch("nothing");
    fs::write(folder.join("a.audience"), "audience everybody {}\n").unwrap();
    fs::write(folder.join("events.jsonl"), "").unwrap();
    let (workspace, events) = (folder.join("a.audience"), folder.join("events.jsonl"));
    let (html, _) = page(&folder, workspace.to_str().unwrap(), events.to_str().unwrap());
    let mut browser = Browser::start(&folder.join("browser"));
    for size in [WIDE, (320, 700)] {
        browser.open(&html, "", "light", size);
        is_quiet(&browser, &html);
        assert_eq!(number(&mut browser, "events-pipe", "received"), json!(0));
        assert_eq!(number(&mut browser, "audiences-pipe", "entered"), json!(0));
        assert_eq!(rows_on(&mut browser), BTreeSet::new());
        assert_eq!(
            browser.evaluate("document.documentElement.scrollWidth <= innerWidth"),
            json!(true)
        );
    }
}
