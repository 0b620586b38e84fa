pub(crate) mod documents;
pub(crate) mod output;
pub(crate) mod pages;
pub(crate) mod problem;
