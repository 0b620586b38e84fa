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
const SIGNED: [&str; 4] = [
    "Sharing a link: anyone who is given a link joins as its owner, until it expires.",
    "Expiry for participants in the room: an expired token lets no one in, but removes no one.",
    "Sharing a screen: the page hides the button, the server does not enforce it.",
    "Recordings with a device of one's own.",
];

/// After a cancellation, from the least to the most that the server enforces.
const OLD_LINKS: &str = "Rescheduling or cancelling: a link that was opened before remains valid until it expires.";
const OLD_LINKS_AND_RESERVATIONS: &str = "Rescheduling or cancelling: a link that was opened before remains valid until it expires. It opens no room, but enters \
     one that someone is still inside, or whose reservation your server received before and has not used yet.";
const OLD_LINKS_WITHOUT_ROOM: &str = "Rescheduling or cancelling: a link that was opened before remains valid until it expires. We close the room of a session \
     that is cancelled; afterwards a link only opens it with a reservation that your server received before and has not used \
     yet.";

const SETTINGS: &str = "Roles, until the server has these settings: without them, it accepts the tokens and still makes others moderators.";
const ROOM_END: &str = "The end of a room: participants can stay as long as they like.";
const NAMES: &str = "Names: participants can change theirs when they join.";
const NO_SEATS: &str = "Observers: without visitors, they join as participants whose browser is asked to start muted.";
const OWN_SEATS: &str =
    "Observers: on a self-hosted server, their browser requests to join as a visitor, but is not forced to.";
const OBSERVER_CHAT: &str = "Observers' messages: what they write reaches everyone, and single persons as well; their link merely does not offer it.";
const VISITOR_CHAT: &str =
    "Visitors' messages: what they write reaches everyone; only messages to single persons are refused.";
const LIMIT: &str = "The number of participants: only the reservations limit it, and your server does not use them.";
const SEAT: &str = "A seat for the therapist: the server counts connections, and a few devices of one person can fill a room. With \
     jitsi.lobby no one enters before a therapist.";
const LOBBY: &str = "The lobby: only the reservations enable it, and your server does not use them.";
const JAAS_LIMITS: &str = "The lobby and the number of participants, until you have tried them: JaaS requests both with \
                           SETTINGS_PROVISIONING, but 8x8 does not document how it reads the response.";

/// Sentences for the operator, each beginning with its topic. Without a deployment, links are plain.
pub fn not_enforceable(deployment: Option<&Deployment>, choices: &ServerChoices) -> Vec<&'static str> {
    let Some(deployment) = deployment else { return PLAIN.to_vec() };
    let mut all = SIGNED.to_vec();
    match deployment {
        Deployment::SelfHosted { .. } => {
            let has_reservations = choices.usable_reservations_url().is_some();
            all.insert(0, SETTINGS);
            all.push(match (has_reservations, &choices.end_meeting_key_id) {
                (true, Some(_)) => OLD_LINKS_WITHOUT_ROOM,
                (true, None) => OLD_LINKS_AND_RESERVATIONS,
                (false, _) => OLD_LINKS,
            });
            all.extend(if choices.visitors { [OWN_SEATS, VISITOR_CHAT] } else { [NO_SEATS, OBSERVER_CHAT] });
            if !has_reservations {
                all.push(ROOM_END);
                if choices.lobby {
                    all.push(LOBBY);
                }
                if choices.max_occupants.is_some() {
                    all.push(LIMIT);
                }
            } else if choices.max_occupants.is_some() && !choices.lobby {
                all.push(SEAT);
            }
            if !choices.lock_display_names {
                all.push(NAMES);
            }
        }
        Deployment::Jaas { .. } => {
            all.push(OLD_LINKS);
            if !choices.visitors {
                all.extend([NO_SEATS, OBSERVER_CHAT]);
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
