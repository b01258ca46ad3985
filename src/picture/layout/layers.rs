//! Which box stands in which row.

use super::shapes::Input;

/// How often boxes move toward their neighbours.
const PASSES: usize = 3;

/// Where a box stands whose arrows leave it a choice of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// At the side where more of its arrows lead.
    Shorter,
    /// The same; as near as possible to what it needs if as many lead to both sides.
    Lower,
    /// As high as possible.
    Higher,
}

/// Returns the row of each box, 0 at the top: below all boxes that have an arrow to it.
pub(super) fn layers(input: &Input, choice: Choice) -> Vec<usize> {
    let count = input.sizes.len();
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut above: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (from, to) in &input.arrows {
        below[*from].push(*to);
        above[*to].push(*from);
    }
    let order = from_the_top(&below, &above);
    let mut row = vec![0; count];
    for node in &order {
        row[*node] = above[*node].iter().map(|from| row[*from] + 1).max().unwrap_or(0);
    }
    // A box in the last row comes below all others.
    let is_last = |node: usize| input.last.get(node).copied().unwrap_or_default();
    let others = (0..count).filter(|node| !is_last(*node)).map(|node| row[node] + 1).max().unwrap_or(0);
    for node in (0..count).filter(|node| is_last(*node)) {
        row[node] = others;
    }
    let is_pulled = |above, below| above < below || choice == Choice::Lower && above == below;
    // Short arrows are easier to follow.
    for _ in 0..if choice == Choice::Higher { 0 } else { PASSES } {
        for node in order.iter().rev().filter(|node| !is_last(**node)) {
            let nearest = below[*node].iter().filter(|to| !is_last(**to)).map(|to| row[*to]).min();
            if let Some(nearest) = nearest.filter(|_| is_pulled(above[*node].len(), below[*node].len())) {
                row[*node] = row[*node].max(nearest - 1);
            }
        }
        for node in order.iter().filter(|node| !is_last(**node)) {
            let nearest = above[*node].iter().map(|from| row[*from] + 1).max();
            if let Some(nearest) = nearest.filter(|_| above[*node].len() > below[*node].len()) {
                row[*node] = row[*node].min(nearest);
            }
        }
    }
    row
}

/// Returns the boxes so that each comes after all boxes with an arrow to it.
fn from_the_top(below: &[Vec<usize>], above: &[Vec<usize>]) -> Vec<usize> {
    let mut missing: Vec<usize> = above.iter().map(Vec::len).collect();
    let mut order: Vec<usize> = (0..above.len()).filter(|node| missing[*node] == 0).collect();
    let mut next = 0;
    while next < order.len() {
        for to in &below[order[next]] {
            missing[*to] -= 1;
            if missing[*to] == 0 {
                order.push(*to);
            }
        }
        next += 1;
    }
    order
}
