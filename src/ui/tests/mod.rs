//! The display as a whole: events in, text out.

mod ends;
mod events_doc;
mod reading;
mod terminal;
