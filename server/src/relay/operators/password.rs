//! Passwords: which are taken, and Argon2id, away from the writer and never more than two at once.
//!
//! Parameters are the second that RFC 9106 recommends: 64 MiB, 3 passes, 4 lanes. Two at once are 128 MiB;
//! a flood of logins waits in a short queue and is then told to come later.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use suishou_core::error::{Error, Problem};
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::relay::error::{RelayError, Result};

/// Shortest password in characters.
pub const MIN_CHARS: usize = 10;
/// Longest password in bytes: hashing it first takes time.
const MAX_BYTES: usize = 1_000;
/// Passwords that are tried first by whoever guesses, one a line, in lower case.
const COMMON: &str = include_str!("common.txt");
/// Hashed at once.
const AT_ONCE: usize = 2;
/// Hashed or waiting.
const AT_MOST: usize = 32;
/// Memory in KiB, passes, lanes.
const COST: (u32, u32, u32) = (64 * 1024, 3, 4);
/// For names that nobody has: the same work, and no result.
const NOBODY: [u8; 16] = *b"nobody's salt!!!";

/// Turns at Argon2id.
#[derive(Debug)]
pub(super) struct Hashing {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Default for Hashing {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), places: Arc::new(Semaphore::new(AT_MOST)) }
    }
}

impl Hashing {
    /// What is kept of a password.
    pub(super) async fn hash(&self, password: String, salt: [u8; 16]) -> Result<String> {
        self.work(move || hash(&password, salt)).await
    }

    /// Whether a password is the kept one; takes as long if there is none.
    pub(super) async fn is_right(&self, password: String, kept: Option<String>) -> Result<bool> {
        self.work(move || match kept {
            Some(kept) => verify(&password, &kept),
            None => hash(&password, NOBODY).map(|_| false),
        })
        .await
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| RelayError::Overloaded)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| RelayError::Stopped)?;
        let done = spawn_blocking(move || {
            let done = work();
            // Whoever asked may have gone: the turn ends with the work, not with the question.
            drop((turn, place));
            done
        });
        done.await.map_err(|_| RelayError::Stopped)?
    }
}

fn argon2() -> Result<Argon2<'static>> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(|_| fault())?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str, salt: [u8; 16]) -> Result<String> {
    let hash: PasswordHash =
        argon2()?.hash_password_with_salt(password.as_bytes(), &salt).map_err(|_| fault())?;
    Ok(hash.to_string())
}

fn verify(password: &str, kept: &str) -> Result<bool> {
    let kept = PasswordHash::new(kept).map_err(|_| fault())?;
    Ok(argon2()?.verify_password(password.as_bytes(), &kept).is_ok())
}

fn fault() -> RelayError {
    Error::Corrupt("a password's hash").into()
}

/// Refuses a password that is guessed at once.
pub(super) fn check(name: &str, password: &str) -> Result<()> {
    let lower = password.to_lowercase();
    let name = name.to_lowercase();
    let problem = if password.chars().count() < MIN_CHARS {
        Problem::Malformed("a password of at least 10 characters")
    } else if password.len() > MAX_BYTES {
        Problem::TooLarge {
            what: "length of the password",
            found: password.len() as u64,
            limit: MAX_BYTES as u64,
        }
    } else if lower == name || lower.trim() == name || is_of_one_character(&lower) {
        Problem::Malformed("a password that is not the name nor one character repeated")
    } else if COMMON.lines().any(|common| common == lower) {
        Problem::Malformed("a password that is not among the most common")
    } else {
        return Ok(());
    };
    Err(RelayError::invalid(problem))
}

fn is_of_one_character(text: &str) -> bool {
    let mut characters = text.chars();
    let first = characters.next();
    characters.all(|character| Some(character) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_argon2id_with_its_salt_and_only_the_password_opens_it() {
        let kept = hash("correct horse battery", [7; 16]).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=65536,t=3,p=4$"), "{kept}");
        assert!(verify("correct horse battery", &kept).unwrap());
        assert!(!verify("correct horse batter", &kept).unwrap());
        assert_ne!(hash("correct horse battery", [8; 16]).unwrap(), kept);
        assert!(verify("x", "not a hash").is_err());
    }

    #[test]
    fn what_is_guessed_first_is_refused() {
        for bad in ["", "short pas", "wangfang01", "WangFang01", "aaaaaaaaaaaa", "1234567890", "Password123"]
        {
            assert!(check("wangfang01", bad).is_err(), "{bad}");
        }
        assert!(check("wangfang01", &"x1".repeat(501)).is_err());
        for good in ["桥头镇的河在春天涨水", "three-geese-crossing"] {
            assert!(check("wangfang01", good).is_ok(), "{good}");
        }
        let common: Vec<_> = COMMON.lines().collect();
        assert!(
            common.len() > 50 && common.iter().all(|line| line.chars().count() >= MIN_CHARS),
            "short ones are refused anyway"
        );
        assert!(common.iter().all(|line| *line == line.to_lowercase() && line.trim() == *line));
    }

    #[tokio::test]
    async fn a_flood_is_told_to_come_later() {
        let hashing = Hashing::default();
        let _all = hashing.places.clone().try_acquire_many_owned(u32::try_from(AT_MOST).unwrap()).unwrap();
        let refused = hashing.is_right("x".to_owned(), None).await.unwrap_err();
        assert!(matches!(refused, RelayError::Overloaded));
    }
}
