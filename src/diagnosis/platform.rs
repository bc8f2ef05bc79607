//! Settings of well-known platforms: named only where a party's own Server or User-Agent value names the platform.

use std::sync::LazyLock;

use super::Text;
use crate::words::Words;

/// A platform whose documentation says how it treats redirects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Platform {
    Kamailio,
    OpenSips,
    FreeSwitch,
    Asterisk,
    Pjsip,
    AudioCodes,
    Oracle,
    Ribbon,
    Twilio,
    Didww,
    Cisco,
}

/// Marks within Server and User-Agent values, in lower case; the first that fits decides.
const MARKS: [(&str, Platform); 16] = [
    ("kamailio", Platform::Kamailio),
    ("opensips", Platform::OpenSips),
    ("freeswitch", Platform::FreeSwitch),
    ("asterisk", Platform::Asterisk),
    ("fpbx-", Platform::Asterisk),
    ("pjsua", Platform::Pjsip),
    ("pjsip", Platform::Pjsip),
    ("audiocodes", Platform::AudioCodes),
    ("mediant", Platform::AudioCodes),
    ("acme packet", Platform::Oracle),
    ("oracle", Platform::Oracle),
    ("ribbon", Platform::Ribbon),
    ("sonus", Platform::Ribbon),
    ("twilio", Platform::Twilio),
    ("didww", Platform::Didww),
    ("cisco-sipgateway", Platform::Cisco),
];

impl Platform {
    fn of(software: &str) -> Option<Self> {
        static WORDS: LazyLock<Words<'_>> = LazyLock::new(|| Words::new(MARKS.map(|(mark, _)| mark)));
        MARKS.get(WORDS.first_in(software)?).map(|(_, platform)| *platform)
    }
}

/// How the platform that `software` names is told to follow redirects; `None` where it names none that is known.
pub(super) fn follow_redirects(software: Option<&str>) -> Option<Text> {
    Some(Text::new(match Platform::of(software?)? {
        Platform::Kamailio => {
            "Kamailio: load `uac_redirect`, set `modparam(\"uac_redirect\", \"default_filter\", \"deny\")` and an \
             `accept_filter` for the domains that you trust, arm a failure route, and call `get_redirects(\"4:1\")` \
             and `t_relay()` there when `t_check_status(\"3[0-9][0-9]\")` holds. By default the module accepts every \
             target."
        }
        Platform::OpenSips => {
            "OpenSIPS: load `uac_redirect`, set its `default_filter` to deny and an `accept_filter` for the domains \
             that you trust, and call `get_redirects` in the failure route before the request is relayed again."
        }
        Platform::FreeSwitch => {
            "FreeSWITCH: check `outbound_redirect_fatal` and the profile parameter `manual-redirect`; with the latter \
             the dial plan context of `sip_redirect_context` (default `redirected`) must route the new address."
        }
        Platform::Asterisk => {
            "Asterisk: set `redirect_method` of the PJSIP endpoint (`user` dials the user part in the dial plan, \
             `uri_core` and `uri_pjsip` go to the whole URI); the old chan_sip driver refuses foreign addresses while \
             `promiscredir=no`."
        }
        Platform::Pjsip => {
            "PJSIP: without an `on_redirected` callback (in PJSUA2 `onCallRedirected`) the library ends the call on a \
             3xx; provide one that accepts the targets that you trust."
        }
        Platform::AudioCodes => {
            "AudioCodes: set `Remote 3xx Mode` of the IP Profile to `Handle Locally`, and add an IP-to-IP routing row \
             with Call Trigger `3xx`; the default, `Transparent`, passes the redirect on."
        }
        Platform::Oracle => {
            "Oracle SBC: set `redirect-action` of the session agent or SIP interface to `recurse`; `proxy` passes the \
             redirect on."
        }
        Platform::Ribbon => {
            "Ribbon SBC: set either `Force Requery For Redirection` or `Enhanced Local Redirection` among the flags of \
             the IP signalling profile; the two exclude each other."
        }
        Platform::Twilio => {
            "Twilio: look the call up in its debugger; error 32219 says which limit refused the target (too many \
             redirects, no SIP URI, a private address, its own domain, a deny list)."
        }
        Platform::Didww => {
            "DIDWW: raise `Max 30x Redirects` of the trunk, which is 0 (off) by default, and give it the credentials \
             of an outbound trunk."
        }
        Platform::Cisco => {
            "Cisco IOS or CUBE: see `supplementary-service sip moved-temporarily`, `redirect ip2ip` and \
             `max-redirects`; names differ between releases, so check them against your release's manual."
        }
    }))
}

