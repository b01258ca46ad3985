//! Coordinates of boxes and arrows.

use super::grid::{Cell, Grid, width};
use super::order;
use super::shapes::{GAP_ACROSS, GAP_DOWN, Input, Layout, Point, Rectangle};

/// How often all rows are moved toward their neighbours, downward and upward in turns.
const SWEEPS: usize = 16;

/// Computes the coordinates of an ordered grid.
pub(super) fn place(input: &Input, grid: &Grid) -> Layout {
    let middles = middles(input, grid);
    let height = |cell: usize| match grid.cells[cell] {
        Cell::Box(index) => input.sizes[index].1,
        Cell::Lane(_) => 0,
    };
    let mut tops = Vec::with_capacity(grid.rows.len());
    let mut y = 0;
    let mut heights = Vec::with_capacity(grid.rows.len());
    for row in &grid.rows {
        let tallest = row.iter().map(|cell| height(*cell)).max().unwrap_or(0);
        tops.push(y);
        heights.push(tallest);
        y += tallest + GAP_DOWN;
    }
    let mut layout = Layout { crossings: order::count(grid), ..Layout::default() };
    layout.boxes = vec![Rectangle { x: 0, y: 0, width: 0, height: 0 }; input.sizes.len()];
    let mut row_of = vec![0; grid.cells.len()];
    for (row, cells) in grid.rows.iter().enumerate() {
        for cell in cells {
            row_of[*cell] = row;
            if let Cell::Box(index) = grid.cells[*cell] {
                let (width, height) = input.sizes[index];
                let y = tops[row] + (heights[row] - height) / 2;
                layout.boxes[index] = Rectangle { x: middles[*cell] - width / 2, y, width, height };
            }
        }
    }
    let ports = Ports::new(input, grid, &middles);
    for path in &grid.paths {
        layout.routes.push(route(grid, path, &layout.boxes, &ports, &|cell| {
            (middles[cell], tops[row_of[cell]], tops[row_of[cell]] + heights[row_of[cell]])
        }));
    }
    layout.width = layout.boxes.iter().map(|one| one.x + one.width).max().unwrap_or(0);
    let lanes = layout.routes.iter().flatten().map(|(x, _)| *x).max().unwrap_or(0);
    layout.width = layout.width.max(lanes);
    layout.height = layout.boxes.iter().map(|one| one.y + one.height).max().unwrap_or(0);
    layout
}

/// Returns the corners of an arrow. Between rows it runs straight; through a row it runs down its lane.
fn route(
    grid: &Grid,
    path: &[usize],
    boxes: &[Rectangle],
    ports: &Ports,
    at: &dyn Fn(usize) -> (i32, i32, i32),
) -> Vec<Point> {
    let mut corners = Vec::with_capacity(path.len() * 2);
    for (index, cell) in path.iter().enumerate() {
        let (middle, top, bottom) = at(*cell);
        match grid.cells[*cell] {
            Cell::Box(one) if index == 0 => {
                let x = path.get(1).map_or(middle, |next| ports.below(*cell, *next));
                corners.push((x, boxes[one].y + boxes[one].height));
                corners.push((x, bottom));
            }
            Cell::Box(one) => {
                let x = ports.above(*cell, path[index - 1]);
                corners.push((x, top));
                corners.push((x, boxes[one].y));
            }
            Cell::Lane(_) => {
                corners.push((middle, top));
                corners.push((middle, bottom));
            }
        }
    }
    corners.dedup();
    corners
}

/// Where arrows leave and reach the boxes: side by side, in the order of their other ends.
struct Ports {
    /// By the cells of the box and of the other end.
    below: std::collections::HashMap<(usize, usize), i32>,
    above: std::collections::HashMap<(usize, usize), i32>,
}

impl Ports {
    fn new(input: &Input, grid: &Grid, middles: &[i32]) -> Self {
        let spread = |near: &[Vec<usize>]| {
            let mut found = std::collections::HashMap::new();
            for (cell, others) in near.iter().enumerate().filter(|(cell, _)| !order::is_lane(grid.cells[*cell])) {
                let mut others = others.clone();
                others.sort_by_key(|one| (middles[*one], *one));
                let room = width(input, grid.cells[cell]) * 3 / 4;
                let between = if others.len() > 1 { (room / (others.len() as i32 - 1)).min(16) } else { 0 };
                let first = middles[cell] - between * (others.len() as i32 - 1) / 2;
                for (index, other) in others.into_iter().enumerate() {
                    found.insert((cell, other), first + between * index as i32);
                }
            }
            found
        };
        Ports { below: spread(&grid.below), above: spread(&grid.above) }
    }

