use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{canvas::Frame, *};

/// An element as a strict reader of XML sees it.
#[derive(Debug)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    /// Text directly in it.
    text: String,
    parent: Option<usize>,
}

impl Element {
    fn number(&self, name: &str) -> f64 {
        self.attributes[name].parse().unwrap()
    }

    fn is(&self, name: &str, class: &str) -> bool {
        self.name == name && self.attributes.get("class").is_some_and(|one| one == class)
    }
}

/// The characters of a text whose entities are those that XML has without a declaration.
fn plain(text: &str) -> String {
    assert!(!text.contains('<') && !text.contains('>'), "{text}");
    assert!(
        text.chars()
            .all(|c| c == '\n' || !c.is_control() && !matches!(c, '\u{FFFE}' | '\u{FFFF}')),
        "a character that XML does not have: {text:?}"
    );
    let mut pieces = text.split('&');
    let mut read = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once(';').expect("an entity ends");
        read.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#39" => '\'',
            other => panic!("no entity of XML: {other}"),
        });
        read.push_str(rest);
    }
    read
}

/// Reads markup as XML, and stops at whatever is not well-formed. There is no reader of XML among our dependencies, and one of HTML
/// mends what it should find.
fn read(markup: &str) -> Vec<Element> {
    let mut elements: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut rest = markup;
    while !rest.is_empty() {
        let Some(tag) = rest.strip_prefix('<') else {
            let end = rest.find('<').expect("text stands in an element");
            let within = *open.last().expect("text stands in an element");
            elements[within].text.push_str(&plain(&rest[..end]));
            rest = &rest[end..];
            continue;
        };
        let end = tag.find('>').expect("a tag ends");
        let (inner, after) = (&tag[..end], &tag[end + 1..]);
        rest = after;
        if let Some(name) = inner.strip_prefix('/') {
            let closed = open.pop().expect("what is closed was open");
            assert_eq!(elements[closed].name, name);
            continue;
        }
        let (inner, empty) = match inner.strip_suffix('/') {
            Some(inner) => (inner, true),
            None => (inner, false),
        };
        let (name, mut written) = inner.split_once(' ').unwrap_or((inner, ""));
        assert!(name.chars().all(|c| c.is_ascii_alphabetic()), "{name}");
        let mut attributes = BTreeMap::new();
        while !written.is_empty() {
            let (key, value) = written.split_once("=\"").expect("values are in quotes");
            let (value, next) = value.split_once('"').expect("a value ends");
            assert!(!key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
            let known = attributes.insert(key.to_owned(), plain(value));
            assert!(known.is_none(), "{key} twice");
            assert!(next.is_empty() || next.starts_with(' '), "{next}");
            written = next.trim_start();
        }
        elements.push(Element {
            name: name.to_owned(),
            attributes,
            text: String::new(),
            parent: open.last().copied(),
        });
        if !empty {
            open.push(elements.len() - 1);
        }
    }
    assert!(open.is_empty(), "everything is closed");
    elements
}

/// The elements of a drawing: `narrow` or `wide`.
fn drawing(chart: &Chart, name: &str) -> Vec<Element> {
    let markup = chart.draw().to_string();
    let start = markup
        .find(&format!("<svg class=\"chart-{name}\""))
        .unwrap();
    let end = markup[start..].find("</svg>").unwrap() + "</svg>".len();
    read(&markup[start..start + end])
}

fn frame(name: &str) -> Frame {
    if name == "narrow" {
        Frame::NARROW
    } else {
        Frame::WIDE
    }
}

/// Left, top, right, bottom of a text as it is drawn.
fn place_of(text: &Element, frame: Frame) -> [f64; 4] {
    // As the face is measured, without what is added for others.
    let width = frame.measure(&text.text) / 1.08;
    let (x, y) = (text.number("x"), text.number("y"));
    let left = match text.attributes.get("text-anchor").map(String::as_str) {
        Some("middle") => x - width / 2.0,
        Some("end") => x - width,
        _ => x,
    };
    [
        left,
        y - 0.8 * frame.font,
        left + width,
        y + 0.1 * frame.font,
    ]
}

fn chart(plot: Plot) -> Chart {
    Chart {
        id: "it".to_owned(),
        title: "題".to_owned(),
        unit: Unit::Cases,
        plot,
    }
}

fn funnel() -> Chart {
    let bars = [
        Bar::new("申込み", 1_204).leading_to("/desk/applications?state=applied"),
        Bar::new("作成中", 860),
        Bar::new("申請完了", Figure::Known(0)),
        Bar::new("認定", None),
        Bar::new("取下げ", Figure::Unknown),
    ];
    chart(Plot::Bars(bars.to_vec()))
}

fn bands(labels: &[&str]) -> Vec<Bar> {
    (1..)
        .zip(labels)
        .map(|(at, label)| Bar::new(*label, at * 7))
        .collect()
}

fn units(labels: &[&str], band: usize) -> Chart {
    chart(Plot::Histogram {
        bands: bands(labels),
        measure: "申請単位".to_owned(),
        requirement: Some(Requirement {
            band,
            label: "必要 50単位".to_owned(),
        }),
    })
}

fn payments(stacked: bool) -> Chart {
    let months: Vec<_> = (4..=9).map(|month| format!("{month}月")).collect();
    let series = [
        Series::new("請求", [120_i64, 80, 60, 40, 20, 10]),
        Series::new(
            "入金",
            [Some(100), Some(90), None, Some(41), Some(0), Some(11)],
        ),
        Series::new("未照合", [3_i64, 2, 1, 4, 5]),
    ];
    chart(Plot::Months {
        months,
        series: series.to_vec(),
        stacked,
    })
}

#[test]
fn a_fiscal_year_below_a_column_is_one_word_and_a_month_stands_above_its_year() {
    let below = |months: [&str; 2]| {
        let chart = chart(Plot::Months {
            months: months.map(str::to_owned).into(),
            series: vec![Series::new("対象者", [3_i64, 5])],
            stacked: true,
        });
        said(&drawing(&chart, "wide"))
    };
    let years = below(["2025年度（猶予）", "2026年度"]);
    assert!(
        years.contains("2026年度") && years.contains("2025年度（猶予）"),
        "{years}"
    );
    assert!(!years.split('|').any(|word| word == "度"), "{years}");
    let months = below(["2026年4月", "2026年5月"]);
    assert!(months.split('|').any(|word| word == "4月"), "{months}");
}

fn growth(programs: usize) -> Chart {
    let days: Vec<i64> = (0..=60).rev().collect();
    let program = |at: usize| {
        let at = i64::try_from(at).unwrap();
        let figures = (0..=60).map(move |day: i64| day * day / 10 * (at + 1) / 3);
        Series::new(format!("第{}回", at + 1), figures)
    };
    chart(Plot::Lines {
        days,
        series: (0..programs).map(program).collect(),
    })
}

fn durations() -> Chart {
    let spread = |label: &str, figures: [Figure; 3]| Spread {
        label: label.to_owned(),
        figures,
        href: None,
    };
    let mut chart = chart(Plot::Percentiles(vec![
        spread("審査中", [12, 30, 41].map(Figure::Known)),
        spread("差し戻し", [Figure::Withheld; 3]),
        spread("入金待ち", [Figure::Unknown; 3]),
    ]));
    chart.unit = Unit::Days;
    chart
}

fn all() -> Vec<Chart> {
    let short = ["0", "10", "20", "30", "40", "50", "60"];
    let long = ["0〜9単位（なし）", "10〜19単位", "20〜49単位", "50単位以上"];
    vec![
        funnel(),
        units(&short, 5),
        units(&long, 3),
        payments(false),
        payments(true),
        growth(4),
        growth(6),
        durations(),
        chart(Plot::Bars(Vec::new())),
    ]
}

/// What is said in a drawing, as one text.
fn said(elements: &[Element]) -> String {
    let texts = elements.iter().filter(|one| one.name == "text");
    texts
        .map(|one| one.text.as_str())
        .collect::<Vec<_>>()
        .join("|")
}

#[test]
fn the_same_data_give_the_same_drawing() {
    for chart in all() {
        assert_eq!(chart.draw(), chart.draw());
    }
}

#[test]
fn nothing_in_a_drawing_is_forbidden_by_the_policy_of_the_pages() {
    for chart in all() {
        for element in read(&chart.draw().to_string()) {
            assert!(!matches!(
                element.name.as_str(),
                "style" | "script" | "image" | "use"
            ));
            assert!(
                element
                    .attributes
                    .keys()
                    .all(|key| key != "style" && !key.starts_with("on"))
            );
        }
    }
}

#[test]
fn a_drawing_has_a_title_and_a_description_that_tells_the_main_figures() {
    for (chart, words) in [
        (
            funnel(),
            "申込み 1,204件、作成中 860件、申請完了 0件、認定 秘匿、取下げ 不明です。",
        ),
        (
            units(&["0", "10", "50"], 2),
            "申請単位で最も多いのは 50 の 21件です。「必要 50単位」に達しているのは 21件、達していないのは 21件です。",
        ),
        (
            payments(false),
            "請求は、合計 330件、最も多い月は 4月 の 120件です。入金は、最も多い月は 4月 の 100件、秘匿の月は 1 か月です。",
        ),
        (growth(2), "第1回は、締切日に 120件です。"),
        (
            durations(),
            "審査中は、半数まで 12日、90%まで 30日、95%まで 41日です。差し戻しは秘匿です。入金待ちは不明です。",
        ),
        (
            chart(Plot::Bars(Vec::new())),
            "表示するデータがありません。",
        ),
    ] {
        let markup = chart.draw().to_string();
        let elements = read(&markup);
        let mut ids = BTreeSet::new();
        for element in &elements {
            if let Some(id) = element.attributes.get("id") {
                assert!(ids.insert(id.clone()), "{id} twice");
            }
        }
        for svg in elements.iter().filter(|one| one.name == "svg") {
            let names = &svg.attributes["aria-labelledby"];
            let said: Vec<_> = names
                .split(' ')
                .map(|id| {
                    let found = elements
                        .iter()
                        .find(|one| one.attributes.get("id").is_some_and(|known| known == id));
                    found.unwrap().text.as_str()
                })
                .collect();
            assert_eq!(said[0], "題");
            assert!(said[1].contains(words), "{}", said[1]);
        }
        // Every pattern that is referred to is there.
        for element in &elements {
            if let Some(reference) = element
                .attributes
                .get("fill")
                .and_then(|fill| fill.strip_prefix("url(#"))
            {
                assert!(ids.contains(reference.trim_end_matches(')')), "{reference}");
            }
        }
    }
}

#[test]
fn every_figure_is_written() {
    for name in ["narrow", "wide"] {
        let text = said(&drawing(&funnel(), name));
        for words in ["1,204件", "860件", "0件", "秘匿", "—"] {
            assert!(text.contains(words), "{text}");
        }
        for stacked in [false, true] {
            let text = said(&drawing(&payments(stacked), name));
            for words in ["120", "80", "60", "100", "90", "41", "11", "秘匿", "—"] {
                assert!(text.contains(words), "{words} in {text}");
            }
        }
        let text = said(&drawing(&durations(), name));
        for words in ["12日", "30日", "41日", "秘匿", "—"] {
            assert!(text.contains(words), "{text}");
        }
        let text = said(&drawing(&growth(4), name));
        assert!(text.contains("120件") && text.contains("480件"), "{text}");
    }
    // Between its ends a line tells its figures to whoever points at it.
    let tips = drawing(&growth(1), "wide");
    assert!(
        tips.iter()
            .any(|one| one.name == "title" && one.text == "第1回 30日前 30件")
    );
}

#[test]
fn what_is_not_known_is_never_drawn_as_nothing() {
    for name in ["narrow", "wide"] {
        let elements = drawing(&funnel(), name);
        let bars = |class| elements.iter().filter(|one| one.is("rect", class)).count();
        // Two bars and the line of 0; one mark of 秘匿; nothing for what is not known.
        assert_eq!((bars("chart-1"), bars("chart-withheld")), (3, 1));
        let mark = elements
            .iter()
            .find(|one| one.is("rect", "chart-withheld"))
            .unwrap();
        assert!(mark.number("width") > 20.0 && mark.attributes.contains_key("stroke-dasharray"));
        let zero = elements
            .iter()
            .filter(|one| one.is("rect", "chart-1"))
            .nth(2)
            .unwrap();
        assert!(zero.number("width") + zero.number("stroke-width") <= 1.01);

        let elements = drawing(&durations(), name);
        let bars = elements
            .iter()
            .filter(|one| one.is("rect", "chart-1"))
            .count();
        // Three of the legend and three of the state that is known.
        assert_eq!(bars, 6);
    }
}

#[test]
fn a_line_is_broken_where_a_day_is_not_told() {
    let figures = [Some(10), Some(20), None, Some(40), Some(50)];
    let chart = chart(Plot::Lines {
        days: vec![4, 3, 2, 1, 0],
        series: vec![Series::new("第4回", figures)],
    });
    let elements = drawing(&chart, "wide");
    let lines = elements
        .iter()
        .filter(|one| one.is("path", "chart-1") && one.attributes.contains_key("stroke-width"));
    // One of the legend, and two pieces.
    assert_eq!(lines.count(), 3);
    assert!(elements.iter().any(|one| one.is("rect", "chart-withheld")));
    assert!(said(&elements).contains("秘匿"));
}

#[test]
fn the_longest_bar_fills_the_plot_and_the_others_are_in_proportion() {
    let chart = chart(Plot::Bars(vec![Bar::new("一", 400), Bar::new("二", 100)]));
    for name in ["narrow", "wide"] {
        let elements = drawing(&chart, name);
        let widths: Vec<f64> = elements
            .iter()
            .filter(|one| one.is("rect", "chart-1"))
            .map(|one| one.number("width") + one.number("stroke-width"))
            .collect();
        assert!((widths[0] / 4.0 - widths[1]).abs() < 0.2, "{widths:?}");
        assert!(widths[0] > frame(name).width * 0.5);
    }
}

#[test]
fn the_line_of_the_requirement_stands_between_two_bands() {
    let chart = units(&["0", "10", "20", "30", "40", "50", "60"], 5);
    for name in ["narrow", "wide"] {
        let elements = drawing(&chart, name);
        let line = elements
            .iter()
            .find(|one| one.is("path", "chart-requirement"))
            .unwrap();
        let x: f64 = line.attributes["d"][1..]
            .split(' ')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        let bars: Vec<_> = elements
            .iter()
            .filter(|one| one.is("rect", "chart-1"))
            .collect();
        assert!(bars[4].number("x") + bars[4].number("width") < x && x < bars[5].number("x"));
        assert!(bars[4].attributes["fill"].contains("hatched"));
        assert_eq!(bars[5].attributes["fill"], "currentColor");
        assert!(said(&elements).contains("必要 50単位"));
    }
}

#[test]
fn bands_with_long_labels_lie_down() {
    let long = [
        "0〜9単位（なし）",
        "10〜19単位",
        "20〜29単位",
        "30〜39単位",
        "50単位以上",
    ];
    let elements = drawing(&units(&long, 4), "narrow");
    let line = elements
        .iter()
        .find(|one| one.is("path", "chart-requirement"))
        .unwrap();
    assert!(line.attributes["d"].starts_with("M0 "), "{line:?}");
    let text = said(&elements);
    assert!(long.iter().all(|label| text.contains(label)), "{text}");
}

#[test]
fn a_link_leads_into_this_service_and_is_as_high_as_a_finger_needs() {
    let markup = funnel().draw().to_string();
    let elements = read(&markup);
    let links: Vec<_> = elements.iter().filter(|one| one.name == "a").collect();
    assert_eq!(links.len(), 2, "one in each drawing");
    assert_eq!(
        links[0].attributes["href"],
        "/desk/applications?state=applied"
    );
    for target in elements.iter().filter(|one| one.is("rect", "chart-target")) {
        // The wide one is shown down to seven tenths of its size.
        assert!(target.number("height") * 0.7 >= 24.0, "{target:?}");
    }
    // Whatever is in an image is not there for those who hear the page.
    assert!(
        elements
            .iter()
            .filter(|one| one.name == "svg")
            .all(|one| one.attributes["role"] == "group")
    );

    for foreign in [
        "https://example.org/",
        "//example.org",
        "javascript:alert(1)",
        "/a b",
        "/\\x",
        "",
    ] {
        let chart = chart(Plot::Bars(vec![Bar::new("一", 1).leading_to(foreign)]));
        let elements = read(&chart.draw().to_string());
        assert!(elements.iter().all(|one| one.name != "a"), "{foreign}");
        assert!(
            elements
                .iter()
                .filter(|one| one.name == "svg")
                .all(|one| one.attributes["role"] == "img")
        );
    }
}

#[test]
fn markup_in_labels_is_text() {
    let label = "<script>alert(\"&'\")</script>\u{0}\u{8}";
    let chart = Chart {
        id: "a\" onload=\"x".to_owned(),
        title: label.to_owned(),
        unit: Unit::Cases,
        plot: Plot::Bars(vec![Bar::new(label, 1).leading_to("/?a=1&b=\"2\"")]),
    };
    let markup = chart.draw().to_string();
    assert!(!markup.contains("<script") && !markup.contains(" onload="));
    let elements = read(&markup);
    assert!(
        elements.iter().any(
            |one| one.name == "title" && one.text.starts_with("<script>alert(\"&'\")</script>")
        )
    );
    let link = elements.iter().find(|one| one.name == "a").unwrap();
    assert_eq!(link.attributes["href"], "/?a=1&b=\"2\"");
}

#[test]
fn what_is_more_than_four_series_is_told_and_not_drawn() {
    let elements = drawing(&growth(6), "wide");
    let text = said(&elements);
    assert!(text.contains("第4回") && !text.contains("第5回"), "{text}");
    assert!(text.contains("ほか 2 件は表でご確認ください。"), "{text}");
}

#[test]
fn series_differ_by_more_than_their_colour() {
    let elements = drawing(&payments(false), "wide");
    let fills: BTreeSet<_> = ["chart-1", "chart-2", "chart-3"]
        .map(|class| {
            let bar = elements.iter().find(|one| one.is("rect", class)).unwrap();
            bar.attributes["fill"]
                .rsplit('-')
                .next()
                .unwrap()
                .to_owned()
        })
        .into();
    assert_eq!(fills.len(), 3, "{fills:?}");
    let elements = drawing(&growth(4), "narrow");
    let dashes: BTreeSet<_> = elements
        .iter()
        .filter(|one| one.attributes.contains_key("stroke-linejoin"))
        .map(|one| one.attributes.get("stroke-dasharray").cloned())
        .collect();
    assert_eq!(dashes.len(), 4, "{dashes:?}");
}

fn figure(most: i64) -> impl Strategy<Value = Figure> {
    prop_oneof![
        8 => (0..=most).prop_map(Figure::Known),
        1 => Just(Figure::Known(0)),
        1 => Just(Figure::Withheld),
        1 => Just(Figure::Unknown),
    ]
}

/// Labels as they are, and as nobody would write them.
fn label() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[一-龥ぁ-ん]{1,8}",
        2 => "[0-9]{1,3}〜[0-9]{1,3}単位",
        1 => "[一-龥、。「」]{20,60}",
        1 => "[a-zA-Z<>&\"' ]{0,40}",
        1 => any::<String>(),
    ]
}

