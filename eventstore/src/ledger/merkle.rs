//! The Merkle tree of RFC 6962 (section 2.1), over entries that are themselves hashes of the ledger.
//!
//! ```text
//! root of nothing  = SHA-256( "" )
//! root of d[0]     = SHA-256( 0x00 ‖ d[0] )
//! root of d[0..n]  = SHA-256( 0x01 ‖ root of d[0..k] ‖ root of d[k..n] )     k = the largest power of two below n
//! ```
//!
//! One root stands for any number of entries, and a path of about log2(n) hashes proves that an entry is among them without
//! showing the others. The prefixes keep a node from being passed off as an entry.

use sha2::{Digest as _, Sha256};

use crate::hash::Digest;

/// The hash of an entry.
fn leaf(entry: &[u8]) -> Digest {
    Sha256::new()
        .chain_update([0x00])
        .chain_update(entry)
        .finalize()
        .into()
}

/// The hash of two subtrees.
fn node(left: &Digest, right: &Digest) -> Digest {
    Sha256::new()
        .chain_update([0x01])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

fn root_of_nothing() -> Digest {
    Sha256::digest(b"").into()
}

/// A root in the making: takes the entries one after another and keeps only the roots of its complete subtrees, so the memory
/// that it needs grows with the logarithm of their number.
#[derive(Debug, Default, Clone)]
pub struct Frontier {
    /// From left to right, each at most half of the one before.
    subtrees: Vec<Digest>,
    size: u64,
}

impl Frontier {
    /// Adds the next entry.
    pub fn push(&mut self, entry: &[u8]) {
        let mut hash = leaf(entry);
        let mut size = self.size;
        // Each bit that is set stands for one complete subtree of that size, the lowest for the last of the list.
        while size & 1 == 1 {
            match self.subtrees.pop() {
                Some(left) => hash = node(&left, &hash),
                None => break,
            }
            size >>= 1;
        }
        self.subtrees.push(hash);
        self.size += 1;
    }

    /// The root of the entries so far.
    pub fn root(&self) -> Digest {
        let from_the_right = self.subtrees.iter().rev().copied();
        from_the_right
            .reduce(|right, left| node(&left, &right))
            .unwrap_or_else(root_of_nothing)
    }
}

/// A whole tree in memory (64 bytes an entry), for audit paths.
#[derive(Debug)]
pub struct Tree {
    /// The hashes of the entries, then the level above them, and so on up to the root. A last hash without a neighbour goes up
    /// as it is: that is what splitting at the largest power of two comes to.
    levels: Vec<Vec<Digest>>,
}

impl Tree {
    /// The tree of the entries.
    pub fn new<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut below: Vec<Digest> = entries.into_iter().map(leaf).collect();
        let mut levels = Vec::new();
        while below.len() > 1 {
            let above = below
                .chunks(2)
                .map(|pair| match pair {
                    [left, right] => node(left, right),
                    // A chunk of two elements at most, and never empty.
                    alone => alone.first().copied().unwrap_or_else(root_of_nothing),
                })
                .collect();
            levels.push(std::mem::replace(&mut below, above));
        }
        levels.push(below);
        Self { levels }
    }

    /// Its root.
    pub fn root(&self) -> Digest {
        let top = self.levels.last().and_then(|level| level.first());
        top.copied().unwrap_or_else(root_of_nothing)
    }

    /// The audit path of entry `index` (from 0): the hashes of the subtrees beside the way from it to the root, nearest first.
    /// `None` when there is no such entry.
    pub fn path(&self, index: u64) -> Option<Vec<Digest>> {
        let mut index = usize::try_from(index).ok()?;
        self.levels.first()?.get(index)?;
        let mut path = Vec::new();
        for level in &self.levels {
            path.extend(level.get(index ^ 1));
            index >>= 1;
        }
        Some(path)
    }
}

