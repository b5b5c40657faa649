//! The pages of the same, as a browser without JavaScript sends its forms.

use ureq::http::Method;

use super::{Desk, PAYMENTS, events, exam_fee};
use crate::service::{Answer, FOURTH, Person, TestService, each_service, eventually};

/// Somebody of the secretariat at a browser.
pub struct Browser {
    pub person: Person,
    host: String,
}

impl Browser {
    pub fn of(service: &TestService) -> Self {
        Self::at_hand_of(service, service.secretariat())
    }

    pub fn at_hand_of(service: &TestService, person: Person) -> Self {
        Self {
            person,
            host: service.address().to_string(),
        }
    }

    fn get(&self, path: &str) -> Answer {
        let request = self.person.request(Method::GET, path);
        request.without_key().header("accept", "text/html").send()
    }

    #[track_caller]
    pub fn page(&self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.text.matches("<h1").count(), 1, "{path}");
        answer.text
    }

    fn send(&self, path: &str, content_type: &str, body: Vec<u8>) -> Answer {
        self.person
            .request(Method::POST, path)
            .without_key()
            .header("accept", "text/html")
            .header("origin", &format!("http://{}", self.host))
            .header("sec-fetch-site", "same-origin")
            .bytes(content_type, body)
            .send()
    }

    fn token(&self) -> String {
        hidden(&self.page("/sessions"), "csrf")
    }

    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let (token, key) = (self.token(), uuid::Uuid::new_v4().to_string());
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf", &token).append_pair("key", &key);
        form.extend_pairs(fields);
        self.send(
            path,
            "application/x-www-form-urlencoded",
            form.finish().into_bytes(),
        )
    }

    /// The press on the page of a file that was looked at.
    #[track_caller]
    pub fn take(&self, check: &str) -> Answer {
        let digest = hidden(&self.page(check), "digest");
        self.post(&format!("{check}/send"), &[("digest", &digest)])
    }

    pub fn upload(&self, kind: &str, file: &[u8]) -> Answer {
        self.upload_with(kind, file, &self.token())
    }

    fn upload_with(&self, kind: &str, file: &[u8], token: &str) -> Answer {
        let mut body = Vec::new();
        for (name, value) in [
            ("key", uuid::Uuid::new_v4().to_string()),
            ("csrf", token.to_owned()),
        ] {
            body.extend(
                format!("--boundary\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                    .bytes(),
            );
        }
        body.extend(
            b"--boundary\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.csv\"\r\nContent-Type: text/csv\r\n\r\n",
        );
        body.extend(file);
        body.extend(b"\r\n--boundary--\r\n");
        self.send(
            &format!("/desk/imports/{kind}"),
            "multipart/form-data; boundary=boundary",
            body,
        )
    }
}

#[track_caller]
pub fn hidden(page: &str, name: &str) -> String {
    all_hidden(page, name).swap_remove(0)
}

/// What all hidden fields of a name say, each once, in their order.
pub fn all_hidden(page: &str, name: &str) -> Vec<String> {
    let mark = format!("name=\"{name}\" value=\"");
    let fields = page.split(&mark).skip(1);
    let mut values: Vec<String> = fields
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    let mut seen = std::collections::HashSet::new();
    values.retain(|value| seen.insert(value.clone()));
    values
}

