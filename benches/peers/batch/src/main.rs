//! Volens on the work of the other engines: a million profiles at once, in columns.
//!
//! `p-volens-batch` asks the five audiences in one call, and each alone; `p-volens-batch many` a thousand and ten thousand
//! audiences of four kinds. The data are the columns that the comparison makes. `p-volens-batch parquet` asks the five of the tables
//! that `prepare_tables.py` makes of them, from opening the files to the members.

use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::time::Instant;
use std::{env, fs};

use volens::eval::columnar::Snapshot;
use volens::span::Sources;
use volens::tables::{Options, Tables};
use volens::{ConsentState, Engine, Profile, Timestamp, Value};

const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);
const PLANS: [&str; 4] = ["free", "pro", "business", "enterprise"];
const COUNTRIES: [&str; 30] = [
    "US", "GB", "DE", "FR", "ES", "IT", "NL", "SE", "NO", "DK", "FI", "PL", "PT", "IE", "BE", "AT", "CH", "CZ", "CA",
    "MX", "BR", "AR", "AU", "NZ", "JP", "KR", "IN", "SG", "ZA", "AE",
];
const NAMES: [&str; 8] = [
    "Page Viewed",
    "Product Viewed",
    "Product Added",
    "Order Completed",
    "Order Refunded",
    "Email Opened",
    "Signed In",
    "Cart Viewed",
];
const CATEGORIES: [&str; 4] = ["Advertising", "Analytics", "Functional", "DataSharing"];
/// What stands for a missing plan.
const NO_PLAN: u8 = 4;

/// What the comparison expects of the five audiences, over a million profiles.
const EXPECTED: [usize; 5] = [17_397, 31_020, 6_409, 7_626, 85_735];

const AUDIENCES: [&str; 5] = [
    r#"audience a1 { consent to Advertising who trait plan in ["pro", "business"] and trait country = "DE" }"#,
    r#"audience a2 {
      consent to Analytics
      who trait age >= 30 and trait email ends with "@example.com" and trait total_spend > 100
        and (trait country in ["US", "GB", "DE"] or not trait plan = "free")
    }"#,
    r#"audience a3 {
      consent to Advertising and Analytics
      who performed "Order Completed" at least 2 times within last 30 days where (revenue > 50)
        and not performed "Order Refunded" within last 90 days
    }"#,
    r#"trait spend_90 = sum of revenue from "Order Completed" within last 90 days
    audience a4 { consent to Advertising who trait spend_90 > 500 }"#,
    r#"audience a5 {
      consent to Advertising
      who performed "Product Viewed" as viewed within last 7 days
        then not performed "Order Completed" within 1 day where (product_id = viewed.product_id)
    }"#,
];

/// The columns of the comparison.
struct Data {
    plan: Vec<u8>,
    country: Vec<u8>,
    age: Vec<i16>,
    spend: Vec<f64>,
    consent: Vec<Vec<u8>>,
    emails: Vec<String>,
    offsets: Vec<u32>,
    name: Vec<u8>,
    time: Vec<i64>,
    revenue: Vec<f64>,
    product: Vec<u16>,
}

fn folder() -> String {
    env::var("PEERS_DATA").unwrap_or_else(|_| "data".into())
}

fn bytes(name: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let path = format!("{}/{name}", folder());
    fs::read(&path).map_err(|error| format!("{path}: {error}").into())
}

fn numbers<const N: usize, T>(name: &str, number: impl Fn([u8; N]) -> T) -> Result<Vec<T>, Box<dyn Error>> {
    let bytes = bytes(&format!("{name}.bin"))?;
    let (numbers, _) = bytes.as_chunks::<N>();
    Ok(numbers.iter().map(|bytes| number(*bytes)).collect())
}

