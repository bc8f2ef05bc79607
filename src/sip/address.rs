//! name-addr and addr-spec values: From, To, Contact, Route, …

use super::Params;
use super::Uri;
use super::params;

/// `"Name" <uri>;parameters` or `uri;parameters` (RFC 3261 §20: without brackets, parameters belong to the header field).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameAddr {
    /// The display name, without quotes; empty names are `None`.
    pub display_name: Option<String>,
    /// The URI.
    pub uri: Uri,
    /// Header field parameters, such as `tag`, `q`, `expires`.
    pub params: Params,
    /// Whether the URI stands in `<>`.
    pub bracketed: bool,
}

impl NameAddr {
    /// Reads one value; `None` when it holds nothing that can be taken for a URI.
    pub fn read(value: &str) -> Option<Self> {
        let value = params::trim(value);
        let Some((name, rest)) = brackets(value) else {
            let at = params::find(value, ';').unwrap_or(value.len());
            let (uri, rest) = value.split_at_checked(at)?;
            let uri = Uri::read(params::trim(uri))?;
            return Some(Self { display_name: None, uri, params: Params::read(rest), bracketed: false });
        };
        let (uri, rest) = params::cut(rest, b'>').unwrap_or((rest, ""));
        let uri = Uri::read(params::trim(uri))?;
        let name = params::unquote(name);
        let display_name = (!name.is_empty()).then_some(name);
        Some(Self { display_name, uri, params: Params::read(rest), bracketed: true })
    }

    /// The text of its URI alone; `None` only where [`Self::read`] gives `None`.
    pub(crate) fn uri_of(value: &str) -> Option<&str> {
        let value = params::trim(value);
        let uri = match brackets(value) {
            Some((_, rest)) => params::cut(rest, b'>').map_or(rest, |(uri, _)| uri),
            None => value.get(..params::find(value, ';').unwrap_or(value.len()))?,
        };
        Some(params::trim(uri))
    }

    /// The display name in front of a URI, for who needs no more; `None` where [`Self::read`] finds none.
    pub(crate) fn name_of(value: &str) -> Option<String> {
        let (name, _) = brackets(params::trim(value))?;
        Some(params::unquote(name)).filter(|name| !name.is_empty())
    }

    /// The tag parameter.
    pub fn tag(&self) -> Option<&str> {
        self.params.value("tag")
    }
}

/// What stands in front of the first `<` outside of quotes, and behind it.
fn brackets(value: &str) -> Option<(&str, &str)> {
    // In front of a quote that is never closed, the last bracket decides.
    let at = params::find(value, '<').or_else(|| value.contains('"').then(|| value.rfind('<'))?)?;
    Some((value.get(..at)?, value.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_belong_to_the_uri_only_inside_brackets() {
        let inside = NameAddr::read(r#""B <o>b, Jr." <sip:bob@b.example;transport=tcp>;tag=1"#).unwrap();
        assert_eq!(inside.display_name.as_deref(), Some("B <o>b, Jr."));
        assert_eq!((inside.uri.params.value("transport"), inside.tag()), (Some("tcp"), Some("1")));
        let outside = NameAddr::read("sip:bob@b.example;tag=2").unwrap();
        assert_eq!((outside.uri.to_string(), outside.tag()), ("sip:bob@b.example".to_owned(), Some("2")));
        assert!(NameAddr::read("*").is_none() && NameAddr::read("<>").is_none());
        for value in
            [r#""B <o>b" <sip:bob@b.example;a=1>;tag=1"#, " sip:bob@b.example ;tag=2", "\"x <sip:a@b", "<sip:a@b"]
        {
            let whole = NameAddr::read(value);
            assert_eq!(NameAddr::uri_of(value), whole.as_ref().map(|address| address.uri.raw()), "{value}");
            if let Some(address) = whole {
                assert_eq!(NameAddr::name_of(value), address.display_name, "{value}");
            }
        }
    }
}