#[track_caller]
pub fn place(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.header("location").unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_looked_at_then_exactly_it_is_imported_and_taken_back() {
    each_service(async |service| {
        let (desk, browser) = (Desk::of(service), Browser::of(service));
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let list = browser.page("/desk/imports");
        assert!(list.contains("会員データ") && list.contains("試験結果データ"));
        // A name that a spreadsheet would run is text on the page.
        let file = format!(
            "{PAYMENTS}{}{}",
            exam_fee("T1", "9000001", "ﾘﾝｼﾖｳ"),
            exam_fee("T2", "9000004", "\"=HYPERLINK(\"\"http://x\"\")<b>\"")
        );
        let before = events(service).await;
        let check = place(&browser.upload("payments", file.as_bytes()));
        let page = browser.page(&check);
        assert!(page.contains("一致") && page.contains("未照合"), "{page}");
        assert!(!page.contains("<b>"), "{page}");
        assert_eq!(events(service).await, before, "a look writes nothing");
        // Nobody else finds it.
        let stranger = service.member("9000002");
        assert_eq!(stranger.get(&check).status, 403);

        let run = place(&browser.take(&check));
        let page = browser.page(&run);
        assert!(
            page.contains("完了") && page.contains("新規・変更"),
            "{page}"
        );
        eventually(&true, || desk.status(&yoko.id).contains("入金確認済み"));
        // Pressed twice, it is the same run; and the file is gone.
        let again = browser.post(&format!("{check}/send"), &[]);
        assert_eq!(place(&again), run);
        assert_eq!(browser.get(&check).status, 404);
        let csv = browser.get(&format!("{run}/rows.csv"));
        assert!(csv.text.contains("9000001,新規・変更"), "{}", csv.text);

        let refused = browser.post(&format!("{run}/retraction"), &[("reason", " ")]);
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains("理由 を入力してください。"));
        let back = place(&browser.post(&format!("{run}/retraction"), &[("reason", "誤り")]));
        assert!(browser.page(&back).contains("取消"));
        eventually(&false, || desk.status(&yoko.id).contains("入金確認済み"));
        assert!(browser.page("/desk/imports").contains("取消"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_too_large_foreign_or_none_is_refused_with_a_sentence() {
    each_service(async |service| {
        let browser = Browser::of(service);
        let whole = api::imports::FILE_LIMIT;
        let answer = browser.upload("payments", &vec![b'a'; whole + 1]);
        assert_eq!(answer.status, 413);
        assert!(answer.text.contains("50MBまで"), "{}", answer.text);
        let answer = browser.upload("payments", &"氏名,値\r\n".repeat(3).into_bytes());
        assert_eq!(answer.status, 422);
        assert!(answer.text.contains("見出しに必要な列がありません"));
        assert_eq!(browser.upload("payments", b"").status, 422);
        assert_eq!(browser.upload("nothing", b"a").status, 404);
        assert_eq!(browser.upload_with("payments", b"a", "none").status, 403);
        let nobody = Browser {
            person: service.nobody(),
            host: browser.host.clone(),
        };
        assert_eq!(nobody.upload_with("payments", b"a", "none").status, 401);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_is_placed_and_taken_back_on_its_page() {
    each_service(async |service| {
        let (desk, browser) = (Desk::of(service), Browser::of(service));
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let fee = format!("{PAYMENTS}{}", exam_fee("T1", "9000001", "ﾔﾏﾀﾞ"));
        desk.import("payments", &fee);
        eventually(&1, || desk.unmatched().len());
        assert!(browser.page("/desk/payments").contains("名義相違"));
        let address = "/desk/payments/match?member=9000001&transaction=T1";
        let page = browser.page(address);
        assert!(page.contains(&yoko.id), "{page}");
        let given = [
            ("member", "9000001"),
            ("transaction", "T1"),
            ("application", yoko.id.as_str()),
        ];
        let refused = browser.post("/desk/payments/match/send", &given);
        assert_eq!(refused.status, 422, "a reason is needed");
        let with_reason = [&given[..], &[("reason", "旧姓での振込")]].concat();
        let done = place(&browser.post("/desk/payments/match/send", &with_reason));
        assert!(browser.page(&done).contains("確認済み"));
        assert_eq!(desk.unmatched(), []);
        assert_eq!(
            yoko.history("event=PaymentConfirmed")[0]["reason"],
            serde_json::Value::Null
        );
        let history = service
            .secretariat()
            .get(&yoko.path("/history?event=PaymentConfirmed"));
        assert_eq!(history.ok()["entries"][0]["reason"], "旧姓での振込");
        let undone = place(&browser.post("/desk/payments/reversal", &with_reason));
        let page = browser.page(&undone);
        assert!(page.contains("取り消しました"), "{page}");
        eventually(&1, || desk.unmatched().len());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attendance_is_corrected_on_the_members_page() {
    each_service(async |service| {
        let browser = Browser::of(service);
        let page = browser.page("/desk/members/9000001");
        assert!(page.contains("9000001"));
        let fields = [
            ("code", "NEW1"),
            ("name", "=新セミナー"),
            ("kind", "B"),
            ("first_day", "2024/04/01"),
            ("last_day", "2024/03/01"),
            ("units", "10"),
            ("reason", "確認"),
        ];
        let refused = browser.post("/desk/members/9000001/attendance", &fields);
        assert_eq!(refused.status, 422);
        assert!(
            refused.text.contains("終了日 が開始日より前"),
            "{}",
            refused.text
        );
        assert!(
            refused.text.contains("=新セミナー"),
            "what was typed stands there"
        );
        let mut good = fields;
        good[4].1 = "2024/04/02";
        let done = place(&browser.post("/desk/members/9000001/attendance", &good));
        assert!(browser.page(&done).contains("NEW1"));
        let back = [
            ("code", "NEW1"),
            ("first_day", "2024-04-01"),
            ("reason", "誤り"),
        ];
        let done = place(&browser.post("/desk/members/9000001/attendance-retractions", &back));
        assert!(!browser.page(&done).contains("NEW1"));
        assert_eq!(browser.get("/desk/members/9999999").status, 404);
    })
    .await;
}
