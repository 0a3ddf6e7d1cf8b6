//! The tree of grids: how deep each one stands under its parents.
//!
//! Only the parents decide; a township's kinds and codes say nothing reliable about depth.

use std::collections::BTreeMap;

use crate::{error::Problem, id::GridId};

/// Deepest place in the tree: far beyond any township's, and an end for every walk upwards.
const MAX_DEPTH: u8 = 15;

/// The depth of every grid, 0 at the top, from each grid's parent; else every grid whose parent is
/// unknown, its own descendant, or too far down, and what is wrong with it.
pub fn depths(
    parents: &BTreeMap<GridId, Option<GridId>>,
) -> Result<BTreeMap<GridId, u8>, Vec<(GridId, Problem)>> {
    let mut depths = BTreeMap::new();
    let mut problems = Vec::new();
    for (grid, parent) in parents {
        match depth(grid, parent.as_ref(), parents) {
            Ok(Some(depth)) => drop(depths.insert(grid.clone(), depth)),
            Ok(None) => {}
            Err(problem) => problems.push((grid.clone(), problem)),
        }
    }
    if problems.is_empty() { Ok(depths) } else { Err(problems) }
}

/// `None` if an ancestor is at fault: it is the one to report.
fn depth(
    grid: &GridId,
    parent: Option<&GridId>,
    parents: &BTreeMap<GridId, Option<GridId>>,
) -> Result<Option<u8>, Problem> {
    let mut above = parent;
    for depth in 0..=MAX_DEPTH {
        let Some(ancestor) = above else { return Ok(Some(depth)) };
        if ancestor == grid {
            return Err(Problem::Cycle { what: "grid", code: grid.to_string() });
        }
        match parents.get(ancestor) {
            Some(next) => above = next.as_ref(),
            None if depth == 0 => {
                return Err(Problem::Unknown { what: "parent", code: ancestor.to_string() });
            }
            None => return Ok(None),
        }
    }
    Err(Problem::TooLarge {
        what: "depth in the grid tree",
        found: u64::from(MAX_DEPTH) + 1,
        limit: MAX_DEPTH.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(code: &str) -> GridId {
        GridId::new(code).unwrap()
    }

    fn parents(pairs: &[(&str, &str)]) -> BTreeMap<GridId, Option<GridId>> {
        pairs.iter().map(|(child, parent)| (grid(child), GridId::new(parent).ok())).collect()
    }

    #[test]
    fn depth_counts_the_parents() {
        let depths = depths(&parents(&[("a", ""), ("b", "a"), ("c", "b"), ("d", "a")])).unwrap();
        assert_eq!(depths.into_values().collect::<Vec<_>>(), [0, 1, 2, 1]);
    }

    #[test]
    fn only_the_grids_at_fault_are_reported() {
        let found = depths(&parents(&[("a", "b"), ("b", "a"), ("c", "x"), ("d", "c")])).unwrap_err();
        let cycle = |code: &str| (grid(code), Problem::Cycle { what: "grid", code: code.to_owned() });
        let unknown = (grid("c"), Problem::Unknown { what: "parent", code: "x".to_owned() });
        assert_eq!(found, [cycle("a"), cycle("b"), unknown]);
        assert!(depths(&parents(&[("a", "a")])).is_err());
    }

    #[test]
    fn what_hangs_below_a_cycle_or_too_deep_is_reported() {
        assert!(depths(&parents(&[("a", "a"), ("b", "a")])).is_err());
        let chain: Vec<(String, String)> =
            (0..17).map(|n| (format!("g{n}"), format!("g{}", n - 1))).collect();
        let chain: Vec<(&str, &str)> = chain
            .iter()
            .map(|(child, parent)| (child.as_str(), if child == "g0" { "" } else { parent.as_str() }))
            .collect();
        assert!(depths(&parents(&chain[..16])).is_ok());
        assert_eq!(depths(&parents(&chain)).unwrap_err().len(), 1);
    }
}
