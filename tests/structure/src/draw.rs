//! A drawing of a crate's rooms, as text.

use std::fmt::Write as _;

use crate::graph::Crate;

impl Crate {
    /// One line a room, the highest first: how many files it has and which rooms it uses, with the number of arrows.
    pub fn drawing(&self, order: &[&str]) -> String {
        let (sizes, arrows) = (self.room_sizes(), self.between_rooms());
        let width = order.iter().map(|room| room.len()).max().unwrap_or(0);
        let mut text = String::new();
        for room in order.iter().rev() {
            let uses: Vec<String> = (order.iter().rev())
                .filter_map(|other| Some((other, arrows.get(&((*room).to_owned(), (*other).to_owned()))?)))
                .map(|(other, count)| format!("{other} {count}"))
                .collect();
            let arrow =
                if uses.is_empty() { "uses no other room".to_owned() } else { format!("-> {}", uses.join(", ")) };
            let files = sizes.get(*room).copied().unwrap_or(0);
            let _ = writeln!(text, "{room:width$}  {files:>3} files  {arrow}");
        }
        text
    }
}
