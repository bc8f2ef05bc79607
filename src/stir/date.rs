//! The Date header field.

/// Seconds since the Unix epoch of a SIP date (RFC 3261 §20.17), such as `Sat, 13 Nov 2010 23:29:00 GMT`.
///
/// A wrong name of the day is overlooked, another zone than GMT is converted; `None` where no date can be read.
pub fn read(text: &str) -> Option<i64> {
    let date = text.split_once(',').map_or(text, |(_, rest)| rest).trim();
    let zoned = date.replace("UTC", "GMT");
    jiff::fmt::rfc2822::parse(&zoned).ok().map(|z| z.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    #[test]
    fn dates_are_read_with_tolerance() {
        for (text, expected) in [
            ("Mon, 30 Mar 2026 14:00:00 GMT", Some(1_774_879_200)),
            ("Sun, 30 Mar 2026 14:00:00 GMT", Some(1_774_879_200)),
            ("Mon, 30 Mar 2026 16:00:00 +0200", Some(1_774_879_200)),
            ("Mon, 30 Mar 2026 14:00:00 UTC", Some(1_774_879_200)),
            ("30 March 2026", None),
            ("", None),
        ] {
            assert_eq!(super::read(text), expected, "{text}");
        }
    }
}
