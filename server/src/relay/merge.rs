//! The places under several keys in the feed's order.

use std::collections::{BTreeSet, VecDeque};

use super::error::Result;
use crate::db::{self, Connection};

/// Places read from one key at a time.
pub(super) const CHUNK: i64 = 64;

/// Several ordered streams as one, each place once.
pub(super) struct Merge {
    streams: Vec<Stream>,
}

struct Stream {
    key: i64,
    after: i64,
    read: VecDeque<i64>,
    is_at_end: bool,
}

impl Merge {
    pub(super) fn new(keys: impl Iterator<Item = (i64, i64)>) -> Self {
        let keys: BTreeSet<(i64, i64)> = keys.collect();
        let stream = |(key, after)| Stream { key, after, read: VecDeque::new(), is_at_end: false };
        Self { streams: keys.into_iter().map(stream).collect() }
    }

    pub(super) fn peek(&mut self, connection: &Connection) -> Result<Option<i64>> {
        for stream in &mut self.streams {
            stream.fill(connection)?;
        }
        Ok(self.streams.iter().filter_map(|stream| stream.read.front().copied()).min())
    }

    pub(super) fn next(&mut self, connection: &Connection) -> Result<Option<i64>> {
        let next = self.peek(connection)?;
        for stream in &mut self.streams {
            if stream.read.front().copied() == next {
                stream.read.pop_front();
            }
        }
        Ok(next)
    }
}

impl Stream {
    fn fill(&mut self, connection: &Connection) -> Result<()> {
        if !self.read.is_empty() || self.is_at_end {
            return Ok(());
        }
        self.read = db::feed::places(connection, self.key, self.after, CHUNK)?.into();
        match self.read.back() {
            Some(last) => self.after = *last,
            None => self.is_at_end = true,
        }
        Ok(())
    }
}
