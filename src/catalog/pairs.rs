//! Written comparisons of the codes that people confuse.

/// A comparison of two codes.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// The lower code.
    pub low: u16,
    /// The higher code.
    pub high: u16,
    /// What tells them apart.
    pub differences: &'static [&'static str],
    /// Which of them fits when.
    pub when_to_use: &'static [&'static str],
}

static PAIRS: &[Pair] = &[
    Pair {
        low: 301,
        high: 302,
        differences: &[
            "Both name another address in Contact, and both ask the caller's side to try it for this call, at once.",
            "301 speaks for good: the old address should be replaced wherever it is stored. 302 speaks for now: the old \
                address stays the right one, and the next call starts there again.",
            "A 302 may be remembered only as long as Expires or the expires parameter says, without one for this call \
                alone; and when a remembered target fails, the original address may be tried once more.",
            "Taking a 302 for a 301 makes a temporary diversion permanent. Taking a 301 for a 302 merely costs one \
                extra round trip in each call.",
        ],
        when_to_use: &[
            "301: number or address changed for good, users migrated to another server.",
            "302: call forwarding, load distribution, and every answer that is computed for one call (least-cost route, \
                number portability, signing service).",
        ],
    },
    Pair {
        low: 301,
        high: 410,
        differences: &[
            "Both say that the address will not work again.",
            "301 knows the new address and gives it in Contact, so the call can go on. 410 knows none, so it is over.",
            "A gateway that does not follow redirects often turns a 301 into a 410. The new address is then still \
                visible on the leg behind that gateway.",
            "In the telephone network both are cause 22 (number changed): with the new number it becomes 301, without \
                it 410. A 301 without Contact is, in effect, a 410.",
        ],
        when_to_use: &[
            "301: the new address may be told to callers.",
            "410: there is no new address, or it must not be told.",
        ],
    },
    Pair {
        low: 301,
        high: 607,
        differences: &[
            "They answer different questions and are never alternatives. 301 is about the called party's address: \
                someone who knows where the callee went says so. 607 is about the caller: the called side does not \
                want to hear from this one.",
            "301 is a step: a request to its Contact should follow at once, and the call can still succeed. 607 is an \
                end: nothing may follow, on no route and under no other number.",
            "301 comes from a redirect server, registrar, proxy or gateway, seldom from the phone. 607 comes from the \
                called user's device, or from a proxy that passes on the user's choice; a network that decides by \
                analytics should say 608, in the United States 603+.",
            "301 lives by its Contact. 607 needs no header field at all.",
            "After a 301 on one branch a forking proxy waits for the others, one of which may still answer; a 6xx makes \
                it cancel all remaining branches and start no new ones.",
            "Neither has to do with a failed verification of the caller's identity; that is 428, 436, 437, 438, or 403 \
                Stale Date.",
            "The remedies have nothing in common. After a 301 somebody corrects technology: the redirect, the element \
                that should follow it, or the stored address. After a 607 somebody changes behaviour: stop calling, or \
                obtain consent in another way. Better attestation does not undo a 607.",
        ],
        when_to_use: &[
            "301: you answer for an address whose user has moved for good, and you can name a Contact that callers can \
                reach. Use 302 if the answer holds for this call only, 410 if there is no new address.",
            "607: the called user, or the user's device by the user's own list, rejects this caller and expects to do \
                so again. Use 603 for \"not now\", 608 or 603+ when a network decides, 403 or the identity codes for \
                policy and failed verification.",
        ],
    },
    Pair {
        low: 401,
        high: 407,
        differences: &[
            "Both ask for digest credentials, and both are normal first steps.",
            "401 comes from the far end (user agent server, registrar) with WWW-Authenticate, and is answered with \
                Authorization. 407 comes from a proxy on the way with Proxy-Authenticate, and is answered with \
                Proxy-Authorization.",
            "One request may meet both, one after the other; the client then sends both kinds of credentials.",
        ],
        when_to_use: &[
            "401: the element answers the request itself, as registrars, user agents and B2BUAs do.",
            "407: the element would forward the request.",
        ],
    },
    Pair {
        low: 403,
        high: 603,
        differences: &[
            "403 is the refusal of a server: a rule forbids this request. 603 is the refusal of the called user, who \
                was reached.",
            "After a 403 a proxy may try other branches; a 603 ends the search everywhere.",
            "Both change their meaning with the phrase: 403 Stale Date is a failed verification of the caller's \
                identity, 603 Network Blocked is a block by a provider's analytics.",
            "Gateways make cause 21 (call rejected) out of both, and 403 or 603 out of that cause, by its location.",
        ],
        when_to_use: &[
            "403: policy, such as an address or number that is not permitted.",
            "603: the user declines; in the United States, with its special form, blocking by analytics.",
        ],
    },
    Pair {
        low: 404,
        high: 604,
        differences: &[
            "404 says that this server does not know the user; another may. 604 says that nobody does.",
            "A proxy goes on with other branches after a 404, and stops everything after a 604.",
            "Only an element that really knows all about the user may send 604. Some blocking services misuse it.",
        ],
        when_to_use: &[
            "404: the usual answer for an unknown user or number.",
            "604: the authority for the number is certain that it does not exist.",
        ],
    },
    Pair {
        low: 408,
        high: 480,
        differences: &[
            "408 means that no final answer came in time from somewhere further on; the sender does not know why. 480 is \
                a positive statement: the callee's server was reached and says that the callee is unavailable.",
            "408 points to reachability (dead host, DNS, firewall, lost responses), or to a phone that rang too long. \
                480 points to the callee: not registered, do-not-disturb, no answer.",
            "Clients make up a 408 when their own timer runs out; such a one is in a log, never in a capture.",
        ],
        when_to_use: &[
            "408: a proxy gives up waiting for the next hop.",
            "480: the callee's server knows that the callee cannot be reached, or that the call was not answered.",
        ],
    },
    Pair {
        low: 480,
        high: 486,
        differences: &[
            "480: no device of the callee can take the call now. 486: a device was reached, and is busy.",
            "Neither is a fault of the network. A lasting 480 deserves a look at the registration, a 486 does not.",
            "In the telephone network 486 is cause 17 (user busy), 480 is made of causes 19, 20 and 31.",
        ],
        when_to_use: &[
            "480: not registered, do-not-disturb, no answer in time.",
            "486: in another call, or the user pressed busy on this device.",
        ],
    },
    Pair {
        low: 486,
        high: 600,
        differences: &[
            "486 speaks for one device, 600 for all devices of the user.",
            "After a 486 a proxy may try the other devices or voicemail; a 600 makes it cancel and stop.",
            "A phone that answers 600 although it knows nothing about its siblings silences them all.",
        ],
        when_to_use: &[
            "486: what a single device should say.",
            "600: what only a service that knows all devices may say.",
        ],
    },
    Pair {
        low: 600,
        high: 603,
        differences: &[
            "600: the user cannot take the call, being busy everywhere. 603: the user does not want to take it now.",
            "Both end the search, and both may carry Retry-After.",
            "A 603 with the phrase Network Blocked and the matching Reason is neither: a provider's analytics blocked \
                the call.",
        ],
        when_to_use: &[
            "600: no device of the user is free, and the sender knows it.",
            "603: an explicit decline, where the user does not mind that the caller learns of it.",
        ],
    },
    Pair {
        low: 603,
        high: 607,
        differences: &[
            "A plain 603 is about the moment: not now. 607 is about the caller: not you, and probably never.",
            "After a 603 the caller may try again later; after a 607 the caller should not try again at all.",
            "A 607 may count as a complaint against the calling number; a 603 does not.",
            "603 has a second life: with the phrase Network Blocked and a Reason with v=analytics1 (603+) it reports a \
                block by a provider's analytics, which 607 must not be used for.",
        ],
        when_to_use: &["603: the user declines this call.", "607: the user marks the caller as unwanted."],
    },
    Pair {
        low: 603,
        high: 608,
        differences: &[
            "A plain 603 is the user's own decision at this moment. 608 is the decision of an intermediary on the \
                user's behalf; the user never saw the call.",
            "608 carries a signed contact card (Call-Info, purpose=jwscard) that tells whom to ask for redress. 603+ \
                serves the same end by url, tel or email in its Reason header field.",
            "In the United States blocking by analytics on IP must use 603+, not 608, since 25 March 2026.",
        ],
        when_to_use: &[
            "603: decline by the user; as 603+ (Network Blocked) blocking by analytics in the United States.",
            "608: blocking by an intermediary where no rule demands 603+.",
        ],
    },
    Pair {
        low: 607,
        high: 608,
        differences: &[
            "607 speaks for the called person or that person's own device and list. 608 speaks for a machine in the \
                network that judged the call.",
            "After a 607 there is nobody to appeal to but the callee. After a 608 there is: the operator on the signed \
                contact card in Call-Info.",
            "A 607 for a machine's decision falsifies the statistics that are built on complaints of people; a 608 for \
                a person's decision sends the caller to the wrong address.",
            "Both are final for every route, and neither is a failed verification of the caller's identity.",
        ],
        when_to_use: &[
            "607: the called user or the user's device rejects the caller.",
            "608: an intermediary rejects the call by its own analysis (in the United States 603+ instead).",
        ],
    },
];

