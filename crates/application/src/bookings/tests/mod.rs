mod availability;
mod booking;
mod change;
mod idempotency;
mod series;