/// How the platform that `software` names is told which targets of redirects to accept.
pub(super) fn trusted_targets(software: Option<&str>) -> Option<Text> {
    Some(Text::new(match Platform::of(software?)? {
        Platform::Kamailio => {
            "Kamailio: `modparam(\"uac_redirect\", \"default_filter\", \"deny\")` and an `accept_filter` with the domains that \
             you trust; by default the module accepts every target."
        }
        Platform::OpenSips => {
            "OpenSIPS: set `default_filter` of `uac_redirect` to deny, and `accept_filter` to the domains that you trust."
        }
        _ => return None,
    }))
}

/// How the platform that `software` names copies the whole user part or embedded header fields of a redirect.
pub(super) fn keep_contact_parts(software: Option<&str>) -> Option<Text> {
    Some(Text::new(match Platform::of(software?)? {
        Platform::Ribbon => {
            "Ribbon SBC: it handles `rn` and `npdi` itself; `Relay Unused Contact Params` in the IP signalling profile \
             passes the others on."
        }
        Platform::Asterisk => WHOLE_URI_BY_ASTERISK,
        _ => return None,
    }))
}

const WHOLE_URI_BY_ASTERISK: &str = "Asterisk: with `redirect_method=user` only the user name goes back to the dial plan; `uri_pjsip` keeps \
    the whole URI.";

/// How the platform that `software` names is told to go to the host of the Contact as well.
pub(super) fn keep_host(software: Option<&str>) -> Option<Text> {
    (Platform::of(software?)? == Platform::Asterisk).then(|| Text::new(WHOLE_URI_BY_ASTERISK))
}

/// How the platform that `software` names treats header fields that are embedded in the Contact of a redirect.
pub(super) fn embedded_headers(software: Option<&str>) -> Option<Text> {
    Some(Text::new(match Platform::of(software?)? {
        Platform::Ribbon => {
            "Ribbon SBC: `Honor Embedded Headers in 3xx` in the IP signalling profile decides whether they are taken over."
        }
        Platform::Oracle => {
            "Oracle SBC: `request-uri-headers` and `use-redirect-route` decide whether embedded header fields and Route are \
             taken over."
        }
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_named_only_for_software_that_names_its_platform() {
        for (software, starts) in [
            ("kamailio (5.7.2 (x86_64/linux))", Some("Kamailio")),
            ("OpenSIPS (3.4.1 (x86_64/linux))", Some("OpenSIPS")),
            ("FreeSWITCH-mod_sofia/1.10.11", Some("FreeSWITCH")),
            ("FPBX-16.0.40(20.5.0)", Some("Asterisk")),
            ("PJSUA v2.14 Linux", Some("PJSIP")),
            ("Mediant SW/v.7.40A", Some("AudioCodes")),
            ("Acme Packet 4600", Some("Oracle")),
            ("SonusUAC", Some("Ribbon")),
            ("Twilio Gateway", Some("Twilio")),
            ("DIDWW", Some("DIDWW")),
            ("Cisco-SIPGateway/IOS-17.3", Some("Cisco")),
            ("ExamplePhone/4.2", None),
            ("", None),
        ] {
            let text = follow_redirects(Some(software)).map(|t| t.to_string());
            assert_eq!(
                text.as_deref().map(|t| t.starts_with(starts.unwrap_or("?"))),
                starts.map(|_| true),
                "{software}"
            );
        }
        assert!(embedded_headers(Some("Acme Packet 4600")).is_some() && embedded_headers(Some("Twilio")).is_none());
        assert!(trusted_targets(Some("kamailio (5.7)")).is_some_and(|t| t.to_string().contains("accept_filter")));
        assert!(trusted_targets(Some("Twilio")).is_none());
        assert!(follow_redirects(None).is_none() && keep_contact_parts(Some("kamailio (5.7)")).is_none());
    }
}
