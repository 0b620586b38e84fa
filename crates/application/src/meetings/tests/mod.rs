use attune_domain::{Booking, Participant};

use super::{RevokeLinksCommand, RevokeParticipantCommand};
use crate::RequestMetadata;

mod attendance;
mod end_appointment;
mod join;
mod links;
mod participants;
mod resend_links;
mod rooms;

fn revoke(guest: &Participant) -> RevokeParticipantCommand {
    let (admin, booking, participant) = (guest.invited_by, guest.booking, guest.id);
    RevokeParticipantCommand { admin, booking, participant, metadata: RequestMetadata::default() }
}

fn revoke_links(booking: &Booking) -> RevokeLinksCommand {
    RevokeLinksCommand { admin: booking.therapist(), booking: booking.id(), metadata: RequestMetadata::default() }
}
