//! 会員構成: by what members are counted. None of it is asked of them; it is read from the record.

use jiff::civil::Date;

/// 年齢階級
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AgeBand {
    /// 39歳以下
    UpTo39,
    /// 40代
    Forties,
    /// 50代
    Fifties,
    /// 60代
    Sixties,
    /// 70歳以上
    From70,
    /// 生年月日 is not known, or lies after the day.
    Unknown,
}

impl AgeBand {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::UpTo39,
        Self::Forties,
        Self::Fifties,
        Self::Sixties,
        Self::From70,
        Self::Unknown,
    ];

    /// That of somebody on a day.
    pub fn of(birth: Option<Date>, on: Date) -> Self {
        let Some(birth) = birth.filter(|birth| *birth <= on) else {
            return Self::Unknown;
        };
        let before_birthday = (on.month(), on.day()) < (birth.month(), birth.day());
        match on.year() - birth.year() - i16::from(before_birthday) {
            ..=39 => Self::UpTo39,
            40..=49 => Self::Forties,
            50..=59 => Self::Fifties,
            60..=69 => Self::Sixties,
            _ => Self::From70,
        }
    }

    /// The word in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UpTo39 => "upto-39",
            Self::Forties => "40",
            Self::Fifties => "50",
            Self::Sixties => "60",
            Self::From70 => "from-70",
            Self::Unknown => "unknown",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|band| band.as_str() == word)
    }

    /// The first and the last day of birth of those who are in the band on a day; none: no end. [`Self::Unknown`] has no days.
    pub fn births(self, on: Date) -> Option<(Option<Date>, Option<Date>)> {
        // Who is n years old on a day was born after the same day n + 1 years before, and not after that of n years before. 29 February
        // counts as 1 March does in other years: the birthday has not been by 28 February.
        let years_before = |years: i16| on.checked_sub(jiff::Span::new().years(years)).ok();
        let after = |years: i16| years_before(years).and_then(|day| day.tomorrow().ok());
        match self {
            Self::UpTo39 => Some((after(40), Some(on))),
            Self::Forties => Some((after(50), years_before(40))),
            Self::Fifties => Some((after(60), years_before(50))),
            Self::Sixties => Some((after(70), years_before(60))),
            Self::From70 => Some((None, years_before(70))),
            Self::Unknown => None,
        }
    }

    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::UpTo39 => "39歳以下",
            Self::Forties => "40代",
            Self::Fifties => "50代",
            Self::Sixties => "60代",
            Self::From70 => "70歳以上",
            Self::Unknown => "不明",
        }
    }
}

/// 施設区分. A: the record has a name only, and the name decides; what it does not tell is [`Self::Other`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HospitalKind {
    /// 大学病院
    University,
    /// がん専門病院
    CancerCenter,
    /// 国公立・公的病院
    Public,
    /// 診療所
    Clinic,
    /// その他の病院・施設
    Other,
    /// 施設名 is not known.
    Unknown,
}

impl HospitalKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::University,
        Self::CancerCenter,
        Self::Public,
        Self::Clinic,
        Self::Other,
        Self::Unknown,
    ];

    /// By 施設名.
    pub fn of(workplace: &str) -> Self {
        const CANCER: [&str; 2] = ["がんセンター", "がん研"];
        const PUBLIC: [&str; 12] = [
            "国立",
            "都立",
            "道立",
            "府立",
            "県立",
            "市立",
            "町立",
            "市民",
            "県民",
            "赤十字",
            "済生会",
            "労災",
        ];
        const CLINIC: [&str; 4] = ["クリニック", "診療所", "医院", "外来"];
        let name: String = workplace.chars().filter(|c| !c.is_whitespace()).collect();
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if name.is_empty() {
            Self::Unknown
        } else if has(&CANCER) {
            Self::CancerCenter
        } else if name.contains("大学") {
            Self::University
        } else if has(&PUBLIC) {
            Self::Public
        } else if has(&CLINIC) {
            Self::Clinic
        } else {
            Self::Other
        }
    }

    /// The word in the database and in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::University => "university",
            Self::CancerCenter => "cancer_center",
            Self::Public => "public",
            Self::Clinic => "clinic",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::University => "大学病院",
            Self::CancerCenter => "がん専門病院",
            Self::Public => "国公立・公的病院",
            Self::Clinic => "診療所",
            Self::Other => "その他の病院・施設",
            Self::Unknown => "不明",
        }
    }
}

