//! The whole matrix: every role, duty and scope × every operation and page × what is the own and what is another's.

use std::collections::BTreeSet;
use std::path::Path;

use api::access::{Clients, Duties, Duty, Grant, Permission, Principal, operators_call};
use domain::Role;
use jiff::Timestamp;
use serde_json::json;
use ureq::http::Method;
use uuid::Uuid;

use crate::service::{Answer, FOURTH, Person, TestService, each_service};

/// An operation of the API, or a page.
struct Door {
    method: Method,
    /// As routes are written.
    route: String,
    permission: Permission,
}

impl Door {
    /// The address of an application's.
    fn of(&self, application: &str) -> String {
        self.route
            .replace("{id}", application)
            .replace("{row}", "6d2b1a54-9c0e-4f8b-8f57-21d053c17e96")
            .replace("{token}", "6d2b1a54-9c0e-4f8b-8f57-21d053c17e96")
            .replace("{account}", "nobody")
            .replace("{session}", "6d2b1a54-9c0e-4f8b-8f57-21d053c17e96")
            .replace("{mail}", "6d2b1a54-9c0e-4f8b-8f57-21d053c17e96")
            .replace("{notice}", "applied")
            .replace("{import}", "6d2b1a54-9c0e-4f8b-8f57-21d053c17e96")
            .replace("{member}", "9000001")
            .replace("{program}", FOURTH)
            .replace("{document}", "profile")
            .replace("{sequence}", "1")
            .replace("{item}", "1")
            .replace("{run}", "6d2b1a54-9c0e-4f8b-8f57-21d053c17e96")
            .replace("{search}", "6d2b1a54-9c0e-4f8b-8f57-21d053c17e96")
            .replace("{report}", "progress")
            .replace("{list}", "applications")
            .replace("{export}", "6d2b1a54-9c0e-4f8b-8f57-21d053c17e96")
    }

    /// Somebody knocks, with nothing in the hands that could do anything.
    fn ask(&self, person: &Person, application: &str) -> Answer {
        let request = person.request(self.method.clone(), &self.of(application));
        let request = if self.is_page() {
            request.bytes("application/x-www-form-urlencoded", Vec::new())
        } else {
            request.json(&json!({}))
        };
        request.revision(1).send()
    }

    fn is_page(&self) -> bool {
        !self.route.starts_with("/api/")
    }
}

/// Every door of the service, those first that end nothing.
fn doors(service: &TestService) -> Vec<Door> {
    let description = service.nobody().get("/api/v1/openapi.json").ok();
    let mut doors = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let word = operation["x-permission"].as_str();
            let word = word.unwrap_or_else(|| panic!("{method} {path} names no permission"));
            doors.push(Door {
                method: method.to_uppercase().parse().unwrap(),
                route: path.clone(),
                permission: Permission::parse(word).unwrap(),
            });
        }
    }
    assert!(doors.len() > 35, "{} operations", doors.len());
    let pages = api::gates();
    assert!(pages.len() > 35, "{} pages", pages.len());
    doors.extend(pages.into_iter().map(|gate| Door {
        method: gate.method.as_str().parse().unwrap(),
        route: gate.path.to_owned(),
        permission: gate.permission,
    }));
    let ends_sessions =
        |door: &Door| door.route == "/api/v1/sessions" && door.method == Method::DELETE;
    doors.sort_by_key(|door| (ends_sessions(door), door.route.contains("/withdrawal")));
    doors
}

/// Somebody with what the agreed table gives.
struct Asker {
    who: String,
    person: Person,
    may: BTreeSet<Permission>,
}

