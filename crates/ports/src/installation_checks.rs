//! What an operator is told about the parts of an installation.

use async_trait::async_trait;
use attune_domain::text_enum;

text_enum! {
    /// What is checked.
    pub enum CheckedPart {
        /// Whether meeting links are signed.
        Links => "links",
        /// Whether the video server responds.
        VideoServer => "video-server",
        /// The clock of the video server.
        Clock => "clock",
        /// Whether the video server closes rooms at our request.
        EndMeeting => "end-meeting",
    }
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckOutcome {
    /// All is well.
    Passed,
    /// It works, but not as it should for clients.
    Doubtful,
    /// It does not work.
    Failed,
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationCheck {
    /// What was checked.
    pub part: CheckedPart,
    /// How it came out.
    pub outcome: CheckOutcome,
    /// What was found, in English.
    pub words: String,
}

/// Checks of an installation.
#[async_trait]
pub trait InstallationChecks: Send + Sync {
    /// Asks the video server. Takes up to some seconds.
    async fn video_server(&self) -> Vec<InstallationCheck>;
}
