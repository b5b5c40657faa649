//! What is not in a file as it was given.

use domain::text::is_variation_selector;
use serde::{Deserialize, Serialize};

/// So many losses are named; the others are counted.
pub const FIRST_LOSSES: usize = 1_000;

/// Everything that could not be written as it was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Losses {
    /// How many there are.
    pub count: u64,
    /// The first [`FIRST_LOSSES`], in the order of the file.
    pub first: Vec<Loss>,
}

/// Something that could not be written as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// The row as a spreadsheet numbers it, from 1: lines above the table, empty ones and those of earlier tables in the same CSV are
    /// counted, line ends within a cell are not.
    pub line: u64,
    /// The column, from 1.
    pub column: u64,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What happened to a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// The encoding does not have a character.
    Character {
        /// Which.
        character: char,
        /// Its number: `U+20BB7`.
        code: String,
        /// What stands in its place; nothing for a variation selector.
        instead: String,
    },
    /// The text is longer than a cell of Excel may be, and its end is not in the file.
    Cut {
        /// So many characters are (UTF-16, as Excel counts).
        kept: u64,
    },
}

impl What {
    /// A character with what stands in its place.
    pub(super) fn character(character: char, instead: &str) -> Self {
        Self::Character {
            character,
            code: format!("U+{:04X}", u32::from(character)),
            instead: instead.to_owned(),
        }
    }

    /// The sentence for people.
    pub fn sentence(&self) -> String {
        match self {
            Self::Character {
                character,
                code,
                instead,
            } if instead.is_empty() => {
                let kind = if is_variation_selector(*character) {
                    "異体字を指定する文字"
                } else {
                    "表示されない文字"
                };
                format!("{kind}（{code}）はShift_JISで表せないため、取り除かれています。")
            }
            Self::Character {
                character,
                code,
                instead,
            } => format!(
                "「{character}」（{code}）はShift_JISで表せないため、「{instead}」に置き換えられています。"
            ),
            Self::Cut { kept } => format!(
                "Excelの1セルに入る長さを超えるため、先頭の{kept}文字だけが入っています。全文が必要な場合は、CSVを選んでください。"
            ),
        }
    }
}

impl Losses {
    /// Whether everything is in the file as it was given.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn add(&mut self, line: u64, column: u64, what: What) {
        self.count += 1;
        if self.first.len() < FIRST_LOSSES {
            self.first.push(Loss { line, column, what });
        }
    }
}
