//! Passwords, hashed with Argon2id (RFC 9106).

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::{io, thread};

use argon2::password_hash::phc::{self, Output, ParamsString, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use async_trait::async_trait;
use attune_ports::{HashError, Password, PasswordCheck, PasswordHash, PasswordHasher, Random};
use thiserror::Error;

use crate::threads::{JobError, Threads};

/// RFC 9106, section 3.1.
const SALT_BYTES: usize = 16;
const OUTPUT_BYTES: usize = 32;
/// Limits for stored hashes, so that a damaged or forged row cannot exhaust memory or time.
const MAX_MEMORY_KIB: u32 = 64 * 1024;
const MAX_ITERATIONS: u32 = 10;
const MAX_LANES: u32 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HasherConfig {
    /// At least 1. Half the cores by default; the other half serves everything else.
    pub threads: usize,
    /// Passwords that may wait, at least 1; further ones are refused at once.
    pub queue: usize,
    /// Memory per hash and thread in KiB, from 8 to 65 536.
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

/// How busy a hasher is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HasherActivity {
    /// Passwords that wait for a thread.
    pub waiting: usize,
    /// Passwords that were refused since the start, because too many were waiting.
    pub refused: u64,
}

#[derive(Debug, Error)]
pub enum HasherError {
    #[error("the password hashing settings are out of bounds: {0}")]
    OutOfBounds(&'static str),
    #[error("a password hashing thread could not be started")]
    Thread(#[from] io::Error),
}

/// Contains neither the password nor the hash.
#[derive(Debug, Error)]
enum Failure {
    #[error("the stored hash is not in PHC form")]
    NotPhc(#[source] phc::Error),
    #[error("the stored hash is not Argon2id version 19 with a salt, a hash and acceptable parameters")]
    Unsupported,
    #[error("Argon2 refused")]
    Argon2(#[source] argon2::Error),
    #[error("the hash cannot be written in PHC form")]
    Encoding(#[source] phc::Error),
    #[error(transparent)]
    Lost(JobError),
}

impl From<Failure> for HashError {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

/// Hashes passwords with Argon2id on dedicated threads, each of which reuses its own memory.
///
/// Passwords are hashed byte by byte. Dropping the hasher ends the threads; queued passwords then fail with
/// [`HashError::Failed`].
pub struct ArgonHasher {
    threads: Threads,
    random: Arc<dyn Random>,
    params: Params,
}

impl ArgonHasher {
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

    /// What the hasher is doing right now.
    pub fn activity(&self) -> HasherActivity {
        let (waiting, refused) = self.threads.activity();
        HasherActivity { waiting, refused }
    }

    async fn derive(&self, password: &Password, salt: Salt, params: Params) -> Result<Output, HashError> {
        let password = password.clone();
        match self.threads.run(move |memory| derive(&password, &salt, params, memory)).await {
            Ok(result) => Ok(result.map_err(Failure::Argon2)?),
            Err(JobError::Full) => Err(HashError::Busy),
            Err(lost @ JobError::Lost) => Err(Failure::Lost(lost).into()),
        }
    }

    fn is_weaker_than_configured(&self, stored: &Stored) -> bool {
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
        let outdated = self.is_weaker_than_configured(&stored);
        let output = self.derive(password, stored.salt, stored.params).await?;
        // `Output` compares in constant time.
        Ok(PasswordCheck { matches: output == stored.output, outdated })
    }
}

struct Stored {
    params: Params,
    salt: Salt,
    output: Output,
}

impl Stored {
    fn parse(hash: &PasswordHash) -> Result<Self, Failure> {
        let phc = phc::PasswordHash::new(hash.as_str()).map_err(Failure::NotPhc)?;
        let params = Params::try_from(&phc).map_err(|_| Failure::Unsupported)?;
        let acceptable = params.m_cost() <= MAX_MEMORY_KIB
            && params.t_cost() <= MAX_ITERATIONS
            && params.p_cost() <= MAX_LANES
            && phc.algorithm == ARGON2ID_IDENT
            && phc.version == Some(Version::V0x13.into());
        match (phc.salt, phc.hash) {
            (Some(salt), Some(output)) if acceptable => Ok(Self { params, salt, output }),
            _ => Err(Failure::Unsupported),
        }
    }
}

/// `m=19456,t=2,p=1`
fn phc_params(params: &Params) -> Result<ParamsString, phc::Error> {
    let mut text = ParamsString::new();
    for (name, value) in [("m", params.m_cost()), ("t", params.t_cost()), ("p", params.p_cost())] {
        text.add_decimal(name, value)?;
    }
    Ok(text)
}

/// A stored hash that needs more memory makes the thread's memory grow within the limits above, instead of allocating
/// megabytes each time.
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
