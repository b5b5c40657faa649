//! 集計 on pages: the reports with their charts, the lists behind their figures, 定型帳票, and files.

mod chart;
mod drawing;
mod export;
mod listing;
mod report;

use super::{
    Screen,
    frame::{Crumb, Frame},
    get, post, screen,
};
use crate::{
    access::{Identity, Permission},
    app::App,
};
use domain::Role;

/// Every page and form of reporting.
pub(super) fn screens() -> Vec<Screen> {
    use Permission::{ReadReportLists, ReadReports};
    vec![
        screen(ReadReports, "/reports", get(report::index)),
        screen(ReadReports, "/reports/{report}", get(report::show)).of_any_moment(),
        screen(ReadReports, "/reports/{report}/file", get(report::file)).of_any_moment(),
        screen(ReadReportLists, "/report-lists/{list}", get(listing::show)).of_any_moment(),
        screen(
            ReadReportLists,
            "/report-lists/{list}/file",
            get(listing::file),
        )
        .of_any_moment(),
        screen(ReadReportLists, "/report-exports", get(export::all)),
        screen(ReadReportLists, "/report-exports", post(export::begin)),
        screen(
            ReadReportLists,
            "/report-exports/{export}",
            get(export::show),
        ),
        screen(
            ReadReportLists,
            "/report-exports/{export}/file",
            get(export::file),
        ),
        screen(
            ReadReportLists,
            "/report-exports/{export}/removal",
            post(export::remove),
        ),
    ]
}

/// Header and breadcrumb of a page of reporting.
fn frame(app: &App, identity: &Identity, title: &str, between: Vec<Crumb>) -> Frame {
    let mut frame = Frame::plain(app, title);
    let role = match identity.role() {
        Role::Reporter => "集計担当",
        _ => "事務局",
    };
    frame.person = Some(format!("{role} {}", identity.actor().id));
    frame.crumbs = vec![Crumb::to(role, "/")];
    frame.crumbs.extend(between);
    frame.crumbs.push(Crumb::here(title));
    frame.wide = true;
    frame
}
