//! What is not enforced.

use super::ServerChoices;
use crate::Deployment;

/// With plain links.
const PLAIN: [&str; 7] = [
    "Who moderates: no link can make anyone a moderator. On meet.jit.si the host has to log in first; on other servers it is \
     often the first participant.",
    "Access: anyone who knows the URL of a room can enter it. Only its random name keeps strangers out.",
    "Identity: anyone can change the name in a link.",
    "Time: a link opens the room before and after the appointment, and after a cancellation.",
    "Rights: presenters and observers are ordinary participants. An observer's browser is asked to start muted, no more.",
    "Recording, lobby and the number of participants: the server alone decides about them.",
    "Attendance: no link identifies its user, so reports of the server would prove nothing.",
];

/// With signed links on any server.
const SIGNED: [&str; 5] = [
    "Sharing a link: anyone who is given a link joins as its owner, until it expires.",
    "Expiry for participants in the room: an expired token lets no one in, but removes no one.",
    "Rescheduling or cancelling: a link that was opened before remains valid until it expires.",
    "Sharing a screen: the page hides the button, the server does not enforce it.",
    "Recordings with a device of one's own.",
];

const SETTINGS: &str = "Roles, until the server has these settings: without them, it accepts the tokens and still makes others moderators.";
const ROOM_END: &str = "The end of a room: participants can stay as long as they like.";
const NAMES: &str = "Names: participants can change theirs when they join.";
const NO_SEATS: &str = "Observers: without visitors, they join as participants whose browser is asked to start muted.";
const OWN_SEATS: &str =
    "Observers: on a self-hosted server, their browser requests to join as a visitor, but is not forced to.";
const LOBBY: &str = "The lobby: only the reservations enable it, and your server does not use them.";
const JAAS_LIMITS: &str = "The lobby and the number of participants, until you have tried them: JaaS requests both with \
                           SETTINGS_PROVISIONING, but 8x8 does not document how it reads the response.";

/// Sentences for the operator, each beginning with its topic. Without a deployment, links are plain.
pub fn not_enforceable(deployment: Option<&Deployment>, choices: &ServerChoices) -> Vec<&'static str> {
    let Some(deployment) = deployment else { return PLAIN.to_vec() };
    let mut all = SIGNED.to_vec();
    match deployment {
        Deployment::SelfHosted { .. } => {
            all.insert(0, SETTINGS);
            all.push(if choices.visitors { OWN_SEATS } else { NO_SEATS });
            if choices.usable_reservations_url().is_none() {
                all.push(ROOM_END);
                if choices.lobby {
                    all.push(LOBBY);
                }
            }
            if !choices.fixed_names {
                all.push(NAMES);
            }
        }
        Deployment::Jaas { .. } => {
            if !choices.visitors {
                all.push(NO_SEATS);
            }
            all.push(ROOM_END);
            if choices.lobby || choices.max_occupants.is_some() {
                all.push(JAAS_LIMITS);
            }
            // JaaS has no feature `name-readonly`.
            all.push(NAMES);
        }
    }
    all
}
