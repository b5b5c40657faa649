//! The outline of the document as PDF knows it (tagged PDF, ISO 32000-1, 14.7): sections, headings, paragraphs, tables with
//! their rows and headings, in reading order, each with the marks that it consists of.

use lopdf::{Dictionary, Document, Object, ObjectId, dictionary};

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

/// Adds the outline to a document, `marked` by page; gives its root.
pub(super) fn add(
    file: &mut Document,
    layout: &Layout,
    marked: &[Vec<Marked>],
) -> Result<ObjectId, WriteError> {
    let pages: Vec<ObjectId> = file.page_iter().collect();
    let root = file.new_object_id();
    let ids: Vec<ObjectId> = layout.parts.iter().map(|_| file.new_object_id()).collect();
    let id = |part: PartId| ids.get(part.0).copied().unwrap_or(root);

    // What each part consists of: parts, or marks on pages. Most parts lie on one page, which is then named once.
    let mut page_of: Vec<Option<ObjectId>> = vec![None; ids.len()];
    let mut kids: Vec<Vec<Object>> = vec![Vec::new(); ids.len()];
    for (at, part) in layout.parts.iter().enumerate().skip(1) {
        if let Some(of) = kids.get_mut(part.parent.0) {
            of.push(Object::Reference(id(PartId(at))));
        }
    }
    let mut by_page = Vec::new();
    for ((page, marked), at) in pages.iter().zip(marked).zip(0_i64..) {
        for (one, number) in marked.iter().zip(0_i64..) {
            let at = one.part.0;
            if let (Some(of), Some(first)) = (kids.get_mut(at), page_of.get_mut(at)) {
                if *first.get_or_insert(*page) == *page {
                    of.push(Object::Integer(number));
                } else {
                    of.push(Object::Dictionary(dictionary! {
                        "Type" => "MCR",
                        "Pg" => *page,
                        "MCID" => number,
                    }));
                }
            }
        }
        let parents: Vec<Object> = marked
            .iter()
            .map(|one| Object::Reference(id(one.part)))
            .collect();
        by_page.extend([Object::Integer(at), Object::Array(parents)]);
        let page = file.get_dictionary_mut(*page)?;
        page.set("StructParents", at);
        // From field to field in the order of the outline.
        page.set("Tabs", Object::Name(b"S".to_vec()));
    }

    let elements = layout.parts.iter().zip(kids).zip(page_of);
    for (((part, mut kids), page), at) in elements.zip(0_usize..) {
        let parent = if at == 0 { root } else { id(part.parent) };
        let mut element = dictionary! {
            "S" => part.kind.tag(),
            "P" => parent,
        };
        if let Some(page) = page {
            element.set("Pg", page);
        }
        match (kids.pop(), kids.is_empty()) {
            (Some(only), true) => element.set("K", only),
            (Some(last), false) => {
                kids.push(last);
                element.set("K", kids);
            }
            (None, _) => {}
        }
        if let Some(scope) = scope(part.kind) {
            element.set("A", scope);
        }
        file.set_object(id(PartId(at)), element);
    }
    file.set_object(
        root,
        dictionary! {
            "Type" => "StructTreeRoot",
            "K" => id(PartId(0)),
            "ParentTree" => dictionary! { "Nums" => by_page },
            "ParentTreeNextKey" => i64::try_from(pages.len()).unwrap_or(i64::MAX),
        },
    );
    Ok(root)
}

/// What a heading is the heading of.
fn scope(kind: PartKind) -> Option<Dictionary> {
    let scope = match kind {
        PartKind::ColumnHeading => "Column",
        PartKind::RowHeading => "Row",
        _ => return None,
    };
    Some(dictionary! { "O" => "Table", "Scope" => scope })
}
