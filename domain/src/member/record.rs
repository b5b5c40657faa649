//! 会員基本情報: the record of the society's member system.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::calendar::{FiscalYear, show_date};

/// 会員番号: 1 to 20 ASCII letters, digits or hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String))]
pub struct MemberNumber(String);

/// A text that is no 会員番号.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("会員番号は半角英数字20文字以内で指定してください。")]
pub struct NotAMemberNumber;

impl MemberNumber {
    /// Reads a number; full-width digits are understood.
    ///
    /// # Errors
    /// Other characters, nothing, or more than 20 of them.
    pub fn parse(text: &str) -> Result<Self, NotAMemberNumber> {
        let number = crate::text::half_width(text);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if number.is_empty() || number.len() > 20 || !number.bytes().all(allowed) {
            return Err(NotAMemberNumber);
        }
        Ok(Self(number))
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for MemberNumber {
    type Error = NotAMemberNumber;
    fn try_from(text: String) -> Result<Self, NotAMemberNumber> {
        Self::parse(&text)
    }
}

impl From<MemberNumber> for String {
    fn from(number: MemberNumber) -> Self {
        number.0
    }
}

impl std::fmt::Display for MemberNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// 連絡先: where the member wants to be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Contact {
    /// 自宅
    Home,
    /// 所属
    #[default]
    Workplace,
}

/// 自宅
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Place {
    /// 郵便番号
    pub postal_code: String,
    /// 住所
    pub address: String,
    /// 電話
    pub phone: String,
    /// FAX
    pub fax: String,
}

/// 所属施設
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Workplace {
    /// 施設名
    pub name: String,
    /// 部署名
    pub department: String,
    /// 現住所, 電話, FAX
    pub place: Place,
}

/// 医籍, as far as it is known: one of both may be missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MedicalRegistration {
    /// 登録日
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Date))]
    pub date: Option<Date>,
    /// 登録番号; empty where only the day is known.
    pub number: String,
}

impl MedicalRegistration {
    /// Whether both are known. With only one of them a member does not count as registered.
    pub fn is_complete(&self) -> bool {
        self.date.is_some() && !self.number.is_empty()
    }
}

/// 認定情報
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Certification {
    /// 認定番号, leading zeros kept. Dates are never derived from it (reference 7, no. 4).
    pub number: String,
    /// 初回認定日
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub first_certified_on: Date,
    /// 直近認定日
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub last_certified_on: Date,
    /// 有効期限
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub valid_until: Date,
}

/// A member's record. Names are kept code point for code point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MemberRecord {
    /// 会員番号
    pub number: MemberNumber,
    /// 氏名
    pub name: String,
    /// フリガナ
    pub furigana: String,
    /// 性別
    pub gender: String,
    /// 生年月日
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Date))]
    pub birth_date: Option<Date>,
    /// 連絡先
    pub contact: Contact,
    /// 自宅
    pub home: Place,
    /// 所属施設
    pub workplace: Workplace,
    /// メールアドレス
    pub email: String,
    /// 医籍登録日 and 医籍登録番号; None where neither is known.
    pub medical_registration: Option<MedicalRegistration>,
    /// 専門分野
    pub speciality: String,
    /// JSMO入会日
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Date))]
    pub joined_on: Option<Date>,
    /// 会費納入年度: the last year paid.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<i16>))]
    pub dues_paid_year: Option<FiscalYear>,
    /// 認定情報 of a certified specialist.
    pub certification: Option<Certification>,
    /// 筆記試験合格年度
    #[cfg_attr(feature = "openapi", schema(value_type = Option<i16>))]
    pub exam_passed_year: Option<FiscalYear>,
}

/// A field of the record that differs between the saved 履歴書 and today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldDifference {
    /// Label of the field.
    pub label: String,
    /// As it was when 履歴書 was saved.
    pub saved: String,
    /// As the society knows it today.
    pub current: String,
}

impl MemberRecord {
    /// Whether 医籍登録日 and 医籍登録番号 are both known.
    pub fn is_registered(&self) -> bool {
        let registration = self.medical_registration.as_ref();
        registration.is_some_and(MedicalRegistration::is_complete)
    }

    /// 会員歴 in full years on a day; None without 入会日.
    pub fn membership_years(&self, on: Date) -> Option<i16> {
        let joined = self.joined_on?;
        let before_anniversary = (on.month(), on.day()) < (joined.month(), joined.day());
        Some((on.year() - joined.year() - i16::from(before_anniversary)).max(0))
    }

    /// The fields that 履歴書 shows and prints, which differ from today's record, in the order of the screen.
    pub fn differences(&self, today: &Self) -> Vec<FieldDifference> {
        self.shown_fields()
            .into_iter()
            .zip(today.shown_fields())
            .filter(|((_, saved), (_, current))| saved != current)
            .map(|((label, saved), (_, current))| FieldDifference {
                label: label.to_owned(),
                saved,
                current,
            })
            .collect()
    }

