mod availability;
mod booking;
mod change;
mod once;
mod series;
