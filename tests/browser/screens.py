"""The list of all screens with their states: what the gallery looks at."""

import forms
from gallery import Screen
from service import FIRST_TO_THIRD
from window import until

TITLES = {
    "resume": "履歴書",
    "profile": "プロフィール",
    "research-activities": "研究活動歴",
    "conferences": "研究業績 学会参加",
    "seminars": "研究業績 当会セミナー",
    "papers": "研究業績 論文",
    "clinical-experience": "業績目録",
}
LISTS = ("research-activities", "conferences", "papers")
SAVE = "入力内容保存"


def answer_to(page, control):
    """The page that a press leads to, as its answer."""
    with page.expect_response(lambda response: response.request.is_navigation_request() and response.status != 303) as found:
        control.click()
    page.wait_for_load_state("load")
    return found.value


def save(page):
    return answer_to(page, page.locator("form#form").get_by_role("button", name=SAVE))


# Sends a form that stands on no page.
SEND = """([address, fields]) => {
  const form = Object.assign(document.createElement("form"), { method: "post", action: address });
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement("textarea"), { name, value }));
  }
  form.append(Object.assign(document.createElement("button"), { id: "send" }));
  document.body.append(form);
}"""


def posted(address, fields=""):
    """A form that some page of an earlier version may have had: it is sent from the start page of the service."""

    def steps(page, person):
        page.goto("/sessions")
        token = page.locator("input[name=csrf]").first.get_attribute("value")
        page.goto("/nothing-here")
        page.evaluate(
            SEND,
            [address.format(application=person.page() if getattr(person, "id", None) else ""), (fields or {}) | {"csrf": token}],
        )
        return answer_to(page, page.locator("#send"))

    return steps


def searched(page, person):
    """A name is searched for, of which the address tells nothing."""
    page.goto("/desk/applications")
    page.locator("#q").fill("りんしょう")
    answer = answer_to(page, page.get_by_role("button", name="検索する"))
    assert "search=" in page.url
    return answer


def accepted_too_early(page, person):
    """書類受理 while a document is 要修正: the page may be older than the last mark."""
    page.goto(person.page())
    token = page.locator("input[name=csrf]").first.get_attribute("value")
    fields = {"key": "6ba7b810-9dad-41d1-80b4-00c04fd430c8", "csrf": token, "act": "accept", "seen": "0", "reason": "確認済み"}
    page.evaluate(SEND, [person.page("/check"), fields])
    return answer_to(page, page.locator("#send"))


def previewed(page, person):
    page.goto(person.page("/return"))
    page.locator("#profile-whole").fill("具体的な内容を追記してください。")
    page.locator("#reason").fill("書類の不備")
    return answer_to(page, page.get_by_role("button", name="内容を確認する"))


def nothing_to_correct(page, person):
    page.goto(person.page("/return"))
    page.locator("#reason").fill("書類の不備")
    return answer_to(page, page.get_by_role("button", name="内容を確認する"))


def first_mail(page, person):
    page.goto(f"/desk/mails?application={person.id}&kind=returned_for_correction&state=sent")
    # It is written and sent by the service in its own time.
    def is_listed():
        seen = page.locator("table.list th a").count() > 0
        if not seen:
            page.reload()
        return seen

    until(page, is_listed)
    return answer_to(page, page.locator("table.list th a").first)


def resent_without_reason(page, person):
    first_mail(page, person)
    page.get_by_text("もう一度送信する").first.click()
    page.locator("#reason").evaluate("field => { field.required = false; }")
    return answer_to(page, page.get_by_role("button", name="もう一度送信する"))


def unknown_placeholder(page, person):
    page.goto("/desk/mail-templates/returned_for_correction")
    page.locator("#body").fill("{{ 住所 }} 様")
    return answer_to(page, page.get_by_role("button", name="保存する"))


def nothing_chosen(page, person):
    page.goto("/desk/applications")
    page.locator("#act").select_option("extend")
    return answer_to(page, page.get_by_role("button", name="内容を確認する"))


def chosen(page, kind, text):
    """A file of an import is uploaded to be looked at."""
    page.goto("/desk/imports")
    page.locator(f"#file-{kind}").set_input_files({"name": f"{kind}.csv", "mimeType": "text/csv", "buffer": text.encode()})
    return answer_to(page, page.locator(f"form[action$='/{kind}'] button"))


