//! Faults that are built in on purpose, to see that the simulator finds them. Without the feature `seeded-faults`, which
//! only the tests' crate asks for, [`is_on`] is always false and nothing of it is in a program.

/// A fault that can be switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Seeded {
    /// Commits are not on the disk when they return (`synchronous=NORMAL`).
    WeakCommit = 1,
    /// The relay's receipt goes out before the commit.
    ReceiptBeforeCommit,
    /// A phone's changes have the same actor in every document and after every start.
    ActorReused,
    /// A cursor of another life of the relay counts as one of this life.
    EpochNotCompared,
    /// Any answer with status 200 counts as a receipt.
    AnyAnswerAccepted,
    /// A receipt for another request counts.
    NonceNotCompared,
    /// A piece of a file counts as kept before it is on the disk.
    OffsetBeforeSync,
    /// A log that goes on from another history counts as held.
    ForkIgnored,
    /// What goes out of sight goes with the phone's own work in it.
    ForgetTooMuch,
    /// The way across a gap counts as walked.
    GapCounted,
    /// An upload that is begun again counts as done.
    RetryAnsweredDone,
    /// The feed goes on behind an entry whose document was not ready.
    FeedSkipsLate,
    /// The alias in a document is the device's number.
    AliasLeaks,
    /// Room is made with photos that the relay has not got.
    TrimsUnsent,
    /// What a revoked phone sends is receipted and thrown away.
    RevokedDropped,
    /// A database that is behind its marker goes on as it is.
    MarkerIgnored,
    /// A draft goes before its report is kept.
    DraftDroppedFirst,
}

impl Seeded {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::WeakCommit,
        Self::ReceiptBeforeCommit,
        Self::ActorReused,
        Self::EpochNotCompared,
        Self::AnyAnswerAccepted,
        Self::NonceNotCompared,
        Self::OffsetBeforeSync,
        Self::ForkIgnored,
        Self::ForgetTooMuch,
        Self::GapCounted,
        Self::RetryAnsweredDone,
        Self::FeedSkipsLate,
        Self::AliasLeaks,
        Self::TrimsUnsent,
        Self::RevokedDropped,
        Self::MarkerIgnored,
        Self::DraftDroppedFirst,
    ];
}

#[cfg(feature = "seeded-faults")]
mod switch {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::Seeded;

    static ON: AtomicU32 = AtomicU32::new(0);

    /// Builds a fault into this process, or none.
    pub fn switch_on(fault: Option<Seeded>) {
        ON.store(fault.map_or(0, |fault| fault as u32), Ordering::SeqCst);
    }

    /// Whether a fault is built in.
    pub fn is_on(fault: Seeded) -> bool {
        ON.load(Ordering::Relaxed) == fault as u32
    }
}

#[cfg(feature = "seeded-faults")]
pub use switch::{is_on, switch_on};

/// Whether a fault is built in: never.
#[cfg(not(feature = "seeded-faults"))]
pub const fn is_on(_fault: Seeded) -> bool {
    false
}
