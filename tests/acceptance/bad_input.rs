//! Whatever is typed or sent: never our fault, never a lost keystroke, never a changed name.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use serde_json::{Value, json};

use crate::service::{Answer, Applicant, FIRST_TO_THIRD, FOURTH, TestService, each_service, forms};

/// How a field is read.
#[derive(Clone, Copy, Debug)]
enum Read {
    /// Text of at most so many characters as a person counts them.
    Text(usize),
    /// A word of a list.
    Choice,
    Year,
    Month,
    Date,
    Number,
}

/// A field of a document: where it is saved, its pointer there, and its name in the manual's sentences.
struct Field {
    document: &'static str,
    pointer: &'static str,
    label: &'static str,
    read: Read,
}

const fn field(
    document: &'static str,
    pointer: &'static str,
    label: &'static str,
    read: Read,
) -> Field {
    Field {
        document,
        pointer,
        label,
        read,
    }
}

/// 総年数 is saved on its own.
const TOTAL_YEARS: &str = "total-years";

/// Every field that a member types into.
const FIELDS: [Field; 28] = [
    field("resume", "/school", "学歴 出身学校名", Read::Text(100)),
    field("resume", "/graduation_year", "学歴 卒業年月", Read::Year),
    field("resume", "/graduation_month", "学歴 卒業年月", Read::Month),
    field(
        "resume",
        "/basic_society",
        "基本学会認定医 学会名",
        Read::Choice,
    ),
    field(
        "resume",
        "/qualification",
        "基本学会 資格種別",
        Read::Choice,
    ),
    field(
        "resume",
        "/qualification_number",
        "基本学会 認定番号",
        Read::Text(100),
    ),
    field("profile", "/text", "プロフィール", Read::Text(1_040)),
    field("research-activities", "/from_year", "期間", Read::Year),
    field("research-activities", "/from_month", "期間", Read::Month),
    field("research-activities", "/to_year", "期間", Read::Year),
    field("research-activities", "/to_month", "期間", Read::Month),
    field("research-activities", "/content", "内容", Read::Text(500)),
    field(
        TOTAL_YEARS,
        "/total_years",
        "がん治療に関する研究活動・診療歴の総年数",
        Read::Number,
    ),
    field("conferences", "/first_author", "筆頭", Read::Choice),
    field("conferences", "/place", "開催地", Read::Text(100)),
    field("conferences", "/held_on", "開催日", Read::Date),
    field("conferences", "/units", "申請単位数", Read::Number),
    field("papers", "/division", "区分", Read::Choice),
    field("papers", "/kind", "種別", Read::Choice),
    field("papers", "/date", "日付", Read::Date),
    field("papers", "/units", "申請単位数", Read::Number),
    field("papers", "/content", "内容", Read::Text(500)),
    field(
        "clinical-experience",
        "/examined/0",
        "臓器・領域",
        Read::Choice,
    ),
    field(
        "clinical-experience",
        "/drug_therapy/0",
        "臓器・領域",
        Read::Choice,
    ),
    field(
        "clinical-experience",
        "/consultation/0",
        "臓器・領域",
        Read::Choice,
    ),
    field(
        "clinical-experience",
        "/special_procedures_detail",
        "特殊な検査・治療の実績 の具体的な内容",
        Read::Text(500),
    ),
    field(
        "clinical-experience",
        "/trials/0/name",
        "臨床試験名（1）",
        Read::Text(80),
    ),
    field(
        "clinical-experience",
        "/trials/0/cases",
        "登録症例数（1）",
        Read::Number,
    ),
];

/// What is said about a field.
enum Said {
    Nothing,
    /// This.
    Sentence(String),
    /// A sentence with the field's name in it.
    Something,
}

impl Field {
    /// The sentence for an empty field; three fields may be empty.
    fn when_empty(&self) -> Said {
        match (self.document, self.pointer, self.read) {
            (_, "/first_author", _) | (TOTAL_YEARS, ..) => Said::Nothing,
            (_, _, Read::Choice) => {
                Said::Sentence(format!("{} の値を選択してください。", self.label))
            }
            _ => Said::Sentence(format!("{} は必須入力です。", self.label)),
        }
    }

