use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn plain_uris_are_read_as_any_other(
        rest in r"([a+;]{0,2}[@:?%]?){0,2}(B|\.|-){0,2}(:[0-9]{0,3}(65536)?)?(;[a=@?;]{0,3}|é| )?",
    ) {
        let any = SipParts::any(&rest);
        prop_assert!(SipParts::plain(&rest).is_none_or(|plain| Some(plain) == any), "{}", rest);
    }

    #[test]
    fn what_is_readable_is_read(scheme in "(sips?|tel|x)?:?", rest in r"([a@+;]{0,2}[@:?%]?)?(B|\.|-){0,2}(:[0-9]{0,3})?") {
        let text = scheme + &rest;
        prop_assert_eq!(Uri::is_readable(&text), Uri::read(&text).is_some(), "{}", text);
    }
}

proptest! {
    #[test]
    fn addresses_are_those_of_the_general_parser(
        usual in proptest::collection::vec(0_u16..300, 3..6),
        other in r"[0-9a-f.:]{0,3}[0-9.]{0,16}",
    ) {
        let usual = usual.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
        for host in [usual, other] {
            prop_assert_eq!(dotted(&host), host.parse().ok(), "{}", &host);
            prop_assert_eq!(address_of(&host), any_address(&host), "{}", &host);
        }
    }

    #[test]
    fn what_differs_without_escapes_means_something_else(one in "[a%4]{0,4}", other in "[a%4]{0,4}") {
        let same = same_escapes(&one) == same_escapes(&other);
        prop_assert_eq!(means_the_same(Some(&one), Some(&other)), same, "{} {}", one, other);
    }
}

fn uri(text: &str) -> Uri {
    Uri::read(text).unwrap_or_else(|| panic!("{text}"))
}

#[test]
fn parts_are_found() {
    let u = uri("sip:+12155550100;rn=+12154100000;npdi=yes@[2001:DB8::1]:5070;user=phone?Route=%3Csip:x%3E");
    assert_eq!((u.user_name(), u.host.as_str(), u.port), (Some("+12155550100"), "[2001:db8::1]", Some(5070)));
    assert_eq!((u.user_params().value("rn"), u.params.value("user")), (Some("+12154100000"), Some("phone")));
    assert!(u.headers.is_some() && u.ip().is_some());
    assert_eq!(uri("tel:+1-215-555-0100").effective_user().as_deref(), Some("12155550100"));
    let sloppy = uri("sip:bob@b.example?From=<sip:x@y.example>");
    assert_eq!((sloppy.user_name(), sloppy.host.as_str()), (Some("bob"), "b.example"));
    let twice = uri("sip:b.example;who=x;who=y");
    assert!(twice.strictly_equals(&twice) && !twice.strictly_equals(&uri("sip:b.example;who=z")));
    let question = uri("sip:bob?x@b.example");
    assert_eq!((question.user_name(), question.host.as_str()), (Some("bob?x"), "b.example"));
    for bad in ["sip:", "sip:bob@", "bob@example.com", "sip:a@b c", ":x", "sip:a@b:99999"] {
        assert!(Uri::read(bad).is_none() && UserAtHost::read(bad).is_none(), "{bad}");
    }
}

#[test]
fn user_and_host_are_those_of_the_whole_uri() {
    for text in
        ["sip:bob;x=1:pw@B.example:5060;p?h", "sips:b.example", "tel:+1215;npdi", "MAILTO:a@b", "sip:a?b@c@[::1]"]
    {
        let (whole, part) = (uri(text), UserAtHost::read(text).unwrap());
        assert_eq!((part.user, part.host.to_ascii_lowercase()), (whole.user.as_deref(), whole.host), "{text}");
    }
}

#[test]
fn users_are_spelled_alike() {
    for (user, expected) in [
        ("+12155550100;npdi", "12155550100"),
        ("12155550100", "12155550100"),
        ("2155550100", "12155550100"),
        ("0112155550100", "2155550100"),
        ("+1(215)555-0100", "12155550100"),
        ("5001", "5001"),
        ("+12", "+12"),
        ("12", "12"),
        ("b%6Fb", "bob"),
        ("bob", "bob"),
        ("101-a", "101-a"),
        ("", ""),
    ] {
        assert_eq!(effective_user(user), expected);
    }
}

#[test]
fn strict_and_effective_equality_differ() {
    for (a, b, strict, effective) in [
        ("sip:u@h", "sip:u@H", true, true),
        ("sip:u@h", "sip:u@h:5060", false, true),
        ("sip:u@h", "sip:u@h;transport=udp", false, true),
        ("sip:u@h", "sip:U@h", false, false),
        ("sip:%75@h", "sip:u@h", true, true),
        ("sip:u@h;x=1", "sip:u@h", true, true),
        ("sip:u@h;x=1", "sip:u@h;x=2", false, true),
        ("sip:u@h", "sip:u@h2", false, false),
        ("sip:+1-215-555-0100@h", "sip:+12155550100@h", false, true),
        ("tel:+12155550100", "sip:12155550100@h", false, true),
        ("sip:2155550100@h", "sip:+12155550100@h", false, true),
        ("sip:0112155550100@h", "sip:+2155550100@h", false, true),
        ("sip:5001@h", "sip:15001@h", false, false),
        ("sip:+12155550100;rn=+12154100000;npdi@h", "sip:+12155550100@h", false, true),
        ("sip:a%3Bb@h", "sip:a;b@h", false, false),
        ("sip:a%3bb@h", "sip:a%3Bb@h", true, true),
        ("sip:u:p@h", "sip:u@h", false, true),
        ("sips:u@h", "sip:u@h", false, true),
        ("sips:u@h:5061", "sip:u@h", false, false),
        ("sip:u@h;transport=tls", "sip:u@h", false, true),
        ("sip:u@h;transport=tls", "sip:u@h:5061", false, true),
        ("sip:u@h?Subject=a&Priority=b", "sip:u@h?priority=b&subject=a", true, true),
        ("sip:u@h?Subject=a", "sip:u@h", false, true),
        ("sip:u@h;lr", "sip:u@h", true, true),
        ("sip:u@[2001:db8::1]", "sip:u@[2001:DB8:0::1]", true, true),
        ("sip:u@h.", "sip:u@h", false, true),
        ("sip:h", "sip:h:5060", false, true),
        ("tel:+1-215-555-0100", "tel:+1.215.5550100", true, true),
        ("tel:+12155550100;npdi;rn=1", "tel:+12155550100;rn=1;npdi", true, true),
        ("tel:+12155550100", "tel:2155550100", false, true),
        ("MAILTO:a@b", "mailto:a@b", true, true),
        ("mailto:a@b", "mailto:a@c", false, false),
    ] {
        assert_eq!(
            (uri(a).strictly_equals(&uri(b)), uri(a).effectively_equals(&uri(b))),
            (strict, effective),
            "{a} {b}"
        );
    }
}
