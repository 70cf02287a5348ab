//! Prints the circles of a crate and what each file uses: `cargo run -p relay-structure -- relay-core/src/lib.rs`.
#![allow(clippy::print_stdout, reason = "that is what it does")]

use std::path::Path;
use std::process::ExitCode;

use relay_structure::Crate;

fn main() -> ExitCode {
    let Some(root) = std::env::args().nth(1) else {
        println!("usage: relay-structure CRATE/src/lib.rs");
        return ExitCode::FAILURE;
    };
    let read = Crate::read(Path::new(&root));
    for arrow in read.arrows() {
        println!("{} -> {}", arrow.from, arrow.to);
    }
    let circles = read.circles();
    for circle in &circles {
        println!("circle of {}: {}", circle.len(), circle.join(" "));
    }
    println!("{} files, {} circles", read.len(), circles.len());
    if circles.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
