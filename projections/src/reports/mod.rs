//! 集計: what reporting asks, answered from a projection.

mod table;

pub use table::{Cell, Column, Kind};