    fn below(&self, cell: usize, other: usize) -> i32 {
        self.below.get(&(cell, other)).copied().unwrap_or_default()
    }

    fn above(&self, cell: usize, other: usize) -> i32 {
        self.above.get(&(cell, other)).copied().unwrap_or_default()
    }
}

/// Returns the middle of each cell, from the left, the leftmost edge at 0.
fn middles(input: &Input, grid: &Grid) -> Vec<i32> {
    let half = |cell: usize| f64::from(width(input, grid.cells[cell])) / 2.0;
    let apart = |left: usize, right: usize| half(left) + half(right) + f64::from(GAP_ACROSS);
    let mut middle = vec![0.0; grid.cells.len()];
    for row in &grid.rows {
        let mut x = 0.0;
        for (index, cell) in row.iter().enumerate() {
            x += if index == 0 { half(*cell) } else { apart(row[index - 1], *cell) };
            middle[*cell] = x;
        }
    }
    for sweep in 0..SWEEPS {
        let means: Vec<f64> = grid.paths.iter().map(|path| mean(path, &middle)).collect();
        for step in 0..grid.rows.len() {
            let row = if sweep % 2 == 0 { step } else { grid.rows.len() - 1 - step };
            let cells = grid.rows[row].iter();
            let wanted: Vec<(f64, f64)> = cells.map(|cell| wanted(grid, *cell, &middle, &means)).collect();
            for (cell, x) in grid.rows[row].iter().zip(settle(&grid.rows[row], &wanted, &apart)) {
                middle[*cell] = x;
            }
        }
    }
    whole(grid, &middle, &half)
}

/// Returns the mean place of an arrow's lanes; of its ends where it has none.
fn mean(path: &[usize], middle: &[f64]) -> f64 {
    let lanes = if path.len() > 2 { &path[1..path.len() - 1] } else { path };
    lanes.iter().map(|cell| middle[*cell]).sum::<f64>() / lanes.len().max(1) as f64
}

/// Returns where a cell would stand best, and how much that matters: a box in the middle of its neighbours, a lane where the
/// other lanes of its arrow are, so that long arrows are straight.
fn wanted(grid: &Grid, cell: usize, middle: &[f64], means: &[f64]) -> (f64, f64) {
    let near: Vec<usize> = grid.above[cell].iter().chain(&grid.below[cell]).copied().collect();
    if near.is_empty() {
        return (middle[cell], 0.1);
    }
    let between = near.iter().map(|one| middle[*one]).sum::<f64>() / near.len() as f64;
    match grid.cells[cell] {
        Cell::Lane(arrow) => (0.8 * means[arrow] + 0.2 * between, 3.0),
        Cell::Box(_) => (between, 1.0),
    }
}

/// Returns the places of a row that are nearest to the wanted ones, by the sum of weighted squares, in the given order and
/// with the given distances. Cells that push each other move as one block (the pool adjacent violators algorithm).
fn settle(row: &[usize], wanted: &[(f64, f64)], apart: &dyn Fn(usize, usize) -> f64) -> Vec<f64> {
    let mut offset = vec![0.0; row.len()];
    for index in 1..row.len() {
        offset[index] = offset[index - 1] + apart(row[index - 1], row[index]);
    }
    // Each block: the place of its first cell less that cell's offset, its weight, and its number of cells.
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for (index, (x, weight)) in wanted.iter().enumerate() {
        blocks.push((x - offset[index], *weight, 1));
        while let [.., before, last] = blocks.as_slice()
            && before.0 > last.0
        {
            let weight = before.1 + last.1;
            let joined = ((before.0 * before.1 + last.0 * last.1) / weight, weight, before.2 + last.2);
            blocks.truncate(blocks.len() - 2);
            blocks.push(joined);
        }
    }
    let places = blocks.iter().flat_map(|(place, _, count)| std::iter::repeat_n(*place, *count));
    places.zip(offset).map(|(place, offset)| place + offset).collect()
}

/// Rounds to whole pixels, keeps neighbours apart, and puts the leftmost edge at 0.
fn whole(grid: &Grid, middle: &[f64], half: &dyn Fn(usize) -> f64) -> Vec<i32> {
    let left = (0..middle.len()).map(|cell| middle[cell] - half(cell)).fold(f64::INFINITY, f64::min);
    let mut whole: Vec<i32> = middle.iter().map(|x| (x - left).round() as i32).collect();
    for row in &grid.rows {
        for pair in row.windows(2) {
            let least = whole[pair[0]] + (half(pair[0]) + half(pair[1])) as i32 + GAP_ACROSS;
            whole[pair[1]] = whole[pair[1]].max(least);
        }
    }
    whole
}
