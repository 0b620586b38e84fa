//! Black-box tests of the `attune` binary, and tests of the workspace as a whole.

mod structure;
mod supply_chain;
