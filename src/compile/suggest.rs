//! "Did you mean …": the declared name that an unknown one is nearest to.

/// The longest name that anybody mistypes.
const LONGEST: usize = 64;

/// The nearest of the names, if it is near enough to be a slip: at most a third of its characters differ.
pub(super) fn nearest<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let length = wanted.chars().count();
    let most = length.div_ceil(3).min(4);
    if length > LONGEST {
        return None;
    }
    names
        .filter(|name| !name.is_empty() && name.chars().take(LONGEST + 5).count().abs_diff(length) <= most)
        .map(|name| (distance(wanted, name), name))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, name)| name)
}

/// How many characters must be put in, taken out, changed or swapped with their neighbour; small and capital letters count
/// as the same.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().flat_map(char::to_lowercase).collect();
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut left: Option<char> = None;
    for (i, &x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(last.len());
        row.push(i + 1);
        let mut above: Option<char> = None;
        for (j, (&y, pair)) in b.iter().zip(last.windows(2)).enumerate() {
            let &[diagonal, up] = pair else { continue };
            let beside = row.last().copied().unwrap_or(0);
            let mut best = (diagonal + usize::from(x != y)).min(up + 1).min(beside + 1);
            let swapped = left == Some(y) && above == Some(x);
            if let Some(earlier) = j.checked_sub(1).and_then(|j| before.get(j)).filter(|_| swapped) {
                best = best.min(earlier + 1);
            }
            row.push(best);
            above = Some(y);
        }
        before = std::mem::replace(&mut last, row);
        left = Some(x);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_slips() {
        assert_eq!(distance("google_adz", "google_ads"), 1);
        assert_eq!(distance("advertising", "Advertising"), 0);
        assert_eq!(distance("crm", "cmr"), 1);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn only_near_names_are_offered() {
        let names = ["Advertising", "Analytics"];
        assert_eq!(nearest("Advertizing", names.into_iter()), Some("Advertising"));
        assert_eq!(nearest("Marketing", names.into_iter()), None);
        assert_eq!(nearest("x", ["y", ""].into_iter()), Some("y"));
    }
}
