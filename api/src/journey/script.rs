//! The manual's example, step by step.

use rand::RngExt as _;
use serde_json::{Value, json};

use super::{
    Surprise,
    client::{Answer, Person, Sent},
    files,
    steps::{Ask, Steps, anything},
};

/// 更新4回目以降, as the manual's 臨床 瘍子.
const PROGRAM: &str = "specialist-renewal-4th-2026";

/// Somebody else's application.
const OF_ANOTHER: &str = "specialist-renewal-4th-2026.9000001";

/// What is missing before anything is filled in, in the manual's sentences and order.
const MISSING: [&str; 6] = [
    "業績単位が不足しています (現在 10 単位)",
    "「学会に 1 回以上参加」「セミナー A B の双方に参加」のいずれも満たされていません",
    "申請書類 [履歴書] が未登録です",
    "申請書類 [プロフィール] が未登録です",
    "申請書類 [研究活動歴] が未登録です",
    "申請書類 [業績目録] が未登録です",
];

/// What is wrong with an empty 履歴書, in the manual's sentences and order.
const RESUME_ERRORS: [&str; 5] = [
    "学歴 出身学校名 は必須入力です。",
    "学歴 卒業年月 は必須入力です。",
    "基本学会認定医 学会名 の値を選択してください。",
    "基本学会 資格種別 の値を選択してください。",
    "基本学会 認定番号 は必須入力です。",
];

const FIRST_PROFILE: &str = "がん薬物療法の診療に従事してまいりました。";
const SECOND_PROFILE: &str =
    "がん薬物療法の診療と後進の育成に従事してまいりました。\n患者さんとの対話を心がけています。";

/// The two people of the journey.
struct Cast {
    secretariat: Person,
    member: Person,
    /// 会員番号 of this run.
    number: String,
}

impl Cast {
    /// The run's application.
    fn application(&self, rest: &str) -> String {
        format!("/api/v1/applications/{PROGRAM}.{}{rest}", self.number)
    }
}

pub(super) fn play(steps: &mut Steps<'_>) -> Result<(), Surprise> {
    let cast = sign_in_secretariat(steps)?;
    import_member(steps, &cast)?;
    sign_in_member(steps, &cast)?;
    apply(steps, &cast)?;
    ask_for_too_much(steps, &cast)?;
    fill_in_resume(steps, &cast)?;
    fill_in_texts(steps, &cast)?;
    fill_in_lists(steps, &cast)?;
    receive_attendance(steps, &cast)?;
    submit(steps, &cast)?;
    receive_payment(steps, &cast)?;
    read_history(steps, &cast)?;
    leave(steps, &cast)
}

fn get(person: &Person, path: impl Into<String>) -> Ask<'_> {
    Ask {
        person,
        method: "GET",
        path: path.into(),
        sent: Sent::Nothing,
        status: 200,
    }
}

fn send<'a>(
    person: &'a Person,
    method: &'static str,
    path: impl Into<String>,
    sent: Sent,
    status: u16,
) -> Ask<'a> {
    Ask {
        person,
        method,
        path: path.into(),
        sent,
        status,
    }
}

fn sign_in(person: &Person, form: String, status: u16) -> Ask<'_> {
    send(person, "POST", "/demo/sign-in", Sent::Form(form), status)
}

fn sign_in_secretariat(steps: &mut Steps<'_>) -> Result<Cast, Surprise> {
    // Eight digits: no society's own number, and so many that a run does not meet the member of another.
    let number = rand::rng()
        .random_range(91_000_000..92_000_000_u32)
        .to_string();
    let cast = Cast {
        secretariat: steps.person(),
        member: steps.person(),
        number,
    };
    steps.take(
        "サービスが動いている",
        get(&cast.member, "/healthz"),
        anything,
    )?;
    steps.take(
        "サインインせずには何も見えない",
        Ask {
            status: 401,
            ..get(&cast.member, "/api/v1/me")
        },
        |answer| answer.is("/type", "/problems/not-signed-in"),
    )?;
    let form = format!("identity=member&member={}", cast.number);
    steps.take(
        "この会員はまだ登録されていない",
        sign_in(&cast.member, form, 422),
        anything,
    )?;
    let form = "identity=secretariat".to_owned();
    steps.take(
        "事務局としてサインイン",
        sign_in(&cast.secretariat, form, 303),
        anything,
    )?;
    Ok(cast)
}

