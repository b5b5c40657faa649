//! The outline of the document as PDF knows it (tagged PDF, ISO 32000-1, 14.7): sections, headings, paragraphs, tables with
//! their rows and headings, in reading order, each with the marks that it consists of.
//!
//! There are ten times as many of its objects as of all others, so they are written as they are made.

use std::fmt::Write as _;

use lopdf::{Document, Object, ObjectId};

use super::{
    super::layout::{Layout, PartId, PartKind},
    WriteError,
};

/// A sequence of marks on a page, numbered by its place in the page's list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marked {
    /// What they are part of.
    pub part: PartId,
}

/// The outline as it is written: its objects in one text, numbered on from the first.
pub(super) struct Outline {
    /// Number of the first object, which is the root.
    pub first: u32,
    /// Where each object ends in the text.
    pub ends: Vec<usize>,
    /// The objects.
    pub text: String,
}

/// What a part consists of.
#[derive(Clone, Copy)]
enum Kid {
    Part(PartId),
    /// A sequence of marks on a page, by their numbers.
    Marked(usize, usize),
}

/// Writes the outline, `marked` by page, and tells the pages of it.
pub(super) fn add(
    file: &mut Document,
    layout: &Layout,
    marked: &[Vec<Marked>],
) -> Result<Outline, WriteError> {
    let pages: Vec<ObjectId> = file.page_iter().collect();
    let mut outline = Outline {
        first: file.new_object_id().0,
        ends: Vec::with_capacity(layout.parts.len() + 1),
        text: String::with_capacity(64 * layout.parts.len()),
    };
    let root = outline.first;
    let ids: Vec<u32> = layout
        .parts
        .iter()
        .map(|_| file.new_object_id().0)
        .collect();
    let id = |part: PartId| ids.get(part.0).copied().unwrap_or(root);
    let page_id = |page: usize| pages.get(page).map_or(root, |page| page.0);

    let mut kids: Vec<Vec<Kid>> = vec![Vec::new(); ids.len()];
    for (at, part) in layout.parts.iter().enumerate().skip(1) {
        if let Some(of) = kids.get_mut(part.parent.0) {
            of.push(Kid::Part(PartId(at)));
        }
    }
    for (page, marked) in marked.iter().enumerate() {
        for (number, one) in marked.iter().enumerate() {
            if let Some(of) = kids.get_mut(one.part.0) {
                of.push(Kid::Marked(page, number));
            }
        }
    }

    let text = &mut outline.text;
    let _infallible = write!(
        text,
        "<</Type/StructTreeRoot/K {} 0 R/ParentTreeNextKey {}/ParentTree<</Nums[",
        id(PartId(0)),
        pages.len()
    );
    for (page, marked) in marked.iter().enumerate() {
        let _infallible = write!(text, "{page}[");
        for one in marked {
            let _infallible = write!(text, "{} 0 R ", id(one.part));
        }
        text.push(']');
    }
    text.push_str("]>>>>");
    outline.ends.push(text.len());

    for (at, (part, kids)) in layout.parts.iter().zip(&kids).enumerate() {
        let parent = if at == 0 { root } else { id(part.parent) };
        let _infallible = write!(text, "<</S/{}/P {parent} 0 R", part.kind.tag());
        // Most parts lie on one page, which is then named once.
        let own = kids.iter().find_map(|kid| match kid {
            Kid::Marked(page, _) => Some(*page),
            Kid::Part(_) => None,
        });
        if let Some(page) = own {
            let _infallible = write!(text, "/Pg {} 0 R", page_id(page));
        }
        if !kids.is_empty() {
            text.push_str("/K[");
            for kid in kids {
                let _infallible = match *kid {
                    Kid::Part(part) => write!(text, "{} 0 R ", id(part)),
                    Kid::Marked(page, number) if own == Some(page) => write!(text, "{number} "),
                    Kid::Marked(page, number) => {
                        write!(text, "<</Type/MCR/Pg {} 0 R/MCID {number}>>", page_id(page))
                    }
                };
            }
            text.push(']');
        }
        text.push_str(scope(part.kind));
        text.push_str(">>");
        outline.ends.push(text.len());
    }

    for (at, page) in (0_i64..).zip(pages) {
        let page = file.get_dictionary_mut(page)?;
        page.set("StructParents", at);
        // From field to field in the order of the outline.
        page.set("Tabs", Object::Name(b"S".to_vec()));
    }
    Ok(outline)
}

/// What a heading is the heading of.
fn scope(kind: PartKind) -> &'static str {
    match kind {
        PartKind::ColumnHeading => "/A<</O/Table/Scope/Column>>",
        PartKind::RowHeading => "/A<</O/Table/Scope/Row>>",
        _ => "",
    }
}
