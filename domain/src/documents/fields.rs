//! The fields of the documents by their names in JSON, with the labels of the screens: what a 差し戻し may be tied to.

use super::DocumentKind;

/// A field of a document or of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldName {
    /// Its name in JSON.
    pub name: &'static str,
    /// Its label on the screen.
    pub label: &'static str,
    /// Whether it stands in each row.
    pub of_row: bool,
}

const fn whole(name: &'static str, label: &'static str) -> FieldName {
    FieldName {
        name,
        label,
        of_row: false,
    }
}

const fn of_row(name: &'static str, label: &'static str) -> FieldName {
    FieldName {
        name,
        label,
        of_row: true,
    }
}

impl DocumentKind {
    /// What can be typed in it; nothing for 当会セミナー.
    pub fn fields(self) -> &'static [FieldName] {
        const RESUME: &[FieldName] = &[
            whole("school", "学歴 出身学校名"),
            whole("graduation_year", "学歴 卒業年月（年）"),
            whole("graduation_month", "学歴 卒業年月（月）"),
            whole("basic_society", "基本学会 学会名"),
            whole("qualification", "基本学会 資格種別"),
            whole("qualification_number", "基本学会 認定番号"),
            whole("withhold_home", "個人情報の公開を希望しません"),
        ];
        const PROFILE: &[FieldName] = &[whole("text", "プロフィール")];
        const RESEARCH_ACTIVITIES: &[FieldName] = &[
            whole("total_years", "総年数"),
            of_row("from_year", "期間（開始年）"),
            of_row("from_month", "期間（開始月）"),
            of_row("to_year", "期間（終了年）"),
            of_row("to_month", "期間（終了月）"),
            of_row("content", "内容"),
        ];
        const CONFERENCES: &[FieldName] = &[
            of_row("first_author", "筆頭"),
            of_row("place", "開催地"),
            of_row("held_on", "開催日"),
            of_row("units", "申請単位数"),
        ];
        const PAPERS: &[FieldName] = &[
            of_row("division", "区分"),
            of_row("kind", "種別"),
            of_row("date", "日付"),
            of_row("units", "申請単位"),
            of_row("content", "内容"),
        ];
        const CLINICAL_EXPERIENCE: &[FieldName] = &[
            whole("examined", "診察した実績がある臓器・領域"),
            whole("drug_therapy", "がん薬物療法の施行実績がある臓器・領域"),
            whole("consultation", "コンサルテーションした実績がある臓器・領域"),
            whole("special_procedures", "特殊な検査・治療の実績"),
            whole("special_procedures_detail", "特殊な検査・治療の内容"),
            whole("second_opinion", "セカンドオピニオンの実施"),
            whole("trials", "臨床試験名・登録症例数"),
        ];
        match self {
            Self::Resume => RESUME,
            Self::Profile => PROFILE,
            Self::ResearchActivities => RESEARCH_ACTIVITIES,
            Self::Conferences => CONFERENCES,
            Self::Seminars => &[],
            Self::Papers => PAPERS,
            Self::ClinicalExperience => CLINICAL_EXPERIENCE,
        }
    }

    /// The field of that name.
    pub fn field(self, name: &str) -> Option<FieldName> {
        self.fields()
            .iter()
            .find(|field| field.name == name)
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;
    use crate::documents::{
        ClinicalExperience, Conference, Paper, Profile, ResearchActivity, Resume,
    };

    fn names<T: Serialize + Default>() -> Vec<String> {
        let value = serde_json::to_value(T::default()).unwrap();
        let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    }

    fn known(kind: DocumentKind, of_row: bool) -> Vec<String> {
        let fields = kind.fields().iter();
        let mut names: Vec<String> = fields
            .filter(|field| field.of_row == of_row)
            .map(|field| field.name.to_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn every_field_of_every_document_has_its_label() {
        assert_eq!(known(DocumentKind::Resume, false), names::<Resume>());
        assert_eq!(known(DocumentKind::Profile, false), names::<Profile>());
        assert_eq!(
            known(DocumentKind::ClinicalExperience, false),
            names::<ClinicalExperience>()
        );
        assert_eq!(
            known(DocumentKind::ResearchActivities, true),
            names::<ResearchActivity>()
        );
        assert_eq!(
            known(DocumentKind::Conferences, true),
            names::<Conference>()
        );
        assert_eq!(known(DocumentKind::Papers, true), names::<Paper>());
        assert_eq!(
            known(DocumentKind::ResearchActivities, false),
            ["total_years"]
        );
    }
}
