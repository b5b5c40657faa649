"""The four ways to apply, from sign-in to the end, each by mouse without a script, by keyboard alone, and on a phone."""

import pytest

from hands import Finger, Keyboard, Mouse
from service import FIRST_TO_THIRD, FOURTH
from screens import SAVE
from window import until

HANDS = {
    "with JavaScript off": (Mouse, {"script": False}),
    "by keyboard alone": (Keyboard, {}),
    "on a phone": (Finger, {"phone": True}),
}
BOTH = "書類審査・筆記試験同時のお申込み"
DOCUMENTS = "書類審査のみのお申込み"
EXAM = "筆記試験のみのお申込み"
RESUME_ERRORS = [
    "学歴 出身学校名 は必須入力です。",
    "学歴 卒業年月 は必須入力です。",
    "基本学会認定医 学会名 の値を選択してください。",
    "基本学会 資格種別 の値を選択してください。",
    "基本学会 認定番号 は必須入力です。",
]
SAVED = "保存しました"
ADDED = "明細を登録しました"
PROFILE = "葛\U000e0100城病院で𠮷野・髙﨑両先生の指導を受け、\nがん薬物療法の安全な実施を心がけてきました。"


class Walk:
    """What somebody does, said once for every hand."""

    def __init__(self, hand, number, program):
        self.hand, self.page, self.number, self.program = hand, hand.page, number, program

    def button(self, name, within="main"):
        return self.page.locator(within).get_by_role("button", name=name)

    def link(self, name, within="main"):
        return self.page.locator(within).get_by_role("link", name=name)

    def field(self, id_):
        return self.page.locator(f"[id='{id_}']")

    def sign_in(self):
        self.hand.open("/")
        self.hand.tick(self.field(f"member-{self.number}"))
        self.hand.follow(self.button("会員としてサインイン"))
        assert self.number in self.page.locator("header.site").inner_text()

    def apply(self, scope):
        self.hand.follow(self.page.locator(f"main a[href='/apply/{self.program}']"))
        self.hand.follow(self.link(scope))
        assert scope in self.page.locator("main").inner_text()
        self.hand.follow(self.button("この内容で申し込む"))
        self.is_said("お申込みを受け付けました")

    def is_said(self, sentence):
        said = self.page.locator(".notice.success").inner_text()
        assert sentence in said

    def states(self):
        """The lines of 状態 of 申請TOP."""
        return self.page.locator(".facts.application .status-line").all_inner_texts()

    def has_states(self, *expected):
        """What arrived from elsewhere, such as 受験料, is found a moment later: who comes back sees it."""
        def are_shown():
            seen = self.states() == list(expected)
            if not seen:
                self.page.reload()
            return seen

        until(self.page, are_shown)

    def to_top(self):
        self.hand.follow(self.page.locator(f"nav.breadcrumb a[href='/applications/{self.program}.{self.number}']"))

    def to_documents(self):
        self.hand.follow(self.link("編集"))
        assert self.page.locator("h1").inner_text() == "申請書類一覧"

    def edit_first(self, slug):
        """書類編集 in 申請書類一覧."""
        self.hand.follow(self.page.locator(f"main table a.button[href$='/documents/{slug}']"))

    def edit_next(self, slug):
        """The document's tab."""
        self.hand.follow(self.page.locator(f"nav.tabs a[href$='/documents/{slug}']"))

    def press_save(self):
        self.hand.follow(self.page.locator("form#form").get_by_role("button", name=SAVE))

    def save(self, sentence=SAVED):
        self.press_save()
        self.is_said(sentence)

    def write(self, **fields):
        for id_, text in fields.items():
            self.hand.write(self.field(id_), text)

    def errors(self):
        return self.page.locator("#error-summary li").all_inner_texts()

    def resume(self):
        # Saved as it is, empty: the manual's sentences, at the top and at the fields; nothing is lost by them.
        self.press_save()
        assert self.errors() == RESUME_ERRORS
        assert self.page.title().startswith("エラー：")
        assert self.page.locator("#school-error").inner_text() == "＊" + RESUME_ERRORS[0]
        self.write(school="臨床医科大学", graduation_year="平成１０", graduation_month="３")
        self.hand.choose(self.field("basic_society"), "日本内科学会")
        self.hand.choose(self.field("qualification"), "専門医")
        self.write(qualification_number="第１２３４５号")
        self.hand.tick(self.field("withhold_home"))
        self.save()
        assert self.errors() == []
        assert "1998年3月" in self.page.locator("#graduation-echo").inner_text()

    def profile(self):
        self.write(text=PROFILE)
        self.save()

    def research_activities(self):
        self.hand.follow(self.link("新規作成"))
        self.write(from_year="2021", from_month="7", to_year="令和8", to_month="６", content="JSMOがんセンターにて診療に従事")
        self.save(ADDED)
        self.write(total_years="２５年")
        self.hand.follow(self.button("登録"))
        self.is_said(SAVED)

    def conference(self):
        """One of the society's meetings, chosen from the list."""
        self.hand.press(self.page.locator("summary", has_text="学術集会から選んで"))
        self.hand.follow(self.page.locator("main details a[href*='meeting=23']"))
        assert self.field("place").input_value() == "横浜"
        self.save(ADDED)

    def paper(self):
        self.hand.follow(self.link("新規作成"))
        self.hand.choose(self.field("division"), "筆頭")
        self.hand.choose(self.field("kind"), "原著（英文）")
        self.write(date_year="２０２４", date_month="５", date_day="１", units="１０", content="がん薬物療法の安全性")
        self.save(ADDED)

    def clinical_experience(self):
        self.hand.tick(self.field("examined-5"))
        self.hand.tick(self.field("examined-10"))
        self.hand.tick(self.field("drug_therapy-5"))
        self.hand.tick(self.page.locator("input[name=special_procedures][value=yes]"))
        self.write(special_procedures_detail="気管支鏡下生検")
        self.hand.tick(self.page.locator("input[name=second_opinion][value=no]"))
        self.write(trial_1_name="JCOG0000", trial_1_cases="５")
        self.save()

    def required_documents(self):
        self.edit_first("resume")
        self.resume()
        self.edit_next("profile")
        self.profile()
        self.edit_next("research-activities")
        self.research_activities()
        self.edit_next("clinical-experience")
        self.clinical_experience()

    def complete(self):
        """From 申請TOP."""
        self.hand.follow(self.link("申請を完了する"))
        assert "申請を完了してよろしいですか" in self.page.locator("main").inner_text()
        self.hand.tick(self.field("agreed"))
        self.hand.follow(self.button("申請を完了する"))
        self.is_said("申請を完了しました")


