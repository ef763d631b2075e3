//! Evaluates a program against profiles, as of an instant that the caller gives.
