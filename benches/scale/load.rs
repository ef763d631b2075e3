//! The events of a shop with many customers, as JSON lines: the same bytes on every machine, made a chunk at a time.
//!
//! Every event is a function of its number, and every person of theirs, so the generator keeps nothing and takes no part
//! in the memory that is measured. People browse anonymously on one or two devices; most sign in at some time, and from
//! then on their events carry both ids. Events come in the order in which they were received: some are late, and some are
//! sent again.

use std::io::{self, Write};

use crate::kit::{DAY, HOUR, MINUTE, NOW, Rng, SECOND, date, iso};

/// How many lines are made at once.
const CHUNK: u64 = 10_000;
/// Over how long the events are spread, up to [`NOW`].
const PERIOD: i64 = 400 * DAY;
/// Of a hundred events, those that arrive hours or days late, and those that are sent again.
const LATE: i64 = 2;
const REPEATED: i64 = 1;
/// How many lines back a repeat was sent first, at the most.
const BACK: u64 = 5_000;

/// The categories that consent is asked for.
pub(crate) const CATEGORIES: [&str; 3] = ["Advertising", "Analytics", "Functional"];
const COUNTRIES: [&str; 8] = ["US", "GB", "DE", "FR", "ES", "IT", "NL", "SE"];
const LOCALES: [&str; 8] = ["en-US", "en-GB", "de-DE", "fr-FR", "es-ES", "it-IT", "nl-NL", "sv-SE"];
const PLANS: [&str; 3] = ["free", "plus", "family"];
const GROUPS: [&str; 6] = ["shoes", "jackets", "tents", "bikes", "maps", "climbing gear"];
const FIRST_NAMES: [&str; 8] = ["Ada", "Ben", "Chloe", "Dario", "Emma", "Felix", "Greta", "Hugo"];
const LAST_NAMES: [&str; 8] = [
    "Adler", "Brown", "Costa", "Dupont", "Evans", "Fischer", "Garcia", "Hansen",
];
const PAGES: [&str; 5] = ["Home", "Category", "Product", "Cart", "Help"];
const AGENTS: [&str; 3] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0",
];

/// So many events of so many people.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) events: u64,
    pub(crate) people: u64,
}

/// Some lines.
#[derive(Default)]
pub(crate) struct Chunk {
    text: Vec<u8>,
    /// Where each line ends, behind its line break.
    ends: Vec<usize>,
}

impl Chunk {
    /// The lines without their ends.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.text[start..*end - 1])
    }

    /// The bytes of the file, so many lines at a time.
    pub(crate) fn batches(&self, lines: usize) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.chunks(lines).map(move |ends| {
            let end = ends.last().copied().unwrap_or(start);
            let batch = &self.text[start..end];
            start = end;
            batch
        })
    }

    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }
}

impl Load {
    /// Makes all lines, and hands them over chunk by chunk.
    pub(crate) fn each(self, mut take: impl FnMut(&Chunk) -> io::Result<()>) -> io::Result<()> {
        let mut chunk = Chunk::default();
        let mut next = 0;
        while next < self.events {
            let end = self.events.min(next + CHUNK);
            self.fill(&mut chunk, next, end)?;
            take(&chunk)?;
            next = end;
        }
        Ok(())
    }

    fn fill(self, chunk: &mut Chunk, from: u64, to: u64) -> io::Result<()> {
        chunk.text.clear();
        chunk.ends.clear();
        for number in from..to {
            self.line(number, &mut chunk.text)?;
            chunk.ends.push(chunk.text.len());
        }
        Ok(())
    }

    /// The line of a number: its own event, or once more that of a line before.
    fn line(self, number: u64, out: &mut Vec<u8>) -> io::Result<()> {
        let mut event = number;
        if repeats(number) {
            event -= 1 + Rng(!number).next() % number.min(BACK);
            while repeats(event) {
                event -= 1;
            }
        }
        self.event(event, out)
    }