def payment(amount):
    return f"取引番号,会員番号,費目,金額,入金日,振込名義カナ\nG{amount},9000001,受験料,{amount},2026/07/18,リンシヨウ\n"


def import_previewed(page, person):
    return chosen(page, "payments", payment(500) + "G501,9999,受験料,いくら,2026/07/18,\n")


def import_without_columns(page, person):
    return chosen(page, "members", "番号,名前\n1,2\n")


def imported(page, person):
    chosen(page, "payments", payment(700))
    return answer_to(page, page.get_by_role("button", name="取り込む"))


def to_unmatched(page, person):
    """The match of a payment whose amount nothing asks for."""
    imported(page, person)
    page.goto("/desk/payments")
    return answer_to(page, page.locator("table.list th a").first)


def matched_with_nothing(page, person):
    to_unmatched(page, person)
    return answer_to(page, page.get_by_role("button", name="この申請の入金として確認する"))


def attended_nothing(page, person):
    page.goto("/desk/members/9000001")
    return answer_to(page, page.get_by_role("button", name="出席を登録する"))


def to_row(slug):
    """The form of the first row of a list."""
    return lambda page, person: page.goto(person.page(f"/documents/{slug}?row={person.rows(slug)[0]['id']}"))


def to_version(page, person):
    """The earlier version of プロフィール."""
    earliest = person.history("document=profile")[-1]["sequence"]
    return page.goto(person.page(f"/history/{earliest}?document=profile"))


def overtaken(slug, field, typed, save_elsewhere):
    """Somebody types into a form while the document is saved in another window, and saves."""

    def steps(page, person):
        address = person.page(f"/documents/{slug}")
        if slug in LISTS:
            address += f"?row={person.rows(slug)[0]['id']}"
        page.goto(address)
        page.locator(f"#{field}").fill(typed)
        save_elsewhere(person)
        return save(page)

    return steps


def revised(slug, row):
    return lambda person: person.revise(slug, person.rows(slug)[0]["id"], row)


def applied_meanwhile(page, person):
    """Applies in two windows."""
    member = person.person.service.member()
    page.context.clear_cookies()
    page.context.add_cookies(member.cookies())
    page.goto("/apply/specialist-renewal-4th-2026/confirmation?scope=documents_and_exam")
    member.apply()
    return answer_to(page, page.get_by_role("button", name="この内容で申し込む"))


def not_agreed(page, person):
    page.goto(person.page("/completion"))
    return answer_to(page, page.get_by_role("button", name="申請を完了する"))


def unknown_member(page, person):
    page.goto("/")
    page.locator("input[name=member]").first.evaluate("radio => { radio.value = '1234567'; radio.checked = true; }")
    return answer_to(page, page.get_by_role("button", name="会員としてサインイン"))


def signed_out_meanwhile(page, person):
    member = person.person.service.member().apply()
    page.context.clear_cookies()
    page.context.add_cookies(member.cookies())
    page.goto(member.page("/documents/profile"))
    page.locator("#text").fill("サインアウトの後に保存する文")
    page.context.clear_cookies()
    return save(page)


HOME = "認定情報・お申込み"
MENU = "専門医資格[更新]認定申請 (更新4回目以降)"
TOP = "申請"

