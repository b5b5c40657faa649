//! What is drawn on a page, as operators (ISO 32000-1, annex A).

use super::{
    super::{
        font::{FACES, shape},
        layout::{Ink, Mark, Page, PartId, SLANT},
    },
    Characters, FONTS, PALE, WriteError,
    structure::Marked,
};

/// What the marks that are being drawn belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// Nothing is being drawn.
    Nothing,
    /// What surrounds the content.
    Surroundings,
    /// A part of the content.
    Part(PartId),
}

/// A colour to fill with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fill {
    Black,
    Red,
    /// The ground of headings and labels.
    Ground,
}

impl Fill {
    fn operator(self) -> &'static [u8] {
        match self {
            Self::Black => b"0 g\n",
            Self::Red => b"0.78 0 0 rg\n",
            Self::Ground => b"0.94 g\n",
        }
    }
}

/// A page while it is drawn, and after.
pub(super) struct Drawing {
    /// What is drawn.
    pub operators: Vec<u8>,
    /// What the marks belong to.
    pub marked: Vec<Marked>,
    /// Of the page (mm): PDF counts from below.
    height: f32,
    open: Open,
    /// Face and size (hundredths of points); what is set already is not set again.
    font: Option<(usize, i64)>,
    fill: Option<Fill>,
    weight: i64,
}

impl Drawing {
    /// Draws a page of such a height (mm).
    pub fn of<'a>(
        page: &'a Page,
        height: f32,
        characters: &mut [Characters<'a>; FACES],
    ) -> Result<Self, WriteError> {
        let mut drawing = Self {
            operators: Vec::with_capacity(16 * 1024),
            marked: Vec::new(),
            height,
            open: Open::Nothing,
            font: None,
            fill: None,
            weight: 0,
        };
        // Rules end square, so that the corners of frames are closed.
        drawing.put(b"2 J\n");
        for mark in &page.marks {
            drawing.mark(mark, characters)?;
        }
        drawing.close();
        Ok(drawing)
    }

    fn mark<'a>(
        &mut self,
        mark: &'a Mark,
        characters: &mut [Characters<'a>; FACES],
    ) -> Result<(), WriteError> {
        match mark {
            Mark::Text {
                x,
                y,
                size,
                text,
                ink,
                part,
            } => {
                self.belong(*part);
                self.fill(match ink {
                    Ink::Black => Fill::Black,
                    Ink::Red => Fill::Red,
                });
                self.put(b"BT\n");
                self.point(*x, *y);
                self.put(b"Td\n");
                self.show(text, hundredths(*size), characters)?;
                self.put(b"ET\n");
            }
            Mark::Rule { from, to, weight } => {
                self.belong(None);
                self.line(*weight, &[*from, *to]);
            }
            Mark::Ground {
                x,
                y,
                width,
                height,
            } => {
                self.belong(None);
                self.fill(Fill::Ground);
                self.point(*x, y + height);
                self.number(points(*width));
                self.number(points(*height));
                self.put(b"re\nf\n");
            }
            Mark::Tick { x, y, size } => {
                self.belong(None);
                let em = size * 25.4 / 72.0;
                let at = |right: f32, up: f32| (x + right * em, y - up * em);
                self.line(0.1 * em, &[at(0.22, 0.42), at(0.43, 0.17), at(0.86, 0.78)]);
            }
            Mark::Across { x, y, size, text } => {
                self.belong(None);
                self.put(b"q\n/");
                self.put(PALE.as_bytes());
                self.put(b" gs\n");
                self.put(Fill::Red.operator());
                self.put(b"BT\n");
                let (cos, sin) = SLANT;
                for part in [cos, sin, -sin, cos] {
                    self.number(hundredths(part));
                }
                self.point(*x, *y);
                self.put(b"Tm\n");
                // Q brings back what was set before.
                let before = self.font;
                self.show(text, hundredths(*size), characters)?;
                self.font = before;
                self.put(b"ET\nQ\n");
            }
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) {
        self.operators.extend_from_slice(bytes);
    }

    /// Hundredths, and a blank: `1250` as `12.5`. No printer is finer, and all digits of a float would be twice as long.
    fn number(&mut self, hundredths: i64) {
        if hundredths < 0 {
            self.put(b"-");
        }
        let (whole, rest) = (
            hundredths.unsigned_abs() / 100,
            hundredths.unsigned_abs() % 100,
        );
        let mut digits = [0; 20];
        let mut at = digits.len();
        let mut left = whole;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(left % 10).unwrap_or(0);
            at -= 1;
            left /= 10;
            if left == 0 {
                break;
            }
        }
        self.put(&digits[at..]);
        let [tenths, hundredths] =
            [rest / 10, rest % 10].map(|digit| b'0' + u8::try_from(digit).unwrap_or(0));
        match (tenths, hundredths) {
            (b'0', b'0') => {}
            (_, b'0') => self.put(&[b'.', tenths]),
            _ => self.put(&[b'.', tenths, hundredths]),
        }
        self.put(b" ");
    }

