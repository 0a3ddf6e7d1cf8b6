//! Chance for the made-up township: every number comes from one seed, so that a world, a photo or a
//! walk can be made again.

use suishou_core::time::Random;

/// A source of chance with the shapes that world-making needs.
#[derive(Debug)]
pub struct Dice(Random);

impl Dice {
    /// The same rolls for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(Random::seeded(seed))
    }

    /// Dice of their own for one part of the world, so that a change in one part leaves the others
    /// as they were.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self::new(self.0.below(u64::MAX))
    }

    /// Evenly in `0.0..1.0`.
    pub fn unit(&mut self) -> f64 {
        f64::from(u32::from_le_bytes(self.0.bytes())) / 4_294_967_296.0
    }

    /// Evenly in `low..high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// About normally distributed: mean 0, deviation 1, never beyond ±6.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// True in `probability` of the rolls.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A whole number below `bound`, or 0 if `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        usize::try_from(self.0.below(bound)).unwrap_or(0)
    }

    /// A whole number from `low` to `high`, both included.
    pub fn within(&mut self, low: u32, high: u32) -> u32 {
        let span = u64::from(high.saturating_sub(low)) + 1;
        low.saturating_add(u32::try_from(self.0.below(span)).unwrap_or(0))
    }

    /// One of `items`, or nothing if there are none.
    pub fn choose<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }

    /// One of the phrases in a resource file, empty if there are none.
    pub fn word<'a>(&mut self, words: &'a [String]) -> &'a str {
        self.choose(words).map_or("", String::as_str)
    }

    /// Puts `items` into any order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// `N` random bytes, for noise in quantity.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        self.0.bytes()
    }
}
