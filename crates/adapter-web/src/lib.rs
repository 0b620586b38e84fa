#![doc = include_str!("../README.md")]

mod accent;
mod assets;
mod choice;
mod cookies;
mod fields;
mod forms;
mod language;
mod live;
mod openapi;
mod own_booking;
mod pages;
mod person;
mod response;
mod routes;
mod shell;
mod visit;
mod web;

pub use openapi::openapi;
pub use routes::{Page, configure, endpoints, pages};
pub use web::{Web, WebPorts, WebSettings};

#[cfg(test)]
mod tests;
