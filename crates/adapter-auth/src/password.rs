//! Passwords, hashed with Argon2id (RFC 9106).

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::{io, thread};

use argon2::password_hash::phc::{self, Output, ParamsString, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use async_trait::async_trait;
use attune_ports::{HashError, Password, PasswordCheck, PasswordHash, PasswordHasher, Random};
use thiserror::Error;

use crate::threads::{NoResult, Threads};

/// Bytes of chance in each hash (RFC 9106, section 3.1).
const SALT_BYTES: usize = 16;
/// Length of the hash itself.
const OUTPUT_BYTES: usize = 32;
/// More than this a stored hash may not ask for. It bounds what a damaged or planted row can cost.
const MAX_MEMORY_KIB: u32 = 64 * 1024;
const MAX_ITERATIONS: u32 = 10;
const MAX_LANES: u32 = 4;

/// How much work a hash is, and how much of it happens at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HasherConfig {
    /// Threads that hash, at least 1. Half the cores by default, so that the other half serves everything else.
    pub threads: usize,
    /// Passwords that may wait, at least 1; the next one is refused at once.
    pub queue: usize,
    /// Memory that one hash fills, in KiB, from 8 to 65 536. Each thread keeps as much.
    pub memory_kib: u32,
    /// Passes over the memory, from 1 to 10.
    pub iterations: u32,
}

impl Default for HasherConfig {
    /// 19 MiB and 2 passes, which OWASP's Password Storage Cheat Sheet lists for Argon2id.
    fn default() -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self { threads: (cores / 2).max(1), queue: 32, memory_kib: 19_456, iterations: 2 }
    }
}

