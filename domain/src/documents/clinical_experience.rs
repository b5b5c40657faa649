//! 業績目録: clinical experience of the five years.

use serde::{Deserialize, Serialize};

use super::{FieldError, Texts, check_length, check_text, choose, required};
use crate::{program::Rules, text::parse_number};

/// 業績目録 as typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClinicalExperience {
    /// 1. 診察した実績がある臓器・領域
    pub examined: Vec<String>,
    /// 2. がん薬物療法の施行実績がある臓器・領域
    pub drug_therapy: Vec<String>,
    /// 3. コンサルテーションした実績がある臓器・領域
    pub consultation: Vec<String>,
    /// 4 a) 特殊な検査・治療の実績: あり (true), なし (false), not answered.
    pub special_procedures: Option<bool>,
    /// 4 a) その内容, when あり.
    pub special_procedures_detail: String,
    /// 4 b) セカンドオピニオンの実施: あり (true), なし (false), not answered.
    pub second_opinion: Option<bool>,
    /// 4 c) 臨床試験名と登録症例数, at most five; may be empty.
    pub trials: Vec<Trial>,
}

/// 臨床試験
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Trial {
    /// 臨床試験名, at most 80 characters.
    pub name: String,
    /// 登録症例数 (件)
    pub cases: String,
}

impl Trial {
    fn is_blank(&self) -> bool {
        crate::text::is_blank(&self.name) && crate::text::is_blank(&self.cases)
    }
}

impl Texts for ClinicalExperience {
    fn texts(&self) -> Vec<(String, &str)> {
        let mut texts = Vec::new();
        for (list, organs) in self.items() {
            for (place, organ) in organs.iter().enumerate() {
                texts.push((format!("/{list}/{place}"), organ.as_str()));
            }
        }
        texts.push((
            "/special_procedures_detail".to_owned(),
            self.special_procedures_detail.as_str(),
        ));
        for (place, trial) in self.trials.iter().enumerate() {
            texts.push((format!("/trials/{place}/name"), trial.name.as_str()));
            texts.push((format!("/trials/{place}/cases"), trial.cases.as_str()));
        }
        texts
    }

    fn most(pointer: &str, rules: &Rules) -> usize {
        match pointer {
            "/special_procedures_detail" => rules.limits.long_text,
            _ if pointer.starts_with("/trials/") && pointer.ends_with("/name") => {
                rules.clinical_experience.trial_name_limit
            }
            _ => rules.limits.short_text,
        }
    }
}

impl ClinicalExperience {
    fn items(&self) -> [(&'static str, &Vec<String>); 3] {
        [
            ("examined", &self.examined),
            ("drug_therapy", &self.drug_therapy),
            ("consultation", &self.consultation),
        ]
    }

    /// What is wrong with it, in the order of the screen.
    pub fn errors(&self, rules: &Rules) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let experience = &rules.clinical_experience;
        for (list, organs) in self.items() {
            for (place, organ) in organs.iter().enumerate() {
                if !experience.organs.contains(organ) || organs[..place].contains(organ) {
                    errors.push(FieldError::new(
                        format!("/{list}/{place}"),
                        choose("臓器・領域"),
                    ));
                }
            }
        }
        if experience.organ_required && self.examined.is_empty() && self.drug_therapy.is_empty() {
            errors.push(FieldError::new(
                "/examined",
                "診察した実績またはがん薬物療法の施行実績がある臓器・領域を1つ以上チェックしてください。",
            ));
        }
        if self.special_procedures.is_none() {
            errors.push(FieldError::new(
                "/special_procedures",
                choose("特殊な検査・治療の実績"),
            ));
        }
        if self.special_procedures == Some(true) {
            check_text(
                &mut errors,
                "/special_procedures_detail",
                "特殊な検査・治療の実績 の具体的な内容",
                &self.special_procedures_detail,
                Self::most("/special_procedures_detail", rules),
            );
        } else {
            check_length(
                &mut errors,
                "/special_procedures_detail",
                "特殊な検査・治療の実績 の具体的な内容",
                &self.special_procedures_detail,
                Self::most("/special_procedures_detail", rules),
            );
        }
        if self.second_opinion.is_none() {
            errors.push(FieldError::new(
                "/second_opinion",
                choose("セカンドオピニオンの実施"),
            ));
        }
        self.check_trials(&mut errors, rules);
        errors
    }

    fn check_trials(&self, errors: &mut Vec<FieldError>, rules: &Rules) {
        let limit = rules.clinical_experience.trial_limit;
        if self.trials.len() > limit {
            errors.push(FieldError::new(
                "/trials",
                format!("臨床試験は{limit}つまで入力できます。{limit}つ以内にしてください。"),
            ));
        }
        for (place, trial) in self
            .trials
            .iter()
            .enumerate()
            .filter(|(_, trial)| !trial.is_blank())
        {
            // Which of them, as the screen numbers them.
            let label = |name: &str| format!("{name}（{}）", place + 1);
            if crate::text::is_blank(&trial.name) {
                errors.push(FieldError::new(
                    format!("/trials/{place}/name"),
                    required(&label("臨床試験名")),
                ));
            } else {
                let pointer = format!("/trials/{place}/name");
                let limit = Self::most(&pointer, rules);
                check_length(errors, &pointer, &label("臨床試験名"), &trial.name, limit);
            }
            if let Err(error) = parse_number(&trial.cases, &["件", "例"]) {
                errors.push(FieldError::new(
                    format!("/trials/{place}/cases"),
                    error.message(&label("登録症例数")),
                ));
            }
        }
    }
}
