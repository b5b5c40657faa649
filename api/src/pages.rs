//! Pages: what members see, in the manual's words. Whole without JavaScript, GET and POST only, and every POST that did
//! something answers 303 to the page that shows it.

mod apply;
mod assets;
mod completion;
mod corrections;
mod desk;
mod document;
mod document_list;
mod entry;
mod exam;
mod field;
mod form;
mod frame;
mod history;
mod kept;
mod listed;
mod own_address;
mod panel;
mod posted;
mod preview;
mod printing;
mod problem_page;
mod reports;
mod rows;
mod seminars;
mod sessions;
mod start;
mod top;
mod unseen;
mod upload;
mod visit;
mod withdrawal;

pub use problem_page::{as_page, nothing_here};
pub use start::{Said, handover, local, start};

use askama::Template;
use axum::{
    Router,
    handler::Handler,
    http::{HeaderValue, Method, StatusCode, header},
    middleware,
    response::{IntoResponse as _, Response},
    routing::{self, MethodRouter},
};
use domain::documents::{ClinicalExperience, Conference, Paper, Profile, ResearchActivity, Resume};

use crate::{
    access::{Permission, authorize},
    app::App,
    moment::of_today_only,
    problem::{Kind, Problem},
};

/// What a page may load: the service's own style sheet, module and icon; the module may ask the service.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// A page or form: like an endpoint of the API, it cannot be made without saying which permission it needs.
struct Screen {
    gate: Gate,
    answer: MethodRouter<App>,
    /// Whether it answers for another moment than now, when its address names one.
    knows_moments: bool,
}

impl Screen {
    /// The same of a page that answers for the moment in its address. All others refuse to be asked for one.
    fn of_any_moment(self) -> Self {
        Self {
            knows_moments: true,
            ..self
        }
    }
}

/// Where a form that was kept when its session had ended is shown.
pub(crate) const KEPT: &str = kept::ADDRESS;

/// What stands in front of a page or form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// GET for a page, POST for a form.
    pub method: Method,
    /// Its route.
    pub path: &'static str,
    /// What it needs.
    pub permission: Permission,
}

fn screen(
    permission: Permission,
    path: &'static str,
    (method, answer): (Method, MethodRouter<App>),
) -> Screen {
    let gate = Gate {
        method,
        path,
        permission,
    };
    Screen {
        gate,
        answer,
        knows_moments: false,
    }
}

fn get<T: 'static>(handler: impl Handler<T, App>) -> (Method, MethodRouter<App>) {
    (Method::GET, routing::get(handler))
}

fn post<T: 'static>(handler: impl Handler<T, App>) -> (Method, MethodRouter<App>) {
    (Method::POST, routing::post(handler))
}

/// Every page and form with what it needs, as the API's description has it for the operations.
pub fn gates() -> Vec<Gate> {
    screens().into_iter().map(|screen| screen.gate).collect()
}

/// Every page and form for somebody who is signed in.
fn screens() -> Vec<Screen> {
    let mut all = application_screens();
    all.extend(document_screens());
    all.extend(viewed_screens());
    all.extend(desk::screens());
    all.extend(reports::screens());
    all
}