/// Why hashing could not be set up.
#[derive(Debug, Error)]
pub enum HasherError {
    /// A setting is outside the bounds that [`HasherConfig`] names.
    #[error("the password hashing settings are out of bounds: {0}")]
    OutOfBounds(&'static str),
    /// The system gave no thread.
    #[error("a password hashing thread could not be started")]
    Thread(#[from] io::Error),
}

/// Why one password was not hashed. Says nothing about the password or the hash.
#[derive(Debug, Error)]
enum Failure {
    #[error("the stored hash is not in PHC form")]
    NotPhc(#[source] phc::Error),
    #[error("the stored hash is not Argon2id version 19 with a salt, a hash and sensible parameters")]
    Unsupported,
    #[error("Argon2 refused")]
    Argon2(#[source] argon2::Error),
    #[error("the hash cannot be written in PHC form")]
    Encoding(#[source] phc::Error),
    #[error(transparent)]
    Lost(NoResult),
}

impl From<Failure> for HashError {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

/// Hashes passwords with Argon2id on threads of its own, each with memory of its own that is used again and again.
///
/// Passwords are hashed byte by byte as they were typed. The threads end when the hasher is dropped; passwords that
/// still wait then are answered with [`HashError::Failed`].
pub struct ArgonHasher {
    threads: Threads,
    random: Arc<dyn Random>,
    params: Params,
}

impl ArgonHasher {
    /// Starts the threads and gives each of them its memory.
    pub fn start(config: HasherConfig, random: Arc<dyn Random>) -> Result<Self, HasherError> {
        let bounds = [
            (config.threads >= 1, "threads"),
            (config.queue >= 1, "queue"),
            ((Params::MIN_M_COST..=MAX_MEMORY_KIB).contains(&config.memory_kib), "memory_kib"),
            ((Params::MIN_T_COST..=MAX_ITERATIONS).contains(&config.iterations), "iterations"),
        ];
        if let Some((_, setting)) = bounds.into_iter().find(|(fits, _)| !fits) {
            return Err(HasherError::OutOfBounds(setting));
        }
        let params = Params::new(config.memory_kib, config.iterations, 1, Some(OUTPUT_BYTES))
            .map_err(|_| HasherError::OutOfBounds("memory_kib"))?;
        let threads = Threads::start(config.threads, config.queue, params.block_count())?;
        Ok(Self { threads, random, params })
    }

    async fn derive(&self, password: &Password, salt: Salt, params: Params) -> Result<Output, HashError> {
        let password = password.clone();
        match self.threads.run(move |memory| derive(&password, &salt, params, memory)).await {
            Ok(result) => Ok(result.map_err(Failure::Argon2)?),
            Err(NoResult::Full) => Err(HashError::Busy),
            Err(lost @ NoResult::Lost) => Err(Failure::Lost(lost).into()),
        }
    }

    fn is_weaker_than_today(&self, stored: &Stored) -> bool {
        stored.params.m_cost() < self.params.m_cost()
            || stored.params.t_cost() < self.params.t_cost()
            || stored.salt.len() < SALT_BYTES
            || stored.output.len() < OUTPUT_BYTES
    }
}

#[async_trait]
impl PasswordHasher for ArgonHasher {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashError> {
        let mut bytes = [0; SALT_BYTES];
        self.random.fill(&mut bytes);
        let salt = Salt::new(&bytes).map_err(Failure::Encoding)?;
        let output = self.derive(password, salt, self.params.clone()).await?;
        let phc = phc::PasswordHash {
            algorithm: ARGON2ID_IDENT,
            version: Some(Version::V0x13.into()),
            params: phc_params(&self.params).map_err(Failure::Encoding)?,
            salt: Some(salt),
            hash: Some(output),
        };
        Ok(PasswordHash::new(phc.to_string()))
    }

    async fn verify(&self, password: &Password, hash: Option<&PasswordHash>) -> Result<PasswordCheck, HashError> {
        let Some(hash) = hash else {
            let salt = Salt::new(&[0; SALT_BYTES]).map_err(Failure::Encoding)?;
            self.derive(password, salt, self.params.clone()).await?;
            return Ok(PasswordCheck { matches: false, outdated: false });
        };
        let stored = Stored::parse(hash)?;
        let outdated = self.is_weaker_than_today(&stored);
        let output = self.derive(password, stored.salt, stored.params).await?;
        // `Output` compares in constant time.
        Ok(PasswordCheck { matches: output == stored.output, outdated })
    }
}

/// What a PHC string says, as far as it is one of ours.
struct Stored {
    params: Params,
    salt: Salt,
    output: Output,
}

impl Stored {
    fn parse(hash: &PasswordHash) -> Result<Self, Failure> {
        let phc = phc::PasswordHash::new(hash.as_str()).map_err(Failure::NotPhc)?;
        let params = Params::try_from(&phc).map_err(|_| Failure::Unsupported)?;
        let sensible = params.m_cost() <= MAX_MEMORY_KIB
            && params.t_cost() <= MAX_ITERATIONS
            && params.p_cost() <= MAX_LANES
            && phc.algorithm == ARGON2ID_IDENT
            && phc.version == Some(Version::V0x13.into());
        match (phc.salt, phc.hash) {
            (Some(salt), Some(output)) if sensible => Ok(Self { params, salt, output }),
            _ => Err(Failure::Unsupported),
        }
    }
}

/// The parameters as PHC writes them: `m=19456,t=2,p=1`.
fn phc_params(params: &Params) -> Result<ParamsString, phc::Error> {
    let mut text = ParamsString::new();
    for (name, value) in [("m", params.m_cost()), ("t", params.t_cost()), ("p", params.p_cost())] {
        text.add_decimal(name, value)?;
    }
    Ok(text)
}

/// One hash. A stored hash that needs more memory than today's makes the thread's memory grow, within the bounds above,
/// instead of taking and giving back megabytes each time.
fn derive(password: &Password, salt: &[u8], params: Params, memory: &mut Vec<Block>) -> Result<Output, argon2::Error> {
    if memory.len() < params.block_count() {
        memory.resize(params.block_count(), Block::new());
    }
    let mut output = vec![0; params.output_len().unwrap_or(OUTPUT_BYTES)];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into_with_memory(password.expose().as_bytes(), salt, &mut output, memory)?;
    Output::new(&output).map_err(|_| argon2::Error::OutputTooShort)
}

#[cfg(test)]
mod tests;
