//! The issuers: a TOML file, one table for each.
//!
//! ```toml
//! [issuers.society]
//! label = "会員専用ページのID"
//! issuer = "https://id.example.jp"
//! client_id = "shinsei"
//! client_secret_file = "/run/credentials/oidc-society"   # or client_secret_env = "…"; neither for a public client
//! scopes = ["profile"]
//! member_claim = "member_number"                          # holds 会員番号, a text, a number or a list of one
//!
//! [issuers.staff]
//! label = "事務局のID"
//! issuer = "https://login.example.jp/realms/office"
//! client_id = "shinsei"
//! roles_claim = "realm_access.roles"                      # a text or a list of texts; dots lead into claims of claims
//! trusted_audiences = ["account"]                         # further audiences that a token for us may name
//! [issuers.staff.roles]
//! "shinsei-office" = ["secretariat:view", "secretariat:check"]
//! "shinsei-chief" = ["secretariat:view", "secretariat:decide", "secretariat:administer"]
//! "shinsei-statistics" = ["reporter"]
//! ```
//!
//! A claim is looked for in the ID token first, and what is not there at the issuer's `UserInfo` endpoint (OpenID Connect Core, 5.3.2).

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use domain::{Role, member::MemberNumber, text::is_ignorable};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::access::{Duties, Duty, Principal, names_loopback};

/// Longest account name that is taken from an issuer; what it calls somebody goes into the log.
const LONGEST_SUBJECT: usize = 128;

/// What a role of an issuer may mean here, for people.
const ROLES_ARE: &str =
    "reporter, or secretariat: with one of view, check, payments, decide, administer";

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSettings {
    /// By their keys: letters, digits and hyphens, as they stand in addresses and in the log.
    pub issuers: BTreeMap<String, IssuerSettings>,
}

/// One issuer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerSettings {
    /// What its button says.
    pub label: String,
    /// Its address: https, or http on this machine.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// File that holds the client's secret.
    pub client_secret_file: Option<PathBuf>,
    /// Variable of the environment that holds the client's secret.
    pub client_secret_env: Option<String>,
    /// What is asked for beside `openid`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Audiences beside us that a token may name (OpenID Connect Core, 3.1.3.7): it must then say that it was made for us (`azp`).
    #[serde(default)]
    pub trusted_audiences: Vec<String>,
    /// Claim that holds 会員番号, by its name or its path; without it no member signs in by this issuer.
    pub member_claim: Option<String>,
    /// Claim that holds the roles of staff, a text or a list of texts, by its name or its path; without it no staff signs in by this issuer.
    pub roles_claim: Option<String>,
    /// What each role of the issuer may do here: `secretariat:<duty>` or `reporter`.
    #[serde(default)]
    pub roles: BTreeMap<String, Vec<String>>,
}

/// Settings that cannot be used. No secret is in it.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file, or a secret's.
    #[error("{} can not be read", .file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No TOML of this form.
    #[error("{}: {reason}", .file.display())]
    Malformed {
        /// Which.
        file: PathBuf,
        /// What the parser says, without the text.
        reason: String,
    },
    /// A value that contradicts itself or is unsafe.
    #[error("issuer {key}: {reason}")]
    Inconsistent {
        /// Which issuer.
        key: String,
        /// What is wrong.
        reason: String,
    },
}

/// Whom an issuer vouches for, before it is looked up whether we know them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vouched {
    /// Staff, with what its roles mean here.
    Staff(Principal),
    /// A member, by 会員番号.
    Member(MemberNumber),
    /// Somebody who is nobody here: which claim does not say it, without anything of its value.
    Nobody(String),
}