/// 都道府県, in the order of their codes (JIS X 0401).
pub const PREFECTURES: [&str; 47] = [
    "北海道",
    "青森県",
    "岩手県",
    "宮城県",
    "秋田県",
    "山形県",
    "福島県",
    "茨城県",
    "栃木県",
    "群馬県",
    "埼玉県",
    "千葉県",
    "東京都",
    "神奈川県",
    "新潟県",
    "富山県",
    "石川県",
    "福井県",
    "山梨県",
    "長野県",
    "岐阜県",
    "静岡県",
    "愛知県",
    "三重県",
    "滋賀県",
    "京都府",
    "大阪府",
    "兵庫県",
    "奈良県",
    "和歌山県",
    "鳥取県",
    "島根県",
    "岡山県",
    "広島県",
    "山口県",
    "徳島県",
    "香川県",
    "愛媛県",
    "高知県",
    "福岡県",
    "佐賀県",
    "長崎県",
    "熊本県",
    "大分県",
    "宮崎県",
    "鹿児島県",
    "沖縄県",
];

/// The 都道府県 that an address begins with.
pub fn prefecture(address: &str) -> Option<&'static str> {
    let address: String = address.chars().filter(|c| !c.is_whitespace()).collect();
    PREFECTURES
        .into_iter()
        .find(|prefecture| address.starts_with(prefecture))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_band_changes_on_the_birthday() {
        let birth = Some(date(1976, 11, 27));
        assert_eq!(AgeBand::of(birth, date(2026, 11, 26)), AgeBand::Forties);
        assert_eq!(AgeBand::of(birth, date(2026, 11, 27)), AgeBand::Fifties);
        assert_eq!(AgeBand::of(None, date(2026, 11, 27)), AgeBand::Unknown);
        assert_eq!(AgeBand::of(birth, date(1970, 1, 1)), AgeBand::Unknown);
    }

    #[test]
    fn the_births_of_a_band_are_those_who_are_in_it() {
        for on in [
            date(2026, 11, 27),
            date(2028, 2, 29),
            date(2027, 2, 28),
            date(2027, 3, 1),
        ] {
            for age in 35..75 {
                for born in [
                    date(on.year() - age, 2, 28),
                    date(on.year() - age, 3, 1),
                    date(on.year() - age, on.month(), 27),
                    date(on.year() - age, 11, 28),
                    date(1968, 2, 29),
                    date(1988, 2, 29),
                ] {
                    let band = AgeBand::of(Some(born), on);
                    let (first, last) = band.births(on).unwrap();
                    assert!(
                        first.is_none_or(|first| first <= born)
                            && last.is_none_or(|last| born <= last),
                        "{born} on {on}: {band:?} {first:?} {last:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_name_of_a_hospital_tells_its_kind() {
        for (name, kind) in [
            ("大学医学部附属病院", HospitalKind::University),
            ("JSMO がんセンター", HospitalKind::CancerCenter),
            ("市立医療センター", HospitalKind::Public),
            ("中央総合病院", HospitalKind::Other),
            ("はなこクリニック", HospitalKind::Clinic),
            (" 　", HospitalKind::Unknown),
        ] {
            assert_eq!(HospitalKind::of(name), kind, "{name}");
            assert_eq!(HospitalKind::parse(kind.as_str()), Some(kind));
        }
    }

    #[test]
    fn an_address_begins_with_its_prefecture_or_has_none() {
        assert_eq!(prefecture(" 京都府 京都市"), Some("京都府"));
        assert_eq!(prefecture("東京都港区浜松町2-1-15"), Some("東京都"));
        assert_eq!(prefecture("神戸市中央区"), None);
    }
}