    /// Millimetres from the upper left corner, as points from the lower left one.
    fn point(&mut self, x: f32, y: f32) {
        self.number(points(x));
        self.number(points(self.height - y));
    }

    fn font(&mut self, face: usize, size: i64) {
        if self.font == Some((face, size)) {
            return;
        }
        self.font = Some((face, size));
        self.put(b"/");
        self.put(FONTS[face].as_bytes());
        self.put(b" ");
        self.number(size);
        self.put(b"Tf\n");
    }

    fn fill(&mut self, fill: Fill) {
        if self.fill != Some(fill) {
            self.fill = Some(fill);
            self.put(fill.operator());
        }
    }

    fn line(&mut self, weight: f32, places: &[(f32, f32)]) {
        let weight = points(weight);
        if self.weight != weight {
            self.weight = weight;
            self.number(weight);
            self.put(b"w\n");
        }
        for (at, &(x, y)) in places.iter().enumerate() {
            self.point(x, y);
            self.put(if at == 0 { b"m\n" } else { b"l\n" });
        }
        self.put(b"S\n");
    }

    /// A text as a string of its codes for each stretch in one face, two bytes each (ISO 32000-1, 7.3.4.2): half as long as in hexadecimal.
    fn show<'a>(
        &mut self,
        text: &'a str,
        size: i64,
        characters: &mut [Characters<'a>; FACES],
    ) -> Result<(), WriteError> {
        let mut open = None;
        for glyph in shape(text).glyphs {
            let Some(id) = glyph.id else { continue };
            if open != Some(id.face) {
                if open.is_some() {
                    self.put(b") Tj\n");
                }
                open = Some(id.face);
                self.font(id.place(), size);
                self.put(b"(");
            }
            let typed = match &text[glyph.start..glyph.end] {
                // Control characters have no place in the text of a page.
                "\t" => " ",
                typed => typed,
            };
            for byte in characters[id.place()].code(id.id, typed)?.to_be_bytes() {
                match byte {
                    // What would end the string, or be read as another byte.
                    b'(' | b')' | b'\\' => self.put(&[b'\\', byte]),
                    b'\r' => self.put(b"\\r"),
                    _ => self.operators.push(byte),
                }
            }
        }
        if open.is_none() {
            self.font(0, size);
            self.put(b"(");
        }
        self.put(b") Tj\n");
        Ok(())
    }

    /// Opens what the next mark belongs to, unless it is open.
    fn belong(&mut self, part: Option<PartId>) {
        let next = part.map_or(Open::Surroundings, Open::Part);
        if self.open == next {
            return;
        }
        self.close();
        self.open = next;
        let Some(part) = part else {
            self.put(b"/Artifact BMC\n");
            return;
        };
        // The kind is in the outline; a name is required here as well.
        let mark = format!("/Span <</MCID {}>> BDC\n", self.marked.len());
        self.put(mark.as_bytes());
        self.marked.push(Marked { part });
    }

    fn close(&mut self) {
        if self.open != Open::Nothing {
            self.open = Open::Nothing;
            self.put(b"EMC\n");
        }
    }
}

fn points(millimetres: f32) -> i64 {
    hundredths(millimetres * 72.0 / 25.4)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a page is some hundred points wide"
)]
fn hundredths(points: f32) -> i64 {
    (points * 100.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_more_digits_than_they_need() {
        let mut characters = std::array::from_fn(Characters::of);
        let mut drawing = Drawing::of(&Page::default(), 297.0, &mut characters).unwrap();
        drawing.operators.clear();
        for hundredths in [0, 5, 50, 100, 1_250, 59_527, -80, -1_005] {
            drawing.number(hundredths);
        }
        let written = String::from_utf8(drawing.operators).unwrap();
        assert_eq!(written, "0 0.05 0.5 1 12.5 595.27 -0.8 -10.05 ");
    }
}
