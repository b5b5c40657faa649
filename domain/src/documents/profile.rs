//! プロフィール

use serde::{Deserialize, Serialize};

use super::{FieldError, Texts, check_text};
use crate::program::Rules;

/// 申請時までの研究・診療活動で心がけられたことや賞罰等.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Profile {
    /// At most 1,040 characters as a person counts them, with the member's line breaks.
    pub text: String,
}

impl Texts for Profile {
    fn texts(&self) -> Vec<(String, &str)> {
        vec![("/text".to_owned(), &self.text)]
    }

    fn most(pointer: &str, rules: &Rules) -> usize {
        match pointer {
            "/text" => rules.profile.character_limit,
            _ => rules.limits.short_text,
        }
    }
}

impl Profile {
    /// What is wrong with it.
    pub fn errors(&self, rules: &Rules) -> Vec<FieldError> {
        let mut errors = Vec::new();
        check_text(
            &mut errors,
            "/text",
            "プロフィール",
            &self.text,
            Self::most("/text", rules),
        );
        errors
    }
}
