//! A made-up township like Jinhua's, from one seed: grids, people, departments, texts, photos and
//! walks, as plain data and as the files that an operator imports.
//!
//! Knows of the product only what a position and a time are, so that it can feed any part of it.

mod borders;
pub mod camera;
pub mod dice;
mod exif;
pub mod grids;
mod layout;
mod names;
pub mod people;
mod plane;
mod scene;
mod tessellation;
pub mod texts;
mod texture;
pub mod walk;

use std::{fs, io, path::Path};

use suishou_core::geo::Position;

use dice::Dice;
use grids::{Grid, GridKind};
use people::{Department, Person};

/// The whole township.
#[derive(Clone, Debug)]
pub struct World {
    /// Villages, micro-grids, dedicated and emergency grids, in this order.
    pub grids: Vec<Grid>,
    /// Members, leaders, informants and handlers, in this order.
    pub people: Vec<Person>,
    /// The five departments.
    pub departments: Vec<Department>,
}

impl World {
    /// The same township for the same seed.
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let (mut for_grids, mut for_people) = (dice.fork(), dice.fork());
        let grids = grids::make(&mut for_grids);
        let (people, departments) = people::make(&grids, &mut for_people);
        Self { grids, people, departments }
    }

    /// Writes `grids.geojson`, `members.csv` and `departments.csv` into a directory that exists.
    pub fn write_files(&self, directory: &Path) -> io::Result<()> {
        fs::write(directory.join("grids.geojson"), grids::to_geojson(&self.grids))?;
        fs::write(directory.join("members.csv"), people::members_csv(&self.people))?;
        fs::write(directory.join("departments.csv"), people::departments_csv(&self.departments))
    }

    /// The grid with this code.
    pub fn grid(&self, id: &str) -> Option<&Grid> {
        self.grids.iter().find(|grid| grid.id == id)
    }

    /// All grids of one kind.
    pub fn grids_of(&self, kind: GridKind) -> impl Iterator<Item = &Grid> {
        self.grids.iter().filter(move |grid| grid.kind == kind)
    }

    /// A place in the grid with this code.
    pub fn random_point(&self, grid: &str, dice: &mut Dice) -> Option<Position> {
        self.grid(grid).map(|grid| grid.random_point(dice))
    }

    /// Places to visit in a grid, each time the nearest one left, back to the start at the end.
    pub fn round(&self, grid: &str, stops: usize, dice: &mut Dice) -> Vec<Position> {
        let Some(grid) = self.grid(grid) else { return Vec::new() };
        let mut left: Vec<Position> = (0..stops).map(|_| grid.random_point(dice)).collect();
        let mut round = Vec::from_iter(left.pop());
        while let Some(last) = round.last().copied() {
            let distances = left.iter().enumerate();
            let nearest = distances.min_by(|a, b| a.1.distance_m(last).total_cmp(&b.1.distance_m(last)));
            let Some((index, _)) = nearest else { break };
            round.push(left.swap_remove(index));
        }
        round.extend(round.first().copied());
        round
    }
}

#[cfg(test)]
mod tests;