fn import<'a>(cast: &'a Cast, kind_and_query: &str, file: Vec<u8>) -> Ask<'a> {
    let path = format!("/api/v1/imports/{kind_and_query}");
    send(&cast.secretariat, "POST", path, Sent::Csv(file), 200)
}

/// Counts of an import: recorded, unchanged, bad.
fn counts(answer: &Answer, recorded: u64, unchanged: u64, bad: u64) -> Result<(), String> {
    answer.is("/recorded", recorded)?;
    answer.is("/unchanged", unchanged)?;
    answer.is("/bad", bad)
}

fn import_member(steps: &mut Steps<'_>, cast: &Cast) -> Result<(), Surprise> {
    let file = files::member(&cast.number);
    steps.take(
        "会員データの取り込みを確認（書き込みなし）",
        import(cast, "members?dry_run=true", file.clone()),
        |answer| counts(answer, 1, 0, 0),
    )?;
    steps.take(
        "会員データを取り込む（UTF-8）",
        import(cast, "members", file.clone()),
        |answer| {
            counts(answer, 1, 0, 0)?;
            answer.is("/encoding", "UTF-8")
        },
    )?;
    steps.take(
        "もう一度取り込んでも変わらない",
        import(cast, "members", file),
        |answer| counts(answer, 0, 1, 0),
    )?;
    let file = files::first_attendance(&cast.number);
    steps.take(
        "セミナー出欠データを取り込む（CP932）",
        import(cast, "seminar-attendance", file),
        |answer| {
            counts(answer, 2, 0, 0)?;
            answer.is("/encoding", "CP932")
        },
    )?;
    Ok(())
}

fn sign_in_member(steps: &mut Steps<'_>, cast: &Cast) -> Result<(), Surprise> {
    let form = format!("identity=member&member={}", cast.number);
    steps.take(
        "臨床 瘍子としてサインイン",
        sign_in(&cast.member, form, 303),
        anything,
    )?;
    steps.take(
        "認定情報とお申込みの可否",
        get(&cast.member, "/api/v1/me"),
        |answer| {
            answer.is("/role", "member")?;
            answer.is("/member/name", "臨床 瘍子")?;
            answer.is("/member/certification/number", "0500026")?;
            let programs = answer.at("/programs").as_array();
            let fourth = programs
                .into_iter()
                .flatten()
                .find(|program| program["program"] == PROGRAM)
                .ok_or("更新4回目以降の申請がありません")?;
            let reasons = |scope: &str| {
                let offers = fourth["eligibility"]["offers"].as_array();
                let offer = offers
                    .into_iter()
                    .flatten()
                    .find(|offer| offer["scope"] == scope);
                offer
                    .and_then(|offer| offer["reasons"].as_array())
                    .map(Vec::len)
            };
            match (
                reasons("documents_and_exam"),
                fourth["eligibility"]["renewal"].as_u64(),
            ) {
                (Some(0), Some(4)) => Ok(()),
                found => Err(format!(
                    "更新4回目の同時申込ができるはずが {found:?} でした"
                )),
            }
        },
    )?;
    steps.take(
        "事務局の操作はできない",
        send(
            &cast.member,
            "POST",
            "/api/v1/imports/members",
            Sent::Csv(Vec::new()),
            403,
        ),
        |answer| answer.is("/type", "/problems/not-permitted"),
    )?;
    Ok(())
}

