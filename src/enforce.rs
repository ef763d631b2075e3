//! The decision that everything else is for: may this profile be delivered to this destination?
//!
//! A member is delivered only if it granted **every** enabled category that the destination requires (CC-7, CC-9, CE-2 to
//! CE-4). Whatever is not `granted` denies: refused, conflicted, never collected (CP-20).

use serde::Serialize;

use crate::consent::ConsentState;
use crate::ir::{CategorySlot, Destination, Program};
use crate::model::Consent;

/// The reason of every delivery that consent stopped, as the Delivery Overview calls it (CE-14).
pub const FILTERED_BY_END_USER_CONSENT: &str = "FILTERED_BY_END_USER_CONSENT";

/// Whether a profile may be delivered to a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Decision {
    /// It may.
    Delivered,
    /// It may not: these required categories were not granted. Never empty.
    Filtered(Vec<(CategorySlot, ConsentState)>),
}

impl Decision {
    /// Whether the profile may be delivered.
    pub fn is_delivered(&self) -> bool {
        matches!(self, Decision::Delivered)
    }
}

/// Decides for one profile, by its stored consent, and one destination.
///
/// With enforcement off (CE-1) everybody is delivered.
pub fn decide(program: &Program, destination: &Destination, consent: &Consent) -> Decision {
    if !program.enforcement {
        return Decision::Delivered;
    }
    let missing: Vec<(CategorySlot, ConsentState)> = program
        .enforced(destination)
        // A category that the program does not have can have been granted by nobody.
        .map(|slot| {
            let state = program
                .categories
                .get(slot.index())
                .map(|category| consent.state(&category.id));
            (slot, state.unwrap_or_default())
        })
        .filter(|(_, state)| !state.is_granted())
        .collect();
    if missing.is_empty() {
        Decision::Delivered
    } else {
        Decision::Filtered(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Builder, Category, MessageForm, Removal};

    fn program(enforcement: bool, disabled: &[&str]) -> Program {
        let categories = ["Advertising", "Analytics"].map(|id| Category {
            id: id.into(),
            name: None,
            enabled: !disabled.contains(&id),
        });
        Builder::new().finish(enforcement, categories.into(), Vec::new(), Vec::new(), Vec::new())
    }

    fn destination(requires: &[u32]) -> Destination {
        Destination {
            name: "d".into(),
            label: None,
            requires: requires.iter().map(|slot| CategorySlot(*slot)).collect(),
            kind: "d".into(),
            message: MessageForm::Track,
            removal: Removal::Once,
            receives_consent: false,
            storage: false,
        }
    }

    fn consent(states: &[(&str, ConsentState)]) -> Consent {
        let mut consent = Consent::default();
        for (category, state) in states {
            consent.set(category, *state);
        }
        consent
    }

    #[test]
    fn only_a_grant_of_every_enabled_category_delivers() {
        let on = program(true, &[]);
        for state in ConsentState::ALL {
            let one = consent(&[("Advertising", state)]);
            let decision = decide(&on, &destination(&[0]), &one);
            assert_eq!(decision.is_delivered(), state == ConsentState::Granted, "{state}");
            if !decision.is_delivered() {
                assert_eq!(decision, Decision::Filtered(vec![(CategorySlot(0), state)]));
            }
        }
        let both = consent(&[
            ("Advertising", ConsentState::Granted),
            ("Analytics", ConsentState::Denied),
        ]);
        assert!(!decide(&on, &destination(&[0, 1]), &both).is_delivered());
        assert!(decide(&on, &destination(&[0]), &both).is_delivered());
        assert!(decide(&on, &destination(&[]), &both).is_delivered());
    }

    #[test]
    fn category_ids_are_compared_exactly() {
        let lower = consent(&[("advertising", ConsentState::Granted)]);
        assert!(!decide(&program(true, &[]), &destination(&[0]), &lower).is_delivered());
    }

    #[test]
    fn a_category_switched_off_is_not_required_but_the_others_are() {
        let program = program(true, &["Advertising"]);
        let nothing = consent(&[]);
        assert!(decide(&program, &destination(&[0]), &nothing).is_delivered());
        assert!(!decide(&program, &destination(&[0, 1]), &nothing).is_delivered());
    }

    #[test]
    fn with_enforcement_off_everybody_is_delivered() {
        assert!(decide(&program(false, &[]), &destination(&[0, 1]), &consent(&[])).is_delivered());
    }

    #[test]
    fn a_category_that_is_not_there_denies() {
        assert!(!decide(&program(true, &[]), &destination(&[7]), &consent(&[])).is_delivered());
    }
}
