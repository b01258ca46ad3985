//! The laws of the layout, on generated graphs.

use super::{Input, Layout, Point, Rectangle, layout};

/// How often Graphviz's `dot` 2.43 lets the arrows of `generated(0)` to `generated(49)` cross in all (`dot -v` prints the
/// numbers).
const CROSSINGS_OF_DOT: usize = 111;

/// Returns a graph like those of compose files: 5 to 40 services that need earlier ones.
fn generated(seed: u64) -> Input {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut below = move |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as usize % limit
    };
    let count = 5 + below(36);
    let mut input = Input::default();
    for to in 0..count {
        input.sizes.push((60 + below(120) as i32, 40 + below(60) as i32));
        for _ in 0..if to == 0 { 0 } else { below(3) } {
            let from = below(to);
            if !input.arrows.contains(&(from, to)) {
                input.arrows.push((from, to));
            }
        }
    }
    input
}

/// Returns whether a line enters a rectangle. The edge belongs to neither.
fn enters(from: Point, to: Point, one: &Rectangle) -> bool {
    // The part of the line inside is between two values of its parameter (Liang and Barsky).
    let (mut first, mut last) = (0.0f64, 1.0f64);
    let (dx, dy) = (f64::from(to.0 - from.0), f64::from(to.1 - from.1));
    let sides = [
        (-dx, f64::from(from.0 - one.x)),
        (dx, f64::from(one.x + one.width - from.0)),
        (-dy, f64::from(from.1 - one.y)),
        (dy, f64::from(one.y + one.height - from.1)),
    ];
    for (step, room) in sides {
        if step == 0.0 {
            if room <= 0.0 {
                return false;
            }
        } else if step < 0.0 {
            first = first.max(room / step);
        } else {
            last = last.min(room / step);
        }
    }
    first < last
}

fn check(input: &Input, layout: &Layout) {
    for (index, one) in layout.boxes.iter().enumerate() {
        assert!(one.x >= 0 && one.y >= 0 && one.x + one.width <= layout.width && one.y + one.height <= layout.height);
        assert_eq!((one.width, one.height), input.sizes[index]);
        assert!(layout.boxes[index + 1..].iter().all(|other| !one.meets(other)), "boxes overlap");
    }
    for ((from, to), route) in input.arrows.iter().zip(&layout.routes) {
        let (start, end) = (layout.boxes[*from], layout.boxes[*to]);
        assert!(start.y + start.height < end.y, "an arrow leads up");
        assert_eq!(route.first().map(|(_, y)| *y), Some(start.y + start.height));
        assert_eq!(route.last().map(|(_, y)| *y), Some(end.y));
        for pair in route.windows(2) {
            assert!(pair[0].1 <= pair[1].1, "an arrow turns up");
            let crossed = layout.boxes.iter().position(|one| enters(pair[0], pair[1], one));
            assert_eq!(crossed, None, "an arrow from {from} to {to} crosses a box");
        }
    }
}

#[test]
fn no_boxes_overlap_no_arrow_crosses_a_box_and_all_arrows_lead_down() {
    for seed in 0..200 {
        let input = generated(seed);
        check(&input, &layout(&input));
    }
}

#[test]
fn arrows_cross_no_more_often_than_those_of_graphviz() {
    let found: usize = (0..50).map(|seed| layout(&generated(seed)).crossings).sum();
    assert!(found <= CROSSINGS_OF_DOT, "{found} crossings, dot has {CROSSINGS_OF_DOT}");
}

#[test]
fn the_same_graph_gives_the_same_picture() {
    let input = generated(7);
    let (one, other) = (layout(&input), layout(&input));
    assert_eq!((one.boxes, one.routes), (other.boxes, other.routes));
}

#[test]
fn nothing_one_box_and_a_long_chain_are_laid_out() {
    check(&Input::default(), &layout(&Input::default()));
    let single = Input { sizes: vec![(80, 40)], ..Input::default() };
    check(&single, &layout(&single));
    let chain = Input {
        sizes: vec![(80, 40); 300],
        arrows: (1..300).map(|to| (to - 1, to)).chain((2..300).step_by(3).map(|to| (0, to))).collect(),
        ..Input::default()
    };
    check(&chain, &layout(&chain));
}

#[test]
fn marked_boxes_stand_in_a_last_row() {
    let input = Input {
        sizes: vec![(80, 40); 4],
        arrows: vec![(0, 1), (0, 3), (1, 2)],
        last: vec![false, false, false, true],
        ..Input::default()
    };
    let layout = layout(&input);
    assert!(layout.boxes[..3].iter().all(|one| one.y + one.height < layout.boxes[3].y));
    check(&input, &layout);
}
