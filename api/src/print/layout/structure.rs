//! What the marks are parts of: the outline that a reader hears who does not see the page.

/// A part of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// What it is a part of; the document is its own.
    pub parent: PartId,
}

/// Place of a part in [`super::Layout::parts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartId(pub usize);

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// The whole.
    Document,
    /// 表紙 or one of the documents.
    Section,
    /// Its title.
    Heading,
    /// Text.
    Paragraph,
    /// Rows.
    Table,
    /// A row.
    Row,
    /// The heading of a column.
    ColumnHeading,
    /// The label of a row.
    RowHeading,
    /// A value.
    Cell,
}

impl PartKind {
    /// Its name in PDF (ISO 32000-1, 14.8.4).
    pub fn tag(self) -> &'static str {
        match self {
            Self::Document => "Document",
            Self::Section => "Sect",
            Self::Heading => "H1",
            Self::Paragraph => "P",
            Self::Table => "Table",
            Self::Row => "TR",
            Self::ColumnHeading | Self::RowHeading => "TH",
            Self::Cell => "TD",
        }
    }
}

/// The parts while they are made.
pub(super) struct Outline {
    parts: Vec<Part>,
    open: Vec<PartId>,
}

impl Default for Outline {
    fn default() -> Self {
        let document = Part {
            kind: PartKind::Document,
            parent: PartId(0),
        };
        Self {
            parts: vec![document],
            open: Vec::new(),
        }
    }
}

impl Outline {
    /// Begins a part of the one that is open.
    pub fn open(&mut self, kind: PartKind) -> PartId {
        let id = PartId(self.parts.len());
        let parent = self.open.last().copied().unwrap_or(PartId(0));
        self.parts.push(Part { kind, parent });
        self.open.push(id);
        id
    }

    /// Ends the part that was begun last.
    pub fn close(&mut self) {
        self.open.pop();
    }

    /// A part without parts.
    pub fn leaf(&mut self, kind: PartKind) -> PartId {
        let id = self.open(kind);
        self.close();
        id
    }

    pub fn into_parts(self) -> Vec<Part> {
        self.parts
    }
}
