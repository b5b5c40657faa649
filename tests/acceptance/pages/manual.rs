//! Every sentence of the manual stands on a page: a list of them is held against what a member sees on all screens in all
//! states. The pages' sources are not looked at.

use std::collections::BTreeSet;

use super::member::{self, Member};
use super::visitor::{Seen, Visitor};
use super::words::squeezed;
use crate::databases::{Content, TestDatabase};
use crate::service::{FIRST_TO_THIRD, FOURTH, TestService};

const SENTENCES: &str = include_str!("../data/manual-sentences.txt");

/// As what a line must stand there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Heading,
    Control,
    Column,
    Name,
    Text,
}

#[derive(Debug)]
struct Line {
    /// On one of these screens.
    screens: Vec<&'static str>,
    kind: Kind,
    text: &'static str,
}

/// The lines that are read. A line that cannot be read stops the test: it would be left out without anybody noticing.
fn lines() -> Vec<Line> {
    let mut screens = Vec::new();
    let mut lines = Vec::new();
    for line in SENTENCES.lines() {
        if let Some(names) = line.strip_prefix("# screen: ") {
            screens = names.split(", ").collect();
        } else if !line.is_empty() && !line.starts_with('#') {
            let (kind, text) = line.split_once(' ').unwrap();
            let kind = match kind {
                "heading" => Kind::Heading,
                "control" => Kind::Control,
                "column" => Kind::Column,
                "name" => Kind::Name,
                "text" => Kind::Text,
                other => panic!("{other} is no kind of line: {line}"),
            };
            assert!(!screens.is_empty(), "{line} is on no screen");
            lines.push(Line {
                screens: screens.clone(),
                kind,
                text,
            });
        }
    }
    lines
}

/// The screen at an address, by the name that the list gives it.
fn screen(address: &str) -> &str {
    let path = address.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match parts[..] {
        [""] => "start",
        ["apply", _] => "apply",
        ["apply" | "applications", _, screen] => screen,
        ["applications", _] => "top",
        ["applications", _, "documents", document, ..] => document,
        ["applications", _, "history", _] => "version",
        _ => "none",
    }
}

/// Whether a sentence holds the parts of a line in their order, with something between them.
fn holds(sentence: &str, text: &str) -> bool {
    let mut rest = sentence;
    let parts: Vec<String> = text.split('…').map(squeezed).collect();
    for (place, part) in parts.iter().enumerate() {
        // 0円 is not the end of 11,000円.
        let whole = |at: usize| {
            let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit() || c == ',');
            !digit(part.chars().next()) || !digit(rest[..at].chars().next_back())
        };
        let found = rest
            .match_indices(part.as_str())
            .map(|(at, _)| at)
            .find(|at| whole(*at));
        let Some(at) = found else {
            return false;
        };
        if place > 0 && at == 0 {
            return false;
        }
        rest = &rest[at + part.len()..];
    }
    true
}

impl Line {
    fn stands_on(&self, seen: &Seen) -> bool {
        let exactly = |texts: &[String]| texts.iter().any(|text| *text == squeezed(self.text));
        match self.kind {
            Kind::Heading => exactly(&seen.headings),
            Kind::Control => exactly(&seen.controls),
            Kind::Column => exactly(&seen.columns),
            Kind::Name => exactly(&seen.names),
            Kind::Text => seen
                .sentences
                .iter()
                .any(|sentence| holds(sentence, self.text)),
        }
    }
}

/// 臨床 瘍子 from the start page to the end, with every screen on the way in every state.
fn the_whole_way(service: &TestService) -> Visitor {
    let visitor = Visitor::new(service);
    let yoko = Member::sign_in(&visitor, "9000001", FOURTH);
    visitor.open(&format!("/apply/{FIRST_TO_THIRD}"));
    yoko.apply("書類審査・筆記試験同時のお申込み");
    yoko.see_every_screen();
    yoko.open("/documents/resume").form("入力内容保存").press();
    for list in member::LISTS {
        yoko.open(&format!("/documents/{list}?new"))
            .form("入力内容保存")
            .press();
    }
    yoko.open("/documents/clinical-experience")
        .form("入力内容保存")
        .press();
    yoko.open("/documents/profile").form("入力内容保存").press();
    yoko.see_every_screen();
    for list in member::LISTS {
        yoko.remove_every_row(list);
    }
    yoko.fill_in_required_documents();
    yoko.add_conference();
    yoko.add_paper("がん薬物療法の安全性");
    yoko.see_every_screen();
    yoko.complete();
    yoko.see_every_screen();
    visitor
}

