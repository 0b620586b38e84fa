//! Registration, login, login sessions, profiles and passwords.

mod add_client;
mod add_user;
mod authenticate;
mod change_password;
mod issue_tokens;
mod log_in;
mod log_out;
mod manage_login_sessions;
mod manage_user;
mod password_rules;
mod refresh;
mod register;
mod update_profile;

pub use add_client::{AddClient, AddClientCommand};
pub use add_user::{AddUser, AddUserCommand, AddUserError};
pub use authenticate::{Authenticate, AuthenticateError};
pub use change_password::{ChangePassword, ChangePasswordCommand, ChangePasswordError};
pub use issue_tokens::{IssueTokens, Tokens};
pub use log_in::{LogIn, LogInCommand, LogInError};
pub use log_out::{LogOut, LogOutCommand};
pub use manage_login_sessions::{EndLoginSessionError, ManageLoginSessions};
pub use manage_user::{ManageUser, ManageUserCommand, ManageUserError};
use password_rules::verify_password;
pub use password_rules::{PasswordProblem, check_password};
pub use refresh::{Refresh, RefreshCommand, RefreshError};
pub use register::{Register, RegisterCommand, RegisterError, Registration};
pub use update_profile::{UpdateProfile, UpdateProfileCommand, UpdateProfileError};

#[cfg(test)]
mod tests;
