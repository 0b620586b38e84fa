//! `embed_migrations!` reads its folder while compiling, which Cargo cannot see: without this line a new migration
//! would be left out of the binary.

fn main() {
    println!("cargo::rerun-if-changed=../../migrations/postgres");
}
