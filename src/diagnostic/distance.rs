//! How far a word is from the one that was probably meant.

/// How many characters must be put in, taken out, changed or swapped with their neighbour; small and capital letters count
/// as the same.
pub(crate) fn distance(a: &str, b: &str) -> usize {
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
}