impl OidcSettings {
    /// Reads the file.
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub fn read(file: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(file).map_err(|source| SettingsError::Unreadable {
            file: file.to_owned(),
            source,
        })?;
        let mut settings: Self =
            toml::from_str(&text).map_err(|error| SettingsError::Malformed {
                file: file.to_owned(),
                reason: error.message().to_owned(),
            })?;
        if settings.issuers.is_empty() {
            return Err(SettingsError::Malformed {
                file: file.to_owned(),
                reason: "it names no issuer: one table [issuers.NAME] at least".to_owned(),
            });
        }
        for issuer in settings.issuers.values_mut() {
            issuer.trim();
        }
        for (key, issuer) in &settings.issuers {
            issuer
                .check(key)
                .map_err(|reason| SettingsError::Inconsistent {
                    key: key.clone(),
                    reason,
                })?;
        }
        Ok(settings)
    }
}

impl IssuerSettings {
    /// Blanks around a value are nobody's meaning.
    fn trim(&mut self) {
        let claims = [&mut self.member_claim, &mut self.roles_claim];
        let texts = [&mut self.label, &mut self.issuer, &mut self.client_id];
        for text in texts.into_iter().chain(claims.into_iter().flatten()) {
            *text = text.trim().to_owned();
        }
    }

    /// What says nothing: it could only be meant otherwise.
    fn check_words(&self) -> Result<(), String> {
        let unseen = |text: &str| text.chars().all(|c| c.is_whitespace() || is_ignorable(c));
        let claims = [
            ("member_claim", &self.member_claim),
            ("roles_claim", &self.roles_claim),
        ];
        let claims = claims
            .into_iter()
            .filter_map(|(name, text)| Some((name, text.as_ref()?)));
        let texts = [("label", &self.label), ("client_id", &self.client_id)];
        let mut texts = texts.into_iter().chain(claims);
        if let Some((name, _)) = texts.find(|(_, text)| unseen(text)) {
            return Err(format!(
                "{name} is empty: give it a value, or leave a claim out"
            ));
        }
        let mut listed = self.scopes.iter().chain(&self.trusted_audiences);
        if listed.any(|text| unseen(text)) {
            return Err("an entry of scopes or trusted_audiences is empty".to_owned());
        }
        match (&self.roles_claim, self.roles.is_empty()) {
            (Some(_), true) => return Err(
                "roles_claim needs a table roles: without what its roles mean here, it lets nobody in"
                    .to_owned(),
            ),
            (None, false) => {
                return Err("the table roles needs roles_claim, the claim that holds them".to_owned());
            }
            _ => {}
        }
        for (role, meanings) in &self.roles {
            if unseen(role) || meanings.is_empty() {
                return Err(format!("the role \"{role}\" means nothing: {ROLES_ARE}"));
            }
        }
        Ok(())
    }

