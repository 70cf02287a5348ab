//! What is found in crates that were written to be wrong.
#![allow(clippy::unwrap_used, reason = "tests")]

use relay_structure::{Arrow, Crate};

/// A crate of these files.
fn planted(files: &[(&str, &str)]) -> Crate {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    Crate::read(&folder.path().join("lib.rs"))
}

fn arrow(from: &str, to: &str) -> Arrow {
    Arrow { from: from.to_owned(), to: to.to_owned() }
}

#[test]
fn two_files_that_use_each_other_are_a_circle() {
    let planted = planted(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "pub struct A; fn f(b: crate::b::B) {}"),
        ("b.rs", "use crate::a::A; pub struct B(A);"),
        ("c.rs", "use crate::a::A; fn f(a: A) {}"),
    ]);
    assert_eq!(planted.circles(), [["a.rs", "b.rs"]]);
}

#[test]
fn a_circle_may_lead_through_several_files_and_macros() {
    let planted = planted(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "pub fn a() { println!(\"{}\", crate::b::b()) }"),
        ("b.rs", "use crate::c; pub fn b() -> u8 { c::c() }"),
        ("c.rs", "use super::a::a as other; pub fn c() -> u8 { other(); 1 }"),
    ]);
    assert_eq!(planted.circles(), [["a.rs", "b.rs", "c.rs"]]);
}

#[test]
fn a_child_that_uses_what_its_parent_defines_and_uses_it_is_a_circle() {
    let planted = planted(&[
        ("lib.rs", "mod a;"),
        ("a/mod.rs", "mod inner; pub struct A; pub fn f() { inner::g() }"),
        ("a/inner.rs", "use super::A; pub(super) fn g() { A; }"),
    ]);
    assert_eq!(planted.circles(), [["a/inner.rs", "a/mod.rs"]]);
}

#[test]
fn a_parent_that_only_re_exports_its_children_is_no_circle() {
    let planted = planted(&[
        ("lib.rs", "mod a;"),
        ("a/mod.rs", "mod one; mod two; pub use one::One; pub use two::*;"),
        ("a/one.rs", "pub struct One;"),
        ("a/two.rs", "use super::One; pub struct Two(One); fn f() { super::One; }"),
    ]);
    assert_eq!(planted.circles(), Vec::<Vec<String>>::new());
    assert!(planted.arrows().any(|found| found == arrow("a/two.rs", "a/one.rs")));
}

#[test]
fn tests_may_use_whatever_they_like() {
    let planted = planted(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub struct A; #[cfg(test)] mod tests { use crate::b::B; }"),
        ("b.rs", "use crate::a::A; pub struct B(A);"),
    ]);
    assert_eq!(planted.circles(), Vec::<Vec<String>>::new());
}

#[test]
fn an_arrow_from_a_lower_room_to_a_higher_one_is_found() {
    let planted = planted(&[
        ("lib.rs", "mod base; mod top;"),
        ("base.rs", "pub struct Base; fn f() { crate::top::inner::g(); }"),
        ("top/mod.rs", "pub mod inner;"),
        ("top/inner.rs", "use crate::base::Base; pub fn g() {}"),
    ]);
    assert_eq!(planted.arrows_up(&["base", "top"]), [arrow("base.rs", "top/inner.rs")]);
    assert_eq!(planted.arrows_up(&["top", "base"]), [arrow("top/inner.rs", "base.rs")]);
}

#[test]
#[should_panic(expected = "the list of rooms and the rooms that exist differ")]
fn a_room_that_the_list_lacks_is_an_error() {
    planted(&[("lib.rs", "mod a; mod b;"), ("a.rs", ""), ("b.rs", "")]).arrows_up(&["a"]);
}

#[test]
fn the_drawing_has_a_line_for_each_room() {
    let planted = planted(&[
        ("lib.rs", "mod base; mod top;"),
        ("base.rs", "pub struct Base;"),
        ("top/mod.rs", "pub mod inner;"),
        ("top/inner.rs", "use crate::base::Base; pub fn g(b: Base) {}"),
    ]);
    assert_eq!(planted.drawing(&["base", "top"]), "top   -> base\nbase  uses no other room\n");
}
