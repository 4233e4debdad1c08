//! Lines that the agent, or something else on a host, may say. What is a message is still the
//! same one after it was written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phoenix::wire::agent::{Reply, Request, from_line, to_line};

fuzz_target!(|line: &str| {
    if let Ok(reply) = from_line::<Reply>(line) {
        assert_eq!(
            from_line::<Reply>(&to_line(&reply)).expect("it was one"),
            reply
        );
    }
    if let Ok(request) = from_line::<Request>(line) {
        assert_eq!(
            from_line::<Request>(&to_line(&request)).expect("it was one"),
            request
        );
    }
});
