//! What a password must be. Length and not being guessable at once; no rules of composition (NIST SP 800-63B, 3.1.1.2).

use attune_domain::Role;
use attune_ports::Password;
use thiserror::Error;

/// Longest password, in characters.
pub(super) const MAX_CHARS: usize = 128;

/// A password that a good guesser finds within this many tries (as a power of ten, some thirty thousand) is refused. That
/// covers the lists of the most common passwords and their simplest variants; at a hundred tries a day, that many take
/// the better part of a year.
const MIN_GUESSES_LOG10: f64 = 4.5;

/// How much of a long password is looked at: the estimate takes longer than linear time, and 64 characters that are
/// easy to guess only get harder with more of them behind.
const LOOKED_AT: usize = 64;

/// What is wrong with a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PasswordProblem {
    #[error("the password has fewer than {0} characters")]
    TooShort(usize),
    #[error("the password has more than 128 characters")]
    TooLong,
    #[error("the password is among the first that anybody would try")]
    TooCommon,
}

/// Checks a new password. `about` are words that belong to the person, such as the e-mail address and the names: they
/// make a password no better.
pub fn check_password(password: &Password, role: Role, about: &[&str]) -> Result<(), PasswordProblem> {
    let min = match role {
        Role::Client => 12,
        Role::Admin => 15,
    };
    let chars = password.expose().chars().count();
    if chars < min {
        return Err(PasswordProblem::TooShort(min));
    }
    if chars > MAX_CHARS {
        return Err(PasswordProblem::TooLong);
    }
    let beginning: String = password.expose().chars().take(LOOKED_AT).collect();
    if zxcvbn::zxcvbn(&beginning, about).guesses_log10() < MIN_GUESSES_LOG10 {
        return Err(PasswordProblem::TooCommon);
    }
    Ok(())
}
