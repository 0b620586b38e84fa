mod cors;
mod lifecycle;

pub(crate) use lifecycle::lifecycle;
