//! A password needs a minimum length and must not be easy to guess; there are no rules of composition (NIST SP 800-63B,
//! 3.1.1.2). It is compared normalised.

use attune_domain::{PersonName, Role, User};
use attune_ports::{HashError, Password, PasswordCheck, PasswordHash, PasswordHasher};
use thiserror::Error;

pub(super) const MAX_CHARS: usize = 128;

/// A password that is found within this many guesses (as a power of ten, some thirty thousand) is refused. That covers the
/// lists of the most common passwords and their simplest variants; at a hundred guesses a day, they take most of a year.
const MIN_GUESSES_LOG10: f64 = 4.5;

/// The estimate takes more than linear time, so it uses this many characters; further ones only make a password harder
/// to guess.
const MAX_ESTIMATED: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PasswordProblem {
    #[error("the password has fewer than {0} characters")]
    TooShort(usize),
    #[error("the password has more than 128 characters")]
    TooLong,
    #[error("the password is too common")]
    TooCommon,
}

/// Checks a new password. `about` are words that belong to the user, such as the email address and the names: they are
/// easy to guess.
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
    let beginning: String = password.expose().chars().take(MAX_ESTIMATED).collect();
    if zxcvbn::zxcvbn(&beginning, about).guesses_log10() < MIN_GUESSES_LOG10 {
        return Err(PasswordProblem::TooCommon);
    }
    Ok(())
}

/// Checks a new password of this user.
pub(super) fn check_password_of(user: &User, password: &Password) -> Result<(), PasswordProblem> {
    let mut about = vec![user.email.as_str()];
    about.extend([&user.first_name, &user.last_name].into_iter().flatten().map(PersonName::as_str));
    check_password(password, user.role, &about)
}

/// Checks a password against a hash, which may be one of the password as typed, from before passwords were normalised; it is
/// then outdated.
///
/// How many hashes are computed depends on the typed text alone, so that the time does not reveal whether there is an account.
pub(super) async fn verify_password(
    hasher: &dyn PasswordHasher,
    password: &Password,
    hash: Option<&PasswordHash>,
) -> Result<PasswordCheck, HashError> {
    let normalised = hasher.verify(password, hash).await?;
    let Some(typed) = password.as_typed() else { return Ok(normalised) };
    let typed = hasher.verify(&typed, hash).await?;
    Ok(PasswordCheck {
        matches: normalised.matches || typed.matches,
        outdated: normalised.outdated || !normalised.matches,
    })
}
