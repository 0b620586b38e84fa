mod availability;
mod booking;
mod change;
mod expire_holds;
mod idempotency;
mod series;