    /// Whose event it is: every second one goes round among all, the others are those of the busier people.
    fn person(self, number: u64, rng: &mut Rng) -> u64 {
        /// A prime that is larger than any number of people, so that all have their turn.
        const STRIDE: u64 = 2_654_435_761;
        if number.is_multiple_of(2) {
            return number / 2 % self.people * STRIDE % self.people;
        }
        let part = (rng.next() >> 11) as f64 / (1_u64 << 53) as f64;
        (part * part * self.people as f64) as u64
    }

    fn event(self, number: u64, out: &mut Vec<u8>) -> io::Result<()> {
        let mut rng = Rng(number.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        let person = Person::new(self.person(number, &mut rng), self.people);
        let into = (i128::from(PERIOD) * i128::from(number) / i128::from(self.events)) as i64;
        let received = NOW - PERIOD + into;
        let sent = received - rng.between(80, 900);
        let at = match rng.percent(LATE) {
            true => sent - rng.between(HOUR, 3 * DAY),
            false => sent - rng.between(SECOND, 4 * SECOND),
        };
        let signed_in = person.signs_in.is_some_and(|day| received >= day);
        let device = if person.devices > 1 && rng.percent(25) { 1 } else { 0 };
        match (rng.between(1, 100), person.club) {
            (1..=10, _) if signed_in => person.identify(&mut rng, at, out)?,
            (11..=14, Some(club)) if signed_in => group(club, out)?,
            (1..=37, _) => page(&mut rng, out)?,
            _ => track(&mut rng, at, out)?,
        }
        write!(out, r#","anonymousId":"{}""#, person.device(device))?;
        if signed_in {
            write!(out, r#","userId":"user-{:08}""#, person.number)?;
        }
        write!(
            out,
            r#","messageId":"ajs-next-{at:013}-{number:012x}","timestamp":"{}","sentAt":"{}","receivedAt":"{}""#,
            iso(at),
            iso(sent),
            iso(received)
        )?;
        person.context(device, received, out)?;
        out.extend_from_slice(b"}\n");
        Ok(())
    }
}

/// Whether the line of a number is sent for the second time.
fn repeats(number: u64) -> bool {
    number > 0 && Rng(number).percent(REPEATED)
}

/// Somebody, with all that does not change.
struct Person {
    number: u64,
    devices: u64,
    /// When, if ever.
    signs_in: Option<i64>,
    /// The account.
    club: Option<u64>,
    country: usize,
    agent: usize,
    name: (usize, usize),
    birthday: i64,
    /// By category, and from when on it is turned round.
    consent: [bool; 3],
    turns: Option<i64>,
}

impl Person {
    fn new(number: u64, people: u64) -> Self {
        let mut rng = Rng(number.wrapping_mul(0xA24B_AED4_963E_E407) ^ 0x5EED);
        let mut sometime = |percent, until| {
            let when = NOW - PERIOD + rng.between(0, PERIOD / 100 * until);
            rng.percent(percent).then_some(when)
        };
        let (signs_in, turns) = (sometime(70, 60), sometime(15, 100));
        Person {
            number,
            devices: if rng.percent(30) { 2 } else { 1 },
            signs_in,
            club: rng.percent(20).then(|| rng.next() % (people / 20 + 1)),
            country: rng.pick(&[0, 0, 0, 1, 2, 2, 3, 4, 5, 6, 7]),
            agent: rng.pick(&[0, 0, 1, 2]),
            name: (rng.pick(&[0, 1, 2, 3, 4, 5, 6, 7]), rng.pick(&[0, 1, 2, 3, 4, 5, 6, 7])),
            birthday: NOW - rng.between(18 * 365, 80 * 365) * DAY,
            consent: [rng.percent(55), rng.percent(75), true],
            turns,
        }
    }

    /// The anonymous id of a device.
    fn device(&self, device: u64) -> String {
        let mut rng = Rng((self.number * 2 + device) ^ 0x0DE1_71CE);
        let (a, b) = (rng.next(), rng.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            a >> 32,
            a >> 16 & 0xFFFF,
            a & 0xFFF,
            b >> 52,
            b & 0xFFFF_FFFF_FFFF
        )
    }

    fn identify(&self, rng: &mut Rng, at: i64, out: &mut Vec<u8>) -> io::Result<()> {
        let (first, last) = (FIRST_NAMES[self.name.0], LAST_NAMES[self.name.1]);
        write!(
            out,
            r#"{{"type":"identify","traits":{{"email":"{}.{}.{}@example.com","firstName":"{first}","lastName":"{last}","birthday":"{}","plan":"{}","country":"{}","newsletter":{},"last_seen":"{}"}}"#,
            first.to_lowercase(),
            last.to_lowercase(),
            self.number,
            date(self.birthday),
            rng.pick(&PLANS),
            COUNTRIES[self.country],
            rng.percent(40),
            iso(at)
        )
    }

    fn context(&self, device: u64, at: i64, out: &mut Vec<u8>) -> io::Result<()> {
        let turned = self.turns.is_some_and(|when| at >= when);
        let agent = AGENTS[(self.agent + device as usize) % AGENTS.len()];
        write!(
            out,
            r#","context":{{"library":{{"name":"analytics.js","version":"npm:next-1.81.0"}},"locale":"{}","userAgent":"{agent}","consent":{{"categoryPreferences":{{"#,
            LOCALES[self.country],
        )?;
        for (place, (category, granted)) in CATEGORIES.iter().zip(self.consent).enumerate() {
            let comma = if place == 0 { "" } else { "," };
            // What is needed for the shop to work cannot be declined.
            let granted = granted != (turned && *category != "Functional");
            write!(out, r#"{comma}"{category}":{granted}"#)?;
        }
        out.extend_from_slice(b"}}}");
        Ok(())
    }
}

fn group(club: u64, out: &mut Vec<u8>) -> io::Result<()> {
    write!(
        out,
        r#"{{"type":"group","groupId":"club-{club:06}","traits":{{"name":"Club {club}","industry":"sports","employees":{}}}"#,
        5 + club % 200
    )
}

fn page(rng: &mut Rng, out: &mut Vec<u8>) -> io::Result<()> {
    let (name, product) = (rng.pick(&PAGES), rng.between(1, 20_000));
    let path = name.to_lowercase();
    write!(
        out,
        r#"{{"type":"page","name":"{name}","properties":{{"path":"/{path}/{product}","url":"https://shop.example.com/{path}/{product}","title":"{name} · Peak & Trail","referrer":"https://www.example.org/"}}"#
    )
}

/// An event of three to five properties.
fn track(rng: &mut Rng, at: i64, out: &mut Vec<u8>) -> io::Result<()> {
    let product = rng.between(1, 20_000);
    let category = GROUPS[product as usize % GROUPS.len()];
    let price = format!("{}.{:02}", 5 + product % 400, product % 100);
    match rng.between(1, 100) {
        1..=45 => write!(
            out,
            r#"{{"type":"track","event":"Product Viewed","properties":{{"product_id":"p{product:05}","category":"{category}","price":{price},"position":{}}}"#,
            rng.between(1, 40)
        ),
        46..=65 => write!(
            out,
            r#"{{"type":"track","event":"Product Added","properties":{{"product_id":"p{product:05}","category":"{category}","price":{price},"quantity":{},"cart_id":"c{:08x}"}}"#,
            rng.between(1, 4),
            rng.next() >> 32
        ),
        66..=80 => write!(
            out,
            r#"{{"type":"track","event":"Email Opened","properties":{{"campaign":"c{:04}","subject":"New in {category}","opened_after":{}}}"#,
            rng.between(1, 900),
            rng.between(1, 72 * 60)
        ),
        81..=92 => write!(
            out,
            r#"{{"type":"track","event":"Products Searched","properties":{{"query":"{category} {}","results":{},"sorted_by":"price"}}"#,
            rng.between(20, 60),
            rng.between(0, 300)
        ),
        _ => write!(
            out,
            r#"{{"type":"track","event":"Order Completed","properties":{{"order_id":"o{:010x}","revenue":{price},"currency":"EUR","products":["p{product:05}","p{:05}"],"delivery":"{}"}}"#,
            rng.next() >> 24,
            rng.between(1, 20_000),
            date(at + rng.between(1, 9) * DAY + MINUTE)
        ),
    }
}
