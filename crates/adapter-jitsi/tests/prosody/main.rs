//! Checks our tokens and settings with Prosody itself: small Lua scripts in this folder use the libraries of Debian's packages.

mod lua;
mod settings;
mod tokens;
