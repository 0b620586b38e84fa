//! Registration, login, login sessions, second factors, mailed links, profiles and passwords.

mod account_links;
mod add_client;
mod add_user;
mod authenticate;
mod change_email;
mod change_password;
mod issue_tokens;
mod limited_attempts;
mod log_in;
mod log_out;
mod manage_login_sessions;
mod manage_user;
mod one_time_links;
mod open_login_session;
mod operator;
mod own_password;
mod password_rules;
mod redeem_login_link;
mod refresh;
mod register;
mod request_link;
mod second_factor;
mod set_password_by_link;
mod step_up;
mod update_profile;
mod verify_email;

pub use account_links::AccountLinks;
pub use add_client::{AddClient, AddClientCommand, InvitationError};
pub use add_user::{AddUser, AddUserCommand, AddUserError};
pub use authenticate::{Authenticate, AuthenticateError};
pub use change_email::{ChangeEmail, ChangeEmailError};
pub use change_password::{ChangePassword, ChangePasswordCommand, ChangePasswordError};
pub use issue_tokens::{IssueTokens, Tokens};
pub use limited_attempts::LimitedAttempts;
pub use log_in::{LogIn, LogInCommand, LogInError};
pub use log_out::{LogOut, LogOutCommand};
pub use manage_login_sessions::{EndLoginSessionError, ManageLoginSessions};
pub use manage_user::{ManageUser, ManageUserCommand, ManageUserError};
pub use one_time_links::{OneTimeLinkError, OneTimeLinks};
pub use open_login_session::{LoginOrigin, OpenLoginSession};
pub use operator::{OperateAccount, OperatorChange, OperatorError};
pub use own_password::{CheckOwnPassword, OwnPasswordError};
use password_rules::verify_password;
pub use password_rules::{PasswordProblem, check_password};
pub use redeem_login_link::{RedeemLoginLink, RedeemLoginLinkCommand, RedeemLoginLinkError};
pub use refresh::{Refresh, RefreshCommand, RefreshError};
pub use register::{Register, RegisterCommand, RegisterError, Registered, Registration};
pub use request_link::RequestLink;
pub use second_factor::{CheckCode, ManageSecondFactor, SecondFactorError};
pub use set_password_by_link::{SetPasswordByLink, SetPasswordByLinkError};
pub use step_up::{Proof, StepUp, StepUpError, StepUpRequired, check_step_up};
pub use update_profile::{UpdateProfile, UpdateProfileCommand, UpdateProfileError};
pub use verify_email::{CorrectEmailCommand, CorrectEmailError, VerifiedAccount, VerifyEmail};

#[cfg(test)]
mod tests;
