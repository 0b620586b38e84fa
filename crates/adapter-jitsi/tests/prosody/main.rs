//! What Prosody itself makes of our tokens and of the settings that we write down for it. The judges are small Lua scripts
//! beside this file that run on the libraries of Debian's packages, so nothing here agrees with itself only.

mod lua;
mod settings;
mod tokens;
