//! Draws what was measured: plots with logarithmic axes, as SVG, the same bytes from the same data.

use std::collections::BTreeMap;
use std::fmt::Write;

/// A plot of docs/performance.md.
pub(crate) struct Plot {
    /// As in the data.
    name: &'static str,
    title: &'static str,
    /// What the horizontal axis counts.
    counts: &'static str,
}

pub(crate) const PLOTS: [Plot; 5] = [
    Plot {
        name: "profiles",
        title: "Five audiences of so many profiles, one thread",
        counts: "profiles",
    },
    Plot {
        name: "events",
        title: "One profile of so many events",
        counts: "events",
    },
    Plot {
        name: "audiences",
        title: "So many audiences",
        counts: "audiences",
    },
    Plot {
        name: "windows",
        title: "One profile of 36 500 events within a year, windows of so many days",
        counts: "days",
    },
    Plot {
        name: "worst",
        title: "One profile made up to be hard: so many events or elements",
        counts: "events, or elements of a list",
    },
];

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
/// Where the axes are.
const LEFT: f64 = 70.0;
const RIGHT: f64 = 470.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 360.0;

/// Told apart by those who do not see all colours, and by their marks (Okabe and Ito).
const COLOURS: [&str; 8] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#b8a800",
];

/// A card of its own, light or dark as its reader likes it, so that it is readable wherever it stands.
const STYLE: &str = "<style>
  .card { fill: #ffffff; stroke: #d0d7de }
  text { fill: #1f2328; font: 13px sans-serif }
  .title { font-weight: bold; font-size: 15px }
  .grid { stroke: #d0d7de }
  .axis { stroke: #57606a }
  @media (prefers-color-scheme: dark) {
    .card { fill: #161b22; stroke: #30363d }
    text { fill: #e6edf3 }
    .grid { stroke: #30363d }
    .axis { stroke: #8b949e }
  }
</style>
";

/// A decade of an axis, by its exponent.
struct Axis {
    from: i32,
    to: i32,
    start: f64,
    end: f64,
}

impl Axis {
    fn around(values: impl Iterator<Item = f64> + Clone, start: f64, end: f64) -> Axis {
        let least = values.clone().fold(f64::INFINITY, f64::min).max(1e-3);
        let most = values.fold(least, f64::max);
        #[expect(clippy::cast_possible_truncation, reason = "a few decades")]
        let (from, to) = (least.log10().floor() as i32, most.log10().ceil() as i32);
        Axis {
            from,
            to: to.max(from + 1),
            start,
            end,
        }
    }

    fn place(&self, value: f64) -> f64 {
        let part = (value.log10() - f64::from(self.from)) / f64::from(self.to - self.from);
        self.start + part * (self.end - self.start)
    }
}

type Points = Vec<(f64, f64)>;

impl Plot {
    /// Where it is, from the root of the repository.
    pub(crate) fn file(&self) -> String {
        format!("docs/growth-{}.svg", self.name)
    }

    /// The lines of it, in the order in which they stand in the data.
    fn lines(&self, data: &str) -> Vec<(String, Points)> {
        let mut order: Vec<String> = Vec::new();
        let mut lines: BTreeMap<String, Points> = BTreeMap::new();
        for row in data.lines().skip(1) {
            let mut fields = row.split(',');
            let mut next = || fields.next().unwrap_or_default();
            let (plot, line, x, y) = (next(), next(), next(), next());
            if let (true, Ok(x), Ok(y)) = (plot == self.name, x.parse(), y.parse()) {
                if !lines.contains_key(line) {
                    order.push(line.to_owned());
                }
                lines.entry(line.to_owned()).or_default().push((x, y));
            }
        }
        let points = |line: String| lines.remove(&line).map(|points| (line, points));
        order.into_iter().filter_map(points).collect()
    }

    /// The picture.
    pub(crate) fn svg(&self, data: &str) -> String {
        let lines = self.lines(data);
        let points = || lines.iter().flat_map(|(_, points)| points);
        let across = Axis::around(points().map(|(x, _)| *x), LEFT, RIGHT);
        let up = Axis::around(points().map(|(_, y)| *y), BOTTOM, TOP);
        let mut svg = String::new();
        // Writing to a string does not fail.
        let _ = self.write(&mut svg, &lines, &across, &up);
        svg
    }

    fn write(&self, svg: &mut String, lines: &[(String, Points)], across: &Axis, up: &Axis) -> std::fmt::Result {
        let title = self.title;
        writeln!(
            svg,
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">"#
        )?;
        writeln!(svg, "<title>{title}</title>")?;
        svg.push_str(STYLE);
        writeln!(
            svg,
            r#"<rect class="card" x="0.5" y="0.5" width="{}" height="{}" rx="8"/>"#,
            WIDTH - 1.0,
            HEIGHT - 1.0
        )?;
        writeln!(svg, r#"<text class="title" x="{LEFT}" y="30">{title}</text>"#)?;
        for decade in across.from..=across.to {
            let x = across.place(10_f64.powi(decade));
            writeln!(svg, r#"<path class="grid" d="M{x:.1} {TOP}V{BOTTOM}"/>"#)?;
            let y = BOTTOM + 18.0;
            writeln!(
                svg,
                r#"<text x="{x:.1}" y="{y}" text-anchor="middle">{}</text>"#,
                count(decade)
            )?;
        }
        for decade in up.from..=up.to {
            let y = up.place(10_f64.powi(decade));
            writeln!(svg, r#"<path class="grid" d="M{LEFT} {y:.1}H{RIGHT}"/>"#)?;
            let (x, y) = (LEFT - 8.0, y + 4.0);
            writeln!(
                svg,
                r#"<text x="{x}" y="{y:.1}" text-anchor="end">{}</text>"#,
                time(decade)
            )?;
        }
        writeln!(
            svg,
            r#"<path class="axis" fill="none" d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}"/>"#
        )?;
        let (x, y) = ((LEFT + RIGHT) / 2.0, BOTTOM + 42.0);
        writeln!(
            svg,
            r#"<text x="{x}" y="{y}" text-anchor="middle">{}</text>"#,
            self.counts
        )?;
        let y = (TOP + BOTTOM) / 2.0;
        writeln!(
            svg,
            r#"<text x="18" y="{y}" text-anchor="middle" transform="rotate(-90 18 {y})">time</text>"#
        )?;
        for (at, ((name, points), colour)) in lines.iter().zip(COLOURS.iter().cycle()).enumerate() {
            let place = |(x, y): &(f64, f64)| (across.place(*x), up.place(y.max(1e-3)));
            let path: Vec<String> = points
                .iter()
                .map(place)
                .map(|(x, y)| format!("{x:.1} {y:.1}"))
                .collect();
            let dashes = if at % 2 == 1 { r#" stroke-dasharray="6 3""# } else { "" };
            let path = path.join("L");
            writeln!(
                svg,
                r#"<path fill="none" stroke="{colour}" stroke-width="2"{dashes} d="M{path}"/>"#
            )?;
            for (x, y) in points.iter().map(place) {
                writeln!(svg, r#"<circle cx="{x:.1}" cy="{y:.1}" r="3" fill="{colour}"/>"#)?;
            }
            #[expect(clippy::cast_precision_loss, reason = "a few lines")]
            let y = TOP + 10.0 + 22.0 * at as f64;
            let (from, to) = (RIGHT + 20.0, RIGHT + 46.0);
            writeln!(
                svg,
                r#"<path stroke="{colour}" stroke-width="2"{dashes} d="M{from} {y}H{to}"/>"#
            )?;
            let (middle, x, y_text) = ((from + to) / 2.0, to + 8.0, y + 4.0);
            writeln!(svg, r#"<circle cx="{middle}" cy="{y}" r="3" fill="{colour}"/>"#)?;
            writeln!(svg, r#"<text x="{x}" y="{y_text}">{name}</text>"#)?;
        }
        svg.push_str("</svg>\n");
        Ok(())
    }
}

/// `1 000`, of 3.
fn count(decade: i32) -> String {
    let digits = "0".repeat(usize::try_from(decade).unwrap_or_default());
    let mut text = format!("1{digits}");
    let mut at = text.len();
    while at > 3 {
        at -= 3;
        text.insert(at, ' ');
    }
    text
}

/// `10 µs`, of 4: nanoseconds are what is measured.
fn time(decade: i32) -> String {
    let units = ["ns", "µs", "ms", "s"];
    let unit = usize::try_from(decade.div_euclid(3)).unwrap_or_default().min(3);
    let left = decade - 3 * i32::try_from(unit).unwrap_or_default();
    format!("{} {}", 10_f64.powi(left), units.get(unit).unwrap_or(&"ns"))
}
