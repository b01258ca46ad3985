//! Boxes and lanes in rows.

use super::shapes::Input;

/// Width of the lane of an arrow that passes a row, in pixels.
const LANE: i32 = 10;

/// A place in a row: a box, or the lane of an arrow that passes the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Box(usize),
    /// The lane of an arrow, by its index.
    Lane(usize),
}

/// Boxes and lanes in rows, and the connections from each row to the next.
#[derive(Debug)]
pub(super) struct Grid {
    /// What each cell is.
    pub cells: Vec<Cell>,
    /// The rows, from the top, each the indices of its cells from the left.
    pub rows: Vec<Vec<usize>>,
    /// The cells above that a cell is connected with.
    pub above: Vec<Vec<usize>>,
    /// The cells below that a cell is connected with.
    pub below: Vec<Vec<usize>>,
    /// The cells of each arrow, from the top.
    pub paths: Vec<Vec<usize>>,
}

impl Grid {
    /// Fills the rows, boxes first in order of their groups and indices.
    pub(super) fn new(input: &Input, row_of: &[usize]) -> Self {
        let count = row_of.iter().max().map_or(0, |last| last + 1);
        let mut grid = Grid {
            cells: Vec::new(),
            rows: vec![Vec::new(); count],
            above: Vec::new(),
            below: Vec::new(),
            paths: Vec::new(),
        };
        let mut boxes: Vec<usize> = (0..input.sizes.len()).collect();
        boxes.sort_by(|a, b| input.groups.get(*a).cmp(&input.groups.get(*b)).then(a.cmp(b)));
        let mut cell_of = vec![0; boxes.len()];
        for index in boxes {
            cell_of[index] = grid.add(Cell::Box(index), row_of[index]);
        }
        for (arrow, (from, to)) in input.arrows.iter().enumerate() {
            // Arrows make no circle, so each leads downward. One that does not is left out.
            if row_of[*from] >= row_of[*to] {
                grid.paths.push(Vec::new());
                continue;
            }
            let mut path = vec![cell_of[*from]];
            for row in row_of[*from] + 1..row_of[*to] {
                path.push(grid.add(Cell::Lane(arrow), row));
            }
            path.push(cell_of[*to]);
            for pair in path.windows(2) {
                grid.below[pair[0]].push(pair[1]);
                grid.above[pair[1]].push(pair[0]);
            }
            grid.paths.push(path);
        }
        grid
    }

    fn add(&mut self, cell: Cell, row: usize) -> usize {
        let index = self.cells.len();
        self.cells.push(cell);
        self.above.push(Vec::new());
        self.below.push(Vec::new());
        self.rows[row].push(index);
        index
    }
}

/// Width of a cell, in pixels.
pub(super) fn width(input: &Input, cell: Cell) -> i32 {
    match cell {
        Cell::Box(index) => input.sizes[index].0,
        Cell::Lane(_) => LANE,
    }
}
