//! Every port of Attune in memory, with a rollback that rolls back