    /// Label and text of each field that 履歴書 shows.
    pub fn shown_fields(&self) -> Vec<(&'static str, String)> {
        let day = |day: Option<Date>| day.map(show_date).unwrap_or_default();
        let registration = self.medical_registration.as_ref();
        vec![
            ("フリガナ", self.furigana.clone()),
            ("氏名", self.name.clone()),
            ("性別", self.gender.clone()),
            ("生年月日", day(self.birth_date)),
            (
                "連絡先",
                match self.contact {
                    Contact::Home => "自宅",
                    Contact::Workplace => "所属",
                }
                .to_owned(),
            ),
            ("自宅 郵便番号", self.home.postal_code.clone()),
            ("自宅 住所", self.home.address.clone()),
            ("自宅 電話", self.home.phone.clone()),
            ("自宅 FAX", self.home.fax.clone()),
            ("施設名", self.workplace.name.clone()),
            ("部署名", self.workplace.department.clone()),
            (
                "所属施設 郵便番号",
                self.workplace.place.postal_code.clone(),
            ),
            ("所属施設 現住所", self.workplace.place.address.clone()),
            ("所属施設 電話", self.workplace.place.phone.clone()),
            ("所属施設 FAX", self.workplace.place.fax.clone()),
            ("メールアドレス", self.email.clone()),
            ("医籍 登録日", day(registration.and_then(|r| r.date))),
            (
                "医籍 登録番号",
                registration.map(|r| r.number.clone()).unwrap_or_default(),
            ),
            ("専門分野", self.speciality.clone()),
            ("JSMO入会日", day(self.joined_on)),
            (
                "専門医認定番号",
                self.certification
                    .as_ref()
                    .map(|c| c.number.clone())
                    .unwrap_or_default(),
            ),
        ]
    }
}

#[cfg(test)]
pub(crate) mod examples {
    use super::*;

    /// The manual's 臨床 瘍子, with a 会員番号 of our own.
    pub(crate) fn yoko() -> MemberRecord {
        MemberRecord {
            number: MemberNumber::parse("9000001").unwrap(),
            name: "臨床 瘍子".to_owned(),
            furigana: "リンショウ ハナコ".to_owned(),
            gender: "女".to_owned(),
            birth_date: Some(jiff::civil::date(1974, 5, 3)),
            contact: Contact::Workplace,
            home: Place::default(),
            workplace: Workplace {
                name: "JSMO がんセンター".to_owned(),
                department: "臨床腫瘍科".to_owned(),
                place: Place {
                    postal_code: "105-0013".to_owned(),
                    address: "東京都港区浜松町 2-1-15".to_owned(),
                    phone: "03-6809-1250".to_owned(),
                    fax: "03-6809-1138".to_owned(),
                },
            },
            email: "yoko@example.jp".to_owned(),
            medical_registration: Some(MedicalRegistration {
                date: Some(jiff::civil::date(1999, 5, 10)),
                number: "999999".to_owned(),
            }),
            speciality: "腫瘍内科".to_owned(),
            joined_on: Some(jiff::civil::date(2008, 1, 1)),
            dues_paid_year: Some(FiscalYear(2026)),
            certification: Some(Certification {
                number: "0500026".to_owned(),
                first_certified_on: jiff::civil::date(2007, 4, 1),
                last_certified_on: jiff::civil::date(2022, 4, 1),
                valid_until: jiff::civil::date(2027, 3, 31),
            }),
            exam_passed_year: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{examples::yoko, *};

    #[test]
    fn a_change_of_the_workplace_is_reported_with_both_values() {
        let saved = yoko();
        let mut today = saved.clone();
        today.workplace.name = "中央総合病院".to_owned();
        assert_eq!(
            saved.differences(&today),
            [FieldDifference {
                label: "施設名".to_owned(),
                saved: "JSMO がんセンター".to_owned(),
                current: "中央総合病院".to_owned(),
            }]
        );
        assert!(saved.differences(&saved).is_empty());
    }

    #[test]
    fn membership_years_are_full_years() {
        let record = yoko();
        assert_eq!(
            record.membership_years(jiff::civil::date(2016, 12, 31)),
            Some(8)
        );
        assert_eq!(
            record.membership_years(jiff::civil::date(2016, 1, 1)),
            Some(8)
        );
        assert_eq!(
            record.membership_years(jiff::civil::date(2015, 12, 31)),
            Some(7)
        );
    }

    #[test]
    fn a_member_number_is_read_in_full_width_and_refuses_other_characters() {
        assert_eq!(
            MemberNumber::parse("１０００００１").unwrap().as_str(),
            "1000001"
        );
        for bad in ["", "100 0001", "a.b", "../x", &"1".repeat(21)] {
            assert!(MemberNumber::parse(bad).is_err(), "{bad}");
        }
    }
}