impl Data {
    fn load() -> Result<Data, Box<dyn Error>> {
        let consent = (0..CATEGORIES.len()).map(|at| bytes(&format!("c{at}.bin")));
        Ok(Data {
            plan: bytes("plan.bin")?,
            country: bytes("country.bin")?,
            age: numbers("age", i16::from_le_bytes)?,
            spend: numbers("spend", f64::from_le_bytes)?,
            consent: consent.collect::<Result<_, _>>()?,
            emails: String::from_utf8(bytes("email.txt")?)?
                .lines()
                .map(str::to_owned)
                .collect(),
            offsets: numbers("off", u32::from_le_bytes)?,
            name: bytes("e_name.bin")?,
            time: numbers("e_ts", i64::from_le_bytes)?,
            revenue: numbers("e_rev", f64::from_le_bytes)?,
            product: numbers("e_prod", u16::from_le_bytes)?,
        })
    }

    fn profile(&self, at: usize) -> Profile {
        let mut profile = Profile::builder()
            .user_id(&format!("u{at}"))
            .trait_("country", COUNTRIES[usize::from(self.country[at])])
            .trait_("total_spend", self.spend[at])
            .trait_("email", self.emails[at].as_str());
        if self.plan[at] != NO_PLAN {
            profile = profile.trait_("plan", PLANS[usize::from(self.plan[at])]);
        }
        if self.age[at] >= 0 {
            profile = profile.trait_("age", i64::from(self.age[at]));
        }
        for (category, states) in CATEGORIES.iter().zip(&self.consent) {
            let state = match states[at] {
                0 => ConsentState::NotCollected,
                1 => ConsentState::Denied,
                2 => ConsentState::Granted,
                _ => ConsentState::Conflicted,
            };
            profile = profile.consent(category, state);
        }
        for event in self.offsets[at] as usize..self.offsets[at + 1] as usize {
            let mut properties = vec![("product_id", Value::from(format!("p{}", self.product[event])))];
            if !self.revenue[event].is_nan() {
                properties.push(("revenue", Value::from(self.revenue[event])));
            }
            let time = Timestamp::from_millis(self.time[event]);
            profile = profile.event(NAMES[usize::from(self.name[event])], time, properties);
        }
        profile.build()
    }

    fn snapshot<'e>(&self, engine: &'e Engine) -> Snapshot<'e> {
        Snapshot::from_profiles(engine.program(), (0..self.plan.len()).map(|at| self.profile(at)))
    }
}

fn head() -> String {
    CATEGORIES.map(|category| format!("category {category}\n")).concat()
}

/// So many audiences of four kinds, a quarter each.
fn workspace(count: usize) -> Result<Sources, std::fmt::Error> {
    let mut sources = Sources::default();
    let mut text = head();
    for week in 1..=12 {
        let days = 7 * week;
        writeln!(
            text,
            "trait sum_{days} = sum of revenue from \"Order Completed\" within {days} days"
        )?;
    }
    for at in 0..count {
        // A file has 1 MiB at most.
        if at % 1000 == 999 {
            sources.add(format!("{at}.audience"), std::mem::take(&mut text));
        }
        let k = at / 4;
        let (who, consent) = match at % 4 {
            0 => {
                let country = COUNTRIES[k % 30];
                let who = format!("trait plan in [\"pro\", \"business\"] and trait country = \"{country}\"");
                (who, "Advertising")
            }
            1 => {
                let (age, spend) = (18 + k % 50, 20 + k);
                let who = format!(
                    "trait age >= {age} and trait email ends with \"@example.com\" and trait total_spend > {spend} \
                     and (trait country in [\"US\", \"GB\", \"DE\"] or not trait plan = \"free\")"
                );
                (who, "Analytics")
            }
            2 => {
                let (event, times, revenue) = (["Order Completed", "Product Added"][k % 2], 1 + k % 3, 10 + k % 60);
                let who = format!(
                    "performed \"{event}\" at least {times} times within 30 days where (revenue > {revenue}) \
                     and not performed \"Order Refunded\" within 90 days"
                );
                (who, "Advertising and Analytics")
            }
            _ => (
                format!("trait sum_{} > {}", 7 + 7 * (k % 12), 50 + 4 * k),
                "Advertising",
            ),
        };
        writeln!(text, "audience a{at} {{ who {who} consent to {consent} }}")?;
    }
    sources.add("last.audience", text);
    Ok(sources)
}

