mod attendance;
mod join;
mod links;
mod participants;
mod resend_links;
mod rooms;
