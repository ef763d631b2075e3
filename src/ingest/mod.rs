//! Takes events in: decodes and validates them, resolves identities, and folds them into profiles.