fn plot(most: i64) -> impl Strategy<Value = Plot> {
    let bars = |most| {
        let one = (label(), figure(most), proptest::option::of("/[a-z]{0,5}"));
        let one = one.prop_map(|(label, figure, href)| Bar {
            label,
            figure,
            href,
        });
        proptest::collection::vec(one, 0..14)
    };
    let series = |most| {
        let one = (label(), proptest::collection::vec(figure(most), 0..14));
        let one = one.prop_map(|(name, figures)| Series { name, figures });
        proptest::collection::vec(one, 0..6)
    };
    let spread =
        (label(), [figure(most), figure(most), figure(most)]).prop_map(|(label, figures)| Spread {
            label,
            figures,
            href: None,
        });
    prop_oneof![
        bars(most).prop_map(Plot::Bars),
        (
            bars(most),
            label(),
            proptest::option::of((0_usize..16, label()))
        )
            .prop_map(|(bands, measure, requirement)| Plot::Histogram {
                bands,
                measure,
                requirement: requirement.map(|(band, label)| Requirement { band, label }),
            }),
        (
            proptest::collection::vec(label(), 0..14),
            series(most),
            any::<bool>()
        )
            .prop_map(|(months, series, stacked)| Plot::Months {
                months,
                series,
                stacked,
            }),
        (proptest::collection::vec(-20_i64..400, 0..14), series(most)).prop_map(
            |(mut days, series)| {
                days.sort_unstable_by(|a, b| b.cmp(a));
                days.dedup();
                Plot::Lines { days, series }
            }
        ),
        proptest::collection::vec(spread, 0..8).prop_map(Plot::Percentiles),
    ]
}