/// The median and the minimum of many runs, in seconds.
fn time<T>(runs: usize, mut run: impl FnMut() -> Result<T, Box<dyn Error>>) -> Result<(T, f64, f64), Box<dyn Error>> {
    let mut result = run()?;
    let mut times = Vec::new();
    for _ in 0..runs {
        let start = Instant::now();
        result = run()?;
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok((result, times[runs / 2], times[0]))
}

fn print((source, what): (&str, &str), threads: usize, count: usize, (median, minimum): (f64, f64)) {
    println!("BATCH\tvolens\t{source}\t{threads}T\t{what}\tcount {count}\tmedian_s {median:.5}\tmin_s {minimum:.5}");
}

/// The members as sets of profiles, as the others give the ids.
fn five(data: &Data) -> Result<(), Box<dyn Error>> {
    let one = |at: usize| Engine::from_text("a.audience", &(head() + AUDIENCES[at]));
    let all = Engine::from_text("all.audience", &(head() + &AUDIENCES.join("\n")))?;
    let whole = data.plan.len() == 1_000_000;
    for (what, engine) in [("ALL".to_owned(), Ok(all))]
        .into_iter()
        .chain((0..5).map(|at| (format!("A{}", at + 1), one(at))))
    {
        let engine = engine?;
        let start = Instant::now();
        let snapshot = data.snapshot(&engine);
        let (seconds, bytes) = (start.elapsed().as_secs_f64(), snapshot.bytes());
        println!(
            "# {what}: laid out in {seconds:.1} s, {:.1} MiB",
            bytes as f64 / f64::from(1 << 20)
        );
        for threads in [1, 2] {
            let (members, median, minimum) = time(11, || Ok(snapshot.members(NOW, threads)?))?;
            let sizes: Vec<usize> = members.iter().map(|members| members.len()).collect();
            let expected = match what.as_str() {
                "ALL" => EXPECTED.to_vec(),
                one => vec![EXPECTED[one[1..].parse::<usize>()? - 1]],
            };
            if whole && sizes != expected {
                return Err(format!("{what}: {sizes:?}, expected {expected:?}").into());
            }
            print(("mem", &what), threads, sizes.iter().sum(), (median, minimum));
        }
    }
    Ok(())
}

/// The five audiences in one call, each time from the files.
fn parquet() -> Result<(), Box<dyn Error>> {
    let engine = Engine::from_text("all.audience", &(head() + &AUDIENCES.join("\n")))?;
    let tables = folder() + "/tables";
    for threads in [1, 2] {
        let options = Options { threads, absent: false };
        let (sizes, median, minimum) = time(5, || {
            let tables = Tables::read(engine.program(), engine.identity(), Path::new(&tables), options)?;
            let members = tables.snapshot().members(NOW, threads)?;
            Ok(members.iter().map(|members| members.len()).collect::<Vec<usize>>())
        })?;
        if sizes != EXPECTED {
            return Err(format!("{sizes:?}, expected {EXPECTED:?}").into());
        }
        print(("parquet", "ALL"), threads, sizes.iter().sum(), (median, minimum));
    }
    Ok(())
}

/// How many members each of many audiences has.
fn many(data: &Data) -> Result<(), Box<dyn Error>> {
    for count in [1000, 10_000] {
        let engine = Engine::from_sources(workspace(count)?)?;
        let snapshot = data.snapshot(&engine);
        for threads in [1, 2] {
            let (sizes, median, minimum) = time(5, || Ok(snapshot.sizes(NOW, threads)?))?;
            print(
                ("mem", &format!("{count} audiences")),
                threads,
                sizes.iter().sum(),
                (median, minimum),
            );
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    match env::args().nth(1).as_deref() {
        Some("many") => many(&Data::load()?),
        Some("parquet") => parquet(),
        _ => five(&Data::load()?),
    }
}