@pytest.fixture(scope="session")
def server_of(new_service):
    """A server for each hand: its walks are those of different members."""
    servers = {}

    def find(way):
        if way not in servers:
            servers[way] = new_service().start()
        return servers[way]

    return find


@pytest.fixture
def walk(server_of, window):
    """Starts a walk; afterwards the focus must have been seen all the way."""
    hands = []

    def start(way, number, program):
        kind, settings = HANDS[way]
        opened = window(at=server_of(way), **settings)
        hands.append(kind(opened.page))
        return Walk(hands[-1], number, program)

    yield start
    faults = [fault for hand in hands if isinstance(hand, Keyboard) for fault in hand.faults]
    assert not faults, "\n".join(dict.fromkeys(faults))


in_every_way = pytest.mark.parametrize("way", HANDS)


@in_every_way
def test_documents_and_exam_together(walk, way):
    yoko = walk(way, "9000001", FOURTH)
    yoko.sign_in()
    yoko.apply(BOTH)
    yoko.has_states("申請: 申込済", "筆記試験: 申込済 受験料をご納入ください")
    yoko.to_documents()
    yoko.required_documents()
    yoko.edit_next("conferences")
    yoko.conference()
    yoko.to_top()
    yoko.complete()
    yoko.has_states("申請: 書類確認中", "筆記試験: 申込済 受験料をご納入ください")


@in_every_way
def test_documents_only_by_somebody_who_passed_the_exam_the_year_before(walk, way):
    ichiro = walk(way, "9000002", FIRST_TO_THIRD)
    ichiro.sign_in()
    ichiro.apply(DOCUMENTS)
    ichiro.has_states("申請: 申込済", "筆記試験: 免除（前年度合格）")
    ichiro.to_documents()
    ichiro.required_documents()
    ichiro.edit_next("papers")
    ichiro.paper()
    ichiro.to_top()
    ichiro.complete()
    ichiro.has_states("申請: 書類確認中", "筆記試験: 免除（前年度合格）")


@in_every_way
def test_the_exam_only_in_the_year_before(walk, way):
    misaki = walk(way, "9000003", FIRST_TO_THIRD)
    misaki.sign_in()
    misaki.apply(EXAM)
    # 受験料 had arrived before.
    misaki.has_states("筆記試験: 申込済 入金確認済み")


@in_every_way
def test_documents_first_and_the_exam_added_later(walk, way):
    ken = walk(way, "9000004", FIRST_TO_THIRD)
    ken.sign_in()
    ken.apply(DOCUMENTS)
    ken.has_states("申請: 申込済")
    ken.to_documents()
    ken.required_documents()
    ken.to_top()
    ken.hand.follow(ken.link("筆記試験", within=".facts.application"))
    ken.hand.follow(ken.button("筆記試験を申し込む"))
    ken.is_said("筆記試験のお申込みを受け付けました")
    ken.has_states("申請: 申込済", "筆記試験: 申込済 入金確認済み")
    ken.complete()
    ken.has_states("申請: 書類確認中", "筆記試験: 申込済 入金確認済み")
