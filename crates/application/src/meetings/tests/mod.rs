mod attendance;
mod join;
mod links;
mod participants;
mod recover;
mod rooms;
