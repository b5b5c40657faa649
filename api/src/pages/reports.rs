//! 集計 on pages.

#[cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "the pages that show charts come with the reports themselves"
    )
)]
mod chart;
