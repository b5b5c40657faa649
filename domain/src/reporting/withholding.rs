//! 秘匿: small counts of people are not told, nor what would tell them by subtraction.

/// Fewer people than this are not told (D.5: cells under 5).
pub const FEWEST: u64 = 5;

/// Which of the counts of one table stay untold, beside a total that is told.
///
/// Those under [`FEWEST`], and as many of the others as it takes that at least two are untold and that all untold ones together come to
/// [`FEWEST`] or more: their sum is what the total less everything told comes to, so it is told in any case. Others are taken in the
/// order of their places after the first small one, and from the beginning again. Counts of 0 tell of nobody, and stay. Where there is no
/// other left to take, everything is untold, and the total has to be too: `None`.
///
/// The places decide and not the counts (refused: the smallest other), because who knows the rule would learn from the choice: of 9, 9 and
/// 4 the first 9 would go with the 4, and 13 could be shared in no other way that makes the same choice. Small counts that are all alike
/// take one more along: two fours could only be two fours.
pub fn withheld(counts: &[u64]) -> Option<Vec<bool>> {
    let mut untold: Vec<bool> = counts
        .iter()
        .map(|count| (1..FEWEST).contains(count))
        .collect();
    let Some(first) = untold.iter().position(|untold| *untold) else {
        return Some(untold);
    };
    while !is_enough(counts, &untold) {
        let next = (first..counts.len())
            .chain(0..first)
            .find(|place| !untold[*place] && counts[*place] > 0)?;
        untold[next] = true;
    }
    Some(untold)
}

fn is_enough(counts: &[u64], untold: &[bool]) -> bool {
    let untold = || {
        counts
            .iter()
            .zip(untold)
            .filter(|(_, untold)| **untold)
            .map(|(count, _)| *count)
    };
    let sum: u64 = untold().sum();
    let (least, most) = (
        untold().min().unwrap_or_default(),
        untold().max().unwrap_or_default(),
    );
    untold().count() > 1 && sum >= FEWEST && !(least == most && (least == 1 || least == FEWEST - 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn untold(counts: &[u64]) -> Vec<usize> {
        let untold = withheld(counts).unwrap();
        (0..counts.len()).filter(|place| untold[*place]).collect()
    }

    #[test]
    fn nothing_small_means_nothing_untold() {
        assert!(untold(&[5, 12, 0, 100]).is_empty());
    }

    #[test]
    fn a_single_small_count_takes_the_next_other_along() {
        assert_eq!(untold(&[40, 3, 70, 9]), [1, 2]);
        assert_eq!(untold(&[0, 7, 9, 1]), [1, 3]);
    }

    #[test]
    fn small_counts_that_come_to_less_than_five_take_another_along() {
        assert_eq!(untold(&[1, 2, 9, 30]), [0, 1, 2]);
        assert_eq!(untold(&[2, 3, 9, 30]), [0, 1]);
    }

    #[test]
    fn two_fours_would_be_known_for_what_they_are() {
        assert_eq!(untold(&[4, 4, 9, 30]), [0, 1, 2]);
        assert_eq!(untold(&[1, 1, 1, 1, 1, 30, 40]), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn where_nothing_is_left_to_hide_behind_the_total_is_untold_too() {
        assert_eq!(withheld(&[3]), None);
        assert_eq!(withheld(&[1, 2]), None);
    }

    /// Everything that somebody who knows the rule, the total and what is told can still believe.
    fn believable(counts: &[u64], untold: &[bool]) -> Vec<Vec<u64>> {
        let places: Vec<usize> = (0..counts.len()).filter(|place| untold[*place]).collect();
        let sum: u64 = places.iter().map(|place| counts[*place]).sum();
        let mut found = Vec::new();
        let mut shares = vec![0; places.len()];
        share_out(sum, &mut shares, 0, &mut |shares| {
            let mut other = counts.to_vec();
            for (place, share) in places.iter().zip(shares) {
                other[*place] = *share;
            }
            if withheld(&other).as_deref() == Some(untold) {
                found.push(shares.to_vec());
            }
        });
        found
    }

    fn share_out(left: u64, shares: &mut [u64], at: usize, each: &mut impl FnMut(&[u64])) {
        if at + 1 == shares.len() {
            shares[at] = left;
            each(shares);
            return;
        }
        for share in 0..=left {
            shares[at] = share;
            share_out(left - share, shares, at + 1, each);
        }
    }

    proptest! {
        #[test]
        fn no_untold_count_follows_from_the_total_and_what_is_told(
            counts in proptest::collection::vec(0_u64..12, 1..6)
        ) {
            let Some(untold) = withheld(&counts) else { return Ok(()) };
            prop_assume!(untold.contains(&true));
            let believable = believable(&counts, &untold);
            for place in 0..untold.iter().filter(|untold| **untold).count() {
                let first = believable[0][place];
                prop_assert!(
                    believable.iter().any(|shares| shares[place] != first),
                    "{counts:?}: {believable:?}"
                );
            }
        }

        #[test]
        fn no_small_count_is_told(counts in proptest::collection::vec(0_u64..30, 1..20)) {
            let Some(untold) = withheld(&counts) else { return Ok(()) };
            for (count, untold) in counts.iter().zip(untold) {
                prop_assert!(untold || *count == 0 || *count >= FEWEST);
            }
        }
    }
}