const APPLIED: [&str; 2] = ["申請: 申込済", "筆記試験: 申込済 受験料をご納入ください"];

fn lines(answer: &Answer, expected: [&str; 2]) -> Result<(), String> {
    answer.is("/status/lines", json!(expected))
}

fn apply(steps: &mut Steps<'_>, cast: &Cast) -> Result<(), Surprise> {
    let wanted = || {
        let body = json!({"program": PROGRAM, "scope": "documents_and_exam"});
        send(
            &cast.member,
            "POST",
            "/api/v1/applications",
            Sent::Json(body, None),
            201,
        )
    };
    let key = steps.new_key();
    let first = steps.take_with_key(
        "書類審査・筆記試験同時のお申込み",
        &key,
        wanted(),
        |answer| lines(answer, APPLIED),
    )?;
    let sequence = first.at("/sequence").clone();
    steps.take_with_key(
        "同じ要求を再送しても申込は一つ",
        &key,
        wanted(),
        |answer| answer.is("/sequence", sequence),
    )?;
    steps.take(
        "申請書類一覧（入力前）",
        get(&cast.member, cast.application("/documents")),
        |answer| {
            answer.lists(
                "/documents",
                "title",
                &[
                    "履歴書",
                    "プロフィール",
                    "研究活動歴",
                    "研究業績 学会参加",
                    "研究業績 当会セミナー",
                    "研究業績 論文",
                    "業績目録",
                ],
            )?;
            answer.lists("/documents", "state", &[""; 7])
        },
    )?;
    steps.take(
        "ほかの会員の申請は見えない",
        Ask {
            status: 404,
            ..get(&cast.member, format!("/api/v1/applications/{OF_ANOTHER}"))
        },
        anything,
    )?;
    Ok(())
}

fn submission(cast: &Cast, status: u16) -> Ask<'_> {
    send(
        &cast.member,
        "POST",
        cast.application("/submission"),
        Sent::Order,
        status,
    )
}

fn ask_for_too_much(steps: &mut Steps<'_>, cast: &Cast) -> Result<(), Surprise> {
    steps.take(
        "申請を完了する: 申請完了要件で止まる",
        submission(cast, 422),
        |answer| {
            answer.is("/type", "/problems/requirements-not-met")?;
            answer.lists("/missing", "message", &MISSING)
        },
    )?;
    Ok(())
}

fn put<'a>(cast: &'a Cast, document: &str, value: Value, base: u64, status: u16) -> Ask<'a> {
    let path = cast.application(&format!("/documents/{document}"));
    send(
        &cast.member,
        "PUT",
        path,
        Sent::Json(value, Some(base)),
        status,
    )
}

fn no_errors(answer: &Answer) -> Result<(), String> {
    answer.is("/errors", json!([]))
}

fn fill_in_resume(steps: &mut Steps<'_>, cast: &Cast) -> Result<(), Surprise> {
    let empty = json!({
        "school": "", "graduation_year": "", "graduation_month": "", "basic_society": "",
        "qualification": "", "qualification_number": "", "withhold_home": false,
    });
    steps.take(
        "履歴書: 未入力のまま保存",
        put(cast, "resume", empty.clone(), 0, 200),
        |answer| {
            answer.is("/revision", 1)?;
            answer.lists("/errors", "message", &RESUME_ERRORS)
        },
    )?;
    let filled = json!({
        "school": "東京医科大学医学部", "graduation_year": "平成10", "graduation_month": "3",
        "basic_society": "日本内科学会", "qualification": "専門医", "qualification_number": "第１２３４５号",
        "withhold_home": true,
    });
    steps.take(
        "履歴書: 修正して保存",
        put(cast, "resume", filled, 1, 200),
        |answer| {
            answer.is("/revision", 2)?;
            no_errors(answer)
        },
    )?;
    steps.take(
        "履歴書: 古い画面からの保存は受け付けない",
        put(cast, "resume", empty, 1, 409),
        |answer| {
            answer.is("/type", "/problems/stale-revision")?;
            answer.is("/current/revision", 2)
        },
    )?;
    Ok(())
}

