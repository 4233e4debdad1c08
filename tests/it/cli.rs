//! The built program as an operator runs it: words, exit statuses, help.

mod deploying;
mod explaining;
mod generated;
mod listing;
mod listing_a_flake;
mod phoenix;
mod posture;
mod showing;
mod starting;
mod wrong;