    fn check(&self, key: &str) -> Result<(), String> {
        let word = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if !word(key) || matches!(key, "demo" | "handover") {
            return Err(
                "its key is letters, digits and hyphens, and neither demo nor handover".to_owned(),
            );
        }
        let safe = match self.issuer.split_once("://") {
            Some(("https", _)) => true,
            Some(("http", rest)) => names_loopback(rest.split('/').next().unwrap_or(rest)),
            _ => false,
        };
        // OpenID Connect Discovery, 2: no query and no fragment; and a password has no place in it.
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '@');
        let host = self.issuer.split_once("://").map_or("", |(_, rest)| rest);
        if !safe
            || !self.issuer.chars().all(plain)
            || host.is_empty()
            || host.starts_with(['/', ':'])
        {
            return Err(
                "its address is https, or http on this machine, with a host and no ?, # or @ in it: https://id.example.jp"
                    .to_owned(),
            );
        }
        if self.client_secret_file.is_some() && self.client_secret_env.is_some() {
            return Err(
                "the client's secret is in a file or in the environment, not in both".to_owned(),
            );
        }
        if self.member_claim.is_none() && self.roles_claim.is_none() {
            return Err("without member_claim and roles_claim nobody signs in by it".to_owned());
        }
        for meaning in self.roles.values().flatten() {
            if grant(meaning).is_none() {
                return Err(format!("{meaning} is no role: {ROLES_ARE}"));
            }
        }
        self.check_words()
    }

    /// The client's secret, from where it is.
    ///
    /// # Errors
    /// A file that cannot be read, or a variable that is not set.
    pub fn client_secret(&self, key: &str) -> Result<Option<String>, SettingsError> {
        if let Some(file) = &self.client_secret_file {
            let text =
                std::fs::read_to_string(file).map_err(|source| SettingsError::Unreadable {
                    file: file.clone(),
                    source,
                })?;
            // As everywhere, empty is absent; and what is named is not to be absent.
            let secret = Some(text.trim().to_owned()).filter(|secret| !secret.is_empty());
            return secret.map(Some).ok_or_else(|| SettingsError::Inconsistent {
                key: key.to_owned(),
                reason: format!("there is no secret in {}", file.display()),
            });
        }
        let Some(variable) = &self.client_secret_env else {
            return Ok(None);
        };
        let set = std::env::var(variable).ok();
        set.filter(|secret| !secret.trim().is_empty())
            .map(Some)
            .ok_or_else(|| SettingsError::Inconsistent {
                key: key.to_owned(),
                reason: format!("{variable} is not set"),
            })
    }

    /// Who somebody is by what the issuer says. Staff comes before members: who is both works here as staff, and signs in as
    /// a member by an issuer without `roles_claim`.
    pub fn vouched(&self, key: &str, subject: &str, claims: &Map<String, Value>) -> Vouched {
        let mut duties = Vec::new();
        let mut reporter = false;
        let said = self
            .roles_claim
            .as_ref()
            .and_then(|path| claim(claims, path));
        for role in said.map(texts).unwrap_or_default() {
            for meaning in self.roles.get(role).into_iter().flatten() {
                match grant(meaning) {
                    Some(Grant::Secretariat(duty)) => duties.push(duty),
                    Some(Grant::Reporter) => reporter = true,
                    None => {}
                }
            }
        }
        let role = match (duties.is_empty(), reporter) {
            (false, _) => Some(Role::Secretariat),
            (true, true) => Some(Role::Reporter),
            (true, false) => None,
        };
        if let Some(role) = role {
            // It names the account in the log for ever.
            let plain = subject.bytes().all(|byte| byte.is_ascii_graphic());
            if !plain || subject.is_empty() || subject.len() > LONGEST_SUBJECT {
                return Vouched::Nobody("sub can not stand in the log".to_owned());
            }
            let duties: Duties = duties.into_iter().collect();
            return Vouched::Staff(Principal::of(role, format!("{key}/{subject}"), duties));
        }
        let mut reasons = Vec::new();
        if let Some(path) = &self.roles_claim {
            let reason = said.map_or("is missing", |_| "names no role of the settings");
            reasons.push(format!("claim {path} {reason}"));
        }
        if let Some(path) = &self.member_claim {
            match claim(claims, path).map(member_number) {
                Some(Ok(number)) => return Vouched::Member(number),
                Some(Err(reason)) => reasons.push(format!("claim {path} {reason}")),
                None => reasons.push(format!("claim {path} is missing")),
            }
        }
        Vouched::Nobody(reasons.join("; "))
    }

    /// Whether each claim that is asked for here is among these and says something that means somebody here.
    pub fn are_complete(&self, claims: &Map<String, Value>) -> bool {
        let mut roles = self.roles_claim.iter();
        let mut members = self.member_claim.iter();
        // Several numbers are an answer: what is only said does not choose between those that are signed.
        let names_somebody = |path: &String| {
            claim(claims, path).is_some_and(|said| member_number(said) != Err(NO_NUMBER))
        };
        roles.all(|path| self.gives_roles(claims, path)) && members.all(names_somebody)
    }

    /// Whether one of the roles of a claim has a meaning here.
    fn gives_roles(&self, claims: &Map<String, Value>, path: &str) -> bool {
        let said = claim(claims, path).map(texts).unwrap_or_default();
        said.iter().any(|role| self.roles.contains_key(*role))
    }

    /// Adds what an issuer tells beside its token. What is signed stands above what is only said; a claim of ours that means nobody here is
    /// no answer, and is asked for again.
    pub fn complete(&self, claims: &mut Map<String, Value>, mut told: Map<String, Value>) {
        let means_nobody = [
            self.roles_claim
                .as_deref()
                .filter(|path| !self.gives_roles(claims, path)),
            self.member_claim.as_deref().filter(|path| {
                claim(claims, path).is_some_and(|said| member_number(said) == Err(NO_NUMBER))
            }),
        ];
        for path in means_nobody.into_iter().flatten() {
            if claim(&told, path).is_some()
                && let (Some(place), Some(said)) =
                    (claim_mut(claims, path), claim_mut(&mut told, path))
            {
                *place = said.take();
            }
        }
        add(claims, told);
    }
}

