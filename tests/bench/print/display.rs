//! The display list as JSON for a side that is not Rust: everything as it is drawn, in points from the lower left corner, so
//! that nothing is left for it to compute.

use api::print::Layout;
use api::print::layout::{Mark, PAGE_HEIGHT, PAGE_WIDTH};
use serde_json::{Value, json};

fn points(millimetres: f32) -> f64 {
    let points = f64::from(millimetres) * 72.0 / 25.4;
    (points * 100.0).round() / 100.0
}

/// From the lower edge.
fn up(y: f32) -> f64 {
    points(PAGE_HEIGHT - y)
}

/// The pages with their marks, and what the document says of itself.
pub fn list(layout: &Layout) -> Value {
    let pages: Vec<Value> = layout
        .pages
        .iter()
        .map(|page| page.marks.iter().map(mark).collect())
        .collect();
    json!({
        "title": layout.title,
        "author": layout.author,
        "size": [points(PAGE_WIDTH), points(PAGE_HEIGHT)],
        "bookmarks": layout.bookmarks,
        "pages": pages,
    })
}

fn mark(mark: &Mark) -> Value {
    match mark {
        // 本紙 has no text across; the boxes are drawn as the square that the face has.
        Mark::Text {
            x, y, size, text, ..
        }
        | Mark::Across { x, y, size, text } => {
            json!([
                "text",
                points(*x),
                up(*y),
                size,
                text.replace(['☐', '☑'], "□")
            ])
        }
        Mark::Rule { from, to, weight } => json!([
            "line",
            points(*weight),
            [[points(from.0), up(from.1)], [points(to.0), up(to.1)]]
        ]),
        Mark::Ground {
            x,
            y,
            width,
            height,
        } => json!([
            "ground",
            points(*x),
            up(y + height),
            points(*width),
            points(*height)
        ]),
        Mark::Tick { x, y, size } => {
            let em = size * 25.4 / 72.0;
            let at = |right: f32, above: f32| [points(x + right * em), up(y - above * em)];
            json!([
                "line",
                points(0.1 * em),
                [at(0.22, 0.42), at(0.43, 0.17), at(0.86, 0.78)]
            ])
        }
    }
}
