//! The migrations are embedded, so a changed one must be compiled in again; cargo does not see that by itself.

fn main() {
    println!("cargo::rerun-if-changed=../migrations");
}
