#![doc = include_str!("../README.md")]

mod accent;
mod assets;
mod cookies;
mod forms;
mod openapi;
mod pages;
mod response;
mod routes;
mod shell;
mod web;

pub use openapi::openapi;
pub use routes::{Page, configure, endpoints, pages};
pub use web::{Web, WebSettings};

#[cfg(test)]
mod tests;
