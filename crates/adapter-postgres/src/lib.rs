//! The production store of Attune, on PostgreSQL
