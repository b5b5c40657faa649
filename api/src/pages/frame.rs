//! What stands around every page.

use domain::program::Program;

use super::assets::{ADDRESSES, Addresses};
use crate::{app::App, demonstration::announcement};

/// Header, breadcrumb and footer of a page.
#[derive(Debug)]
pub(super) struct Frame {
    /// What the tab of the browser says: the place, never a person.
    pub title: String,
    /// Whether the page shows errors; then the title says so first.
    pub wrong: bool,
    /// What is said of the demonstration; nothing in production.
    pub announcement: Vec<String>,
    /// 会員として表示: who looks at whose pages, and the way back.
    pub viewing: Option<Viewing>,
    /// Who is signed in, in words.
    pub person: Option<String>,
    pub crumbs: Vec<Crumb>,
    /// 案内詳細ページ
    pub guide: Option<String>,
    /// Whether the page is as wide as the window: lists and checks of the secretariat.
    pub wide: bool,
    pub assets: &'static Addresses,
    pub version: &'static str,
}

/// 会員として表示
#[derive(Debug)]
pub(super) struct Viewing {
    /// Who looks at whose pages.
    pub words: String,
    /// The page of the secretariat that led here.
    pub back: String,
}

/// One step of the breadcrumb; the last has no address.
#[derive(Clone, Debug)]
pub(super) struct Crumb {
    pub words: String,
    pub href: Option<String>,
}

impl Crumb {
    /// A step back.
    pub fn to(words: impl Into<String>, href: impl Into<String>) -> Self {
        Self {
            words: words.into(),
            href: Some(href.into()),
        }
    }

    /// Where one is.
    pub fn here(words: impl Into<String>) -> Self {
        Self {
            words: words.into(),
            href: None,
        }
    }
}

impl Frame {
    /// A page outside any program.
    pub fn plain(app: &App, title: &str) -> Self {
        Self {
            title: format!("{title} | 申請"),
            wrong: false,
            announcement: if app.is_demonstration() {
                announcement(&app.service().clock).sentences.to_vec()
            } else {
                Vec::new()
            },
            viewing: None,
            person: None,
            crumbs: Vec::new(),
            guide: None,
            wide: false,
            assets: &ADDRESSES,
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// A page of a program.
    pub fn of_program(app: &App, title: &str, program: &Program) -> Self {
        Self {
            guide: Some(program.links.guide.clone()),
            ..Self::plain(app, &format!("{title} | {}", program.title))
        }
    }
}

/// A sentence at the top of a page about what has just been done.
#[derive(Clone, Debug)]
pub(super) struct Notice {
    /// `success`, `info`, `warning` or `error`.
    pub kind: &'static str,
    pub sentence: String,
}

impl Notice {
    pub fn success(sentence: impl Into<String>) -> Self {
        Self {
            kind: "success",
            sentence: sentence.into(),
        }
    }

    pub fn info(sentence: impl Into<String>) -> Self {
        Self {
            kind: "info",
            sentence: sentence.into(),
        }
    }

    pub fn error(sentence: impl Into<String>) -> Self {
        Self {
            kind: "error",
            sentence: sentence.into(),
        }
    }

    pub fn warning(sentence: impl Into<String>) -> Self {
        Self {
            kind: "warning",
            sentence: sentence.into(),
        }
    }
}
