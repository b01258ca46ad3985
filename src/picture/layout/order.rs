//! The order within the rows, with few crossings of arrows.

use super::grid::{Cell, Grid};

/// How often all rows are ordered from one beginning, downward and upward in turns.
const SWEEPS: usize = 24;
/// The most passes of exchanges of neighbours after each sweep.
const EXCHANGES: usize = 8;
/// The most cells for which all beginnings are tried: a picture of more is read by searching, not by following arrows.
const MANY: usize = 2000;
/// The most cells for which shuffled beginnings are tried, too, and how many.
const FEW: usize = 200;
const SHUFFLES: usize = 24;

/// Orders the cells of each row: each by the middle of its neighbours in the row before, and then by exchanges of neighbours
/// that take crossings away. Several beginnings are tried, and the best order of all is kept.
pub(super) fn order(grid: &mut Grid) {
    let given = grid.rows.clone();
    let walked = [walk(grid, true), walk(grid, false)];
    let mut best = (crossings(grid, &places(grid)), given.clone());
    let mut beginnings =
        vec![given.clone(), walked[0].clone(), walked[1].clone(), reversed(&given), reversed(&walked[0])];
    beginnings.truncate(if grid.cells.len() > MANY { 2 } else { beginnings.len() });
    if grid.cells.len() <= FEW {
        beginnings.extend((0..SHUFFLES).map(|seed| shuffled(&given, seed as u64)));
    }
    for beginning in beginnings {
        if best.0 == 0 {
            break;
        }
        grid.rows = beginning;
        improve(grid, &mut best);
    }
    grid.rows = best.1;
}

/// Sorts all rows again and again, and notes the best order.
fn improve(grid: &mut Grid, best: &mut (usize, Vec<Vec<usize>>)) {
    let mut place = places(grid);
    let mut since = 0;
    for sweep in 0..SWEEPS {
        let is_downward = sweep % 2 == 0;
        for step in 1..grid.rows.len() {
            let row = if is_downward { step } else { grid.rows.len() - 1 - step };
            sort(grid, row, is_downward, sweep % 4 >= 2, &mut place);
        }
        exchange(grid, sweep % 2 == 1, &mut place);
        let found = crossings(grid, &place);
        since += 1;
        if found < best.0 {
            *best = (found, grid.rows.clone());
            since = 0;
        }
        if best.0 == 0 || since > 8 {
            return;
        }
    }
}

/// Returns the cells of each row in the order in which a walk along the connections meets them.
fn walk(grid: &Grid, is_downward: bool) -> Vec<Vec<usize>> {
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); grid.rows.len()];
    let mut row_of = vec![0; grid.cells.len()];
    for (row, cells) in grid.rows.iter().enumerate() {
        cells.iter().for_each(|cell| row_of[*cell] = row);
    }
    let mut is_met = vec![false; grid.cells.len()];
    let all: Vec<usize> = grid.rows.iter().flatten().copied().collect();
    let starts: Box<dyn Iterator<Item = usize>> =
        if is_downward { Box::new(all.into_iter()) } else { Box::new(all.into_iter().rev()) };
    for start in starts {
        let mut open = vec![start];
        while let Some(cell) = open.pop() {
            if std::mem::replace(&mut is_met[cell], true) {
                continue;
            }
            rows[row_of[cell]].push(cell);
            let (first, then) = if is_downward { (&grid.below, &grid.above) } else { (&grid.above, &grid.below) };
            open.extend(then[cell].iter().rev());
            open.extend(first[cell].iter().rev());
        }
    }
    rows
}

/// Returns rows in an order that only the seed decides.
fn shuffled(rows: &[Vec<usize>], seed: u64) -> Vec<Vec<usize>> {
    let mut state = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut below = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as usize % limit
    };
    let mut rows = rows.to_vec();
    for row in &mut rows {
        for last in (1..row.len()).rev() {
            row.swap(last, below(last + 1));
        }
    }
    rows
}

fn reversed(rows: &[Vec<usize>]) -> Vec<Vec<usize>> {
    rows.iter().map(|row| row.iter().rev().copied().collect()).collect()
}

/// Returns the place of each cell in its row.
fn places(grid: &Grid) -> Vec<usize> {
    let mut place = vec![0; grid.cells.len()];
    for row in &grid.rows {
        for (index, cell) in row.iter().enumerate() {
            place[*cell] = index;
        }
    }
    place
}

