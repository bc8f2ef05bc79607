//! The registry: one file per rule, one line here.

use super::Rule;

mod authentication_loop;
mod credentials_withheld;
mod failed_response;
mod no_response;
mod request_timeout;
mod stalled_after_100;

/// Every rule, in the order of the documentation.
pub static RULES: &[&Rule] = &[
    // Redirects.

    // Unwanted calls and caller identity.

    // How calls end without help of the above.
    &no_response::RULE,
    &stalled_after_100::RULE,
    &request_timeout::RULE,
    &authentication_loop::RULE,
    &credentials_withheld::RULE,
    &failed_response::RULE,
];
