//! What the calendar accepts, refuses and says.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;

fn era(name: &str) -> &'static Era {
    ERAS.iter().find(|era| era.name == name).unwrap()
}

#[test]
fn one_day_is_read_from_every_form_that_people_type() {
    for text in [
        "2026/7/4",
        "2026/07/04",
        "2026-07-04",
        "2026.7.4",
        "20260704",
        "2026年7月4日",
        "2026 年 7 月 4 日",
        "2026　　年  7 　月\t4日",
        "R8.7.4",
        "r8/7/4",
        "Ｒ８．７．４",
        "R8年7月4日",
        "令和8年7月4日",
        "令和 8年 7月 4日",
        "令和８／７／４",
        "㋿8年7月4日",
        "２０２６／０７／０４",
        "２０２６０７０４",
        "　2026/7/4　",
        "2026年7⽉4⽇",
    ] {
        assert_eq!(parse_date(text), Ok(date(2026, 7, 4)), "{text}");
    }
}

#[test]
fn every_dash_between_the_numbers_is_a_hyphen() {
    for dash in ['-', 'ー', 'ｰ', '―', '‐', '\u{2011}', '−', '–', '—', '－'] {
        for text in [
            format!("2026{dash}07{dash}04"),
            format!("２０２６{dash}７{dash}４"),
            format!("R8 {dash} 7 {dash} 4"),
        ] {
            assert_eq!(parse_date(&text), Ok(date(2026, 7, 4)), "{text}");
        }
    }
}

#[test]
fn the_first_year_may_be_written_with_its_sign_or_its_number() {
    for text in [
        "平成元年5月1日",
        "平成1年5月1日",
        "H1.5.1",
        "H元.5.1",
        "h01/05/01",
    ] {
        assert_eq!(parse_date(text), Ok(date(1989, 5, 1)), "{text}");
    }
}

