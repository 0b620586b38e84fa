pub(crate) mod documents;
pub(crate) mod output;