SCREENS = [
    Screen("start", "signed-out", None, "サインイン", "/"),
    Screen("start", "error", None, "サインイン", steps=unknown_member, status=422, wrong=True),
    Screen("home", "empty", "unapplied", HOME, "/"),
    Screen("home", "refused", "unregistered", HOME, "/"),
    Screen("home", "filled", "filled", HOME, "/"),
    Screen("home", "submitted", "submitted", HOME, "/"),
    Screen("home", "closed", "too_late", HOME, "/"),
    Screen("staff", "secretariat", "secretariat", "事務局", "/"),
    Screen("staff", "reporter", "reporter", "集計担当", "/"),
    # The secretariat's.
    Screen("desk-list", "all", "at_desk", "申請一覧", "/desk/applications"),
    Screen("desk-list", "nothing", "at_desk", "申請一覧", "/desk/applications?documents=review_failed&missing=units_short"),
    Screen("desk-list", "searched", "at_desk", "申請一覧", steps=searched),
    Screen("desk-review", "checking", "at_desk", "確認画面", "{desk}"),
    Screen("desk-review", "refused", "at_desk", "確認画面", steps=accepted_too_early, status=409, wrong=True),
    Screen("desk-review", "returned", "at_desk_returned", "確認画面", "{desk}?notice=returned"),
    Screen("desk-return", "form", "at_desk", "差し戻し", "{desk}/return"),
    Screen("desk-return", "preview", "at_desk", "差し戻し", steps=previewed),
    Screen("desk-return", "refused", "at_desk", "差し戻し", steps=nothing_to_correct, status=422, wrong=True),
    Screen("desk-history", "of-one", "at_desk_returned", "変更履歴", "{desk}/history"),
    Screen("desk-history", "of-all", "at_desk", "変更履歴（全体）", "/desk/history?document=profile"),
    Screen("desk-moment", "compared", "at_desk_returned", "ある時点の申請", "{desk}/moment?submission=1"),
    Screen("desk-mails", "all", "at_desk_returned", "メールの送信箱", "/desk/mails"),
    Screen("desk-mails", "one", "at_desk_returned", "メール", steps=first_mail),
    Screen("desk-mails", "refused", "at_desk_returned", "メール", steps=resent_without_reason, status=422, wrong=True),
    Screen("desk-templates", "all", "at_desk", "メールの文面", "/desk/mail-templates"),
    Screen("desk-templates", "one", "at_desk", "修正のお願い（差し戻し）", "/desk/mail-templates/returned_for_correction"),
    Screen("desk-templates", "refused", "at_desk", "修正のお願い（差し戻し）", steps=unknown_placeholder, status=422, wrong=True),
    Screen("desk-verification", "asked", "at_desk", "記録の検証", "/desk/verification"),
    Screen("desk-verification", "sound", "at_desk", "記録の検証", "/desk/verification?run=yes"),
    Screen("desk-accounts", "all", "at_desk", "サインインの記録", "/desk/accounts"),
    Screen("desk-imports", "list", "at_desk", "取込", "/desk/imports"),
    Screen("desk-imports", "previewed", "at_desk", "取込の確認", steps=import_previewed),
    Screen("desk-imports", "refused", "at_desk", "取込", steps=import_without_columns, status=422, wrong=True),
    Screen("desk-imports", "run", "at_desk", "入金データの取込", steps=imported),
    Screen("desk-imports", "held", "at_desk", "取込の確認待ち", "/desk/imports/held"),
    Screen("desk-unmailable", "all", "at_desk", "メールを送信できない会員", "/desk/unmailable-members"),
    Screen("desk-payments", "list", "at_desk", "入金の照合", "/desk/payments"),
    Screen("desk-payments", "match", "at_desk", "入金の手動照合", steps=to_unmatched),
    Screen("desk-payments", "refused", "at_desk", "入金の手動照合", steps=matched_with_nothing, status=422, wrong=True),
    Screen("desk-attendance", "one", "at_desk", "セミナーの出欠", "/desk/members/9000001"),
    Screen("desk-attendance", "refused", "at_desk", "セミナーの出欠", steps=attended_nothing, status=422, wrong=True),
    Screen("desk-bulk", "previewed", "bulk", "一括処理", "/desk/bulk/{run}"),
    Screen("desk-bulk", "list", "bulk", "一括処理の一覧", "/desk/bulk"),
    Screen("desk-bulk", "waiting", "approvals", "失効", "/desk/bulk/{run}?notice=waiting"),
    Screen("desk-approvals", "waiting", "approvals", "承認待ち", "/desk/approvals"),
    Screen("desk-bulk", "nothing-chosen", "at_desk", "一括処理", steps=nothing_chosen, status=422, wrong=True),
    # Reporting.
    Screen("reports", "menu", "reporting", "集計", "/reports"),
    *(
        Screen("report", name, "reporting", title, f"/reports/{name}")
        for name, title in [
            ("progress", "進捗"),
            ("incomplete", "未完了者"),
            ("units", "単位分布"),
            ("review", "審査処理"),
            ("money", "収支"),
            ("members", "会員構成"),
            ("forecast", "更新見込み"),
        ]
    ),
    Screen("report", "of-a-program-then", "reporting", "進捗", "/reports/progress?program={program}&as_of=20"),
    Screen("report", "refused", "reporting", "アドレスか検索条件の形式が正しくありません", "/reports/progress?as_of=yesterday", status=400, wrong=True),
    *(
        Screen("report-list", name, "reporting", title, f"/report-lists/{name}")
        for name, title in [
            ("applications", "申請の一覧"),
            ("committee", "委員会資料"),
            ("non-applicants", "未申請者一覧"),
            ("unmatched", "未照合の入金の一覧"),
        ]
    ),
    Screen("report-exports", "all", "reporting", "作成したファイル", "/report-exports"),
    Screen("report-exports", "one", "reporting", "ファイルの作成", "/report-exports/{run}"),
    *(
        Screen("as-member", state, "at_desk", place, f"/desk/as-member{rest}")
        for state, place, rest in [
            ("top", TOP, "{own}"),
            ("documents", "申請書類一覧", "{own}/documents"),
            ("profile", "プロフィール", "{own}/documents/profile"),
            ("papers", TITLES["papers"], "{own}/documents/papers"),
        ]
    ),
    # 修正のお願い, as the member meets it.
    Screen("corrections", "open", "returned", "修正のお願い", "{application}/corrections"),
    Screen("top", "returned", "returned", TOP, "{application}"),
    Screen("profile", "returned", "returned", "プロフィール", "{application}/documents/profile"),
    Screen("conferences", "returned", "returned", TITLES["conferences"], "{application}/documents/conferences"),
    Screen("apply", "empty", "unapplied", MENU, "/apply/{program}"),
    Screen(
        "apply", "refused", "unregistered", "専門医資格[更新]認定申請", "/apply/{program}", program=FIRST_TO_THIRD
    ),
    Screen("apply", "closed", "too_late", MENU, "/apply/{program}"),
    *(
        Screen(
            f"apply-{scope.replace('_', '-')}", "confirmation", who, "お申込み内容の確認",
            f"/apply/{{program}}/confirmation?scope={scope}", program=program,
        )
        for scope, who, program in [
            ("documents_and_exam", "unapplied", "specialist-renewal-4th-2026"),
            ("documents_only", "unapplied", "specialist-renewal-4th-2026"),
            ("exam_only", "year_before", FIRST_TO_THIRD),
        ]
    ),
    Screen("top", "applied", "fresh", TOP, "{application}?notice=applied"),
    Screen("top", "applied-twice", "fresh", TOP, steps=applied_meanwhile),
    Screen("top", "empty", "fresh", TOP, "{application}"),
    Screen("top", "error", "mistaken", TOP, "{application}"),
    Screen("top", "filled", "filled", TOP, "{application}"),
    Screen("top", "submitted", "submitted", TOP, "{application}?notice=completed"),
    Screen("top", "documents-only", "documents_only", TOP, "{application}"),
    Screen("top", "exam-only", "exam_only", TOP, "{application}"),
    Screen("top", "withdrawn", "withdrawn", TOP, "{application}?notice=withdrawn"),
    Screen("top", "closed", "late", TOP, "{application}"),
    Screen("exam", "confirmation", "documents_only", "筆記試験を申し込む", "{application}/exam"),
    Screen("withdrawal", "confirmation", "fresh", "お申込みの取下げ", "{application}/withdrawal"),
    Screen("completion", "empty", "fresh", "申請完了要件", "{application}/completion"),
    Screen("completion", "filled", "filled", "申請の完了の確認", "{application}/completion"),
    Screen("completion", "error", "filled", "申請の完了の確認", steps=not_agreed, status=422, wrong=True),
    *(
        Screen("requirements", state, who, "申請完了要件", "{application}/requirements")
        for state, who in [
            ("empty", "fresh"), ("error", "mistaken"), ("filled", "filled"), ("submitted", "submitted"),
            ("closed", "late"),
        ]
    ),
    Screen(
        "requirements", "exam-only", "exam_only", "書類審査のお申込みがありません", "{application}/requirements", status=409, wrong=True
    ),
    *(
        Screen("documents", state, who, "申請書類一覧", "{application}/documents")
        for state, who in [("empty", "fresh"), ("error", "mistaken"), ("filled", "filled"), ("submitted", "submitted")]
    ),
    # The printed application, as it is read on a screen.
    *(
        Screen("print", state, who, title, "{application}/print")
        for state, who, title in [
            ("empty", "fresh", "申請書（仮）"), ("error", "mistaken", "申請書（仮）"), ("filled", "filled", "申請書（仮）"),
            ("submitted", "submitted", "申請書（本紙）"),
        ]
    ),
    Screen("print", "no-such-number", "filled", "申請書（本紙）が見つかりません", "{application}/print?number=7", status=404, wrong=True),
    # The documents, as they are read.
    *(
        Screen(slug, state, who, title, f"{{application}}/documents/{slug}", wrong=wrong)
        for slug, title in TITLES.items()
        for state, who, wrong in [
            ("empty", "fresh", False),
            ("filled", "filled", False),
            ("submitted", "submitted", False),
            # A list shows its mistakes at the rows; their forms are below.
            ("error", "mistaken", slug in ("resume", "profile", "clinical-experience", "research-activities")),
            ("closed", "late", False),
        ]
        if not (slug == "seminars" and state in ("error", "closed"))
    ),
    Screen("resume", "home-contact", "moved", "履歴書", "{application}/documents/resume"),
    Screen("resume", "saved", "filled", "履歴書", "{application}/documents/resume?notice=saved"),
    # The lists with a form open.
    *(Screen(slug, "new", "filled", TITLES[slug], f"{{application}}/documents/{slug}?new") for slug in LISTS),
    *(Screen(slug, "row", "filled", TITLES[slug], steps=to_row(slug)) for slug in LISTS),
    *(Screen(slug, "row-error", "mistaken", TITLES[slug], steps=to_row(slug), wrong=True) for slug in LISTS),
    Screen("conferences", "meeting", "filled", TITLES["conferences"], "{application}/documents/conferences?new&meeting=22"),
    # Saved in another window meanwhile.
    *(
        Screen(slug, "stale", "hurried", TITLES[slug], steps=overtaken(slug, *what), status=409, wrong=True)
        for slug, *what in [
            ("resume", "school", "この画面の大学", lambda p: p.save("resume", forms.RESUME | {"school": "別の画面の大学"})),
            ("profile", "text", "この画面の文", lambda p: p.save("profile", {"text": "別の画面の文"})),
            (
                "clinical-experience", "trial_1_name", "この画面の試験",
                lambda p: p.save("clinical-experience", forms.EXPERIENCE | {"special_procedures_detail": "別の画面の検査"}),
            ),
            (
                "research-activities", "content", "この画面の内容",
                revised("research-activities", forms.ACTIVITY | {"content": "別の画面の内容"}),
            ),
            ("conferences", "place", "この画面の街", revised("conferences", forms.CONFERENCE | {"place": "別の画面の街"})),
            ("papers", "content", "この画面の論文", revised("papers", forms.PAPER | {"content": "別の画面の論文"})),
        ]
    ),
    Screen("history", "empty", "fresh", "変更履歴", "{application}/history"),
    Screen("history", "filled", "filled", "変更履歴", "{application}/history"),
    Screen("history", "profile", "filled", "変更履歴", "{application}/history?document=profile"),
    Screen("history", "submitted", "submitted", "変更履歴", "{application}/history"),
    Screen("version", "filled", "filled", "以前の版", steps=to_version),
    Screen("version", "submitted", "submitted", "以前の版", steps=to_version),
    Screen("sessions", "one", "filled", "サインインの状況", "/sessions"),
    # What cannot be done, or is not there.
    Screen("refusal", "404", "fresh", "見つかりません", "/nothing-here", status=404, wrong=True),
    Screen(
        "refusal", "404-of-another", "unapplied", "お申込みが見つかりません", "/applications/specialist-renewal-4th-2026.9000001",
        status=404, wrong=True,
    ),
    Screen("refusal", "403", "reporter", "権限がありません", "/apply/{program}", status=403, wrong=True),
    Screen("refusal", "401", "fresh", "サインインが必要です", steps=signed_out_meanwhile, status=401, wrong=True),
    Screen(
        "refusal", "409-closed", "late", "申請完了要件",
        steps=posted("{application}/completion/send", {"key": "6ba7b810-9dad-41d1-80b4-00c04fd430c8", "agreed": "yes"}),
        status=409, wrong=True,
    ),
    Screen(
        "refusal", "413", "fresh", "内容が大きすぎます", steps=posted("{application}/documents/profile/save", {"text": "字" * 300_000}),
        status=413, wrong=True,
    ),
    Screen(
        "refusal", "400", "fresh", "画面の情報を読み取れません", steps=posted("{application}/documents/profile/save", {"text": "鍵も版もない"}),
        status=400, wrong=True,
    ),
]
