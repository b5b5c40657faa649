"""What members type, as the JSON API takes it: right, and with the mistakes that a page is to point out."""

RESUME = {
    "school": "臨床医科大学",
    "graduation_year": "平成１０",
    "graduation_month": "３月",
    "basic_society": "日本内科学会",
    "qualification": "専門医",
    "qualification_number": "第１２３４５号",
    "withhold_home": True,
}
PROFILE = {"text": "葛\U000e0100城病院で𠮷野・髙﨑両先生の指導を受け、\nがん薬物療法の安全な実施を心がけてきました。"}
EARLIER_PROFILE = {"text": "葛\U000e0100城病院で𠮷野先生の指導を受けました。"}
ACTIVITY = {
    "from_year": "2021",
    "from_month": "7",
    "to_year": "令和8",
    "to_month": "６",
    "content": "JSMOがんセンターにて診療に従事",
}
CONFERENCE = {"first_author": "", "place": "横浜", "held_on": "令和8年3月26日", "units": "５単位"}
# On this day no 学術集会 was held: it counts 0, and the row says why.
OTHER_CONFERENCE = {"first_author": "筆頭", "place": "大阪", "held_on": "2024/05/01", "units": "5"}
PAPER = {
    "division": "筆頭",
    "kind": "原著（英文）",
    "date": "２０２４／０５／０１",
    "units": "１０",
    "content": "がん薬物療法の安全性に関する多施設共同前向き観察研究：切除不能進行・再発消化器がんを対象として",
}
EXPERIENCE = {
    "examined": ["呼吸器", "消化管"],
    "drug_therapy": ["呼吸器"],
    "consultation": [],
    "special_procedures": True,
    "special_procedures_detail": "気管支鏡下生検",
    "second_opinion": False,
    "trials": [{"name": "JCOG0000", "cases": "５件"}],
}

WRONG_RESUME = {"graduation_year": "平成", "graduation_month": "13"}
WRONG_PROFILE = {"text": "字" * 1041}
WRONG_ACTIVITY = {"from_year": "2021", "from_month": "13", "to_year": "", "to_month": "", "content": ""}
WRONG_CONFERENCE = {"first_author": "", "place": "", "held_on": "2026/02/30", "units": "五つ"}
WRONG_PAPER = {"division": "", "kind": "原著（英文）", "date": "", "units": "100", "content": ""}
WRONG_EXPERIENCE = {"special_procedures": True, "trials": [{"name": "", "cases": "十"}]}


def fill_in_required(applicant):
    """The four documents that must be registered, without a mistake."""
    applicant.save("resume", RESUME)
    applicant.save("profile", PROFILE)
    applicant.save("clinical-experience", EXPERIENCE)
    applicant.add("research-activities", ACTIVITY)
    applicant.total_years("２５年")
