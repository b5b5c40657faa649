//! What an account that imports can learn and do beyond its duties.

use api::access::{Duties, Principal};
use domain::Role;
use serde_json::{Value, json};

use crate::databases::TestDatabase;
use crate::intake::pages::{Browser, hidden, place};
use crate::intake::slips::{file, held, newcomer};
use crate::intake::{ATTENDANCE, Desk, PAYMENTS, events, exam_fee, text};
use crate::service::{FOURTH, TestService, each_service, eventually};

/// Somebody of the secretariat with these duties.
async fn desk_with(service: &TestService, account: &str, duties: &str) -> Desk {
    let principal = Principal::of(Role::Secretariat, account, Duties::parse(duties));
    Desk {
        person: service.as_principal(&principal).await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_one_duty_imports_nothing_that_takes_another() {
    let database = TestDatabase::sqlite().await;
    let service = TestService::on(&database).await;
    service.applicant("9000001", FOURTH, "documents_and_exam");
    // A few lines: who is refused before the body is read may lose the answer behind a long one.
    let members: Vec<_> = include_str!("../data/members.csv")
        .lines()
        .take(4)
        .collect();
    let files = [
        ("members", members.join("\r\n")),
        (
            "seminar-attendance",
            format!("{ATTENDANCE}9000001,N1,名,A,2024/04/01,2024/04/02,10,出席\r\n"),
        ),
        (
            "payments",
            format!("{PAYMENTS}{}", exam_fee("T1", "9000001", "ﾘﾝｼﾖｳ")),
        ),
        (
            "exam-results",
            "会員番号,結果\r\n9000001,合格\r\n".to_owned(),
        ),
    ];
    let every = Desk::of(&service);
    let runs: Vec<_> = files
        .iter()
        .map(|(kind, file)| (*kind, every.import(kind, file)["id"].clone()))
        .collect();
    for (duty, own) in [
        ("administer", &["members", "seminar-attendance"][..]),
        ("payments", &["payments"]),
        ("decide", &["exam-results"]),
        ("view check", &[]),
    ] {
        let desk = desk_with(&service, duty, duty).await;
        for (kind, file) in &files {
            let looked = desk.send(&format!("{kind}?dry_run=true"), file);
            if own.contains(kind) {
                looked.ok();
            } else {
                looked.refused(403, "not-permitted");
                desk.send(kind, file).refused(403, "not-permitted");
                let page = desk
                    .person
                    .post(&format!("/desk/imports/{kind}"))
                    .json(&json!({}));
                page.send().refused(403, "not-permitted");
            }
        }
        for (kind, run) in runs.iter().filter(|(kind, _)| !own.contains(kind)) {
            let run = text(run);
            for path in [
                format!("/api/v1/imports/runs/{run}"),
                format!("/api/v1/imports/runs/{run}/rows"),
                format!("/desk/imports/runs/{run}"),
                format!("/desk/imports/runs/{run}/rows.csv"),
            ] {
                let answer = desk.person.get(&path);
                assert_eq!(answer.status, 403, "{duty}: {kind}: {path}");
            }
            desk.take_back(&json!(run)).refused(403, "not-permitted");
        }
        if own.is_empty() {
            desk.person
                .get("/api/v1/imports")
                .refused(403, "not-permitted");
            continue;
        }
        let listed = desk.person.get("/api/v1/imports?limit=200").ok();
        let kinds: Vec<_> = listed["imports"]
            .as_array()
            .unwrap()
            .iter()
            .map(|run| text(&run["kind"]))
            .collect();
        assert!(
            own.iter()
                .all(|kind| kinds.iter().any(|listed| listed == kind)),
            "{duty}: {kinds:?}"
        );
        assert!(
            kinds.iter().all(|kind| own.contains(&kind.as_str())),
            "{duty}: {kinds:?}"
        );
        let page = desk.person.get("/desk/imports").text;
        for (kind, _) in &files {
            let form = format!("action=\"/desk/imports/{kind}\"");
            assert_eq!(page.contains(&form), own.contains(kind), "{duty}: {kind}");
        }
    }
    service.stop().await;
}

/// What is told of a file, apart from what names the run.
fn told(mut answer: Value) -> Value {
    answer.as_object_mut().unwrap().remove("id").unwrap();
    answer
}

/// What a page says, without the ids that are new on each.
fn said(page: &str) -> String {
    let part_of_an_id = |c: char| c.is_ascii_hexdigit() || c == '-';
    let main = page.split("<main").nth(1).unwrap();
    let parts = main.split_inclusive(|c| !part_of_an_id(c));
    let ids = |part: &&str| {
        let id = part.trim_end_matches(|c| !part_of_an_id(c));
        uuid::Uuid::parse_str(id).is_err()
    };
    parts.filter(ids).collect()
}

/// 会員データ with one row: of 9000001 with this birth date.
fn guess(birth_date: &str) -> String {
    let members = include_str!("../../../api/src/demonstration/members.csv");
    let mut lines = members.lines();
    let (header, yoko) = (lines.next().unwrap(), lines.next().unwrap());
    assert!(yoko.starts_with("9000001,") && yoko.contains("1974/05/03"));
    format!("{header}\r\n{}\r\n", yoko.replace("1974/05/03", birth_date))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_imports_without_viewing_can_not_ask_what_is_known_of_a_member() {
    let database = TestDatabase::sqlite().await;
    let service = TestService::on(&database).await;
    let desk = desk_with(&service, "kanri", "administer").await;
    let right = guess("1974/05/03");
    let wrong = guess("1974/05/04");
    let nobody = right.replace("9000001,", "7654321,");
    let looked = |file: &str| told(desk.look("members", file));
    let answer = looked(&right);
    assert_eq!(
        (&answer["rows"], &answer["accepted"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        (
            &answer["recorded"],
            &answer["unchanged"],
            &answer["changes"]
        ),
        (&json!(null), &json!(null), &json!([]))
    );
    assert_eq!(
        looked(&wrong),
        answer,
        "a guessed birth date is not confirmed"
    );
    assert_eq!(looked(&nobody), answer, "nor that there is such a member");

    // The same by attendance, also of a row that is wrong in itself, and when it is done.
    let attended = |member: &str, until: &str| {
        format!("{ATTENDANCE}{member},N1,名,A,2024/04/02,{until},10,出席\r\n")
    };
    for until in ["2024/04/03", "2024/04/01", "十"] {
        let (known, unknown) = (attended("9000001", until), attended("7654321", until));
        let look = |file: &str| told(desk.look("seminar-attendance", file));
        assert_eq!(look(&known), look(&unknown), "{until}");
        let import = |file: &str| told(desk.import("seminar-attendance", file));
        assert_eq!(import(&known), import(&unknown), "{until}");
        assert_eq!(import(&known), import(&unknown), "{until}, once more");
    }

    // Afterwards, in 取込履歴 and by taking it back.
    let done = desk.import("members", &right)["id"].clone();
    let retraction = desk.take_back(&done).ok();
    for run in [
        &desk.run(&done),
        &retraction,
        &desk.person.get("/api/v1/imports").ok()["imports"][0],
    ] {
        for count in ["recorded", "unchanged", "reported"] {
            assert_eq!(run[count], json!(null), "{run}");
        }
    }
    assert_eq!(
        retraction["rows"],
        json!(null),
        "it is how many were recorded"
    );
    assert!(desk.rows(&done).is_empty() && desk.rows(&retraction["id"]).is_empty());
    let bad = desk.import("seminar-attendance", &attended("9000001", "十"));
    assert_eq!(
        desk.rows(&bad["id"]).len(),
        1,
        "what is wrong with a row in itself is told"
    );

    // And on the pages.
    let browser = Browser::at_hand_of(&service, desk.person.clone());
    let check = |file: &str| {
        let check = place(&browser.upload("members", file.as_bytes()));
        let page = browser.page(&check);
        // What the file itself is: whoever sends it knows that.
        let digest = hidden(&page, "digest");
        (said(&page).replace(&digest, ""), check)
    };
    let ((known, _), (guessed, _), (unknown, _)) = (check(&right), check(&wrong), check(&nobody));
    assert_eq!(known, guessed);
    assert_eq!(known, unknown);
    assert!(
        !known.contains("<dt>同じ</dt>") || known.contains("閲覧の担当を兼ねる方"),
        "{known}"
    );
    assert!(
        !known.contains("9000001") && !known.contains("1974/05"),
        "{known}"
    );
    let (_, at) = check(&right);
    let run = place(&browser.take(&at));
    for page in [
        browser.page(&run),
        browser.page("/desk/imports"),
        desk.person.get(&format!("{run}/rows.csv")).text,
    ] {
        assert!(
            !page.contains("9000001")
                && !page.contains("<dt>変更なし</dt>")
                && !page.contains("<dt>同じ</dt>"),
            "{page}"
        );
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_confirms_or_judges_without_viewing_can_not_ask_it_either() {
    let database = TestDatabase::sqlite().await;
    let service = TestService::on(&database).await;
    service.applicant("9000001", FOURTH, "documents_and_exam");
    let nyukin = desk_with(&service, "nyukin", "payments").await;
    let hantei = desk_with(&service, "hantei", "decide").await;
    let paid = |member: &str| format!("{PAYMENTS}{}", exam_fee("T1", member, "ﾘﾝｼﾖｳ"));
    let result = |member: &str| format!("会員番号,結果\r\n{member},合格\r\n");
    // Who applies, who does not, and nobody.
    for member in ["9000004", "7654321"] {
        let look = |file: String| told(nyukin.look("payments", &file));
        assert_eq!(look(paid("9000001")), look(paid(member)));
        let look = |file: String| told(hantei.look("exam-results", &file));
        assert_eq!(look(result("9000001")), look(result(member)));
        let import = |file: String| told(hantei.import("exam-results", &file));
        assert_eq!(import(result("9000001")), import(result(member)));
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_rows_that_turn_out_to_be_about_one_application_tell_nothing_of_it_without_viewing() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let every = Desk::of(service);
        let fee = format!("{PAYMENTS}{}", exam_fee("T1", "9000001", "ﾘﾝｼﾖｳ"));
        every.import("payments", &fee);
        eventually(&true, || every.status(&yoko.id).contains("入金確認済み"));
        let hantei = desk_with(service, "hantei", "decide").await;
        let file = |member: &str, first: &str, second: &str| {
            format!(
                "会員番号,結果,申請の種類,会員への説明\r\n{member},{first},,\r\n{member},{second},{FOURTH},集計に誤りがありました。\r\n"
            )
        };
        for (first, second) in [("不合格", "不合格"), ("合格", "不合格"), ("合格", "欠席")] {
            // The look says what the run says, to whoever may be told.
            let look = every.look("exam-results", &file("9000001", first, second));
            for by in [Desk::look, Desk::import] {
                let answer = |member: &str| {
                    told(by(&hantei, "exam-results", &file(member, first, second)))
                };
                let nobody = answer("7654321");
                assert_eq!(answer("9000001"), nobody, "{first} {second}");
                assert_eq!(
                    (&nobody["accepted"], &nobody["reported"]),
                    (&json!(2), &json!([]))
                );
            }
            let done = every.person.get("/api/v1/imports?limit=1").ok()["imports"][0].clone();
            assert_eq!(done["actor"], "secretariat:hantei");
            assert!(hantei.rows(&done["id"]).is_empty(), "{first} {second}");
            let rows = every.rows(&done["id"]);
            for outcome in ["recorded", "waiting", "refused"] {
                let count = rows.iter().filter(|row| row.1 == outcome).count();
                assert_eq!(look[outcome], count, "{first} {second}: {look} {rows:?}");
            }
            every.take_back(&done["id"]).ok();
        }
    })
    .await;
}

/// Somebody with the run of the database.
async fn by_sql(service: &TestService, statement: &str) {
    let changed: u64 = eventstore::on_database!(service.inside.log.database(), pool => {
        sqlx::query(statement).execute(pool).await.map(|done| done.rows_affected())
    })
    .unwrap();
    assert_eq!(changed, 1, "{statement}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_waits_is_recorded_as_the_file_had_it_and_was_shown_or_not_at_all() {
    each_service(async |service| {
        let (desk, browser) = (Desk::of(service), Browser::of(service));
        let known = newcomer("0123456", &[("専門医認定番号", "0500026")]);
        desk.import("members", &file(&[known]));
        let slip = file(&[newcomer(
            "0123456",
            &[("専門医認定番号", "500026"), ("施設名", "新しい病院")],
        )]);
        desk.import("members", &slip);
        let before = events(service).await;
        let page = browser.page("/desk/imports/held");
        assert!(page.contains("新しい病院"), "{page}");
        let row = held(&desk)[0].clone();
        let digest = hidden(&page, "digest");
        assert_eq!(row["digest"], digest.as_str());
        let id = text(&row["id"]);
        let press = |decision: &str, digest: &str| {
            let reason = ("reason", "会員名簿と照合済み");
            let fields = [("decision", decision), reason, ("digest", digest)];
            browser.post(&format!("/desk/imports/held/{id}"), &fields)
        };
        let send = |take: bool, digest: &str| {
            let body = json!({ "take": take, "reason": "会員名簿と照合済み", "digest": digest });
            let path = format!("/api/v1/imports/held/{id}");
            desk.person.post(&path).json(&body).send()
        };
        let altered = "この行は、保留した後に書き換えられたおそれがあるため";
        for (alter, back) in [
            (
                "fact = replace(fact, '新しい病院', '乗っ取り病院')",
                "fact = replace(fact, '乗っ取り病院', '新しい病院')",
            ),
            ("fact = fact || ' '", "fact = trim(fact)"),
            ("fact = substr(fact, 2)", "fact = '{' || fact"),
            ("member = '9000001'", "member = '0123456'"),
            (
                "doubts = doubts || '問題ありません。'",
                "doubts = replace(doubts, '問題ありません。', '')",
            ),
            ("actor = 'secretariat:other'", "actor = 'secretariat:demo'"),
        ] {
            let fact = fact_of(service).await;
            by_sql(service, &format!("UPDATE held_rows SET {alter}")).await;
            // On the page from before, on one from now, and without any.
            let shown = held(&desk)[0].clone();
            assert_eq!(shown["changed"], true, "{alter}");
            for digest in [&*digest, &text(&shown["digest"]), ""] {
                for decision in ["take", "leave"] {
                    let pressed = press(decision, digest);
                    assert_eq!(pressed.status, 409, "{alter}: {pressed:?}");
                    assert!(pressed.text.contains(altered), "{alter}: {}", pressed.text);
                    let refused = send(decision == "take", digest).refused(409, "wrong-state");
                    assert!(text(&refused["detail"]).contains(altered), "{refused}");
                }
            }
            let page = browser.page("/desk/imports/held");
            assert!(page.contains(altered), "{alter}: {page}");
            for never in ["乗っ取り病院", "問題ありません", "name=\"digest\""] {
                assert!(!page.contains(never), "{alter}: {never}: {page}");
            }
            by_sql(service, &format!("UPDATE held_rows SET {back}")).await;
            assert_eq!(fact_of(service).await, fact, "{back}");
        }
        // Nothing is decided about that was not shown.
        for other in ["0".repeat(64).as_str(), ""] {
            let pressed = press("take", other);
            assert_eq!(pressed.status, 409, "{pressed:?}");
            let sentence =
                "画面に表示された後に、会員の登録内容または保留している行が変わっています。";
            assert!(pressed.text.contains(sentence), "{}", pressed.text);
            send(true, other).refused(409, "wrong-state");
        }
        let body = json!({ "take": true, "reason": "会員名簿と照合済み" });
        let path = format!("/api/v1/imports/held/{id}");
        let without = desk.person.post(&path).json(&body).send();
        assert!((400..=422).contains(&without.status), "{without:?}");
        assert_eq!(events(service).await, before, "nothing was recorded");

        // The file brings an altered row back as it was; then it is recorded.
        by_sql(
            service,
            "UPDATE held_rows SET fact = replace(fact, '新しい', '別の')",
        )
        .await;
        desk.import("members", &slip);
        let rows = held(&desk);
        assert_eq!(
            (rows.len(), &rows[0]["changed"]),
            (1, &json!(false)),
            "{rows:?}"
        );
        let page = browser.page("/desk/imports/held");
        let path = format!("/desk/imports/held/{}", text(&rows[0]["id"]));
        let fields = [
            ("decision", "take"),
            ("reason", "会員名簿と照合済み"),
            ("digest", &hidden(&page, "digest")),
        ];
        assert!(place(&browser.post(&path, &fields)).contains("taken"));
        assert_eq!(events(service).await, before + 1);
    })
    .await;
}

/// What the one row that waits says.
async fn fact_of(service: &TestService) -> String {
    eventstore::on_database!(service.inside.log.database(), pool => {
        sqlx::query_scalar("SELECT fact FROM held_rows WHERE state = 'waiting'").fetch_one(pool).await
    })
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_imports_without_viewing_is_told_no_number_of_rows_that_wait() {
    let database = TestDatabase::sqlite().await;
    let service = TestService::on(&database).await;
    let desk = desk_with(&service, "kanri", "administer").await;
    desk.import("members", &file(&[newcomer("0000777", &[])]));
    desk.import("members", &file(&[newcomer("777", &[])]));
    let told = desk.person.get("/api/v1/imports/held").ok();
    assert_eq!(told, json!({ "rows": [], "total": null }));
    // Nor whether a certain one waits: its id follows from run and line.
    let row = held(&Desk::of(&service))[0].clone();
    for id in [&*text(&row["id"]), "6d2b1a54-9c0e-4f8b-8f57-21d053c17e96"] {
        let body = json!({ "take": false, "reason": "照合済み", "digest": row["digest"] });
        let path = format!("/api/v1/imports/held/{id}");
        let answer = desk.person.post(&path).json(&body).send();
        answer.refused(404, "not-found");
    }
    let browser = Browser::at_hand_of(&service, desk.person.clone());
    let page = browser.page("/desk/imports/held");
    assert!(
        !page.contains("0 行") && page.contains("閲覧の担当を兼ねる方"),
        "{page}"
    );
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_file_in_the_place_of_the_one_that_was_looked_at_is_not_imported() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let (desk, browser) = (Desk::of(service), Browser::of(service));
        let looked_at = format!("{PAYMENTS}{}", exam_fee("T1", "9000004", "ﾘﾝｼﾖｳ"));
        let other = format!("{PAYMENTS}{}", exam_fee("T1", "9000001", "ﾘﾝｼﾖｳ"));
        let check = place(&browser.upload("payments", looked_at.as_bytes()));
        let digest = hidden(&browser.page(&check), "digest");
        // Somebody with the run of the database.
        let put = async |kind: &str, file: &str| {
            let changed: u64 = eventstore::on_database!(service.inside.log.database(), pool => {
                sqlx::query("UPDATE pending_imports SET kind = $1, file = $2")
                    .bind(kind)
                    .bind(file.as_bytes())
                    .execute(pool)
                    .await
                    .map(|done| done.rows_affected())
            })
            .unwrap();
            assert_eq!(changed, 1);
        };
        let results = "会員番号,結果\r\n9000001,合格\r\n";
        for (kind, file) in [("payments", &*other), ("exam-results", results)] {
            put(kind, file).await;
            for digest in [&*digest, ""] {
                let pressed = browser.post(&format!("{check}/send"), &[("digest", digest)]);
                assert_eq!(pressed.status, 409, "{kind}");
                let sentence = "確認後にファイルが変わっています。お手数ですが、もう一度ファイルを選んでください。";
                assert!(pressed.text.contains(sentence), "{}", pressed.text);
            }
            // Nor is the next part of the rows that of another file.
            let next = browser.person.get(&format!("{check}?page=2&digest={digest}"));
            assert_eq!(next.status, 409);
        }
        let listed = desk.person.get("/api/v1/imports?limit=200").ok();
        let runs = listed["imports"].as_array().unwrap();
        let mut own = runs.iter().filter(|run| run["actor"] == "secretariat:demo");
        assert!(own.all(|run| run["dry_run"] == true), "{listed}");
        let status = desk.status(&yoko.id);
        assert!(!status.contains("入金確認済み") && !status.contains("合格"), "{status}");
        // The file as it was is imported.
        put("payments", &looked_at).await;
        place(&browser.post(&format!("{check}/send"), &[("digest", &digest)]));
    })
    .await;
}