/// Adds what is not there or is null, also within claims that hold claims.
fn add(claims: &mut Map<String, Value>, told: Map<String, Value>) {
    for (name, value) in told {
        match (claims.entry(name).or_insert(Value::Null), value) {
            (Value::Object(known), Value::Object(told)) => add(known, told),
            (known @ Value::Null, value) => *known = value,
            _ => {}
        }
    }
}

/// The place of a claim that [`claim`] finds.
fn claim_mut<'a>(claims: &'a mut Map<String, Value>, path: &str) -> Option<&'a mut Value> {
    if claims.contains_key(path) {
        return claims.get_mut(path);
    }
    let mut dots = path.match_indices('.').map(|(at, _)| at).rev();
    let at = dots.find(|at| {
        let inner = path.get(..*at).and_then(|name| claims.get(name));
        let inner = inner.and_then(Value::as_object);
        inner
            .zip(path.get(at + 1..))
            .is_some_and(|(inner, rest)| claim(inner, rest).is_some())
    })?;
    let inner = claims.get_mut(path.get(..at)?)?.as_object_mut()?;
    claim_mut(inner, path.get(at + 1..)?)
}

/// The claim of a name; else what a path with dots leads to. Names with dots in them (`https://example.jp/roles`) are found at each level. What is
/// null is not there.
fn claim<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(path) {
        return Some(value).filter(|value| !value.is_null());
    }
    let dots = path.match_indices('.').map(|(at, _)| at);
    dots.rev().find_map(|at| {
        let inner = claims.get(path.get(..at)?)?.as_object()?;
        claim(inner, path.get(at + 1..)?)
    })
}

/// Why a claim names no member: what is in it is no number.
const NO_NUMBER: &str = "holds no member number";

/// 会員番号 as issuers write it: a text, a number, or a list in which there is one. What is empty in a list is not there.
fn member_number(value: &Value) -> Result<MemberNumber, &'static str> {
    let listed = match value {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut found = None;
    for one in listed {
        let text = match one {
            Value::Null => continue,
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => whole(number).ok_or(NO_NUMBER)?,
            _ => return Err(NO_NUMBER),
        };
        if text.is_empty() {
            continue;
        }
        let number = MemberNumber::parse(&text).map_err(|_| NO_NUMBER)?;
        if found.as_ref().is_some_and(|earlier| *earlier != number) {
            return Err("holds several member numbers");
        }
        found = Some(number);
    }
    found.ok_or(NO_NUMBER)
}

/// A number without a fraction, in digits: some issuers know one kind of number, and write 1000001.0.
fn whole(number: &serde_json::Number) -> Option<String> {
    let digits = number.to_string();
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    fraction
        .bytes()
        .all(|byte| byte == b'0')
        .then(|| whole.to_owned())
}

enum Grant {
    Secretariat(Duty),
    Reporter,
}

fn grant(meaning: &str) -> Option<Grant> {
    if meaning == "reporter" {
        return Some(Grant::Reporter);
    }
    let duty = meaning.strip_prefix("secretariat:")?;
    Duty::parse(duty).map(Grant::Secretariat)
}