/// The table once more, written down by hand: what each may, beside what everybody may.
fn agreed(role: Role, duties: &[Duty]) -> BTreeSet<Permission> {
    use Permission::{
        Apply, CheckDocuments, ConfirmPayments, Decide, EditDocuments, ExportHistory,
        ImportAttendance, ImportExamResults, ImportMembers, ImportPayments, ManageMails,
        ManageOwnSessions, ManageTokens, ReadAccessLog, ReadApplication, ReadHistory, ReadMails,
        ReadOwnAccessLog, ReadPrograms, ReadReportLists, ReadReports, SearchApplications,
        SeeImports, SeeOwnSituation, SeeRuns, UseMemberPages, VerifyLog,
    };
    let mut may = BTreeSet::from([SeeOwnSituation, ManageOwnSessions, ReadPrograms]);
    if role == Role::Member {
        may.extend([
            UseMemberPages,
            Apply,
            ReadApplication,
            EditDocuments,
            ReadHistory,
            ReadOwnAccessLog,
        ]);
    }
    if role == Role::Reporter {
        may.extend([ReadReports, ReadReportLists]);
    }
    for duty in duties {
        may.extend(match duty {
            Duty::View => vec![
                ReadReports,
                ReadReportLists,
                ReadApplication,
                ReadHistory,
                SearchApplications,
                SeeRuns,
                ExportHistory,
                ReadMails,
            ],
            Duty::Check => vec![CheckDocuments],
            Duty::Decide => vec![SeeRuns, Decide, SeeImports, ImportExamResults],
            Duty::Payments => vec![ConfirmPayments, SeeImports, ImportPayments],
            Duty::Administer => vec![
                SeeImports,
                ImportMembers,
                ImportAttendance,
                VerifyLog,
                ManageTokens,
                ReadAccessLog,
                ManageMails,
            ],
        });
    }
    may
}

async fn people(service: &TestService) -> Vec<Asker> {
    let mut askers = Vec::new();
    let mut principals = vec![
        (Role::Secretariat, "no-duty", vec![]),
        (Role::Secretariat, "every-duty", Duty::ALL.to_vec()),
        (Role::Reporter, "reporter", vec![]),
        // Duties are the secretariat's: they give others nothing.
        (Role::Reporter, "reporter-with-duties", vec![]),
        (Role::Member, "9000001", vec![]),
    ];
    principals.extend(Duty::ALL.map(|duty| (Role::Secretariat, duty.as_str(), vec![duty])));
    for (role, account, duties) in principals {
        let given = match account {
            "reporter-with-duties" => Duties::all(),
            _ => duties.iter().copied().collect(),
        };
        let principal = Principal::of(role, account, given);
        askers.push(Asker {
            who: principal.actor.label(),
            person: service.as_principal(&principal).await,
            may: agreed(role, &duties),
        });
    }
    askers
}

