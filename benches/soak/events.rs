//! Endless events of so many people, the same with every call: names, answers to consent banners, devices that several use,
//! devices before anybody signs in, events that come late and events that come twice. Time goes on with them, so that windows
//! end.

use std::fmt::Write;
use std::io::{self, Read};

use crate::kit::{DAY, HOUR, Rng, iso};

/// Whose windows are at most ten days long.
pub(crate) const WORKSPACE: &str = r#"
category Advertising
category Analytics
destination google_ads requires Advertising
destination warehouse requires Analytics, Advertising { message identify }
destination crm requires nothing

trait spent = sum of revenue from "Order Completed" within 10 days

audience buyers { who performed "Order Completed" within 8 hours  send to google_ads, crm }
audience regulars { who performed "Order Completed" at least 5 times within 5 days and not member of spenders  send to warehouse, crm }
audience spenders { who trait spent >= 900 and trait plan = "pro"  send to google_ads, warehouse }
audience visitors {
  who performed "Product Viewed" as viewed within 12 hours
        then not performed "Order Completed" within 2 hours where (product = viewed.product)
  include anonymous
  send to google_ads
}
"#;

/// How much history the definitions need, and a little more.
pub(crate) const RETAINED: &str = "11 days";

/// 2026-01-01T00:00:00Z
const START: i64 = 1_767_225_600_000;
/// How many events a person has on a day.
const A_DAY: i64 = 10;
/// So many people use each other's devices, and nobody else's.
const HOUSEHOLD: i64 = 10;

/// Who sends what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mix {
    pub(crate) people: i64,
    /// So many of a thousand events are answers to consent banners. (A quarter more say on the side what is agreed to.)
    pub(crate) answers: i64,
}

pub(crate) struct Events {
    mix: Mix,
    rng: Rng,
    /// How many lines there were.
    pub(crate) count: u64,
    /// The latest instant among them.
    pub(crate) latest: i64,
    /// How many of them said something of consent.
    pub(crate) answers: u64,
    /// The household that the last line is about.
    household: i64,
    line: String,
}

impl Events {
    pub(crate) fn new(mix: Mix) -> Self {
        Events {
            mix,
            rng: Rng(7),
            count: 0,
            latest: START,
            answers: 0,
            household: 0,
            line: String::new(),
        }
    }

    /// The next line.
    pub(crate) fn next(&mut self) -> &str {
        let number = self.count as i64;
        self.count += 1;
        // Now and then the line before comes again.
        if number == 0 || !self.rng.percent(1) {
            self.line.clear();
            // Writing to a string does not fail.
            let _ = self.write(number);
        }
        &self.line
    }

    fn write(&mut self, number: i64) -> std::fmt::Result {
        let (rng, out, Mix { people, answers }) = (&mut self.rng, &mut self.line, self.mix);
        let mut time = START + number * DAY / (people * A_DAY);
        if rng.percent(4) {
            time -= rng.between(0, 72 * HOUR);
        }
        self.latest = self.latest.max(time);
        let person = rng.between(0, people - 1);
        self.household = person / HOUSEHOLD;
        write!(out, r#"{{"messageId":"m{number}","timestamp":"{}""#, iso(time))?;
        // Everybody has a new device now and then, four in all.
        let device = number / (people * A_DAY * 5) % 4;
        let owner = match rng.between(0, 199) {
            0 => self.household * HOUSEHOLD,
            _ => person,
        };
        let from_device = rng.percent(70);
        if from_device {
            write!(out, r#","anonymousId":"a{owner}-{device}""#)?;
        }
        if !from_device || rng.percent(60) {
            write!(out, r#","userId":"u{person}""#)?;
        }
        let is_answer = rng.between(0, 999) < answers;
        match rng.between(0, 8) {
            _ if is_answer => out.push_str(r#","type":"track","event":"Segment Consent Preference Updated""#),
            0 => {
                let plan = rng.pick(&["free", "pro", "pro"]);
                write!(
                    out,
                    r#","type":"identify","traits":{{"plan":"{plan}","email":"p{person}@example.com"}}"#
                )?;
            }
            1..=4 => write!(
                out,
                r#","type":"track","event":"Product Viewed","properties":{{"product":"p{}"}}"#,
                rng.between(0, 9)
            )?,
            _ => write!(
                out,
                r#","type":"track","event":"Order Completed","properties":{{"product":"p{}","revenue":{}}}"#,
                rng.between(0, 9),
                rng.between(1, 60)
            )?,
        }
        if is_answer || rng.between(0, 3999) < answers {
            self.answers += 1;
            let (advertising, analytics) = (rng.percent(80), rng.percent(80));
            write!(
                out,
                r#","context":{{"consent":{{"categoryPreferences":{{"Advertising":{advertising},"Analytics":{analytics}}}}}}}"#
            )?;
        }
        out.push_str("}\n");
        Ok(())
    }
}

/// The first lines again, of one of so many parts of the households. No event of one household has anything to do with another.
pub(crate) struct Part {
    events: Events,
    count: u64,
    part: (i64, i64),
    at: usize,
}

impl Part {
    pub(crate) fn of(mix: Mix, count: u64, part: (i64, i64)) -> Self {
        Part {
            events: Events::new(mix),
            count,
            part,
            at: 0,
        }
    }
}

impl Read for Part {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.events.line.len() {
            if self.events.count == self.count {
                return Ok(0);
            }
            self.events.next();
            let is_mine = self.events.household % self.part.1 == self.part.0;
            self.at = if is_mine { 0 } else { self.events.line.len() };
        }
        let mut left = self.events.line.as_bytes().get(self.at..).unwrap_or_default();
        let read = left.read(into)?;
        self.at += read;
        Ok(read)
    }
}
