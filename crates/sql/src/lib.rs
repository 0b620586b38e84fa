//! Table definitions and row mapping that both SQL stores of Attune share