    /// What people type, and what is to be said about it.
    fn typed(&self) -> Vec<(String, Said)> {
        let label = self.label;
        let (date_only, number_only, text_only) = match self.read {
            Read::Text(_) => (Said::Nothing, Said::Nothing, Said::Nothing),
            Read::Date => (Said::Nothing, Said::Something, Said::Something),
            Read::Number => (Said::Something, Said::Nothing, Said::Something),
            Read::Choice | Read::Year | Read::Month => {
                (Said::Something, Said::Something, Said::Something)
            }
        };
        let mut typed = vec![
            (String::new(), self.when_empty()),
            // Half-width kana, and marks that stand for themselves.
            ("ﾘﾝｼﾖｳ ﾖｳｺﾞ".to_owned(), text_only),
            ("令和6年5月1日".to_owned(), date_only),
            (
                "１０".to_owned(),
                match self.read {
                    Read::Month => Said::Nothing,
                    _ => number_only,
                },
            ),
        ];
        // Outside the basic plane, with a variation selector, 旧字体, combining marks, a joined emoji, text that runs the
        // other way: where it is text, it is text.
        let names = "𠮷野 葛\u{E0100}城 髙﨑 か\u{3099} 👩\u{200D}⚕\u{FE0F} \u{202E}abc";
        typed.push((
            names.to_owned(),
            match self.read {
                Read::Text(_) => Said::Nothing,
                _ => Said::Something,
            },
        ));
        match self.read {
            Read::Text(limit) => {
                typed.push(("葛\u{E0100}".repeat(limit), Said::Nothing));
                let shown = |number: usize| match number {
                    1_000.. => format!("{},{:03}", number / 1_000, number % 1_000),
                    _ => number.to_string(),
                };
                let sentence = format!(
                    "{label} は{}字以内で入力してください。（現在 {}字）",
                    shown(limit),
                    shown(limit + 1)
                );
                typed.push(("𠮷".repeat(limit + 1), Said::Sentence(sentence)));
                typed.push(("一\n二\t三".to_owned(), Said::Nothing));
            }
            Read::Year => {
                for good in ["２０２１", "令和３年", "H20"] {
                    typed.push((good.to_owned(), Said::Nothing));
                }
                for bad in ["20", "昭和65", "3000", "９".repeat(200).as_str()] {
                    typed.push((bad.to_owned(), Said::Something));
                }
            }
            Read::Month => {
                typed.push(("７月".to_owned(), Said::Nothing));
                for bad in ["0", "13", "-1", "９".repeat(200).as_str()] {
                    let sentence =
                        format!("{label} の月は 1 から 12 までの数字で入力してください。");
                    typed.push((bad.to_owned(), Said::Sentence(sentence)));
                }
            }
            Read::Date => {
                for good in ["２０２４／０５／０１", "R6.5.1", "2024-02-29"] {
                    typed.push((good.to_owned(), Said::Nothing));
                }
                let sentence =
                    format!("{label} は存在しない日付です。2026/07/04 のように入力してください。");
                for bad in ["2026/02/29", "２０２６年２月３０日", "令和6年4月31日"] {
                    typed.push((bad.to_owned(), Said::Sentence(sentence.clone())));
                }
                for bad in ["平成31年5月1日", "6.5.1", "2024/05/01".repeat(20).as_str()] {
                    typed.push((bad.to_owned(), Said::Something));
                }
            }
            Read::Number => {
                for bad in ["十", "1.5", "-3", "９".repeat(200).as_str()] {
                    typed.push((bad.to_owned(), Said::Something));
                }
            }
            Read::Choice => typed.push(("専".repeat(200), Said::Something)),
        }
        typed
    }
}

