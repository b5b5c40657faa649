//! 申請一覧: found again however it is typed.

use serde_json::{Value, json};

use super::{Desk, completed};
use crate::intake::pages::Browser;
use crate::service::{FIRST_TO_THIRD, FOURTH, Person, each_service, eventually};

fn listed(person: &Person, query: &str) -> Vec<String> {
    let page = person.get(&format!("/api/v1/applications?{query}")).ok();
    page["applications"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["member"].as_str().unwrap().to_owned())
        .collect()
}

#[track_caller]
fn finds(person: &Person, query: &str, members: &[&str]) {
    let expected: Vec<String> = members.iter().map(|&one| one.to_owned()).collect();
    eventually(&expected, || listed(person, query));
}

/// Searches for a name or a label, of which no address tells.
#[track_caller]
fn search(person: &Person, question: &Value) -> String {
    let kept = person
        .post("/api/v1/searches")
        .json(question)
        .send()
        .created();
    format!("search={}", kept["id"].as_str().unwrap())
}

#[track_caller]
fn finds_name(person: &Person, typed: &str, members: &[&str]) {
    finds(person, &search(person, &json!({ "q": typed })), members);
}

#[track_caller]
fn finds_label(person: &Person, label: &str, members: &[&str]) {
    finds(person, &search(person, &json!({ "label": label })), members);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn applications_are_found_by_number_name_kana_state_and_what_is_missing() {
    each_service(async |service| {
        let _ = completed(service);
        let _ = service.applicant("9000002", FIRST_TO_THIRD, "documents_only");
        let _ = service.applicant("9000007", FIRST_TO_THIRD, "documents_and_exam");
        let secretariat = service.secretariat();
        let by_member = "sort=member&order=asc";
        finds(&secretariat, by_member, &["9000001", "9000002", "9000007"]);
        for (typed, found) in [
            ("9000007", "9000007"),
            ("９０００００７", "9000007"),
            ("高崎", "9000007"),
            ("髙﨑", "9000007"),
            ("高崎葛", "9000007"),
            ("タカサキ", "9000007"),
            ("たかさき", "9000007"),
            ("ﾀｶｻｷ", "9000007"),
            ("臨床瘍子", "9000001"),
            ("臨床　瘍子", "9000001"),
            ("りんしょう", "9000001"),
            // From two cells of a table, and from two lines.
            ("臨床\t瘍子", "9000001"),
            ("臨床\n瘍子\r\n", "9000001"),
        ] {
            finds_name(&secretariat, typed, &[found]);
        }
        for nothing in ["%", "_", "'", "9999999", "臨床%子"] {
            finds_name(&secretariat, nothing, &[]);
        }
        finds(&secretariat, "documents=under_review", &["9000001"]);
        finds(&secretariat, "exam=exempt", &["9000002"]);
        finds(&secretariat, &format!("program={FOURTH}"), &["9000001"]);
        finds(&secretariat, "missing=proof:unit_proofs", &["9000001"]);
        let profile = format!("missing=document_missing:profile&{by_member}");
        finds(&secretariat, &profile, &["9000002", "9000007"]);
        let soon = format!("closes_before=2026-09-01T00:00:00Z&{by_member}");
        finds(&secretariat, &soon, &["9000002", "9000007"]);
        finds(&secretariat, "closes_before=2026-06-01T00:00:00Z", &[]);

        let desk = Desk::new(&secretariat, &format!("{FOURTH}.9000001"));
        desk.put("/review/labels", &json!({ "labels": ["要相談", "100%"] }))
            .ok();
        finds_label(&secretariat, "要相談", &["9000001"]);
        finds_label(&secretariat, "100%", &["9000001"]);
        finds_label(&secretariat, "100", &[]);

        // Pages do not overlap and say how many there are.
        let page = |number: u32| {
            let page = secretariat
                .get(&format!(
                    "/api/v1/applications?limit=2&page={number}&{by_member}"
                ))
                .ok();
            assert_eq!(page["total"], 3);
            page["applications"].as_array().unwrap().len()
        };
        assert_eq!((page(1), page(2), page(3)), (2, 1, 0));
        desk.post(
            "/withdrawal-by-secretariat",
            &json!({ "reason": "会員からの申し出" }),
        )
        .ok();
        finds(&secretariat, by_member, &["9000002", "9000007"]);
        finds(&secretariat, "withdrawn=yes", &["9000001"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_at_the_list_is_written_down_and_a_question_that_can_not_be_read_is_refused() {
    each_service(async |service| {
        let _ = service.applicant("9000001", FOURTH, "documents_only");
        let secretariat = service.secretariat();
        secretariat.get("/api/v1/applications").ok();
        eventually(&true, || {
            let log = secretariat.get("/api/v1/access-log").ok();
            let entries = log["entries"].as_array().unwrap();
            entries
                .iter()
                .any(|entry: &Value| entry["operation"] == "GET /api/v1/applications")
        });
        for wrong in [
            "documents=gone",
            "sort=name",
            "page=0",
            "limit=1000",
            "missing=all",
            "q=%E9%AB%98%E6%A9%8B",
        ] {
            secretariat
                .get(&format!("/api/v1/applications?{wrong}"))
                .refused(400, "malformed-address");
        }
        let unseen = json!({ "q": "臨\u{1B}床" });
        let refused = secretariat.post("/api/v1/searches").json(&unseen).send();
        assert!((400..500).contains(&refused.status), "{refused:?}");
        let page = Browser::of(service).post("/desk/searches", &[("q", "臨\u{1B}床")]);
        assert_eq!(page.status, 400);
        assert!(
            page.text
                .contains("会員番号・氏名・フリガナなど に、検索に使えない文字"),
            "{}",
            page.text
        );
        service
            .member("9000001")
            .get("/api/v1/applications")
            .refused(403, "not-permitted");
        service
            .reporter()
            .get("/api/v1/applications")
            .refused(403, "not-permitted");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_is_kept_for_its_owner_alone_under_a_name_or_for_the_moment() {
    each_service(async |service| {
        let _ = completed(service);
        let secretariat = service.secretariat();
        let question = json!({ "name": "確認待ち", "q": "臨床", "conditions": "documents=under_review&sort=member" });
        let kept = search(&secretariat, &question);
        finds(&secretariat, &kept, &["9000001"]);
        let _ = search(&secretariat, &json!({ "q": "臨床" }));
        let named = secretariat.get("/api/v1/searches").ok();
        let named = named["searches"].as_array().unwrap();
        assert_eq!(named.len(), 1, "those of the moment are in no list");
        assert_eq!(named[0]["name"], "確認待ち");
        let principal = api::access::Principal::of(domain::Role::Secretariat, "another", api::access::Duties::all());
        let another = service.as_principal(&principal).await;
        another.get(&format!("/api/v1/applications?{kept}")).refused(404, "not-found");
        let path = format!("/api/v1/searches/{}", named[0]["id"].as_str().unwrap());
        another.delete(&path).send().refused(404, "not-found");
        assert_eq!(secretariat.delete(&path).send().status, 204);
        secretariat.get(&format!("/api/v1/applications?{kept}")).refused(404, "not-found");
        for wrong in [json!({ "name": "" }), json!({ "name": "字".repeat(41) }), json!({ "conditions": "page=x" })] {
            secretariat.post("/api/v1/searches").json(&wrong).send().refused(422, "invalid");
        }
    })
    .await;
}

/// A member as the society's export writes one.
fn exported(number: &str, name: &str, kana: &str, workplace: &str) -> String {
    format!(
        "{number},{name},{kana},女,1982/02/08,所属,,,,,{workplace},臨床腫瘍科,105-0013,東京都港区浜松町 2-1-15,03-6809-1250,03-6809-1138,\
         m{number}@example.jp,2008/04/18,{number},消化器内科,2012/01/01,2026,21{},2022/04/01,2022/04/01,2027/03/31,\n",
        &number[2..]
    )
}

const HEADINGS: &str = "会員番号,氏名,フリガナ,性別,生年月日,連絡先,自宅郵便番号,自宅住所,自宅電話,自宅FAX,施設名,部署名,施設郵便番号,施設住所,施設電話,施設FAX,メールアドレス,医籍登録日,医籍登録番号,専門分野,入会日,会費納入年度,専門医認定番号,初回認定日,直近認定日,有効期限,筆記試験合格年度\n";

/// c12: names in old and new forms, radicals, small ヶ and characters that nobody sees, on both sides; and by whatever else one knows of a person.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_found_in_whatever_characters_and_order_they_are_typed() {
    each_service(async |service| {
        let secretariat = service.secretariat();
        let mut file = HEADINGS.to_owned();
        let members = [
            (
                "9300001",
                "奧村　恆夫",
                "オクムラ　ツネオ",
                "國立がん研究センター",
            ),
            (
                "9300002",
                "西川　\u{2EC6}子",
                "ニシカワ　スミコ",
                "聖路加病院",
            ),
            (
                "9300003",
                "\u{2ED1}\u{2F95}川　\u{2ED8}子",
                "ハセガワ　アオコ",
                "虎の門病院",
            ),
            ("9300004", "舘　巖", "タチ　イワオ", "がん研有明病院"),
            (
                "9300005",
                "佐々木\u{200B} 一",
                "ササキ　ハジメ",
                "ヴェルデ病院",
            ),
            ("9300006", "三ヶ島　槇", "ミカシマ　マキ", "三ヶ島病院"),
            (
                "9300007",
                "山田\u{E0100}　桜",
                "ヤマダ　サクラ",
                "櫻ヶ丘病院",
            ),
        ];
        for (number, name, kana, workplace) in members {
            file.push_str(&exported(number, name, kana, workplace));
        }
        let imported = secretariat
            .post("/api/v1/imports/members")
            .bytes("text/csv", file.into_bytes())
            .send();
        assert_eq!(imported.ok()["recorded"], 7);
        for (number, ..) in members {
            let _ = service.applicant(number, FIRST_TO_THIRD, "documents_only");
        }
        for (typed, number) in [
            ("奥村恒夫", "9300001"),
            ("奥村 恒夫", "9300001"),
            ("恒夫　奧村", "9300001"),
            ("恒夫奥村", "9300001"),
            ("ﾂﾈｵ ｵｸﾑﾗ", "9300001"),
            ("つねおおくむら", "9300001"),
            ("西川角子", "9300002"),
            ("長谷川青子", "9300003"),
            ("\u{2ED1}谷川", "9300003"),
            ("舘巌", "9300004"),
            ("館　巌", "9300004"),
            ("佐々木一", "9300005"),
            ("佐\u{200D}佐木", "9300005"),
            ("三ケ島", "9300006"),
            ("三ヶ島槙", "9300006"),
            ("山田桜", "9300007"),
            ("櫻ケ丘", "9300007"),
            ("２１００003", "9300003"),
            ("M9300004@Example.JP", "9300004"),
            ("国立がん研究センター", "9300001"),
            ("虎の門 青子", "9300003"),
            ("9300006 三ケ島", "9300006"),
        ] {
            finds_name(&secretariat, typed, &[number]);
        }
        for nothing in ["奥村 角子", "青子 虎の門 9300001", "恒%夫"] {
            finds_name(&secretariat, nothing, &[]);
        }
    })
    .await;
}
