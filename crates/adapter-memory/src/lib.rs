#![doc = include_str!("../README.md")]

mod accounts;
mod money;
mod queries;
mod shared;
mod state;
mod store;
mod unit;

pub use store::MemoryStore;