/// Somebody with every document filled in, so that each field can be made wrong on its own.
struct FilledIn {
    applicant: Applicant,
    /// Id of the row of each list.
    rows: Vec<(&'static str, String)>,
}

impl FilledIn {
    fn new(service: &TestService) -> Self {
        let applicant = service.applicant("9000001", FOURTH, "documents_and_exam");
        let mut rows = Vec::new();
        for slug in forms::ROW_DOCUMENTS {
            let added = applicant.add(slug, &form(slug)).created();
            rows.push((slug, added["row"].as_str().unwrap().to_owned()));
        }
        Self { applicant, rows }
    }

    fn address(&self, document: &str) -> String {
        let row = self.rows.iter().find(|(slug, _)| *slug == document);
        self.applicant.path(&match (document, row) {
            (TOTAL_YEARS, _) => "/documents/research-activities/total-years".to_owned(),
            (slug, Some((_, row))) => format!("/documents/{slug}/rows/{row}"),
            (slug, None) => format!("/documents/{slug}"),
        })
    }

    /// Revision and value as they are saved.
    fn saved(&self, document: &str) -> (u32, Value) {
        if document == TOTAL_YEARS {
            let list = self.applicant.document("research-activities");
            return (
                list.revision(),
                json!({ "total_years": list.ok()["total_years"] }),
            );
        }
        let saved = self.applicant.document(document);
        let body = saved.ok();
        let value = match body.get("rows") {
            Some(rows) => &rows[0]["value"],
            None => &body["value"],
        };
        (saved.revision(), value.clone())
    }

    fn save(&self, document: &str, content_type: &str, body: Vec<u8>, revision: u32) -> Answer {
        let request = self.applicant.person.put(&self.address(document));
        request.bytes(content_type, body).revision(revision).send()
    }

