//! The payment providers of Attune that need no account anywhere: none, offline and test