/// From お申込み to 申請を完了する.
fn application_screens() -> Vec<Screen> {
    use Permission::{Apply, EditDocuments, ManageOwnSessions, UseMemberPages};

    vec![
        screen(UseMemberPages, kept::ADDRESS, get(kept::show)),
        screen(UseMemberPages, "/kept/discard", post(kept::discard)),
        screen(ManageOwnSessions, "/sessions", get(sessions::list)),
        screen(ManageOwnSessions, "/sessions/end", post(sessions::end)),
        screen(UseMemberPages, "/apply/{program}", get(apply::offer)),
        screen(
            UseMemberPages,
            "/apply/{program}/confirmation",
            get(apply::confirmation),
        ),
        screen(Apply, "/apply/{program}", post(apply::apply)),
        screen(UseMemberPages, "/applications/{id}", get(top::top)),
        screen(
            UseMemberPages,
            "/applications/{id}/exam",
            get(exam::confirmation),
        ),
        screen(Apply, "/applications/{id}/exam/send", post(exam::add)),
        screen(
            UseMemberPages,
            "/applications/{id}/withdrawal",
            get(withdrawal::confirmation),
        ),
        screen(
            Apply,
            "/applications/{id}/withdrawal/send",
            post(withdrawal::withdraw),
        ),
        screen(
            UseMemberPages,
            "/applications/{id}/completion",
            get(completion::confirmation),
        ),
        screen(
            Apply,
            "/applications/{id}/completion/send",
            post(completion::complete),
        ),
        screen(
            UseMemberPages,
            "/applications/{id}/requirements",
            get(completion::requirements),
        ),
        screen(
            UseMemberPages,
            "/applications/{id}/corrections",
            get(corrections::show),
        ),
        screen(
            EditDocuments,
            "/applications/{id}/corrections/answers",
            post(corrections::answer),
        ),
        screen(
            UseMemberPages,
            "/applications/{id}/print",
            get(printing::preview),
        ),
        screen(
            UseMemberPages,
            "/applications/{id}/application.pdf",
            get(printing::download),
        ),
        screen(
            UseMemberPages,
            "/applications/{id}/documents",
            get(document_list::list),
        ),
        screen(
            UseMemberPages,
            "/applications/{id}/documents/seminars",
            get(seminars::show),
        ),
        screen(
            EditDocuments,
            "/applications/{id}/documents/research-activities/total-years",
            post(rows::record_years),
        ),
        screen(
            UseMemberPages,
            "/applications/{id}/history",
            get(history::list),
        ),
        screen(
            UseMemberPages,
            "/applications/{id}/history/{sequence}",
            get(history::version),
        ),
        screen(
            EditDocuments,
            "/applications/{id}/documents/{document}/restoration",
            post(history::restore),
        ),
    ]
}

/// 会員として表示: the member's pages, read only, with both in the access log.
fn viewed_screens() -> Vec<Screen> {
    use Permission::SearchApplications as View;

    vec![
        screen(View, "/desk/as-member/{id}", get(top::top)),
        screen(
            View,
            "/desk/as-member/{id}/requirements",
            get(completion::requirements),
        ),
        screen(
            View,
            "/desk/as-member/{id}/corrections",
            get(corrections::show),
        ),
        screen(View, "/desk/as-member/{id}/print", get(printing::preview)),
        screen(
            View,
            "/desk/as-member/{id}/application.pdf",
            get(printing::download),
        ),
        screen(
            View,
            "/desk/as-member/{id}/documents",
            get(document_list::list),
        ),
        screen(
            View,
            "/desk/as-member/{id}/documents/resume",
            get(document::show::<Resume>),
        ),
        screen(
            View,
            "/desk/as-member/{id}/documents/profile",
            get(document::show::<Profile>),
        ),
        screen(
            View,
            "/desk/as-member/{id}/documents/clinical-experience",
            get(document::show::<ClinicalExperience>),
        ),
        screen(
            View,
            "/desk/as-member/{id}/documents/research-activities",
            get(rows::show::<ResearchActivity>),
        ),
        screen(
            View,
            "/desk/as-member/{id}/documents/conferences",
            get(rows::show::<Conference>),
        ),
        screen(
            View,
            "/desk/as-member/{id}/documents/papers",
            get(rows::show::<Paper>),
        ),
        screen(
            View,
            "/desk/as-member/{id}/documents/seminars",
            get(seminars::show),
        ),
        screen(View, "/desk/as-member/{id}/history", get(history::list)),
        screen(
            View,
            "/desk/as-member/{id}/history/{sequence}",
            get(history::version),
        ),
    ]
}

