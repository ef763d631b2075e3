//! "Did you mean …": the declared name that an unknown one is nearest to.

use crate::diagnostic::distance;

/// The longest name that anybody mistypes.
const LONGEST: usize = 64;

/// The nearest of the names, if it is near enough to be a slip: at most a third of its characters differ.
pub(crate) fn nearest<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_names_are_offered() {
        let names = ["Advertising", "Analytics"];
        assert_eq!(nearest("Advertizing", names.into_iter()), Some("Advertising"));
        assert_eq!(nearest("Marketing", names.into_iter()), None);
        assert_eq!(nearest("x", ["y", ""].into_iter()), Some("y"));
    }
}
