mod availability;
mod booking;
mod by_practice;
mod change;
mod expire_holds;
mod idempotency;
mod reassign;
mod series;