fn fill_in_texts(steps: &mut Steps<'_>, cast: &Cast) -> Result<(), Surprise> {
    let text = |text: &str| json!({ "text": text });
    steps.take(
        "プロフィール",
        put(cast, "profile", text(FIRST_PROFILE), 0, 200),
        no_errors,
    )?;
    steps.take(
        "プロフィール: 書き直す",
        put(cast, "profile", text(SECOND_PROFILE), 1, 200),
        no_errors,
    )?;
    let experience = json!({
        "examined": ["呼吸器", "消化管", "乳房"],
        "drug_therapy": ["呼吸器", "消化管"],
        "consultation": ["原発不明"],
        "special_procedures": false,
        "special_procedures_detail": "",
        "second_opinion": true,
        "trials": [{"name": "JCOG0000 試験", "cases": "12"}],
    });
    steps.take(
        "業績目録",
        put(cast, "clinical-experience", experience, 0, 200),
        no_errors,
    )?;
    Ok(())
}

fn row<'a>(cast: &'a Cast, list: &str, value: Value) -> Ask<'a> {
    let path = cast.application(&format!("/documents/{list}/rows"));
    send(&cast.member, "POST", path, Sent::Json(value, None), 201)
}

fn fill_in_lists(steps: &mut Steps<'_>, cast: &Cast) -> Result<(), Surprise> {
    let activity = json!({
        "from_year": "2021", "from_month": "7", "to_year": "2026", "to_month": "5",
        "content": "JSMO がんセンター 臨床腫瘍科にて診療・研究に従事",
    });
    steps.take(
        "研究活動歴: 新規作成",
        row(cast, "research-activities", activity),
        no_errors,
    )?;
    let years = json!({"total_years": "25"});
    steps.take(
        "研究活動歴: 総年数",
        put(cast, "research-activities/total-years", years, 1, 200),
        no_errors,
    )?;

    let meeting =
        |day: &str| json!({"first_author": "", "place": "横浜", "held_on": day, "units": "5"});
    let wrong = steps.take(
        "学会参加: 存在しない日付",
        row(cast, "conferences", meeting("2026/02/30")),
        |answer| answer.is("/errors/0/pointer", "/held_on"),
    )?;
    let address = format!(
        "conferences/rows/{}",
        wrong.at("/row").as_str().unwrap_or_default()
    );
    steps.take(
        "学会参加: 修正する",
        put(cast, &address, meeting("2026年3月26日"), 1, 200),
        |answer| {
            no_errors(answer)?;
            answer.is("/units/total", 15)
        },
    )?;
    let paper = json!({
        "division": "参加", "kind": "学会", "date": "2025/04/19", "units": "3",
        "content": "日本内科学会総会・講演会",
    });
    steps.take(
        "論文: 他学会への参加",
        row(cast, "papers", paper),
        |answer| {
            no_errors(answer)?;
            answer.is("/units/total", 18)
        },
    )?;
    Ok(())
}

fn receive_attendance(steps: &mut Steps<'_>, cast: &Cast) -> Result<(), Surprise> {
    steps.take(
        "申請を完了する: 単位が足りない",
        submission(cast, 422),
        |answer| {
            answer.lists(
                "/missing",
                "message",
                &["業績単位が不足しています (現在 18 単位)"],
            )
        },
    )?;
    let file = files::later_attendance(&cast.number);
    steps.take(
        "続きのセミナー出欠データを取り込む（1行は不備）",
        import(cast, "seminar-attendance", file),
        |answer| {
            counts(answer, 3, 0, 1)?;
            answer.is("/reported/0/line", 4)
        },
    )?;
    steps.wait(
        "当会セミナーが自動で申請に反映される",
        &cast.member,
        &cast.application("/documents/seminars"),
        |answer| answer.is("/units/counted", 45),
    )?;
    steps.take(
        "申請完了要件を満たしている",
        get(&cast.member, cast.application("/requirements")),
        |answer| {
            answer.is("/missing", json!([]))?;
            answer.is("/completable", true)?;
            answer.is("/assessment/total", 53)
        },
    )?;
    steps.take(
        "申請書類一覧（入力後）",
        get(&cast.member, cast.application("/documents")),
        |answer| {
            const SAVED: &str = "登録中";
            answer.lists(
                "/documents",
                "state",
                &[SAVED, SAVED, SAVED, SAVED, "", SAVED, SAVED],
            )
        },
    )?;
    Ok(())
}

