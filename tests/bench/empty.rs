//! The floor under every Rust program: start, do nothing, end.
fn main() {}
