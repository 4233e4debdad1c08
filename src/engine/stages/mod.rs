//! What happens in each stage of one host.

mod activate;
mod ahead;
mod confirm;
mod connect;
mod copy;
mod gates;
mod proof;
mod transact;
mod unconfirmed;

pub(super) use ahead::ahead;
pub(super) use connect::connect;
pub(super) use copy::copy;
pub(super) use transact::transact;
