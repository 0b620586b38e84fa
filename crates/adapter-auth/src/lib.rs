//! Access tokens and password hashing of Attune
