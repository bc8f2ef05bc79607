//! What header fields of a message say, read each time it is asked for.

use std::borrow::Cow;

use super::{HeaderName, Message, NameAddr, Params, Reason, Via, params, plain};

impl Message {
    /// The values of a header field that takes a comma-separated list, over all its lines, in order.
    pub fn values(&self, name: HeaderName) -> Vec<String> {
        let mut values = Vec::new();
        self.each_value(name, |value| values.push(value.to_owned()));
        values
    }

    /// The same, one after the other.
    pub(crate) fn each_value(&self, name: HeaderName, mut each: impl FnMut(&str)) {
        if self.has(name) {
            self.headers(name).for_each(|line| params::each(&line, ',', &mut each));
        }
    }

    /// From.
    pub fn from(&self) -> Option<NameAddr> {
        self.header(HeaderName::From).and_then(|v| NameAddr::read(&v))
    }

    /// To.
    pub fn to(&self) -> Option<NameAddr> {
        self.header(HeaderName::To).and_then(|v| NameAddr::read(&v))
    }

    /// Via values, the topmost first; unreadable ones are left out.
    pub fn vias(&self) -> Vec<Via> {
        self.values(HeaderName::Via).iter().filter_map(|v| Via::read(v)).collect()
    }

    /// The topmost Via value; `None` if it cannot be read.
    pub fn top_via(&self) -> Option<Via> {
        let value = self.header(HeaderName::Via)?;
        let end = params::find(&value, ',').unwrap_or(value.len());
        Via::read(value.get(..end)?)
    }

    /// The sent-by of the topmost Via value, its host in lower case, and its port or the default of the transport; `None` if it
    /// cannot be read.
    pub fn sent_by(&self) -> Option<(Cow<'_, [u8]>, u16)> {
        if let Some((host, port, secure)) = self.first_value(HeaderName::Via).and_then(plain::sent_by) {
            let lower = if host.iter().any(u8::is_ascii_uppercase) {
                Cow::Owned(host.to_ascii_lowercase())
            } else {
                Cow::Borrowed(host)
            };
            return Some((lower, port.unwrap_or(if secure { 5061 } else { 5060 })));
        }
        let via = self.top_via()?;
        let port = via.port_or_default();
        Some((Cow::Owned(via.host.into_bytes()), port))
    }

    /// Contact values that can be read; [`Message::values`] has all of them.
    pub fn contacts(&self) -> Vec<NameAddr> {
        self.values(HeaderName::Contact).iter().filter_map(|v| NameAddr::read(v)).collect()
    }

    /// Reason values.
    pub fn reasons(&self) -> Vec<Reason> {
        self.values(HeaderName::Reason).iter().filter_map(|v| Reason::read(v)).collect()
    }

    /// The charging identity of P-Charging-Vector (RFC 7315 §4.6.1), the same on all legs of a call in an IMS.
    pub fn charging_id(&self) -> Option<String> {
        let value = self.header(HeaderName::PChargingVector)?;
        Params::read(&value).value("icid-value").filter(|id| !id.is_empty()).map(str::to_owned)
    }

    /// The local UUID of Session-ID (RFC 7989 §5) in lower case, 32 hexadecimal digits; `None` if it is not one, or the null UUID.
    pub fn session_id(&self) -> Option<String> {
        let value = self.header(HeaderName::SessionId)?;
        let uuid = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_one = uuid.len() == 32 && uuid.bytes().all(|b| b.is_ascii_hexdigit()) && uuid.bytes().any(|b| b != b'0');
        is_one.then_some(uuid)
    }

    /// Server of a response or User-Agent of a request, or whichever of the two is there.
    pub fn software(&self) -> Option<String> {
        self.software_in_place().map(Cow::into_owned)
    }

    /// The same for those who do not keep it.
    pub(crate) fn software_in_place(&self) -> Option<Cow<'_, str>> {
        let (first, second) = if self.is_request() {
            (HeaderName::UserAgent, HeaderName::Server)
        } else {
            (HeaderName::Server, HeaderName::UserAgent)
        };
        // Max-Forwards stands in requests alone: who answers with the header fields of the request names its sender, not itself.
        let is_copied = self.has_fields_of_request() && !self.names_itself();
        let second = || self.header(second).filter(|_| !is_copied);
        self.header(first).or_else(second).filter(|s| !s.is_empty())
    }

    /// What its sender calls itself; `None` where a request was passed on, as its User-Agent names the client that made it.
    pub(crate) fn software_of_sender(&self) -> Option<Cow<'_, str>> {
        self.software_in_place().filter(|_| !(self.is_request() && self.has_several_vias()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_agent_of_a_request_that_was_passed_on_is_not_its_senders() {
        for (vias, named) in [
            ("Via: SIP/2.0/UDP a.example;branch=z9hG4bK1", Some("Phone")),
            ("Via: SIP/2.0/UDP p.example;branch=z9hG4bK2\r\nVia: SIP/2.0/UDP a.example;branch=z9hG4bK1", None),
        ] {
            let text = format!("INVITE sip:b@b.example SIP/2.0\r\n{vias}\r\nUser-Agent: Phone\r\n\r\n");
            let (m, _) = Message::read(text.as_bytes(), false).unwrap();
            assert_eq!((m.software().as_deref(), m.software_of_sender().as_deref()), (Some("Phone"), named));
        }
    }

    #[test]
    fn identities_that_span_legs_are_found() {
        for (line, charging, session) in [
            ("P-Charging-Vector: icid-value=\"a;1\";orig-ioi=home.example", Some("a;1"), None),
            ("P-Charging-Vector: orig-ioi=home.example", None, None),
            (
                "Session-ID: AB30317F1A784DC48FF824D0D3715D86;remote=00000000000000000000000000000000",
                None,
                Some("ab30317f1a784dc48ff824d0d3715d86"),
            ),
            ("Session-ID: 00000000000000000000000000000000", None, None),
            ("Session-ID: 7", None, None),
        ] {
            let (m, _) = Message::read(format!("SIP/2.0 200 OK\r\n{line}\r\n\r\n").as_bytes(), false).unwrap();
            assert_eq!((m.charging_id().as_deref(), m.session_id().as_deref()), (charging, session), "{line}");
        }
    }
}