fn submit(steps: &mut Steps<'_>, cast: &Cast) -> Result<(), Surprise> {
    const COMPLETED: [&str; 2] = [
        "申請: 書類確認中",
        "筆記試験: 申込済 受験料をご納入ください",
    ];
    let first = steps.take("申請を完了する", submission(cast, 200), |answer| {
        lines(answer, COMPLETED)?;
        answer.is("/submission/number", 1)?;
        answer.is("/submission/units", 53)
    })?;
    let (sequence, digest) = (
        first.at("/sequence").clone(),
        first.at("/submission/digest").clone(),
    );
    steps.take(
        "もう一度完了しても申請書は一つ",
        submission(cast, 200),
        |answer| {
            answer.is("/sequence", sequence)?;
            answer.is("/submission/digest", digest)
        },
    )?;
    let text = json!({"text": "完了後の変更"});
    steps.take(
        "完了後は編集できない",
        put(cast, "profile", text, 2, 409),
        |answer| answer.is("/type", "/problems/already-submitted"),
    )?;
    Ok(())
}

fn receive_payment(steps: &mut Steps<'_>, cast: &Cast) -> Result<(), Surprise> {
    let file = files::payment(&cast.number);
    steps.take(
        "入金データを取り込む",
        import(cast, "payments", file),
        |answer| counts(answer, 1, 0, 0),
    )?;
    steps.wait(
        "入金確認済みになる",
        &cast.member,
        &cast.application(""),
        |answer| {
            lines(
                answer,
                ["申請: 書類確認中", "筆記試験: 申込済 入金確認済み"],
            )
        },
    )?;
    Ok(())
}

fn read_history(steps: &mut Steps<'_>, cast: &Cast) -> Result<(), Surprise> {
    let path = cast.application("/history?document=profile");
    steps.wait(
        "変更履歴: 誰が何をどう変えたか",
        &cast.secretariat,
        &path,
        |answer| {
            let member = format!("member:{}", cast.number);
            let entries = answer.at("/entries").as_array();
            let rewritten = entries.into_iter().flatten().any(|entry| {
                entry["before"] == FIRST_PROFILE
                    && entry["after"] == SECOND_PROFILE
                    && entry["actor"] == *member
            });
            if rewritten {
                Ok(())
            } else {
                Err(
                    "プロフィールの書き直しが、変更前・変更後・操作した人とともに残っていません"
                        .to_owned(),
                )
            }
        },
    )?;
    steps.take(
        "改ざんがないことを確認",
        get(&cast.secretariat, "/api/v1/audit/verify"),
        anything,
    )?;
    Ok(())
}

fn leave(steps: &mut Steps<'_>, cast: &Cast) -> Result<(), Surprise> {
    for (step, person) in [
        ("会員がサインアウト", &cast.member),
        ("事務局がサインアウト", &cast.secretariat),
    ] {
        steps.take(
            step,
            send(person, "POST", "/sign-out", Sent::Form(String::new()), 303),
            anything,
        )?;
    }
    steps.take(
        "サインアウト後は何も見えない",
        Ask {
            status: 401,
            ..get(&cast.member, "/api/v1/me")
        },
        anything,
    )?;
    Ok(())
}
