//! What is to be done about one identifier, for one audience, at one destination.
//!
//! The table is that of the room's documentation; nothing else decides.

use super::ledger::State;
use crate::ir::Removal;

/// All that the decision looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Case {
    /// What the ledger says; `None` where nothing was ever sent.
    pub(super) held: Option<State>,
    /// Whether the person is one to be delivered there, consent aside.
    pub(super) reached: bool,
    /// Whether consent lets it pass, as `enforce::decide` says.
    pub(super) ok: bool,
    /// An enforced category is missing that was granted before.
    pub(super) revoked: bool,
    /// Everything is to be sent again (CE-9).
    pub(super) resync: bool,
    /// What the destination is sent after a revocation.
    pub(super) removal: Removal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// All is as it should be, or nothing may be done.
    Nothing,
    /// Nothing is sent; the destination goes on holding it on what is granted now.
    Keep,
    /// It is sent that the person is in the audience.
    Enter,
    /// It is sent that the person is no longer in the audience.
    Exit,
    /// It is sent, once and with as little as can be, that the person is gone (CE-11).
    Remove,
    /// Nothing is sent, and what the destination holds is known to be held without consent.
    Silence,
}

pub(super) fn decide(case: Case) -> Step {
    use State::{In, Out, Silent};
    let Case { reached, ok, .. } = case;
    match case.held {
        None | Some(Out | Silent) if reached && ok => Step::Enter,
        Some(In) if reached && ok && case.resync => Step::Enter,
        Some(In) if reached && ok => Step::Keep,
        None | Some(Out) => Step::Nothing,
        Some(In | Silent) if ok => Step::Exit,
        Some(In) if case.revoked || case.resync => match case.removal {
            Removal::Once => Step::Remove,
            Removal::Never => Step::Silence,
        },
        Some(Silent) if case.resync && case.removal == Removal::Once => Step::Remove,
        Some(In | Silent) => Step::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use State::{In, Out, Silent};

    const HELD: [Option<State>; 4] = [None, Some(In), Some(Silent), Some(Out)];

    fn every() -> Vec<Case> {
        let mut cases = Vec::new();
        for held in HELD {
            for bits in 0..16 {
                for removal in [Removal::Once, Removal::Never] {
                    let (reached, ok, revoked, resync) = (bits & 1 > 0, bits & 2 > 0, bits & 4 > 0, bits & 8 > 0);
                    // What passes was not revoked.
                    if !(ok && revoked) {
                        cases.push(Case {
                            held,
                            reached,
                            ok,
                            revoked,
                            resync,
                            removal,
                        });
                    }
                }
            }
        }
        cases
    }

    fn holds(wanted: impl Fn(&Case) -> bool, step: Step) {
        let cases: Vec<Case> = every().into_iter().filter(wanted).collect();
        assert!(!cases.is_empty());
        for case in cases {
            assert_eq!(decide(case), step, "{case:?}");
        }
    }

    #[test]
    fn an_entry_is_sent_where_nothing_is_held() {
        holds(|case| case.reached && case.ok && case.held != Some(In), Step::Enter);
    }

    #[test]
    fn what_is_held_is_not_sent_again() {
        holds(
            |case| case.reached && case.ok && case.held == Some(In) && !case.resync,
            Step::Keep,
        );
    }

    #[test]
    fn without_consent_nothing_is_sent_that_is_not_held() {
        holds(|case| !case.ok && matches!(case.held, None | Some(Out)), Step::Nothing);
    }

    #[test]
    fn a_revocation_is_answered_with_one_removal_or_with_silence() {
        let revoked = |case: &Case| !case.ok && case.revoked && case.held == Some(In);
        holds(|case| revoked(case) && case.removal == Removal::Once, Step::Remove);
        holds(|case| revoked(case) && case.removal == Removal::Never, Step::Silence);
    }

    #[test]
    fn what_was_delivered_before_enforcement_stays_until_a_resync() {
        let old = |case: &Case| !case.ok && !case.revoked && case.held == Some(In);
        holds(|case| old(case) && !case.resync, Step::Nothing);
        holds(
            |case| old(case) && case.resync && case.removal == Removal::Once,
            Step::Remove,
        );
        holds(
            |case| old(case) && case.resync && case.removal == Removal::Never,
            Step::Silence,
        );
    }

    #[test]
    fn who_leaves_is_sent_as_an_exit_where_it_is_held() {
        holds(
            |case| !case.reached && case.ok && matches!(case.held, Some(In | Silent)),
            Step::Exit,
        );
    }

    #[test]
    fn who_was_never_there_does_not_leave() {
        holds(
            |case| !case.reached && matches!(case.held, None | Some(Out)),
            Step::Nothing,
        );
    }

    #[test]
    fn silence_lasts_without_consent() {
        let silent = |case: &Case| !case.ok && case.held == Some(Silent);
        holds(|case| silent(case) && !case.resync, Step::Nothing);
        holds(|case| silent(case) && case.removal == Removal::Never, Step::Nothing);
    }

    #[test]
    fn a_resync_cleans_up_what_silence_had_left() {
        holds(
            |case| !case.ok && case.held == Some(Silent) && case.resync && case.removal == Removal::Once,
            Step::Remove,
        );
    }

    #[test]
    fn a_resync_sends_the_members_again() {
        holds(|case| case.reached && case.ok && case.resync, Step::Enter);
    }

    #[test]
    fn nothing_but_a_removal_is_ever_sent_without_consent() {
        for case in every().into_iter().filter(|case| !case.ok) {
            let step = decide(case);
            assert!(!matches!(step, Step::Enter | Step::Exit | Step::Keep), "{case:?}");
            if step == Step::Remove {
                assert!(matches!(case.held, Some(In | Silent)), "{case:?}");
                assert_eq!(case.removal, Removal::Once, "{case:?}");
            }
        }
    }
}
