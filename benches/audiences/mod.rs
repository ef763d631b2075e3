//! Workspaces with so many audiences, of four kinds, a quarter each, with the constants of a comparison with other engines: traits
//! and consent; traits with thresholds; counts of events in windows; sums over windows with thresholds.

use std::fmt::Write;

use volens::span::Sources;

const COUNTRIES: [&str; 30] = [
    "US", "GB", "DE", "FR", "ES", "IT", "NL", "SE", "NO", "DK", "FI", "PL", "PT", "IE", "BE", "AT", "CH", "CZ", "CA",
    "MX", "BR", "AR", "AU", "NZ", "JP", "KR", "IN", "SG", "ZA", "AE",
];

/// In files of a thousand audiences.
pub(crate) fn workspace(count: usize) -> Sources {
    let mut sources = Sources::default();
    let mut text = "category Advertising\ncategory Analytics\n".to_owned();
    for week in 0..12 {
        let days = 7 + 7 * week;
        writeln!(
            text,
            "trait sum_{days} = sum of revenue from \"Order Completed\" within {days} days"
        )
        .unwrap();
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
                (
                    format!("trait plan in [\"pro\", \"business\"] and trait country = \"{country}\""),
                    "Advertising",
                )
            }
            1 => {
                let (age, spend) = (18 + k % 50, 20 + k);
                let who = format!(
                    "trait age >= {age} and trait email ends with \"@example.com\" and trait total_spend > {spend}\n    \
                     and (trait country in [\"US\", \"GB\", \"DE\"] or not trait plan = \"free\")"
                );
                (who, "Analytics")
            }
            2 => {
                let (event, revenue, times) = (["Order Completed", "Product Added"][k % 2], 10 + k % 60, 1 + k % 3);
                let who = format!(
                    "performed \"{event}\" at least {times} times within 30 days where (revenue > {revenue})\n    \
                     and not performed \"Order Refunded\" within 90 days"
                );
                (who, "Advertising and Analytics")
            }
            _ => (
                format!("trait sum_{} > {}", 7 + 7 * (k % 12), 50 + 4 * k),
                "Advertising",
            ),
        };
        writeln!(text, "audience a{at} {{\n  who {who}\n  consent to {consent}\n}}").unwrap();
    }
    sources.add("last.audience", text);
    sources
}
