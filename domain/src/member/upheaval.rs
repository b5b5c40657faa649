//! A file that makes other persons of many members: the wrong file, or one whose rows have slipped against each other.

use super::MemberRecord;

/// From so many members on.
const MEMBERS: usize = 10;
/// From so many in a hundred rows on.
const PER_CENT: usize = 5;

/// How many members of a file would have another 氏名 or 生年月日.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Upheaval {
    /// So many members.
    pub members: usize,
    /// Of so many rows.
    pub rows: usize,
}

/// Whether a record says that a member is somebody else by name or by date of birth. A first record changes nobody, and 生年月日 where there
/// was none is no other one.
pub fn changes_identity(known: &MemberRecord, record: &MemberRecord) -> bool {
    known.name != record.name
        || (known.birth_date.is_some() && known.birth_date != record.birth_date)
}

impl Upheaval {
    /// Whether a person must say that it is the right file before it is imported: at least ten members, and at least 5 % of the rows.
    pub fn must_be_confirmed(self) -> bool {
        self.members >= MEMBERS && self.members * 100 >= self.rows * PER_CENT
    }

    /// The same where it must not be told how many change, as that tells of what is known: it could be so for every file of so many rows.
    pub fn could_be(rows: usize) -> bool {
        rows >= MEMBERS
    }

    /// The sentence of the preview and of what is refused without the confirmation.
    pub fn sentence(self) -> String {
        format!(
            "{}人の氏名または生年月日が変わります（データ行 {}行）。別のファイルや、行がずれたファイルでないかをご確認ください。",
            self.members, self.rows
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::member::record_examples::yoko;

    #[test]
    fn ten_members_and_five_per_cent_are_many() {
        for (members, rows, many) in [
            (9, 9, false),
            (10, 10, true),
            (10, 200, true),
            (10, 201, false),
            (300, 500, true),
            (0, 0, false),
        ] {
            assert_eq!(
                Upheaval { members, rows }.must_be_confirmed(),
                many,
                "{members} of {rows}"
            );
        }
        assert!(!Upheaval::could_be(9) && Upheaval::could_be(10));
    }

    #[test]
    fn another_name_or_date_of_birth_is_another_person_and_another_hospital_is_not() {
        let mut record = yoko();
        record.workplace.name = "中央総合病院".to_owned();
        assert!(!changes_identity(&yoko(), &record));
        record.name = "別人".to_owned();
        assert!(changes_identity(&yoko(), &record));
        let mut younger = yoko();
        younger.birth_date = None;
        assert!(changes_identity(&yoko(), &younger));
        assert!(!changes_identity(&younger, &yoko()));
    }
}