#[test]
fn an_era_is_accepted_from_its_first_to_its_last_day() {
    for (text, day) in [
        ("明治6年1月1日", date(1873, 1, 1)),
        ("M45.7.29", date(1912, 7, 29)),
        ("大正元年7月30日", date(1912, 7, 30)),
        ("T15.12.24", date(1926, 12, 24)),
        ("昭和元年12月25日", date(1926, 12, 25)),
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("平成元年1月8日", date(1989, 1, 8)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("令和元年5月1日", date(2019, 5, 1)),
    ] {
        assert_eq!(parse_date(text), Ok(day), "{text}");
    }
}

#[test]
fn a_day_outside_its_era_is_refused_with_the_era() {
    for (text, name) in [
        ("平成31年5月1日", "平成"),
        ("平成32年1月1日", "平成"),
        ("H99.1.1", "平成"),
        ("昭和64年1月8日", "昭和"),
        ("昭和元年12月24日", "昭和"),
        ("T15.12.25", "大正"),
        ("令和元年4月30日", "令和"),
        ("令和0年5月1日", "令和"),
        // The calendar of the moon.
        ("明治5年12月3日", "明治"),
    ] {
        assert_eq!(
            parse_date(text),
            Err(CalendarError::NotInEra(era(name))),
            "{text}"
        );
    }
}

#[test]
fn a_short_year_without_an_era_is_ambiguous() {
    for text in ["8.7.4", "26/7/4", "２６－７－４", "8年7月4日", "260704"] {
        assert_eq!(parse_date(text), Err(CalendarError::Ambiguous), "{text}");
    }
}

#[test]
fn a_day_that_the_calendar_does_not_have_is_refused() {
    for text in [
        "2026/06/31",
        "2025/2/29",
        "1900/2/29",
        "2026/13/1",
        "2026/0/1",
        "2026/1/0",
        "20261301",
        "令和7年2月29日",
        "平成元年99月99日",
    ] {
        assert_eq!(parse_date(text), Err(CalendarError::DoesNotExist), "{text}");
    }
    assert_eq!(parse_date("2024/2/29"), Ok(date(2024, 2, 29)));
}

#[test]
fn a_year_far_from_any_application_is_refused() {
    for text in [
        "1867/12/31",
        "2201/1/1",
        "0000/00/00",
        "99991231",
        "令和183年1月1日",
    ] {
        assert_eq!(parse_date(text), Err(CalendarError::OutOfRange), "{text}");
    }
    assert_eq!(parse_date("1868/1/1"), Ok(date(1868, 1, 1)));
    assert_eq!(parse_date("2200/12/31"), Ok(date(2200, 12, 31)));
}

#[test]
fn an_empty_box_is_told_from_a_wrong_one() {
    for text in ["", " ", "　", "\n"] {
        assert_eq!(parse_date(text), Err(CalendarError::Empty), "{text:?}");
    }
}

#[test]
fn anything_else_is_no_date() {
    for text in [
        "未定",
        "2026",
        "2026/7",
        "2026/7/4/1",
        "2026/7-4",
        "2026年7/4",
        "2026年7月4",
        "2026 07 04",
        "2026 0704",
        "2026  0704",
        "20 26/7/4",
        "7/4/2026",
        "202/7/4",
        "02026/7/4",
        "2026/007/4",
        "2026/+7/4",
        "-2026/7/4",
        "202607041",
        "2026071",
        "元年5月1日",
        "R20260704",
        "令和",
        "平成元",
        "平成元元年1月1日",
        "K1.1.1",
        "２０２６年七月四日",
        "2026/07/04 10:00",
        "2026/7/4\u{0}",
    ] {
        assert_eq!(parse_date(text), Err(CalendarError::NotADate), "{text}");
    }
}

#[test]
fn every_refusal_says_what_to_do() {
    let said = |text: &str| parse_date(text).unwrap_err().message("開催日");
    assert_eq!(said(""), "開催日 は必須入力です。");
    assert_eq!(
        said("2026/06/31"),
        "開催日 は存在しない日付です。2026/07/04 のように入力してください。"
    );
    assert_eq!(
        said("未定"),
        "開催日 は 2026/07/04 のように入力してください。"
    );
    assert_eq!(
        said("8.7.4"),
        "開催日 の年は西暦4桁で、2026/07/04 のように入力してください。和暦は R8.7.4 のように元号を付けてください。"
    );
    assert_eq!(
        said("平成31年5月1日"),
        "開催日 は平成にはない日付です。平成で入力できるのは 1989/01/08 から 2019/04/30 までです。元号をご確認いただくか、西暦で入力してください。"
    );
    assert_eq!(
        said("令和元年4月30日"),
        "開催日 は令和にはない日付です。令和で入力できるのは 2019/05/01 からです。元号をご確認いただくか、西暦で入力してください。"
    );
    assert_eq!(
        said("2201/1/1"),
        "開催日 は 1868年から 2200年までの間で入力してください。"
    );
}

#[test]
fn a_refusal_of_the_year_and_month_boxes_names_the_box() {
    let said = |year: &str, month: &str| {
        parse_year_month(year, month)
            .unwrap_err()
            .message("学歴 卒業年月")
    };
    assert_eq!(said("", "3"), "学歴 卒業年月 は必須入力です。");
    assert_eq!(
        said("昔", "3"),
        "学歴 卒業年月 の年は 1998 または 平成10 のように入力してください。"
    );
    assert_eq!(
        said("10", "3"),
        "学歴 卒業年月 の年は西暦4桁で、1998 のように入力してください。和暦は 平成10 のように元号を付けてください。"
    );
    assert_eq!(
        said("1998", "13"),
        "学歴 卒業年月 の月は 1 から 12 までの数字で入力してください。"
    );
    assert_eq!(
        parse_jst_instant("").unwrap_err().message("opens"),
        "opens は 2026-04-25T00:00 のように入力してください。"
    );
}

#[test]
fn a_year_is_read_in_the_western_and_the_japanese_count() {
    for (text, year) in [
        ("1998", 1998),
        ("１９９８年", 1998),
        ("平成10", 1998),
        ("平成１０年", 1998),
        ("H10", 1998),
        ("h 10", 1998),
        ("令和元", 2019),
        ("令和元年", 2019),
        ("昭和64", 1989),
        ("平成31", 2019),
    ] {
        assert_eq!(parse_year(text), Ok(year), "{text}");
    }
    assert_eq!(parse_year(" "), Err(CalendarError::Empty));
    assert_eq!(parse_year("10"), Err(CalendarError::AmbiguousYear));
    assert_eq!(parse_year("198"), Err(CalendarError::NotAYear));
    assert_eq!(parse_year("元"), Err(CalendarError::NotAYear));
    assert_eq!(parse_year("年"), Err(CalendarError::NotAYear));
    assert_eq!(parse_year("1998年度"), Err(CalendarError::NotAYear));
    assert_eq!(parse_year("1867"), Err(CalendarError::OutOfRange));
    assert_eq!(
        parse_year("平成32"),
        Err(CalendarError::NotInEra(era("平成")))
    );
}

#[test]
fn a_month_is_read_from_two_boxes() {
    let march = YearMonth {
        year: 1998,
        month: 3,
    };
    for (year, month) in [
        ("1998", "3"),
        ("1998", "03"),
        ("平成10", "３"),
        ("１９９８年", "3月"),
        ("H10", " ３ 月 "),
    ] {
        assert_eq!(parse_year_month(year, month), Ok(march), "{year} {month}");
    }
    for month in ["0", "13", "三", "3.0", "-3", "003", "月", "3月頃"] {
        assert_eq!(
            parse_year_month("1998", month),
            Err(CalendarError::NotAMonth),
            "{month}"
        );
    }
    assert_eq!(parse_year_month("1998", " "), Err(CalendarError::Empty));
}

#[test]
fn a_month_belongs_to_every_era_that_has_a_day_in_it() {
    let january = Ok(YearMonth {
        year: 1989,
        month: 1,
    });
    assert_eq!(parse_year_month("昭和64", "1"), january);
    assert_eq!(parse_year_month("平成元", "1"), january);
    assert_eq!(
        parse_year_month("昭和64", "2"),
        Err(CalendarError::NotInEra(era("昭和")))
    );
    assert_eq!(
        parse_year_month("令和元", "4"),
        Err(CalendarError::NotInEra(era("令和")))
    );
}

#[test]
fn a_month_knows_its_days_its_order_and_its_distance() {
    let february = YearMonth::new(2024, 2).unwrap();
    assert_eq!(february.first_day(), date(2024, 2, 1));
    assert_eq!(february.last_day(), date(2024, 2, 29));
    assert_eq!(YearMonth::of(date(2024, 2, 29)), february);
    let later = YearMonth::new(2026, 1).unwrap();
    assert!(february < later);
    assert_eq!(february.months_until(later), 23);
    assert_eq!(later.months_until(february), -23);
    assert_eq!(february.months_until(february), 0);
}

#[test]
fn a_month_is_stored_as_year_and_month() {
    let july = YearMonth::new(2020, 7).unwrap();
    assert_eq!(serde_json::to_string(&july).unwrap(), r#""2020-07""#);
    assert_eq!(
        serde_json::from_str::<YearMonth>(r#""2020-07""#).unwrap(),
        july
    );
    for text in [
        "2020-13",
        "2020-00",
        "2020-7",
        "2020/07",
        "1867-01",
        "+020-07",
        "2020-07-01",
        "",
    ] {
        assert!(
            serde_json::from_str::<YearMonth>(&format!("{text:?}")).is_err(),
            "{text}"
        );
    }
}

#[test]
fn a_month_put_together_by_hand_never_panics() {
    for (year, month) in [(i16::MIN, i8::MIN), (i16::MAX, i8::MAX), (2020, 13)] {
        let impossible = YearMonth { year, month };
        assert_eq!(impossible.first_day(), Date::MIN);
        assert_eq!(impossible.last_day(), Date::MIN.last_of_month());
        assert!(YearMonth::new(year, month).is_err());
    }
}

#[test]
fn a_date_is_shown_in_japanese() {
    assert_eq!(wareki(date(1999, 5, 10)), "平成11年5月10日");
    assert_eq!(wareki(date(2019, 5, 1)), "令和元年5月1日");
    assert_eq!(wareki(date(1873, 1, 1)), "明治6年1月1日");
    assert_eq!(wareki(date(1872, 12, 31)), "1872年12月31日");
    assert_eq!(show_date(date(2026, 6, 3)), "2026/06/03");
    assert_eq!(long_date(date(1999, 5, 10)), "1999年5月10日（平成11年）");
    assert_eq!(long_date(date(1989, 1, 8)), "1989年1月8日（平成元年）");
    assert_eq!(long_date(date(1870, 1, 2)), "1870年1月2日");
}

#[test]
fn a_month_is_shown_with_the_year_of_its_era() {
    let shown = |year, month| show_year_month(YearMonth::new(year, month).unwrap());
    assert_eq!(shown(1998, 3), "1998年3月（平成10年）");
    assert_eq!(shown(2019, 4), "2019年4月（平成31年）");
    assert_eq!(shown(2019, 5), "2019年5月（令和元年）");
    assert_eq!(shown(1872, 12), "1872年12月");
}

#[test]
fn seven_days_in_a_row_have_the_seven_names() {
    let names: String = (5..12).map(|day| weekday(date(2026, 7, day))).collect();
    assert_eq!(names, "日月火水木金土");
}

#[test]
fn an_instant_is_shown_and_dated_in_japanese_time() {
    let evening: Timestamp = "2026-06-03T09:18:59Z".parse().unwrap();
    assert_eq!(show_jst_minutes(evening), "2026/06/03 18:18");
    assert_eq!(jst_date(evening), date(2026, 6, 3));
    let night: Timestamp = "2026-06-03T15:00:00Z".parse().unwrap();
    assert_eq!(jst_date(night), date(2026, 6, 4));
    assert_eq!(show_jst_minutes(night), "2026/06/04 00:00");
}

#[test]
fn a_minute_of_the_program_file_is_japanese_time() {
    let opens = parse_jst_instant("2026-04-25T00:00").unwrap();
    assert_eq!(opens, "2026-04-24T15:00:00Z".parse().unwrap());
    assert_eq!(jst_instant(date(2026, 4, 25), 0, 0), Ok(opens));
    for text in [
        "",
        "2026-04-25",
        "2026-04-25T24:00",
        "2026-04-31T00:00",
        "2026-04-25T00:00Z",
        "2026-04-25T00:00-05:00",
        "2026-04-25T00:00:00",
        "2026/04/25 00:00",
    ] {
        assert_eq!(
            parse_jst_instant(text),
            Err(CalendarError::NotAnInstant),
            "{text}"
        );
    }
    assert_eq!(
        parse_jst_instant("9999-12-31T23:59"),
        Err(CalendarError::OutOfRange)
    );
}

#[test]
fn an_hour_or_minute_that_no_day_has_is_refused() {
    let day = date(2026, 7, 31);
    for (hour, minute) in [(24, 0), (-1, 0), (0, 60), (0, -1), (i8::MAX, i8::MIN)] {
        assert_eq!(
            jst_instant(day, hour, minute),
            Err(CalendarError::NotAnInstant)
        );
    }
    assert_eq!(
        jst_instant(Date::MIN, 0, 0),
        Err(CalendarError::NotAnInstant)
    );
}

#[test]
fn a_deadline_at_midnight_is_the_24th_hour_of_the_day_before() {
    let closes = parse_jst_instant("2026-08-01T00:00").unwrap();
    assert_eq!(show_deadline(closes), "2026年7月31日(金) 24:00");
    let new_year = parse_jst_instant("2027-01-01T00:00").unwrap();
    assert_eq!(show_deadline(new_year), "2026年12月31日(木) 24:00");
    let opens = parse_jst_instant("2026-05-01T10:05").unwrap();
    assert_eq!(show_deadline(opens), "2026年5月1日(金) 10:05");
}

#[test]
fn a_fiscal_year_runs_from_april_to_march() {
    let year = FiscalYear(2026);
    assert_eq!(FiscalYear::of(date(2026, 3, 31)), FiscalYear(2025));
    assert_eq!(FiscalYear::of(date(2026, 4, 1)), year);
    assert_eq!(FiscalYear::of(date(2027, 3, 31)), year);
    assert_eq!(year.first_day(), date(2026, 4, 1));
    assert_eq!(year.last_day(), date(2027, 3, 31));
    assert_eq!(year.to_string(), "2026年度");
    assert_eq!(serde_json::to_string(&year).unwrap(), "2026");
    assert_eq!(serde_json::from_str::<FiscalYear>("2026").unwrap(), year);
}

#[test]
fn a_fiscal_year_beyond_the_calendar_ends_with_it() {
    assert_eq!(FiscalYear(i16::MAX).first_day(), Date::MAX);
    assert_eq!(FiscalYear(i16::MAX).last_day(), Date::MAX);
    assert_eq!(FiscalYear(9999).last_day(), Date::MAX);
    assert_eq!(FiscalYear(i16::MIN).first_day(), Date::MIN);
    assert_eq!(FiscalYear(i16::MIN).last_day(), Date::MIN);
    assert_eq!(FiscalYear::of(Date::MIN), FiscalYear(-10000));
}

#[test]
fn the_eras_are_in_order_and_begin_in_their_first_year() {
    assert!(ERAS.is_sorted_by(|earlier, later| earlier.first_day < later.first_day));
    for era in ERAS.iter().filter(|era| era.name != "明治") {
        assert_eq!(era.first_year, era.first_day.year(), "{}", era.name);
    }
}

#[test]
fn every_day_of_the_range_survives_every_form_it_is_shown_in() {
    let mut day = date(*YEARS.start(), 1, 1);
    let last = date(*YEARS.end(), 12, 31);
    while day <= last {
        assert_eq!(parse_date(&show_date(day)), Ok(day));
        assert_eq!(parse_date(&wareki(day)), Ok(day));
        day = day.tomorrow().unwrap();
    }
}

/// Text near what is accepted: the signs of dates in any order.
const NEARLY_A_DATE: &str = "[0-9０-９年月日元/.ー―\\- 　RrHＨ令和平成昭㍻⽉]{0,14}";

proptest! {
    #[test]
    fn no_text_makes_the_parsers_panic(
        any in any::<String>(),
        near in NEARLY_A_DATE,
        other in NEARLY_A_DATE,
    ) {
        for text in [&any, &near] {
            if let Ok(day) = parse_date(text) {
                prop_assert!(YEARS.contains(&day.year()));
                prop_assert_eq!(parse_date(&show_date(day)), Ok(day));
            }
            if let Ok(month) = parse_year_month(text, &other) {
                prop_assert_eq!(YearMonth::try_from(month.to_string()), Ok(month));
            }
            if let Err(refusal) = parse_year(text) {
                prop_assert!(refusal.message("卒業年").starts_with("卒業年 "));
            }
            if let Ok(at) = parse_jst_instant(text) {
                prop_assert!(YEARS.contains(&jst_date(at).year()));
            }
        }
    }

    #[test]
    fn an_instant_of_any_minute_is_shown_as_that_minute(
        days in 0..121_000_i32, hour in 0..24_i8, minute in 0..60_i8,
    ) {
        let day = date(*YEARS.start(), 1, 1)
            .saturating_add(jiff::SignedDuration::from_hours(i64::from(days) * 24));
        let at = jst_instant(day, hour, minute).unwrap();
        prop_assert_eq!(jst_date(at), day);
        prop_assert_eq!(
            show_jst_minutes(at),
            format!("{} {hour:02}:{minute:02}", show_date(day))
        );
    }

    #[test]
    fn no_day_or_instant_makes_the_writers_panic(
        second in Timestamp::MIN.as_second()..=Timestamp::MAX.as_second(),
        year in any::<i16>(),
        month in any::<i8>(),
    ) {
        let at = Timestamp::from_second(second).unwrap();
        let day = jst_date(at);
        prop_assert!(show_jst_minutes(at).starts_with(&show_date(day)));
        prop_assert!(show_deadline(at).contains(')'));
        let month_and_day = format!("{}月{}日", day.month(), day.day());
        prop_assert!(wareki(day).ends_with(&month_and_day));
        prop_assert!(long_date(day).contains(&month_and_day));
        let of_day = FiscalYear::of(day);
        prop_assert!(of_day.first_day() <= day && day <= of_day.last_day());
        prop_assert!(FiscalYear(year).first_day() <= FiscalYear(year).last_day());
        let by_hand = YearMonth { year, month };
        prop_assert!(by_hand.first_day() <= by_hand.last_day());
    }
}

#[test]
fn a_deadline_is_read_in_every_form_and_a_day_that_does_not_exist_is_named_as_such() {
    let expected = jst_instant(date(2026, 9, 1), 0, 0);
    for text in [
        "2026/08/31",
        "2026-08-31T24:00",
        "令和8年8月31日",
        "2026/08/31 24:00",
    ] {
        assert_eq!(parse_deadline(text), expected, "{text}");
    }
    for (text, error) in [
        ("2026/02/30", CalendarError::DoesNotExist),
        ("2026-02-30T17:00", CalendarError::DoesNotExist),
        ("2026/06/31 17:00", CalendarError::DoesNotExist),
        ("", CalendarError::Empty),
        ("1234", CalendarError::NotAMoment),
        ("来月末", CalendarError::NotAMoment),
    ] {
        assert_eq!(parse_deadline(text), Err(error), "{text}");
    }
}

#[test]
fn what_has_happened_lies_between_the_earliest_day_and_today() {
    let (first, today) = (date(1900, 1, 1), date(2026, 6, 3));
    assert_eq!(not_happened("生年月日", first, first, today), None);
    assert_eq!(not_happened("生年月日", today, first, today), None);
    for day in [date(1899, 12, 31), date(2026, 6, 4), date(2082, 2, 8)] {
        assert_eq!(
            not_happened("生年月日", day, first, today).as_deref(),
            Some("生年月日 は 1900/01/01 から今日までの日付を入力してください。")
        );
    }
}
