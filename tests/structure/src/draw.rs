//! A drawing of a crate's rooms, as text.

use std::fmt::Write as _;

use crate::graph::Crate;

impl Crate {
    /// One line a room, the highest first: which rooms it uses.
    pub fn drawing(&self, order: &[&str]) -> String {
        let arrows = self.between_rooms();
        let width = order.iter().map(|room| room.len()).max().unwrap_or(0);
        let mut text = String::new();
        for room in order.iter().rev() {
            let uses = |other: &&&str| arrows.contains(&((*room).to_owned(), (**other).to_owned()));
            let uses: Vec<&str> = order.iter().rev().filter(uses).copied().collect();
            let arrow =
                if uses.is_empty() { "uses no other room".to_owned() } else { format!("-> {}", uses.join(", ")) };
            let _ = writeln!(text, "{room:width$}  {arrow}");
        }
        text
    }
}