/// A text, or the texts of a list.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FILE: &str = r#"
        [issuers.society]
        label = "会員専用ページのID"
        issuer = "https://id.example.jp"
        client_id = "shinsei"
        member_claim = "member_number"
        [issuers.staff]
        label = "事務局のID"
        issuer = "http://127.0.0.1:9000"
        client_id = "shinsei"
        roles_claim = "roles"
        member_claim = "number"
        [issuers.staff.roles]
        office = ["secretariat:view", "secretariat:payments"]
        chief = ["secretariat:decide"]
        statistics = ["reporter"]
    "#;

    fn read(text: &str) -> Result<OidcSettings, SettingsError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        OidcSettings::read(file.path())
    }

    fn vouched(issuer: &str, subject: &str, claims: Value) -> Vouched {
        let settings = read(FILE).unwrap();
        let Value::Object(claims) = claims else {
            panic!("claims are an object")
        };
        settings.issuers[issuer].vouched(issuer, subject, &claims)
    }

    fn nobody(reason: &str) -> Vouched {
        Vouched::Nobody(reason.to_owned())
    }

    #[test]
    fn a_claim_is_found_by_its_name_or_by_the_path_to_it() {
        let Value::Object(claims) = json!({
            "roles": ["a"],
            "realm_access": { "roles": ["b"] },
            "resource_access": { "shinsei.example.jp": { "roles": ["c"] } },
            "https://example.jp/roles": ["d"],
            "a.b": { "c.d": "e" },
            "nothing": null,
            "text": "realm_access.roles",
        }) else {
            panic!("claims are an object")
        };
        for (path, value) in [
            ("roles", json!(["a"])),
            ("realm_access.roles", json!(["b"])),
            ("resource_access.shinsei.example.jp.roles", json!(["c"])),
            ("https://example.jp/roles", json!(["d"])),
            ("a.b.c.d", json!("e")),
        ] {
            assert_eq!(claim(&claims, path), Some(&value), "{path}");
        }
        for path in [
            "",
            ".",
            "roles.",
            ".roles",
            "realm_access.groups",
            "text.roles",
            "nothing",
            "nothing.x",
            "roles.0",
        ] {
            assert_eq!(claim(&claims, path), None, "{path}");
        }
    }

    #[test]
    fn a_refusal_names_the_claims_and_nothing_that_they_say() {
        let said = |claims| match vouched("staff", "u1", claims) {
            Vouched::Nobody(reason) => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            said(json!({})),
            "claim roles is missing; claim number is missing"
        );
        assert_eq!(
            said(json!({ "roles": ["geheim"], "number": "geheim!" })),
            "claim roles names no role of the settings; claim number holds no member number"
        );
    }

    #[test]
    fn roles_of_an_issuer_become_duties_by_its_settings_alone() {
        let staff = |roles: Value| vouched("staff", "u1", json!({ "roles": roles }));
        let duties = |words: &str| {
            Vouched::Staff(Principal::of(
                Role::Secretariat,
                "staff/u1",
                Duties::parse(words),
            ))
        };
        assert_eq!(staff(json!("office")), duties("view payments"));
        assert_eq!(
            staff(json!(["office", "chief", "cook"])),
            duties("view payments decide")
        );
        let reporter = Vouched::Staff(Principal::of(Role::Reporter, "staff/u1", Duties::NONE));
        assert_eq!(staff(json!(["statistics"])), reporter);
        for nothing in [
            json!([]),
            json!("secretariat:administer"),
            json!(7),
            json!(null),
        ] {
            assert!(matches!(staff(nothing), Vouched::Nobody(_)));
        }
        // Another issuer that says the same says nothing.
        let other = vouched("society", "u1", json!({ "roles": ["office"] }));
        assert_eq!(other, nobody("claim member_number is missing"));
    }

    #[test]
    fn what_means_nobody_here_is_asked_for_and_what_is_signed_stands() {
        let settings = read(FILE).unwrap().issuers["staff"].clone();
        let object = |claims: Value| match claims {
            Value::Object(claims) => claims,
            other => panic!("{other} is no object"),
        };
        let complete = |signed: Value, told: Value| {
            let mut claims = object(signed);
            let enough = settings.are_complete(&claims);
            settings.complete(&mut claims, object(told));
            (enough, settings.vouched("staff", "u1", &claims))
        };
        let number = MemberNumber::parse("9000001").unwrap();
        for empty in [json!(null), json!(""), json!([]), json!(["", null])] {
            let told = json!({ "number": "9000001" });
            let signed = json!({ "roles": ["offline"], "number": empty });
            let known = (false, Vouched::Member(number.clone()));
            assert_eq!(complete(signed, told), known, "{empty}");
        }
        // Keycloak's roles of everybody in the token, those of the office at UserInfo.
        let (enough, vouched) = complete(
            json!({ "roles": ["offline"], "number": "9000001" }),
            json!({ "roles": ["statistics"], "number": "9000002" }),
        );
        assert!(
            !enough && matches!(vouched, Vouched::Staff(_)),
            "{vouched:?}"
        );
        let signed = json!({ "roles": ["statistics"], "number": "9000001" });
        let told = json!({ "roles": ["chief"], "number": "9000002" });
        let statistics = Principal::of(Role::Reporter, "staff/u1", Duties::NONE);
        assert_eq!(complete(signed, told), (true, Vouched::Staff(statistics)));
        let several = json!({ "roles": [], "number": ["9000001", "9000002"] });
        let (_, vouched) = complete(several, json!({ "number": "9000001" }));
        assert!(matches!(vouched, Vouched::Nobody(_)), "{vouched:?}");
    }

    #[test]
    fn what_is_signed_is_completed_and_never_changed() {
        let map = |value: Value| value.as_object().cloned().unwrap_or_default();
        let mut claims = map(json!({
            "roles": null,
            "member_number": "9000001",
            "realm_access": { "id": 1 },
            "groups": ["a"],
        }));
        let told = json!({
            "roles": ["office"],
            "member_number": "9000002",
            "realm_access": { "id": 2, "roles": ["chief"] },
            "groups": ["b"],
            "name": "x",
        });
        add(&mut claims, map(told));
        let expected = json!({
            "roles": ["office"],
            "member_number": "9000001",
            "realm_access": { "id": 1, "roles": ["chief"] },
            "groups": ["a"],
            "name": "x",
        });
        assert_eq!(Value::Object(claims), expected);
    }

    #[test]
    fn a_claim_within_a_claim_is_completed_in_its_place() {
        let text = FILE.replace(
            "roles_claim = \"roles\"",
            "roles_claim = \"realm_access.roles\"",
        );
        let settings = read(&text).unwrap().issuers["staff"].clone();
        let mut claims = Map::new();
        claims.insert("realm_access".to_owned(), json!({ "roles": ["offline"] }));
        let mut told = Map::new();
        told.insert(
            "realm_access".to_owned(),
            json!({ "roles": ["statistics"] }),
        );
        settings.complete(&mut claims, told);
        let vouched = settings.vouched("staff", "u1", &claims);
        assert!(matches!(vouched, Vouched::Staff(_)), "{vouched:?}");
    }

    #[test]
    fn a_member_is_known_by_the_claim_with_the_number() {
        let number = MemberNumber::parse("9000001").unwrap();
        for said in [
            json!("9000001"),
            json!(9_000_001),
            json!(["9000001"]),
            json!([9_000_001, " 9000001 "]),
            json!(["9000001", null]),
            json!(["", "9000001", " "]),
            json!(9_000_001.0),
        ] {
            let vouched = vouched("society", "abc", json!({ "member_number": said }));
            assert_eq!(vouched, Vouched::Member(number.clone()));
        }
        let none = "claim member_number holds no member number";
        for (said, reason) in [
            (json!(""), none),
            (json!("x; DROP"), none),
            (json!([]), none),
            (json!(["", null]), none),
            (json!(9_000_001.5), none),
            (json!({ "of": "9000001" }), none),
            (json!([["9000001"]]), none),
            (json!(["9000001", true]), none),
            (json!(null), "claim member_number is missing"),
            (
                json!(["9000001", "9000002"]),
                "claim member_number holds several member numbers",
            ),
        ] {
            let vouched = vouched("society", "abc", json!({ "member_number": said }));
            assert_eq!(vouched, nobody(reason));
        }
        let both = vouched(
            "staff",
            "u1",
            json!({ "roles": "office", "number": "9000001" }),
        );
        assert!(matches!(both, Vouched::Staff(_)));
    }

    #[test]
    fn an_account_whose_name_cannot_stand_in_the_log_is_nobody() {
        for subject in ["", "a b", "名前", "a\nb", &"a".repeat(129)] {
            let said = json!({ "roles": "office" });
            assert_eq!(
                vouched("staff", subject, said),
                nobody("sub can not stand in the log"),
                "{subject}"
            );
        }
    }

    #[test]
    fn settings_that_are_unsafe_or_mean_nothing_are_refused_by_name() {
        for (good, bad, reason) in [
            ("https://id.example.jp", "http://id.example.jp", "https"),
            ("member_claim = \"member_number\"", "", "nobody signs in"),
            ("secretariat:decide", "secretariat:everything", "is no role"),
            ("issuers.society", "issuers.demo", "neither demo"),
            (
                "client_id = \"shinsei\"",
                "client_id = \"shinsei\"\nsurprise = 1",
                "surprise",
            ),
            (
                "https://id.example.jp",
                "https://id.example.jp#f",
                "no ?, #",
            ),
            (
                "https://id.example.jp",
                "https://id.example.jp?x",
                "no ?, #",
            ),
            (
                "https://id.example.jp",
                "https://u:p@id.example.jp",
                "no ?, #",
            ),
            ("https://id.example.jp", "https://", "no ?, #"),
            (
                "label = \"会員専用ページのID\"",
                "label = \" \"",
                "label is empty",
            ),
            (
                "client_id = \"shinsei\"",
                "client_id = \"\"",
                "client_id is empty",
            ),
            (
                "member_claim = \"number\"",
                "member_claim = \"\"",
                "member_claim is empty",
            ),
            (
                "roles_claim = \"roles\"",
                "roles_claim = \"\"",
                "roles_claim is empty",
            ),
            ("roles_claim = \"roles\"", "", "needs roles_claim"),
            ("[\"reporter\"]", "[]", "means nothing"),
        ] {
            assert!(FILE.contains(good));
            let error = read(&FILE.replacen(good, bad, 1)).unwrap_err();
            assert!(error.to_string().contains(reason), "{error}");
        }
        let no_roles = FILE.split("[issuers.staff.roles]").next().unwrap();
        let error = read(no_roles).unwrap_err().to_string();
        assert!(error.contains("needs a table roles"), "{error}");
        let error = read("[issuers]").unwrap_err().to_string();
        assert!(error.contains("no issuer"), "{error}");
    }

    #[test]
    fn a_secret_comes_from_its_file_and_is_in_no_error() {
        let secret = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(secret.path(), "geheim\n").unwrap();
        let mut settings = read(FILE).unwrap().issuers["society"].clone();
        assert_eq!(settings.client_secret("society").unwrap(), None);
        settings.client_secret_file = Some(secret.path().to_owned());
        assert_eq!(
            settings.client_secret("society").unwrap().as_deref(),
            Some("geheim")
        );
        std::fs::write(secret.path(), " \n").unwrap();
        let error = settings.client_secret("society").unwrap_err();
        assert!(error.to_string().contains("there is no secret in"));
        settings.client_secret_file = None;
        settings.client_secret_env = Some("SHINSEI_TEST_NO_SUCH_VARIABLE".to_owned());
        let error = settings.client_secret("society").unwrap_err();
        assert!(error.to_string().contains("is not set"));
    }
}
