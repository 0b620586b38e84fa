//! Starts the real binary and talks to it as users do.