/// The root that follows from an entry, its number (from 0) among `size` entries, and its audit path. `None` when the path does
/// not have the length that such an entry has. RFC 9162, section 2.1.3.2.
pub fn root_by_path(entry: &[u8], index: u64, size: u64, path: &[Digest]) -> Option<Digest> {
    if index >= size {
        return None;
    }
    let (mut place, mut last) = (index, size - 1);
    let mut root = leaf(entry);
    for beside in path {
        if last == 0 {
            return None;
        }
        if place & 1 == 1 || place == last {
            root = node(beside, &root);
            // A hash that went up without a neighbour has none in these levels.
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            root = node(&root, beside);
        }
        place >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(root)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The entries of the tests of certificate-transparency, the reference implementation of RFC 6962.
    const ENTRIES: [&str; 8] = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];

    /// Its roots of the first one, two … eight of them.
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn entries(size: usize) -> Vec<Vec<u8>> {
        ENTRIES[..size]
            .iter()
            .map(|entry| hex::decode(entry).unwrap())
            .collect()
    }

    fn tree(entries: &[Vec<u8>]) -> Tree {
        Tree::new(entries.iter().map(Vec::as_slice))
    }

    fn frontier(entries: &[Vec<u8>]) -> Frontier {
        let mut frontier = Frontier::default();
        for entry in entries {
            frontier.push(entry);
        }
        frontier
    }

    /// The definition of the RFC, word for word.
    fn by_the_book(entries: &[Vec<u8>]) -> Digest {
        match entries {
            [] => root_of_nothing(),
            [one] => leaf(one),
            many => {
                let half = many.len().div_ceil(2).next_power_of_two();
                let (left, right) = many.split_at(half);
                node(&by_the_book(left), &by_the_book(right))
            }
        }
    }

    #[test]
    fn the_root_of_nothing_is_the_hash_of_nothing() {
        let expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hex::encode(Frontier::default().root()), expected);
        assert_eq!(hex::encode(tree(&[]).root()), expected);
    }

    #[test]
    fn the_roots_are_those_of_the_reference_implementation() {
        for (size, expected) in (1..).zip(ROOTS) {
            let entries = entries(size);
            assert_eq!(hex::encode(tree(&entries).root()), expected, "{size}");
            assert_eq!(hex::encode(frontier(&entries).root()), expected, "{size}");
        }
    }

    #[test]
    fn the_audit_paths_are_those_of_the_reference_implementation() {
        for (index, size, expected) in [
            (0, 1, vec![]),
            (
                0,
                8,
                vec![
                    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
                ],
            ),
            (
                5,
                8,
                vec![
                    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                ],
            ),
            (
                2,
                3,
                vec!["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
            ),
            (
                1,
                5,
                vec![
                    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                ],
            ),
        ] {
            let path = tree(&entries(size)).path(index).unwrap();
            let path: Vec<_> = path.iter().map(hex::encode).collect();
            assert_eq!(path, expected, "{index} of {size}");
        }
    }

    #[test]
    fn there_is_no_path_of_an_entry_that_is_not_there() {
        assert_eq!(tree(&entries(3)).path(3), None);
        assert_eq!(tree(&[]).path(0), None);
        assert_eq!(root_by_path(b"x", 0, 0, &[]), None);
        assert_eq!(root_by_path(b"x", 3, 3, &[]), None);
    }

    /// All different, as the hashes of a ledger are: among equal ones a path proves any place.
    fn some_entries() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let entry = prop::collection::vec(any::<u8>(), 0..40);
        prop::collection::btree_set(entry, 1..70).prop_map(|all| all.into_iter().collect())
    }

    proptest! {
        #[test]
        fn one_by_one_or_all_at_once_the_root_is_that_of_the_definition(entries in some_entries()) {
            prop_assert_eq!(frontier(&entries).root(), by_the_book(&entries));
            prop_assert_eq!(tree(&entries).root(), by_the_book(&entries));
        }

        #[test]
        fn every_entry_is_proved_by_its_path_at_its_place_and_nowhere_else(entries in some_entries()) {
            let tree = tree(&entries);
            let size = entries.len() as u64;
            for (index, entry) in (0..).zip(&entries) {
                let path = tree.path(index).unwrap();
                prop_assert_eq!(root_by_path(entry, index, size, &path), Some(tree.root()));
                let mut changed = entry.clone();
                changed.push(0);
                prop_assert_ne!(root_by_path(&changed, index, size, &path), Some(tree.root()));
                for other in (0..size).filter(|&other| other != index) {
                    prop_assert_ne!(root_by_path(entry, other, size, &path), Some(tree.root()));
                }
            }
        }

        #[test]
        fn a_path_that_is_changed_shortened_or_lengthened_proves_nothing(
            entries in some_entries(), which in any::<prop::sample::Index>(), bit in 0..256_usize,
        ) {
            let tree = tree(&entries);
            let (index, size) = (which.index(entries.len()) as u64, entries.len() as u64);
            let entry = &entries[which.index(entries.len())];
            let path = tree.path(index).unwrap();
            for place in 0..path.len() {
                let mut changed = path.clone();
                changed[place][bit / 8] ^= 1 << (bit % 8);
                prop_assert_ne!(root_by_path(entry, index, size, &changed), Some(tree.root()));
                let mut shortened = path.clone();
                shortened.remove(place);
                prop_assert_ne!(root_by_path(entry, index, size, &shortened), Some(tree.root()));
            }
            let mut lengthened = path;
            lengthened.push([0; 32]);
            prop_assert_eq!(root_by_path(entry, index, size, &lengthened), None);
        }
    }
}
