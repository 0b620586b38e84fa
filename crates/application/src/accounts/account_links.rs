//! The pages behind the one-time links that are mailed to the owners of accounts.

use std::sync::Arc;

use attune_domain::{OneTimePurpose, OneTimeToken};
use attune_ports::OneTimeTokenSigner;

/// Our own pages behind one-time links.
#[derive(Clone)]
pub struct AccountLinks {
    /// The base URL of the pages, with a trailing slash.
    pub base: String,
    pub signer: Arc<dyn OneTimeTokenSigner>,
}

impl AccountLinks {
    /// Viewing the page changes nothing, because mail scanners open every link.
    pub fn url(&self, token: &OneTimeToken) -> String {
        let page = match token.purpose {
            OneTimePurpose::ResetPassword => "reset",
            OneTimePurpose::LogIn => "login",
            OneTimePurpose::VerifyEmail => "verify",
            OneTimePurpose::ConfirmEmail => "confirm-email",
            OneTimePurpose::UndoEmail => "undo-email",
            OneTimePurpose::Invitation => "invitation",
        };
        format!("{}{page}/{}", self.base, self.signer.sign_one_time(token.purpose, token.id, &token.nonce))
    }
}
