//! The sipscan command.

fn main() {}