fn unit() -> impl Strategy<Value = Unit> {
    proptest::sample::select(vec![
        Unit::Cases,
        Unit::Persons,
        Unit::Units,
        Unit::Yen,
        Unit::Days,
        Unit::Share,
    ])
}

proptest! {
    #[test]
    fn a_drawing_is_well_formed_whatever_is_drawn(plot in plot(i64::MAX), unit in unit(), title in any::<String>(), id in any::<String>()) {
        let elements = read(&Chart { id, title, unit, plot }.draw().to_string());
        prop_assert_eq!(elements.iter().filter(|one| one.name == "svg").count(), 2);
        for element in &elements {
            for key in ["x", "y", "width", "height", "cx", "cy"] {
                if let Some(value) = element.attributes.get(key) {
                    let value: f64 = value.parse().unwrap();
                    prop_assert!(value.is_finite());
                    prop_assert!(!matches!(key, "width" | "height") || value >= 0.0, "{element:?}");
                }
            }
        }
    }

    #[test]
    fn nothing_leaves_the_drawing_and_no_two_texts_touch(plot in plot(999_999_999), unit in unit()) {
        let chart = Chart { id: "it".to_owned(), title: String::new(), unit, plot };
        for name in ["narrow", "wide"] {
            let elements = drawing(&chart, name);
            let frame = frame(name);
            let height = elements[0].number("height");
            let mut places: Vec<([f64; 4], &str)> = Vec::new();
            for element in &elements {
                let in_pattern = element.parent.is_some_and(|parent| elements[parent].name == "pattern");
                if element.name == "rect" && !in_pattern {
                    let (x, y) = (element.number("x"), element.number("y"));
                    prop_assert!(x >= -0.1 && x + element.number("width") <= frame.width + 0.1, "{element:?}");
                    prop_assert!(y >= -0.1 && y + element.number("height") <= height + 0.1, "{element:?}");
                }
                if element.name == "text" && !element.text.is_empty() {
                    let place = place_of(element, frame);
                    prop_assert!(place[0] >= -0.5 && place[2] <= frame.width + 0.5, "{element:?} {place:?}");
                    prop_assert!(place[1] >= -0.5 && place[3] <= height + 0.5, "{element:?} {place:?}");
                    for (other, words) in &places {
                        let apart = place[2] <= other[0] + 0.5 || other[2] <= place[0] + 0.5
                            || place[3] <= other[1] + 0.5 || other[3] <= place[1] + 0.5;
                        prop_assert!(apart, "{} on {words}", element.text);
                    }
                    places.push((place, &element.text));
                }
            }
        }
    }

    #[test]
    fn every_figure_of_bars_and_months_is_written(plot in plot(999_999)) {
        let (figures, full): (Vec<Figure>, bool) = match &plot {
            Plot::Bars(bars) => (bars.iter().map(|bar| bar.figure).collect(), true),
            Plot::Histogram { bands, .. } => (bands.iter().map(|bar| bar.figure).collect(), false),
            Plot::Months { months, series, .. } => {
                let drawn = series.iter().take(MOST_SERIES);
                (drawn.flat_map(|one| (0..months.len()).map(|at| one.at(at))).collect(), false)
            }
            Plot::Percentiles(spreads) => (spreads.iter().flat_map(|one| one.figures).collect(), true),
            Plot::Lines { .. } => (Vec::new(), true),
        };
        let chart = chart(plot);
        for name in ["narrow", "wide"] {
            let text = said(&drawing(&chart, name)).replace('|', "");
            for figure in &figures {
                let words = if full { Unit::Cases.full_figure(*figure) } else { Unit::Cases.bare_figure(*figure) };
                prop_assert!(text.contains(&words), "{words} in {text}");
            }
        }
    }
}