/// The documents that are filled in.
fn document_screens() -> Vec<Screen> {
    let mut all = Vec::new();
    all.extend(whole::<Resume>(
        "/applications/{id}/documents/resume",
        "/applications/{id}/documents/resume/save",
        "/applications/{id}/documents/resume/preview",
    ));
    all.extend(whole::<Profile>(
        "/applications/{id}/documents/profile",
        "/applications/{id}/documents/profile/save",
        "/applications/{id}/documents/profile/preview",
    ));
    all.extend(whole::<ClinicalExperience>(
        "/applications/{id}/documents/clinical-experience",
        "/applications/{id}/documents/clinical-experience/save",
        "/applications/{id}/documents/clinical-experience/preview",
    ));
    all.extend(list::<ResearchActivity>(&ListAddresses {
        list: "/applications/{id}/documents/research-activities",
        preview: "/applications/{id}/documents/research-activities/preview",
        rows: "/applications/{id}/documents/research-activities/rows",
        row: "/applications/{id}/documents/research-activities/rows/{row}",
        removal: "/applications/{id}/documents/research-activities/rows/{row}/removal",
        back: "/applications/{id}/documents/research-activities/rows/{row}/return",
    }));
    all.extend(list::<Conference>(&ListAddresses {
        list: "/applications/{id}/documents/conferences",
        preview: "/applications/{id}/documents/conferences/preview",
        rows: "/applications/{id}/documents/conferences/rows",
        row: "/applications/{id}/documents/conferences/rows/{row}",
        removal: "/applications/{id}/documents/conferences/rows/{row}/removal",
        back: "/applications/{id}/documents/conferences/rows/{row}/return",
    }));
    all.extend(list::<Paper>(&ListAddresses {
        list: "/applications/{id}/documents/papers",
        preview: "/applications/{id}/documents/papers/preview",
        rows: "/applications/{id}/documents/papers/rows",
        row: "/applications/{id}/documents/papers/rows/{row}",
        removal: "/applications/{id}/documents/papers/rows/{row}/removal",
        back: "/applications/{id}/documents/papers/rows/{row}/return",
    }));
    all
}

/// A document that is saved as a whole.
fn whole<T: entry::WholeEntry + Send + Sync + 'static>(
    path: &'static str,
    form: &'static str,
    preview: &'static str,
) -> [Screen; 3] {
    [
        screen(Permission::UseMemberPages, path, get(document::show::<T>)),
        screen(Permission::EditDocuments, form, post(document::save::<T>)),
        screen(
            Permission::EditDocuments,
            preview,
            post(preview::of_document::<T>),
        ),
    ]
}

struct ListAddresses {
    list: &'static str,
    preview: &'static str,
    rows: &'static str,
    row: &'static str,
    removal: &'static str,
    back: &'static str,
}

/// A document that is a list of rows.
fn list<T: listed::ListEntry + Send + Sync + 'static>(at: &ListAddresses) -> [Screen; 6] {
    use Permission::{EditDocuments, UseMemberPages};
    [
        screen(UseMemberPages, at.list, get(rows::show::<T>)),
        screen(EditDocuments, at.preview, post(preview::of_row::<T>)),
        screen(EditDocuments, at.rows, post(rows::add::<T>)),
        screen(EditDocuments, at.row, post(rows::revise::<T>)),
        screen(EditDocuments, at.removal, post(rows::remove::<T>)),
        screen(EditDocuments, at.back, post(rows::bring_back::<T>)),
    ]
}

/// The pages, each behind the gate of its permission; the start page and the assets are for everybody.
pub fn router(app: &App) -> Router<App> {
    let known = gates();
    let has_page = |form: &Gate| {
        known
            .iter()
            .any(|gate| gate.method == Method::GET && gate.path == form.path)
    };
    let gated = screens().into_iter().fold(Router::new(), |router, screen| {
        let Screen {
            gate,
            mut answer,
            knows_moments,
        } = screen;
        if gate.method == Method::POST && !has_page(&gate) {
            answer = answer.get(own_address::lead);
        }
        if !knows_moments {
            answer = answer.route_layer(middleware::from_fn(of_today_only));
        }
        let layer = middleware::from_fn_with_state((app.clone(), gate.permission), authorize);
        router.route(gate.path, answer.route_layer(layer))
    });
    gated
        .layer(middleware::from_fn(own_address::remember))
        .layer(middleware::from_fn_with_state(
            app.clone(),
            posted::keep_what_was_typed,
        ))
        .layer(posted::form_limit())
        .route(
            "/",
            routing::get(start::start_page).route_layer(middleware::from_fn(of_today_only)),
        )
        .merge(assets::router())
}

fn rendered(page: &impl Template, status: StatusCode) -> Response {
    match page.render() {
        Ok(html) => (
            status,
            [
                (
                    header::CONTENT_TYPE,
                    HeaderValue::from_static("text/html; charset=utf-8"),
                ),
                (header::CONTENT_SECURITY_POLICY, POLICY),
            ],
            unseen::shown(own_address::apart(html)),
        )
            .into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be drawn");
            Problem::new(Kind::Internal).into_response()
        }
    }
}

/// Sends a browser on to the page that shows what was done.
fn see(address: &str) -> Response {
    match HeaderValue::from_str(address) {
        Ok(address) => (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page has no address");
            Problem::new(Kind::Internal).into_response()
        }
    }
}
