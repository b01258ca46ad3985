//! A layered layout: boxes in rows, arrows downward.
//!
//! The steps are those of Sugiyama, Tagawa and Toda (1981): rows (`layers`), order within rows (`order`), coordinates
//! (`place`). An arrow that spans several rows passes each row in between through a lane of its own, so it crosses no box.
//! Nothing depends on chance or on addresses: the same input gives the same output.

mod grid;
mod layers;
mod order;
mod place;
mod shapes;
#[cfg(test)]
mod tests;

use grid::Grid;
use layers::Choice;
pub use shapes::{GAP_ACROSS, GAP_DOWN, Input, Layout, Point, Rectangle};

/// The most boxes for which several choices of rows are tried.
const MANY: usize = 100;

/// Lays boxes out.
pub fn layout(input: &Input) -> Layout {
    if input.sizes.is_empty() {
        return Layout::default();
    }
    let tried = if input.sizes.len() > MANY { 1 } else { 3 };
    let grids = [Choice::Shorter, Choice::Lower, Choice::Higher].into_iter().take(tried).map(|choice| {
        let mut grid = Grid::new(input, &layers::layers(input, choice));
        order::order(&mut grid);
        grid
    });
    let best = grids.min_by_key(order::count);
    best.map(|grid| place::place(input, &grid)).unwrap_or_default()
}
