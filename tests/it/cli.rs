//! The built program as an operator runs it: words, exit statuses, help.

mod deploying;
mod generated;
mod listing;
mod phoenix;
mod showing;
mod wrong;
