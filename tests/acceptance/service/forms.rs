//! What members type into the documents, in the forms in which people type it.

use serde_json::{Value, json};

/// The documents that are lists of rows.
pub const ROW_DOCUMENTS: [&str; 3] = ["research-activities", "conferences", "papers"];

/// 履歴書, with 和暦 and full-width digits.
pub fn resume() -> Value {
    json!({
        "school": "臨床医科大学",
        "graduation_year": "平成１０",
        "graduation_month": "３月",
        "basic_society": "日本内科学会",
        "qualification": "専門医",
        "qualification_number": "第１２３４５号",
        "withhold_home": true,
    })
}

/// プロフィール, with characters outside the basic plane and one with a variation selector.
pub fn profile() -> Value {
    json!({ "text": "葛\u{E0100}城病院で𠮷野・髙﨑両先生の指導を受け、\nがん薬物療法の安全な実施を心がけてきました。" })
}

/// 研究活動歴
pub fn research_activity() -> Value {
    json!({
        "from_year": "2021",
        "from_month": "7",
        "to_year": "令和8",
        "to_month": "６",
        "content": "JSMOがんセンターにて診療に従事",
    })
}

/// 学会参加: the meeting of 2026 in 横浜.
pub fn conference() -> Value {
    json!({ "first_author": "", "place": "横浜", "held_on": "令和8年3月26日", "units": "５単位" })
}

/// 論文 of ten units.
pub fn paper(content: &str) -> Value {
    json!({
        "division": "筆頭",
        "kind": "原著（英文）",
        "date": "２０２４／０５／０１",
        "units": "１０",
        "content": content,
    })
}

/// 業績目録
pub fn clinical_experience() -> Value {
    json!({
        "examined": ["呼吸器", "消化管"],
        "drug_therapy": ["呼吸器"],
        "consultation": [],
        "special_procedures": true,
        "special_procedures_detail": "気管支鏡下生検",
        "second_opinion": false,
        "trials": [{ "name": "JCOG0000", "cases": "５件" }],
    })
}
