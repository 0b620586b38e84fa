//! What nobody should rely on.

use super::ServerChoices;
use crate::Deployment;

/// With plain links.
const PLAIN: [&str; 7] = [
    "Who moderates: no link can make anybody a moderator. On meet.jit.si the host has to log in there first; on other servers \
     it is often the first person in the room.",
    "Who comes in: whoever knows the address of a room can enter it. Only its name, which nobody can guess, keeps strangers \
     out.",
    "Who somebody is: anybody can change the name in a link.",
    "When: a link that somebody kept opens the room before and after the session, and after it was called off.",
    "What people may do: presenters and observers are participants like all others. An observer's browser is asked to start \
     muted, and nothing more.",
    "Recording, lobby and the number of people: the server alone decides about them.",
    "Who was there: no link says who somebody is, so what a server could tell proves nothing.",
];

/// With signed links, wherever the server is.
const SIGNED: [&str; 5] = [
    "That a link is used by the one it was made for: whoever is given it is that person, until it ends.",
    "The end of a link for those inside: a token that is over lets nobody in, but it throws nobody out.",
    "Moving or calling off a session: a link that was opened before stays good until its own end.",
    "Sharing a screen: the page hides the button, the server does not check it.",
    "A recording that somebody makes with their own device.",
];

const SETTINGS: &str =
    "Roles, until the server has its settings: before, it takes the tokens and still makes others moderators.";
const ROOM_END: &str = "The end of a room: whoever is in it stays for as long as they like.";
const NAMES: &str = "Names: people can change theirs on their way in.";
const NO_SEATS: &str = "That an observer is neither seen nor heard: without visitors' seats they come in as participants \
                        whose browser is asked to start muted.";
const OWN_SEATS: &str = "That an observer is neither seen nor heard: on a server of your own their browser asks for the \
                         visitor's seat, and nobody makes it ask.";
const LOBBY: &str = "The lobby: only the reservations switch it on, and your server does not ask for them.";
const JAAS_LIMITS: &str = "The lobby and the number of people before you tried them: JaaS asks us for both with \
                           SETTINGS_PROVISIONING, but 8x8 does not publish how it reads the answer.";

/// What cannot be enforced, in sentences for the operator, each beginning with what it is about. Without a deployment the
/// links are plain ones, with a name and wishes in the fragment and no token.
pub fn not_enforceable(deployment: Option<&Deployment>, choices: &ServerChoices) -> Vec<&'static str> {
    let Some(deployment) = deployment else { return PLAIN.to_vec() };
    let mut all = SIGNED.to_vec();
    match deployment {
        Deployment::SelfHosted { .. } => {
            all.insert(0, SETTINGS);
            all.push(if choices.visitors { OWN_SEATS } else { NO_SEATS });
            if choices.asked_at().is_none() {
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
            // Its own list of features does not have `name-readonly`.
            all.push(NAMES);
        }
    }
    all
}