/// Those whose screens say what hers do not.
fn the_others(service: &TestService) -> Vec<Visitor> {
    let others = [
        ("9000002", Some("書類審査のみのお申込み")),
        ("9000003", Some("筆記試験のみのお申込み")),
        ("9000004", Some("書類審査のみのお申込み")),
        ("9000005", None),
        ("9000006", None),
        ("9000007", Some("書類審査・筆記試験同時のお申込み")),
        ("9000008", Some("書類審査のみのお申込み")),
    ];
    let others = others.map(|(number, scope)| {
        let visitor = Visitor::new(service);
        let member = Member::sign_in(&visitor, number, FIRST_TO_THIRD);
        visitor.open(&format!("/apply/{FIRST_TO_THIRD}"));
        visitor.open(&format!("/apply/{FOURTH}"));
        if let Some(scope) = scope {
            member.apply(scope);
            if scope == "筆記試験のみのお申込み" {
                member.open("");
                member.open("/withdrawal");
            } else {
                member.see_every_screen();
            }
        }
        if number == "9000004" {
            member.add_exam();
        }
        if number == "9000008" {
            member.withdraw();
            member.open("");
        }
        visitor
    });
    others.into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_sentence_of_the_manual_stands_on_a_page() {
    let database = TestDatabase::sqlite_with(Content::Demonstration).await;
    let service = TestService::on(&database).await;
    let mut visitors = vec![the_whole_way(&service)];
    visitors.extend(the_others(&service));
    let seen: Vec<Seen> = visitors.iter().flat_map(Visitor::take_seen).collect();
    service.stop().await;

    let screens: BTreeSet<&str> = seen.iter().map(|page| screen(&page.address)).collect();
    let lines = lines();
    assert!(lines.len() > 200, "{} lines", lines.len());
    let mut missing = Vec::new();
    for line in &lines {
        for name in &line.screens {
            assert!(
                screens.contains(name),
                "{name} was not seen among {screens:?}"
            );
        }
        let pages = seen
            .iter()
            .filter(|page| line.screens.contains(&screen(&page.address)));
        if !pages.into_iter().any(|page| line.stands_on(page)) {
            missing.push(format!(
                "{}: {:?} {}",
                line.screens.join(", "),
                line.kind,
                line.text
            ));
        }
    }
    assert!(
        missing.is_empty(),
        "{} of {} lines of the manual stand on none of {} pages:\n{}",
        missing.len(),
        lines.len(),
        seen.len(),
        missing.join("\n")
    );
}

#[test]
fn a_line_is_found_as_a_person_would_find_it() {
    let line = "※業績の単位数は … をご確認ください。";
    assert!(holds("※業績の単位数は単位表をご確認ください。", line));
    assert!(!holds("※業績の単位数はをご確認ください。", line));
    assert!(!holds("をご確認ください。※業績の単位数は", line));
    assert!(holds("審査料 0円".replace(' ', "").as_str(), "0円"));
    assert!(!holds("11,000円", "0円"));
}

#[test]
fn a_screen_is_known_by_its_address() {
    for (address, name) in [
        ("/", "start"),
        ("/?from=%2Fapply", "start"),
        ("/apply/p", "apply"),
        ("/apply/p/confirmation?scope=exam_only", "confirmation"),
        ("/applications/p.1?notice=applied", "top"),
        ("/applications/p.1/completion", "completion"),
        ("/applications/p.1/documents", "documents"),
        ("/applications/p.1/documents/papers?row=1", "papers"),
        ("/applications/p.1/documents/papers/rows/1", "papers"),
        ("/applications/p.1/history/3?document=resume", "version"),
    ] {
        assert_eq!(screen(address), name, "{address}");
    }
}