/// Every written comparison, in ascending order.
pub fn pairs() -> &'static [Pair] {
    PAIRS
}

/// The written comparison of two codes, in either order.
pub fn pair(a: u16, b: u16) -> Option<&'static Pair> {
    let (low, high) = (a.min(b), a.max(b));
    PAIRS.iter().find(|pair| pair.low == low && pair.high == high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::lookup;

    #[test]
    fn pairs_ascend_and_compare_known_codes() {
        assert!(PAIRS.windows(2).all(|two| (two[0].low, two[0].high) < (two[1].low, two[1].high)));
        for pair in PAIRS {
            assert!(pair.low < pair.high, "{} {}", pair.low, pair.high);
            for code in [pair.low, pair.high] {
                assert!(lookup(code).is_some(), "{code}");
                let prefix = format!("{code}: ");
                assert!(pair.when_to_use.iter().any(|text| text.starts_with(&prefix)), "{code}");
            }
            assert!(pair.differences.iter().chain(pair.when_to_use).all(|text| text.ends_with('.')));
        }
        assert!(pair(607, 301).is_some() && pair(200, 486).is_none());
    }

    #[test]
    fn the_pairs_that_people_confuse_are_compared() {
        for (low, high, says) in [
            (301, 302, "the next call starts there again"),
            (301, 410, "A 301 without Contact is, in effect, a 410"),
            (301, 607, "never alternatives"),
            (401, 407, "Proxy-Authorization"),
            (403, 603, "a 603 ends the search everywhere"),
            (404, 604, "604 says that nobody does"),
            (408, 480, "Clients make up a 408"),
            (480, 486, "cause 17 (user busy), 480 is made of causes 19, 20 and 31"),
            (486, 600, "600 for all devices"),
            (600, 603, "Both end the search"),
            (603, 607, "607 must not be used for"),
            (603, 608, "must use 603+, not 608, since 25 March 2026"),
            (607, 608, "neither is a failed verification"),
        ] {
            let pair = pair(low, high).unwrap_or_else(|| panic!("{low} {high}"));
            let flat: String = pair.differences.join(" ");
            assert!(pair.differences.len() > 2 && flat.contains(says), "{low} {high}: {flat}");
        }
    }
}
