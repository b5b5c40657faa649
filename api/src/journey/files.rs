//! The files that the secretariat imports on the journey, about the run's own member.

/// The demonstration's members: the first after the header is the manual's 臨床 瘍子.
const MEMBERS: &str = include_str!("../demonstration/members.csv");

const ATTENDANCE: &str = "会員番号,セミナーコード,セミナー名,区分,開始日,終了日,単位,出欠\r\n";

/// The record of 臨床 瘍子 under another 会員番号, UTF-8 with its mark.
pub(super) fn member(number: &str) -> Vec<u8> {
    let mut lines = MEMBERS.lines();
    let header = lines.next().unwrap_or_default();
    let yoko = lines.next().unwrap_or_default();
    let rest = yoko.split_once(',').map_or("", |(_, rest)| rest);
    // An address and a 医籍登録番号 of the own: what is another member's waits for a person.
    let rest = rest
        .replace("member9000001@", &format!("member{number}@"))
        .replace(",999999,", &format!(",{number},"));
    format!("{header}\r\n{number},{rest}\r\n").into_bytes()
}

/// One seminar in the five years and one before them, CP932: 現在 10 単位, as in the manual.
pub(super) fn first_attendance(number: &str) -> Vec<u8> {
    cp932(&format!(
        "{ATTENDANCE}\
         {number},BOA2025,Best of ASCO 2025 in Japan,BOA,2025/07/05,2025/07/06,10,出席\r\n\
         {number},ES36A,第36回教育セミナーAセッション,A,2021/08/28,2021/08/29,10,出席\r\n"
    ))
}

/// The rest of the manual's list, and one row that nobody can read.
pub(super) fn later_attendance(number: &str) -> Vec<u8> {
    cp932(&format!(
        "{ATTENDANCE}\
         {number},BOA2024,Best of ASCO 2024 in Japan,BOA,2024/07/06,2024/07/07,15,出席\r\n\
         {number},BOA2023,Best of ASCO 2023 in Japan,BOA,2023/07/08,2023/07/09,10,出席\r\n\
         {number},ES38A,第38回教育セミナーAセッション①,A,2022/08/27,2022/08/28,十,出席\r\n\
         {number},ES2024B,2024年度教育セミナーBセッション（オンデマンド～配信）,B,2024/01/01,2024/12/31,10,出席\r\n"
    ))
}

/// 受験料
pub(super) fn payment(number: &str) -> Vec<u8> {
    cp932(&format!(
        "取引番号,会員番号,費目,金額,入金日,振込名義カナ\r\nJ{number},{number},受験料,22000,2026/06/03,ﾘﾝｼﾖｳ ﾊﾅｺ\r\n"
    ))
}

/// The texts above are all in CP932; a test reads them back.
fn cp932(text: &str) -> Vec<u8> {
    encoding_rs::SHIFT_JIS.encode(text).0.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_written_without_a_lost_character() {
        for file in [first_attendance("1"), later_attendance("1"), payment("1")] {
            let text = encoding_rs::SHIFT_JIS.decode(&file).0;
            assert!(!text.contains("&#") && !text.contains('\u{FFFD}'), "{text}");
        }
        let member = String::from_utf8(member("9112345").clone()).unwrap_or_default();
        assert!(member.contains("\r\n9112345,臨床 瘍子,"), "{member}");
        assert_eq!(member.lines().count(), 2);
    }
}
