//! What goes into a layout, and what comes out.

/// Space between neighbours of a row, in pixels.
pub const GAP_ACROSS: i32 = 28;
/// Space between rows, in pixels.
pub const GAP_DOWN: i32 = 64;
/// The boxes to lay out, and the arrows between them.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// Width and height of each box, in pixels.
    pub sizes: Vec<(i32, i32)>,
    /// Arrows by the indices of the boxes. They make no circle.
    pub arrows: Vec<(usize, usize)>,
    /// Boxes that stand in a last row of their own.
    pub last: Vec<bool>,
    /// Words by which boxes without other reasons stand side by side, such as the names of their networks.
    pub groups: Vec<String>,
}

/// A rectangle in pixels, from its upper left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rectangle {
    /// Distance from the left.
    pub x: i32,
    /// Distance from the top.
    pub y: i32,
    /// Width.
    pub width: i32,
    /// Height.
    pub height: i32,
}

impl Rectangle {
    /// Returns whether two rectangles have a point in common.
    pub fn meets(&self, other: &Rectangle) -> bool {
        self.x <= other.x + other.width
            && other.x <= self.x + self.width
            && self.y <= other.y + other.height
            && other.y <= self.y + self.height
    }
}

/// A point in pixels, from the upper left corner.
pub type Point = (i32, i32);

/// Where everything is.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// The rectangle of each box.
    pub boxes: Vec<Rectangle>,
    /// The corners of each arrow, from the lower edge of its first box to the upper edge of its last one.
    pub routes: Vec<Vec<Point>>,
    /// Width of the whole.
    pub width: i32,
    /// Height of the whole.
    pub height: i32,
    /// How often arrows cross between rows.
    pub crossings: usize,
}
