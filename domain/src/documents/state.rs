//! How far a document is, in words for 申請書類一覧 and the tabs.

use super::DocumentKind;
use crate::{application::Documents, program::Rules};

/// How far a document is. The manual knows 登録中 and nothing else; the rest is ours beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentState {
    /// 未入力
    NotStarted,
    /// 登録中（あと2項目）
    Incomplete {
        /// Fields to complete or correct, at least 1.
        missing: usize,
    },
    /// 入力完了
    Complete,
    /// 確認のみ: 当会セミナー, which nobody fills in.
    ReadOnly,
}

impl DocumentState {
    /// The words.
    pub fn label(self) -> String {
        match self {
            Self::NotStarted => "未入力".to_owned(),
            Self::Incomplete { missing } => format!("登録中（あと{missing}項目）"),
            Self::Complete => "入力完了".to_owned(),
            Self::ReadOnly => "確認のみ".to_owned(),
        }
    }
}

impl Documents {
    /// How far a document is.
    pub fn state(&self, kind: DocumentKind, rules: &Rules) -> DocumentState {
        if kind == DocumentKind::Seminars {
            return DocumentState::ReadOnly;
        }
        if !self.is_registered(kind) {
            return DocumentState::NotStarted;
        }
        let wrong = self.errors(kind, rules).len();
        // 研究活動歴 with rows and without 総年数, or the other way round.
        let lacking = usize::from(!self.is_complete(kind, rules));
        match wrong + lacking {
            0 => DocumentState::Complete,
            missing => DocumentState::Incomplete { missing },
        }
    }
}

#[cfg(test)]
mod tests {
    use cqrs_es::Aggregate as _;

    use super::*;
    use crate::{
        application::{Application, ApplicationEvent, examples as e},
        eligibility::Scope,
        personal::Personal,
    };

    fn label(events: Vec<ApplicationEvent>, kind: DocumentKind) -> String {
        let mut application = Application::default();
        for event in events {
            application.apply(event);
        }
        let documents = &application.state().unwrap().documents;
        documents.state(kind, &e::fourth().rules).label()
    }

    fn applied_and(more: Vec<ApplicationEvent>) -> Vec<ApplicationEvent> {
        let mut events = vec![e::applied(Scope::DocumentsOnly)];
        events.extend(more);
        events
    }

    #[test]
    fn before_anything_is_typed_only_the_seminars_are_not_open() {
        for kind in DocumentKind::ALL {
            let words = if kind == DocumentKind::Seminars {
                "確認のみ"
            } else {
                "未入力"
            };
            assert_eq!(label(applied_and(vec![]), kind), words, "{kind:?}");
        }
    }

    #[test]
    fn what_is_filled_in_without_a_mistake_is_complete() {
        for kind in DocumentKind::ALL {
            if kind != DocumentKind::Seminars {
                assert_eq!(label(e::complete(), kind), "入力完了", "{kind:?}");
            }
        }
    }

    #[test]
    fn every_mistake_is_an_item_that_is_left() {
        let empty = ApplicationEvent::ResumeSaved {
            resume: Personal::new(crate::documents::Resume::default()),
            record: Personal::new(Box::new(crate::member::record_examples::yoko())),
        };
        assert_eq!(
            label(applied_and(vec![empty]), DocumentKind::Resume),
            "登録中（あと5項目）"
        );
        let conference = ApplicationEvent::ConferenceAdded {
            row: e::row(1),
            conference: Personal::new(e::conference("2026/06/31", "十")),
        };
        assert_eq!(
            label(applied_and(vec![conference]), DocumentKind::Conferences),
            "登録中（あと2項目）"
        );
    }

    #[test]
    fn research_activities_want_a_row_and_the_total_years() {
        let kind = DocumentKind::ResearchActivities;
        let row = ApplicationEvent::ResearchActivityAdded {
            row: e::row(1),
            activity: Personal::new(e::activity()),
        };
        let years = ApplicationEvent::ResearchYearsRecorded {
            total_years: Personal::new("25年".to_owned()),
        };
        for half in [&row, &years] {
            assert_eq!(
                label(applied_and(vec![half.clone()]), kind),
                "登録中（あと1項目）"
            );
        }
        assert_eq!(label(applied_and(vec![row, years]), kind), "入力完了");
    }

    #[test]
    fn a_list_from_which_the_last_row_was_removed_is_not_started() {
        let events = applied_and(vec![
            ApplicationEvent::PaperAdded {
                row: e::row(1),
                paper: Personal::new(e::paper("題", "10")),
            },
            ApplicationEvent::PaperRemoved { row: e::row(1) },
        ]);
        assert_eq!(label(events, DocumentKind::Papers), "未入力");
    }
}
