//! Whole stories over all three stores: walks of many commands, crowds at one moment, wishes made more than once.

mod crowds;
mod walks;
mod wishes;
