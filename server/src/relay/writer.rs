//! The writer's thread: all pushes that wait go into one commit, and between commits documents follow.
//!
//! Receipts never wait for projection: after each commit at most one batch is projected before the
//! queue is looked at again.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread::{self, JoinHandle},
    time::Duration,
};

use suishou_core::error::Error;
use tokio::sync::{mpsc, oneshot};

use super::{
    engine::Engine,
    error::{RelayError, Result},
    push::{Checked, Receipted},
};

/// Most pushes in one commit.
const GROUP: usize = 64;
/// Most jobs that wait.
pub(super) const QUEUE: usize = 1_024;
/// After a failure, before projection is tried again.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// Something for the writer to do.
pub(super) enum Job {
    /// Store what a device pushed.
    Push(Box<Checked>, oneshot::Sender<Result<Receipted>>),
    /// Anything else, on its own.
    Call(Box<dyn FnOnce(&mut Engine) + Send>),
    /// A device was heard of.
    Contact(i64),
    /// Come to an end.
    Stop,
}

/// Starts the writer's thread.
pub(super) fn start(engine: Engine, jobs: mpsc::Receiver<Job>) -> Result<JoinHandle<()>> {
    thread::Builder::new()
        .name("writer".to_owned())
        .spawn(move || Writer { engine, jobs, is_stopping: false }.run())
        .map_err(|_| RelayError::Stopped)
}

struct Writer {
    engine: Engine,
    jobs: mpsc::Receiver<Job>,
    is_stopping: bool,
}

impl Writer {
    fn run(mut self) {
        while let Some(job) = self.next() {
            self.take(job);
            if self.is_stopping {
                break;
            }
        }
        while let Ok(true) = self.engine.project() {}
        if let Err(error) = self.engine.rest() {
            tracing::error!(%error, "the relay could not tidy up at its end");
        }
    }

    /// The next job; documents follow while there is none.
    fn next(&mut self) -> Option<Job> {
        loop {
            match self.jobs.try_recv() {
                Ok(job) => return Some(job),
                Err(mpsc::error::TryRecvError::Disconnected) => return None,
                Err(mpsc::error::TryRecvError::Empty) if self.engine.has_unprojected() => {
                    if !self.follow() {
                        return self.jobs.blocking_recv();
                    }
                }
                Err(mpsc::error::TryRecvError::Empty) => return self.jobs.blocking_recv(),
            }
        }
    }

    /// One batch of projection; false if it failed and should not be tried at once again.
    fn follow(&mut self) -> bool {
        match self.engine.project() {
            Ok(_) => true,
            Err(error) => {
                tracing::error!(%error, "entries could not be taken into their documents");
                thread::sleep(RETRY_AFTER);
                false
            }
        }
    }

    fn take(&mut self, job: Job) {
        let mut pushes = Vec::new();
        let mut answers = Vec::new();
        let mut next = Some(job);
        let mut after = None;
        while let Some(job) = next.take() {
            match job {
                Job::Push(push, answer) => {
                    pushes.push(*push);
                    answers.push(answer);
                }
                Job::Contact(device) => self.engine.note_contact(device),
                other => {
                    after = Some(other);
                    break;
                }
            }
            if pushes.len() < GROUP {
                next = self.jobs.try_recv().ok();
            }
        }
        self.store(pushes, answers);
        match after {
            Some(Job::Call(call)) => self.call(call),
            Some(Job::Stop) => self.is_stopping = true,
            _ => {}
        }
        if self.engine.has_unprojected() {
            self.follow();
        }
    }

    /// Should it panic, whoever asked is told that there is no answer, and the others go on.
    fn call(&mut self, call: Box<dyn FnOnce(&mut Engine) + Send>) {
        let done = catch_unwind(AssertUnwindSafe(|| call(&mut self.engine)));
        if done.is_err() {
            tracing::error!("a panic on the writer's thread");
            self.engine.recover();
        }
    }

    /// One commit for all; only then is anyone told.
    fn store(&mut self, pushes: Vec<Checked>, answers: Vec<oneshot::Sender<Result<Receipted>>>) {
        if pushes.is_empty() {
            return;
        }
        let stored = catch_unwind(AssertUnwindSafe(|| self.engine.store(&pushes))).unwrap_or_else(|_| {
            self.engine.recover();
            Err(Error::Corrupt("a panic while storing").into())
        });
        match stored {
            Ok(receipted) => {
                for (answer, receipted) in answers.into_iter().zip(receipted) {
                    // Whoever left asks again and gets the same.
                    drop(answer.send(Ok(receipted)));
                }
            }
            Err(error) if pushes.len() == 1 => {
                if let Some(answer) = answers.into_iter().next() {
                    drop(answer.send(Err(error)));
                }
            }
            Err(error) => {
                // One of them may be at fault: each on its own.
                tracing::warn!(%error, "a group could not be stored");
                for (push, answer) in pushes.into_iter().zip(answers) {
                    self.store(vec![push], vec![answer]);
                }
            }
        }
    }
}
