//! The decision that everything else is for: may this profile be delivered to this destination? And beside it,
//! in `route`: may this raw event?
//!
//! A member is delivered only if it granted **every** enabled category that the destination requires (CC-7, CC-9, CE-2 to
//! CE-4). Whatever is not `granted` denies: refused, conflicted, never collected (CP-20).

mod route;

use serde::Serialize;

use crate::consent::ConsentState;
use crate::ir::{CategorySlot, DestinationSlot, Program};
use crate::model::Consent;

pub use route::{Discard, Payload, Policy, Routing};
pub(crate) use route::{not_granted, route};

/// The reason of every delivery that consent stopped, as the Delivery Overview calls it (CE-14).
pub const FILTERED_BY_END_USER_CONSENT: &str = "FILTERED_BY_END_USER_CONSENT";

/// The reason where an event's integrations object stopped it (DO-5). No member of an audience is stopped by it.
pub const FILTERED_BY_INTEGRATIONS_OBJECT: &str = "FILTERED_BY_INTEGRATIONS_OBJECT";

/// Whether a profile may be delivered to a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Decision {
    /// It may.
    Delivered,
    /// It may not: these required categories were not granted. Empty only for a destination that there is not.
    Filtered(Vec<(CategorySlot, ConsentState)>),
}

impl Decision {
    /// Whether the profile may be delivered.
    pub fn is_delivered(&self) -> bool {
        matches!(self, Decision::Delivered)
    }
}

/// Decides for one profile, by its stored consent, and one destination of the program.
///
/// With enforcement off (CE-1) everybody is delivered. A destination that the program does not have receives nobody.
pub fn decide(program: &Program, destination: DestinationSlot, consent: &Consent) -> Decision {
    let Some(destination) = program.destinations.get(destination.index()) else {
        return Decision::Filtered(Vec::new());
    };
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
    use crate::ir::{Builder, Category, Destination, MessageForm, Removal};

    /// A program with one destination that requires these categories.
    fn program(enforcement: bool, disabled: &[&str], requires: &[u32]) -> Program {
        let categories = ["Advertising", "Analytics"].map(|id| Category {
            id: id.into(),
            name: None,
            enabled: !disabled.contains(&id),
        });
        let destination = Destination {
            name: "d".into(),
            label: None,
            requires: requires.iter().map(|slot| CategorySlot(*slot)).collect(),
            kind: "d".into(),
            message: MessageForm::Track,
            removal: Removal::Once,
            receives_consent: false,
            storage: false,
        };
        Builder::new().finish(
            enforcement,
            categories.into(),
            vec![destination],
            Vec::new(),
            Vec::new(),
        )
    }

    fn decides(program: &Program, consent: &Consent) -> Decision {
        decide(program, DestinationSlot(0), consent)
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
        for state in ConsentState::ALL {
            let one = consent(&[("Advertising", state)]);
            let decision = decides(&program(true, &[], &[0]), &one);
            assert_eq!(decision.is_delivered(), state == ConsentState::Granted, "{state}");
            if !decision.is_delivered() {
                assert_eq!(decision, Decision::Filtered(vec![(CategorySlot(0), state)]));
            }
        }
        let both = consent(&[
            ("Advertising", ConsentState::Granted),
            ("Analytics", ConsentState::Denied),
        ]);
        assert!(!decides(&program(true, &[], &[0, 1]), &both).is_delivered());
        assert!(decides(&program(true, &[], &[0]), &both).is_delivered());
        assert!(decides(&program(true, &[], &[]), &both).is_delivered());
    }

    #[test]
    fn category_ids_are_compared_exactly() {
        let lower = consent(&[("advertising", ConsentState::Granted)]);
        assert!(!decides(&program(true, &[], &[0]), &lower).is_delivered());
    }

    #[test]
    fn a_category_switched_off_is_not_required_but_the_others_are() {
        let nothing = consent(&[]);
        assert!(decides(&program(true, &["Advertising"], &[0]), &nothing).is_delivered());
        assert!(!decides(&program(true, &["Advertising"], &[0, 1]), &nothing).is_delivered());
    }

    #[test]
    fn with_enforcement_off_everybody_is_delivered() {
        assert!(decides(&program(false, &[], &[0, 1]), &consent(&[])).is_delivered());
    }

    #[test]
    fn what_is_not_there_denies() {
        assert!(!decides(&program(true, &[], &[7]), &consent(&[])).is_delivered());
        for enforcement in [true, false] {
            let program = program(enforcement, &[], &[]);
            assert!(!decide(&program, DestinationSlot(1), &consent(&[])).is_delivered());
        }
    }
}