    fn save_json(&self, document: &str, value: &Value, revision: u32) -> Answer {
        self.save(
            document,
            "application/json",
            value.to_string().into_bytes(),
            revision,
        )
    }
}

/// A document without a mistake, with something in every field.
fn form(document: &str) -> Value {
    match document {
        "resume" => forms::resume(),
        "profile" => forms::profile(),
        "research-activities" => {
            let mut form = forms::research_activity();
            // Early enough that every year tried at the other end comes after it.
            form["from_year"] = json!("2001");
            form
        }
        "conferences" => forms::conference(),
        "papers" => forms::paper("がん薬物療法の安全性"),
        TOTAL_YEARS => json!({ "total_years": "25" }),
        _ => {
            let mut form = forms::clinical_experience();
            form["consultation"] = json!(["乳房"]);
            form
        }
    }
}

fn with(document: &str, pointer: &str, value: Value) -> Value {
    let mut form = form(document);
    *form.pointer_mut(pointer).unwrap() = value;
    form
}

/// The sentence about a field in an answer.
fn sentence(answer: &Answer, pointer: &str) -> Option<String> {
    let body = answer.json();
    let errors = body["errors"].as_array()?;
    let error = errors.iter().find(|error| error["pointer"] == pointer)?;
    Some(error["message"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_typed_into_a_field_is_kept_code_point_for_code_point_and_said_what_is_wrong() {
    each_service(async |service| {
        let filled_in = FilledIn::new(service);
        for field in &FIELDS {
            let (mut revision, _) = filled_in.saved(field.document);
            for (typed, said) in field.typed() {
                let value = with(field.document, field.pointer, json!(typed));
                let answer = filled_in.save_json(field.document, &value, revision);
                let what = format!("{} {}: {typed:.60}", field.document, field.pointer);
                assert_eq!(answer.ok()["value"], value, "{what}");
                revision = answer.revision();
                assert_eq!(filled_in.saved(field.document), (revision, value), "{what}");
                let found = sentence(&answer, field.pointer);
                match said {
                    Said::Nothing => assert_eq!(found, None, "{what}"),
                    Said::Sentence(sentence) => assert_eq!(found, Some(sentence), "{what}"),
                    Said::Something => {
                        let found =
                            found.unwrap_or_else(|| panic!("{what}: nothing is said: {answer:?}"));
                        assert!(
                            found.starts_with(field.label) && found.ends_with('。'),
                            "{what}: {found}"
                        );
                    }
                }
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_pointed_at_and_nothing_is_stored() {
    each_service(async |service| {
        let filled_in = FilledIn::new(service);
        let controls = [
            "a\u{0}b",
            "\u{1}",
            "\u{1B}[2J",
            "\u{7F}",
            "\u{84}",
            "\u{9F}",
        ]
        .map(|text| json!(text));
        let wrong_types = [
            json!(5),
            json!(true),
            json!(null),
            json!(["文"]),
            json!({ "文": 1 }),
        ];
        let yes_or_no = [
            ("resume", "/withhold_home"),
            ("clinical-experience", "/special_procedures"),
            ("clinical-experience", "/second_opinion"),
        ];
        let lists = [
            "/examined",
            "/drug_therapy",
            "/consultation",
            "/trials",
            "/trials/0",
        ];
        let texts = FIELDS.iter().flat_map(|field| {
            let values = controls.iter().chain(&wrong_types).cloned();
            values.map(|value| (field.document, field.pointer, value))
        });
        let others = yes_or_no.into_iter().flat_map(|(document, pointer)| {
            let values = [json!("あり"), json!(1), json!([])];
            values.map(|value| (document, pointer, value))
        });
        let lists = lists.into_iter().flat_map(|pointer| {
            let values = [json!("呼吸器"), json!(3)];
            values.map(|value| ("clinical-experience", pointer, value))
        });
        let before = filled_in.applicant.get("").ok()["sequence"].clone();
        for (document, pointer, value) in texts.chain(others).chain(lists) {
            let what = format!("{document} {pointer}: {value}");
            let revision = filled_in.saved(document).0;
            let answer =
                filled_in.save_json(document, &with(document, pointer, value.clone()), revision);
            answer.refused(422, "undecodable");
            assert_eq!(answer.pointers(), [pointer], "{what}");
            // Neither is what was refused repeated: it may be somebody's name in the wrong place.
            assert!(!answer.text.contains("文\""), "{what}: {}", answer.text);
        }
        for field in &FIELDS {
            // Half a character: there is no text that it could be.
            let (revision, _) = filled_in.saved(field.document);
            for half in ["\\ud842", "\\udfb7", "\\udfb7\\ud842", "\\ud842x"] {
                let body = with(field.document, field.pointer, json!("HALF")).to_string();
                let body = body.replace("HALF", half).into_bytes();
                let answer = filled_in.save(field.document, "application/json", body, revision);
                answer.refused(400, "malformed-json");
            }
        }
        assert_eq!(filled_in.applicant.get("").ok()["sequence"], before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_escaped_name_is_the_name_and_line_ends_are_one() {
    each_service(async |service| {
        let filled_in = FilledIn::new(service);
        let body = r#"{"text":"\ud842\udfb7\u845b\udb40\udd00\r\n\u9ad9\rx\ty"}"#;
        let answer = filled_in.save("profile", "application/json; charset=UTF-8", body.into(), 0);
        answer.ok();
        let (_, saved) = filled_in.saved("profile");
        assert_eq!(saved["text"], "𠮷葛\u{E0100}\n髙\nx\ty");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_no_document_is_refused_before_anything_is_stored() {
    each_service(async |service| {
        let filled_in = FilledIn::new(service);
        let before = filled_in.applicant.get("").ok()["sequence"].clone();
        for document in [
            "resume",
            "profile",
            "clinical-experience",
            "research-activities",
            "conferences",
            "papers",
            TOTAL_YEARS,
        ] {
            let (revision, _) = filled_in.saved(document);
            let json = "application/json";
            for broken in [
                "",
                "{",
                "申請",
                "{\"text\":}",
                "{}{}",
                "[1,]",
                "nul",
                "\u{FEFF}",
                &"[".repeat(60_000),
            ] {
                filled_in
                    .save(document, json, broken.into(), revision)
                    .refused(400, "malformed-json");
            }
            for bytes in [
                &b"\xff\xfe{}"[..],
                b"{\"text\":\"\x8a\x77\"}",
                b"\"\xed\xa0\x80\"",
            ] {
                filled_in
                    .save(document, json, bytes.to_vec(), revision)
                    .refused(400, "malformed-json");
            }
            // Another kind of value in the place of the whole.
            for other in [json!("文"), json!(7), json!(true)] {
                let answer = filled_in.save_json(document, &other, revision);
                answer.refused(422, "undecodable");
            }
            let mut unknown = form(document);
            unknown["自由欄"] = json!("文");
            let answer = filled_in.save_json(document, &unknown, revision);
            answer.refused(422, "undecodable");
            assert_eq!(answer.pointers(), ["/自由欄"]);

            let good = form(document).to_string().into_bytes();
            for content_type in [
                "text/plain",
                "application/x-www-form-urlencoded",
                "application/jsonx",
                "text/csv",
            ] {
                filled_in
                    .save(document, content_type, good.clone(), revision)
                    .refused(415, "unsupported-media-type");
            }
            let mut large = good;
            large.resize(api::write::BODY_LIMIT + 1, b' ');
            filled_in
                .save(document, json, large.clone(), revision)
                .refused(413, "too-large");
        }
        assert_eq!(filled_in.applicant.get("").ok()["sequence"], before);

        // Up to twice the length that a field may have nothing is lost; beyond that nothing is kept.
        let text = "髙".repeat(2_080);
        let answer = filled_in.save_json("profile", &json!({ "text": text }), 0);
        assert_eq!(
            sentence(&answer, "/text").unwrap(),
            "プロフィール は1,040字以内で入力してください。（現在 2,080字）"
        );
        assert_eq!(filled_in.saved("profile").1["text"], text);
        let saved = filled_in.applicant.get("").ok()["sequence"].clone();
        let marks = format!("が{}", "\u{3099}".repeat(18_000));
        for (document, pointer, text) in [
            ("profile", "/text", "髙".repeat(2_081)),
            ("profile", "/text", marks),
            ("resume", "/school", "学".repeat(201)),
            ("resume", "/graduation_year", "９".repeat(201)),
            ("papers", "/content", "論".repeat(1_001)),
            ("conferences", "/held_on", "日".repeat(201)),
            ("clinical-experience", "/trials/0/name", "試".repeat(161)),
            ("clinical-experience", "/examined/0", "専".repeat(201)),
            (TOTAL_YEARS, "/total_years", "９".repeat(201)),
        ] {
            let revision = filled_in.saved(document).0;
            let mut value = form(document);
            *value.pointer_mut(pointer).unwrap() = json!(text);
            let answer = filled_in.save_json(document, &value, revision);
            let problem = answer.refused(422, "too-long");
            assert_eq!(answer.pointers(), [pointer], "{document}");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains("もう一度保存してください。"), "{detail}");
        }
        assert_eq!(filled_in.applicant.get("").ok()["sequence"], saved);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_takes_as_many_rows_as_the_manual_says_and_no_more() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        for (slug, title, limit) in [
            ("research-activities", "研究活動歴", 20),
            ("conferences", "研究業績 学会参加", 30),
            ("papers", "研究業績 論文", 30),
        ] {
            for _ in 0..limit {
                yoko.add(slug, &form(slug)).created();
            }
            let problem = yoko.add(slug, &form(slug)).refused(422, "too-many-rows");
            let sentence = format!(
                "{title}は{limit}件まで登録が可能です。不要な明細を削除してから登録してください。"
            );
            assert_eq!(problem["detail"], sentence);
            let list = yoko.document(slug);
            let rows = list.ok()["rows"].as_array().unwrap().clone();
            assert_eq!((rows.len(), &list.ok()["limit"]), (limit, &json!(limit)));

            let address = |row: &str| yoko.path(&format!("/documents/{slug}/rows/{row}"));
            let remove = |row: &str| {
                yoko.person
                    .delete(&address(row))
                    .revision(yoko.document(slug).revision())
                    .send()
            };
            let first = rows[0]["id"].as_str().unwrap();
            remove(first).ok();
            yoko.add(slug, &form(slug)).created();
            // It is gone; another list's row and what is no id were never there.
            let other = if slug == "papers" {
                "conferences"
            } else {
                "papers"
            };
            let others = yoko.add(other, &form(other));
            let others = if others.status == 201 {
                others.json()["row"].as_str().unwrap().to_owned()
            } else {
                first.to_owned()
            };
            for row in [
                first,
                &others,
                "6d2b1a54-9c0e-4f8b-8f57-21d053c17e96",
                "1",
                "%F0%A0%AE%B7",
                "%00",
            ] {
                remove(row).refused(404, "unknown-row");
                let revised = yoko.person.put(&address(row)).json(&form(slug));
                revised
                    .revision(yoko.document(slug).revision())
                    .send()
                    .refused(404, "unknown-row");
            }
            assert_eq!(
                yoko.document(slug).ok()["rows"].as_array().unwrap().len(),
                limit
            );
            if others != first {
                let there = yoko.path(&format!("/documents/{other}/rows/{others}"));
                yoko.person
                    .delete(&there)
                    .revision(yoko.document(other).revision())
                    .send()
                    .ok();
            }
        }

        // 臨床試験（5つまで）: a sixth one is kept and pointed out.
        let mut experience = forms::clinical_experience();
        experience["trials"] = json!(vec![json!({ "name": "JCOG", "cases": "1" }); 6]);
        let saved = yoko.save("clinical-experience", &experience);
        assert_eq!(
            sentence(&saved, "/trials").unwrap(),
            "臨床試験は5つまで入力できます。5つ以内にしてください。"
        );
        assert_eq!(saved.ok()["value"], experience);
        // One organ, twice.
        experience["examined"] = json!(["呼吸器", "呼吸器"]);
        assert!(
            yoko.save("clinical-experience", &experience)
                .pointers()
                .contains(&"/examined/1".to_owned())
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_offered_cannot_be_applied_for() {
    each_service(async |service| {
        let yoko = service.member("9000001");
        let apply = |body: Value| yoko.post("/api/v1/applications").json(&body).send();
        let unknown = [
            "",
            "specialist-renewal-2099",
            "𠮷",
            "../specialist-renewal-2026",
            &"x".repeat(5_000),
        ];
        for program in unknown {
            let answer = apply(json!({ "program": program, "scope": "documents_only" }));
            answer.refused(422, "unknown-program");
            assert_eq!(answer.pointers(), ["/program"]);
        }
        for (body, pointer) in [
            (json!({ "program": FOURTH }), "/scope"),
            (json!({ "scope": "exam_only" }), "/program"),
            (
                json!({ "program": FOURTH, "scope": "書類審査のみ" }),
                "/scope",
            ),
            (json!({ "program": FOURTH, "scope": 1 }), "/scope"),
            (
                json!({ "program": "a\u{0}", "scope": "exam_only" }),
                "/program",
            ),
            (
                json!({ "program": FOURTH, "scope": "exam_only", "member": "9000002" }),
                "/member",
            ),
        ] {
            let answer = apply(body);
            answer.refused(422, "undecodable");
            assert_eq!(answer.pointers(), [pointer]);
        }
        // Addresses of applications that there are not.
        let long = "9".repeat(3_000);
        for id in [
            "specialist-renewal-2099.9000001".to_owned(),
            format!("{FOURTH}.９０００００１")
                .replace('９', "%EF%BC%99")
                .replace('０', "%EF%BC%90")
                .replace('１', "%EF%BC%91"),
            format!("{FOURTH}.{long}"),
            "%00".to_owned(),
            "..%2F..%2Fetc%2Fpasswd".to_owned(),
            ".".to_owned(),
            "x".to_owned(),
            format!("{FIRST_TO_THIRD}.9000001"),
        ] {
            yoko.get(&format!("/api/v1/applications/{id}/requirements"))
                .refused(404, "not-applied");
            let submitted = yoko
                .post(&format!("/api/v1/applications/{id}/submission"))
                .send();
            submitted.refused(404, "not-applied");
        }
        // What is no address at all.
        yoko.get("/api/v1/applications/%ff/requirements")
            .refused(400, "malformed-address");
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        for query in [
            "limit=x",
            "limit=-1",
            "from=yesterday",
            "document=履歴".replace('履', "%E5").as_str(),
            "before=9999999999999999999999",
        ] {
            yoko.get(&format!("/history?{query}"))
                .refused(400, "malformed-address");
        }
        let secretariat = service.secretariat();
        for moment in ["yesterday", "0", "-1", "2026-02-30T00:00:00Z"] {
            let asked = secretariat.get(&yoko.path(&format!("?as_of={moment}")));
            asked.refused(400, "malformed-address");
        }
        // Before anything was applied for there was nothing.
        let before = secretariat.get(&yoko.path("?as_of=2026-05-01T00:00:00Z"));
        before.refused(404, "not-applied");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_by_hand_is_refused_with_the_field_that_is_wrong() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let secretariat = service.secretariat();
        let good = json!({ "transaction": "T1", "item": "exam_fee", "amount_yen": 22_000, "paid_on": "2026-06-03", "reason": "窓口で確認" });
        let confirm = |name: &str, value: Value| {
            let mut payment = good.clone();
            payment[name] = value;
            secretariat.post(&yoko.path("/payments")).json(&payment).send()
        };
        for (name, value, sentence) in [
            ("transaction", json!("　"), "取引番号 は必須入力です。"),
            ("transaction", json!("9".repeat(201)), "取引番号 は200字以内で入力してください。（現在 201字）"),
            ("amount_yen", json!(0), "金額 は1円以上で入力してください。"),
            ("paid_on", json!("2026/02/30"), "入金日 は存在しない日付です。2026/07/04 のように入力してください。"),
            ("paid_on", json!(""), "入金日 は必須入力です。"),
            ("payer", json!("ﾘ".repeat(201)), "振込名義カナ は200字以内で入力してください。（現在 201字）"),
            ("reason", json!("理".repeat(1_001)), "内部の理由 は1,000字以内で入力してください。（現在 1,001字）"),
            ("reason", json!(" 　"), "内部の理由 を入力してください。"),
        ] {
            let answer = confirm(name, value);
            answer.refused(422, "invalid");
            assert_eq!(answer.json()["errors"], json!([{ "pointer": format!("/{name}"), "message": sentence }]));
        }
        for (name, value) in [
            ("amount_yen", json!(-1)),
            ("amount_yen", json!(1.5)),
            ("amount_yen", json!(4_294_967_296_u64)),
            ("amount_yen", json!("22000")),
            ("item", json!("受験料")),
            ("payer", json!("a\u{0}")),
            ("paid_on", json!(20_260_603)),
        ] {
            let answer = confirm(name, value);
            answer.refused(422, "undecodable");
            assert_eq!(answer.pointers(), [format!("/{name}")]);
        }
        // 認定料 is 11,000円.
        let mut fee = good.clone();
        fee["item"] = json!("certification_fee");
        let differs = secretariat.post(&yoko.path("/payments")).json(&fee).send();
        let detail = differs.refused(422, "amount-differs")["detail"].clone();
        assert_eq!(detail, "入金額が料金（11000円）と異なります。金額をご確認ください。");
        assert_eq!(yoko.get("").ok()["payments"], json!([]));
        assert_eq!(yoko.get("").ok()["sequence"], 1);
    })
    .await;
}
