#![doc = include_str!("../README.md")]

mod accent;
mod admin_forms;
mod assets;
mod blocks;
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
mod refusals;
mod response;
mod routes;
mod shell;
mod typed;
mod visit;
mod web;

pub use admin_forms::{ADMIN_FORMS, AdminForm};
pub use openapi::openapi;
pub use routes::{Page, configure, endpoints, pages};
pub use web::{Web, WebPorts, WebSettings};

#[cfg(test)]
mod tests;
