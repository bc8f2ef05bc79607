//! The route set of a dialog (RFC 3261 §12.1): by which proxies its requests have to go.

use crate::sip::{HeaderName, Message, NameAddr, Uri};

/// The URIs of a header field; `None` where one cannot be read.
pub(super) fn uris(message: &Message, name: HeaderName) -> Option<Vec<Uri>> {
    message.values(name).iter().map(|value| Some(NameAddr::read(value)?.uri)).collect()
}

/// Whether the first proxy of a route set, if there is one, is a loose router: else Request-URI and Route are others (RFC 3261
/// §12.2.1.1).
pub(super) fn is_loose(routes: &[Uri]) -> bool {
    routes.first().is_none_or(|first| first.params.has("lr"))
}

/// What stands in Route behind proxies of the client's own, which may stand in front of the route set.
pub(super) fn behind_own<'a>(found: &'a [Uri], expected: &[Uri]) -> Option<&'a [Uri]> {
    found.len().checked_sub(expected.len()).and_then(|own| found.get(own..))
}