/// A client for each scope that a role can have; what it cannot have is refused.
async fn clients(service: &TestService) -> Vec<Asker> {
    let clients = Clients::new(&service.inside);
    let mut askers = Vec::new();
    for role in [Role::Secretariat, Role::Reporter] {
        let duties: &[Duty] = if role == Role::Secretariat {
            &Duty::ALL
        } else {
            &[]
        };
        let mut may = agreed(role, duties);
        may.remove(&Permission::ManageTokens);
        for scope in Permission::ALL {
            let words = [scope.as_str().to_owned()];
            let grant = Grant::read("matrix", role.as_str(), &words, 1);
            assert_eq!(grant.is_ok(), may.contains(&scope), "{role:?} {scope:?}");
            let Ok(grant) = grant else { continue };
            let call = operators_call();
            let request = (Uuid::new_v4(), &call);
            let made = clients.create(&grant, &call.actor, request, Timestamp::now());
            let (_, secret) = made.await.unwrap();
            askers.push(Asker {
                who: format!("{}:client with {}", role.as_str(), scope.as_str()),
                person: service.client(secret.as_str()),
                may: match scope {
                    // A token from before `see-runs`.
                    Permission::SearchApplications => BTreeSet::from([scope, Permission::SeeRuns]),
                    _ => BTreeSet::from([scope]),
                },
            });
        }
    }
    assert!(askers.len() >= 10, "{} clients", askers.len());
    askers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_door_opens_to_those_of_the_agreed_table_and_to_nobody_else() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let doors = doors(service);
        let mut askers = people(service).await;
        askers.extend(clients(service).await);
        let used: BTreeSet<_> = doors.iter().map(|door| door.permission).collect();
        assert_eq!(
            used,
            BTreeSet::from(Permission::ALL),
            "a permission opens something"
        );
        let nobody = service.nobody();
        for door in &doors {
            let what = format!("{} {}", door.method, door.route);
            assert_eq!(door.ask(&nobody, &yoko.id).status, 401, "nobody: {what}");
            for asker in &askers {
                let answer = door.ask(&asker.person, &yoko.id);
                let (may, status) = (asker.may.contains(&door.permission), answer.status);
                // A form without its account's token is refused too, but behind the door.
                let behind = status == 403
                    && door.is_page()
                    && answer.json()["type"] == "/problems/foreign-form";
                assert_eq!(
                    status != 403 || behind,
                    may,
                    "{}: {what}: {status}",
                    asker.who
                );
                assert_ne!(status, 401, "{}: {what}", asker.who);
                if !may {
                    answer.refused(403, "not-permitted");
                }
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_every_door_a_member_finds_the_own_application_and_never_anothers() {
    each_service(async |service| {
        let yoko = service.applicant("9000001", FOURTH, "documents_and_exam");
        let curious = service.member("9000002");
        let before = yoko.get("").ok()["sequence"].clone();
        let of_members = agreed(Role::Member, &[]);
        let mut tried = 0;
        for door in doors(service) {
            if !door.route.contains("{id}") || !of_members.contains(&door.permission) {
                continue;
            }
            tried += 1;
            let what = format!("{} {}", door.method, door.route);
            let theirs = door.ask(&curious, &yoko.id);
            let nobodys = door.ask(&curious, &yoko.id.replace("9000001", "9999999"));
            assert_eq!(theirs.status, nobodys.status, "{what}");
            // A form of a page is read before it is asked whose it is.
            let status = if door.is_page() && door.method == Method::POST {
                theirs.status
            } else {
                404
            };
            assert_eq!(theirs.status, status, "{what}: {theirs:?}");
            assert!(theirs.status >= 400, "{what}: {theirs:?}");
            if door.method == Method::GET
                && !door.route.contains("{row}")
                && !door.route.contains("{sequence}")
            {
                let own = door.ask(&yoko.person, &yoko.id);
                assert!(matches!(own.status, 200 | 303), "{what}: {own:?}");
            }
        }
        assert!(tried > 60, "{tried} doors");
        assert_eq!(yoko.get("").ok()["sequence"], before, "nothing was changed");
    })
    .await;
}

/// What is for everybody, on purpose: the start page and its style, what operators ask, the API's description, signing in.
const OPEN: [&str; 11] = [
    "/",
    "/assets/{hash}/{name}",
    "/demo/sign-in",
    "/handover",
    "/sign-in/{issuer}",
    "/sign-in/{issuer}/callback",
    "/sign-out",
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/v1/openapi.json",
];

/// The program without its tests, file by file.
fn sources(directory: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let program = text
                .split("#[cfg(test)]\nmod tests")
                .next()
                .unwrap()
                .to_owned();
            found.push((path.display().to_string(), program));
        }
    }
}

/// Operations and pages are made by `endpoint` and `screen`, which ask for a permission. Whatever is routed past them stands here.
#[test]
fn nothing_is_routed_past_the_gate_but_what_is_for_everybody() {
    let mut found = Vec::new();
    sources(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../api/src")),
        &mut found,
    );
    assert!(found.len() > 80, "{} files", found.len());
    let mut open = BTreeSet::new();
    for (file, program) in &found {
        for call in program.split(".route(").skip(1) {
            let argument = call.trim_start();
            match argument.strip_prefix('"') {
                Some(path) => {
                    open.insert(path.split('"').next().unwrap().to_owned());
                }
                None => assert!(
                    file.ends_with("api/src/pages.rs")
                        && argument.starts_with("gate.path, answer.route_layer(layer))"),
                    "{file}: a route that is no text: {}",
                    argument.lines().next().unwrap_or_default()
                ),
            }
        }
        for past in [
            ".route_service(",
            ".nest(",
            ".nest_service(",
            ".fallback_service(",
        ] {
            assert!(!program.contains(past), "{file} routes with {past}");
        }
        let described = program.matches("router.routes(").count();
        let expected = if file.ends_with("api/src/routes.rs") {
            2
        } else {
            0
        };
        assert_eq!(
            described, expected,
            "{file}: routes of the API are made in one place"
        );
    }
    let expected: BTreeSet<_> = OPEN.map(str::to_owned).into();
    assert_eq!(open, expected, "each without a gate, so each with a reason");
}
