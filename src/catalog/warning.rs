//! Warning codes of RFC 3261 §20.43 and RFC 5630 §6. They are no status codes: 301 here speaks of network addresses.

/// The codes by ascending value, each with what it says.
static WARNINGS: &[(u16, &str)] = &[
    (300, "a network protocol of the session description is not available"),
    (301, "a network address format of the session description is not available"),
    (302, "a transport protocol of the session description is not available"),
    (303, "a bandwidth unit of the session description was not understood"),
    (304, "a media type of the session description is not available"),
    (305, "a media format (codec) of the session description is not available"),
    (306, "an attribute of the session description was not understood"),
    (307, "a parameter of the session description, other than those with a warning of their own, was not understood"),
    (330, "the place where the user is does not support multicast"),
    (331, "the place where the user is does not support unicast"),
    (370, "the session needs more bandwidth than is available"),
    (380, "a sips address was used where sips is not allowed"),
    (381, "a sips address is required"),
    (399, "a warning in free text"),
];

/// What a warning code says; `None` for unknown ones.
pub fn warning(code: u16) -> Option<&'static str> {
    WARNINGS.iter().find(|(value, _)| *value == code).map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_codes_have_a_meaning() {
        assert_eq!(warning(305), Some("a media format (codec) of the session description is not available"));
        assert!(warning(301).is_some_and(|text| text.contains("address format")));
        assert_eq!(warning(404), None);
        assert!(WARNINGS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