/// Sorts a row by the mean place of each cell's neighbours. Cells without neighbours keep their places. `is_mirrored`
/// exchanges cells with equal means, which leads out of orders that no sweep changes.
fn sort(grid: &mut Grid, row: usize, is_downward: bool, is_mirrored: bool, place: &mut [usize]) {
    let mean = |cell: usize| {
        let near = if is_downward { &grid.above[cell] } else { &grid.below[cell] };
        let sum: usize = near.iter().map(|one| place[*one]).sum();
        // Whole numbers, so that the order is the same on every machine.
        (!near.is_empty()).then(|| sum * 4096 / near.len())
    };
    let cells = &grid.rows[row];
    let mut movable: Vec<(usize, usize)> = cells.iter().filter_map(|cell| Some((mean(*cell)?, *cell))).collect();
    match is_mirrored {
        true => movable.sort_by_key(|(mean, cell)| (*mean, usize::MAX - place[*cell])),
        false => movable.sort_by_key(|(mean, cell)| (*mean, place[*cell])),
    }
    let mut sorted = movable.into_iter().map(|(_, cell)| cell);
    let cells: Vec<usize> =
        cells.iter().map(|cell| if mean(*cell).is_some() { sorted.next().unwrap_or(*cell) } else { *cell }).collect();
    for (index, cell) in cells.iter().enumerate() {
        place[*cell] = index;
    }
    grid.rows[row] = cells;
}

/// Exchanges neighbours as long as that takes crossings away. With `is_free` the first pass also exchanges those that cross as
/// often either way, which leads out of orders that no other step changes.
fn exchange(grid: &mut Grid, is_free: bool, place: &mut [usize]) {
    for pass in 0..EXCHANGES {
        let is_free = is_free && pass == 0;
        let mut is_better = is_free;
        for row in 0..grid.rows.len() {
            for index in 1..grid.rows[row].len() {
                let (left, right) = (grid.rows[row][index - 1], grid.rows[row][index]);
                let now = between(&grid.above, left, right, place) + between(&grid.below, left, right, place);
                let then = between(&grid.above, right, left, place) + between(&grid.below, right, left, place);
                if then < now || is_free && then == now {
                    grid.rows[row].swap(index - 1, index);
                    place[left] = index;
                    place[right] = index - 1;
                    is_better = true;
                }
            }
        }
        if !is_better {
            return;
        }
    }
}

/// Returns how often the connections of two neighbours cross on one side.
fn between(near: &[Vec<usize>], left: usize, right: usize, place: &[usize]) -> usize {
    let mut of_right: Vec<usize> = near[right].iter().map(|one| place[*one]).collect();
    of_right.sort_unstable();
    near[left].iter().map(|one| of_right.partition_point(|other| *other < place[*one])).sum()
}

/// Returns how often connections between rows cross.
pub(super) fn crossings(grid: &Grid, place: &[usize]) -> usize {
    grid.rows.iter().map(|row| crossings_below(grid, row, place)).sum()
}

/// Counts the crossings below a row: the pairs of connections whose ends are in the opposite order of their beginnings.
fn crossings_below(grid: &Grid, row: &[usize], place: &[usize]) -> usize {
    let size = row.iter().flat_map(|cell| &grid.below[*cell]).map(|cell| place[*cell] + 1).max().unwrap_or(0);
    // A Fenwick tree of the ends that were seen so far.
    let mut tree = vec![0usize; size + 1];
    let (mut seen, mut found) = (0, 0);
    for cell in row {
        let mut ends: Vec<usize> = grid.below[*cell].iter().map(|cell| place[*cell]).collect();
        ends.sort_unstable();
        for end in &ends {
            let (mut index, mut not_right) = (end + 1, 0);
            while index > 0 {
                not_right += tree[index];
                index &= index - 1;
            }
            found += seen - not_right;
        }
        for end in ends {
            seen += 1;
            let mut index = end + 1;
            while index <= size {
                tree[index] += 1;
                index += index & index.wrapping_neg();
            }
        }
    }
    found
}

/// Returns how often arrows cross in the final order.
pub(super) fn count(grid: &Grid) -> usize {
    crossings(grid, &places(grid))
}

/// Returns whether a cell is the lane of an arrow.
pub(super) fn is_lane(cell: Cell) -> bool {
    matches!(cell, Cell::Lane(_))
}
