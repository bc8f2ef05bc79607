//! An offer that is refused because one side encrypts media (SRTP) and the other does not, or not in that way.

use self::ways::{Mismatch, Ways, mismatch};
use super::no_common_codec;
use crate::call::Call;
use crate::diagnosis::refused::Refused;
use crate::diagnosis::response_facts::method;
use crate::diagnosis::unwanted_case::element;
use crate::diagnosis::{Actor, Certainty, Context, Detect, Evidence, Explanation, Finding, Rule, Severity, Text};

mod ways;

pub(super) static RULE: Rule = Rule {
    code: "srtp-mismatch",
    summary: "A session is refused because one side encrypts media (SRTP) and the other does not, or not in that way.",
    severity: Severity::Error,
    references: &["RFC 3711", "RFC 4568 §5", "RFC 5763 §5", "RFC 8643", "RFC 3264 §6", "RFC 3261 §20.43"],
    explanation: Explanation {
        what_it_means: "The client offers each medium with a transport protocol: RTP/AVP without encryption, RTP/SAVP with keys in the session \
            description (a=crypto, SDES), UDP/TLS/RTP/SAVP or SAVPF with keys that DTLS agrees on (a=fingerprint, as WebRTC does). The other side has to \
            take it as offered, or refuse it. It refused with 488 or 606, and the capture shows why: its own session description has another of these \
            three, its Warning says that it lacks the transport protocol (302) or speaks of encryption, the offer has no key at all, or the next offer \
            differed in this only and was accepted.",
        why_it_matters: "The codecs fit, and the call still fails, every time between these two devices. Where a client falls back to an offer without \
            encryption, the call works and can be overheard.",
        likely_causes: "- SRTP is required on one side, and switched off, or not licensed, on the other.\n\
            - A WebRTC client (keys by DTLS) meets a telephone or trunk that knows keys in the session description only.\n\
            - The client would encrypt, and leaves the keys out because SIP does not go over TLS, or an element on the way removes them.\n\
            - A trunk was moved to TLS, and SRTP was switched on with it at one end only.",
        how_to_fix: "- Set SRTP alike at both ends: required, optional or off, and with the same exchange of keys.\n\
            - Optional SRTP is offered as RTP/AVP with a=crypto or a=fingerprint (RFC 8643), or as two m= lines: either of which not every device understands.\n\
            - Where the ends cannot agree, let a border controller between them encrypt on one side only.\n\
            - Keys in the session description are secret only where SIP goes over TLS on the whole way.",
        how_to_confirm: "The 200 carries an answer whose m= line has the transport protocol of the offer, and media flow both ways.",
        when_this_is_wrong: "- An offer that has both, in two m= lines or as RTP/AVP with a=crypto, leaves the choice to the other side: then something else \
            was refused.\n\
            - RTP/SAVP with a=fingerprint and UDP/TLS/RTP/SAVPF are one and the same exchange of keys; AVP and AVPF differ in feedback only.\n\
            - A 488 whose Warning names formats (305) or media (304), or without a word of what was not acceptable, is no sign of encryption: nothing is \
            said here, though that may still be it.\n\
            - The session description in a 488 is what a device would take; some fill it in carelessly, so that this is strong and not certain.",
    },
    detect: Detect::of_refusals(detect),
};

fn detect(call: &Call, _: &Context<'_>, out: &mut Vec<Finding>) {
    let refused = Refused::by_whom(call, &[488, 606]).into_iter().filter(|case| !case.is_refused_again());
    let refused = refused.filter(|case| !no_common_codec::tells(case));
    out.extend(refused.filter_map(|case| Some(finding(&case, &mismatch(&case)?))));
}

fn finding(case: &Refused<'_>, mismatch: &Mismatch<'_>) -> Finding {
    let certainty =
        if matches!(mismatch, Mismatch::Transport { plain: true, .. }) { Certainty::Weak } else { Certainty::Strong };
    let mut finding = case.finding(&RULE, certainty, message(case, mismatch));
    if let Mismatch::Own { sections, .. } = mismatch {
        let what = "what it accepts by its own session description";
        finding = finding.evidence([Evidence::at(&case.response.provenance, what, sections.clone())]);
    }
    if let Mismatch::Next { accepted, .. } = mismatch {
        finding = finding.evidence([Evidence::of(accepted, "the offer that was accepted")]);
    }
    finding = finding.evidence(case.passed_on());
    if finding.severity == Severity::Info {
        return finding;
    }
    for fix in fixes(case, mismatch) {
        finding = finding.fix(fix);
    }
    let verify = "The 200 carries an SDP answer with the transport protocol of the offer in its m= lines.";
    finding.actor(actor(case, mismatch)).verify(verify)
}

fn message(case: &Refused<'_>, mismatch: &Mismatch<'_>) -> Text {
    let text = match mismatch {
        Mismatch::Keyless { protocol } => Text::new(
            "{server} answered {method} with {status}: media were offered as {protocol}, which is encrypted, without any key for it: the offer has \
             neither a=crypto nor a=fingerprint.",
        )
        .with("protocol", protocol),
        Mismatch::NoFingerprint { protocol } => Text::new(
            "{server} answered {method} with {status}: media were offered as {protocol}, with keys by DTLS, and the offer lacks the a=fingerprint \
             that this needs.",
        )
        .with("protocol", protocol),
        Mismatch::Own { kind, offered, accepted, .. } => Text::new(
            "{server} answered {method} with {status}: it was offered {kind} {offered}, and by its own session description takes it {accepted}.",
        )
        .with("kind", kind)
        .with("offered", ways_in_words(*offered))
        .with("accepted", ways_in_words(*accepted)),
        Mismatch::Transport { protocols, plain: false } => Text::new(
            "{server} answered {method} with {status}: by its Warning (302) it does not have the transport protocol of the offer, which is that of \
             encrypted media ({protocols}).",
        )
        .with("protocols", protocols.join(", ")),
        Mismatch::Transport { protocols, plain: true } => Text::new(
            "{server} answered {method} with {status}: by its Warning (302) it does not have the transport protocol of the offer ({protocols}). As that \
             is RTP without encryption, it most likely takes encrypted media (SRTP) only.",
        )
        .with("protocols", protocols.join(", ")),
        Mismatch::Said { text } => Text::new(
            "{server} answered {method} with {status}, and speaks of the encryption of media as the reason in its Warning ({text}).",
        )
        .with("text", text),
        Mismatch::Next { first, second, .. } => {
            let text = Text::new(
                "{server} answered {method} with {status}: media were offered {first}. The client then offered the same codecs {second}, and that was \
                 accepted.",
            );
            let text = text.with("first", ways_in_words(*first)).with("second", ways_in_words(*second));
            return with_case(text, case);
        }
    };
    case.with_next_offer(with_case(text, case))
}

fn with_case(text: Text, case: &Refused<'_>) -> Text {
    text.with("server", element(case.response)).with("method", method(case.transaction)).with("status", case.status())
}

fn ways_in_words(ways: Ways) -> Text {
    let all = [
        (ways.plain, "without encryption"),
        (ways.sdes, "encrypted with keys in the session description (SDES)"),
        (ways.dtls, "encrypted with keys by DTLS"),
    ];
    Text::list(" or ", all.into_iter().filter(|(has, _)| *has).map(|(_, words)| Text::new(words)))
}

fn fixes(case: &Refused<'_>, mismatch: &Mismatch<'_>) -> Vec<Text> {
    let (client, server) = (case.transaction.client, case.response.provenance.flow.source);
    let convert = Text::new(
        "Where the two ends cannot agree, let a border controller between them encrypt on one side only, or exchange the keys in another way.",
    );
    let both = |text: &'static str| Text::new(text).with("client", client).with("server", server);
    match mismatch {
        Mismatch::Keyless { .. } | Mismatch::NoFingerprint { .. } => vec![
            Text::new(
                "See why the offer of {client} has no key: some devices leave it out where SIP does not go over TLS, and some elements on the way \
                 remove what they do not know.",
            )
            .with("client", client),
            Text::new("If media need no encryption there, switch SRTP off at {client}, so that it offers RTP/AVP.")
                .with("client", client),
        ],
        Mismatch::Own { offered, accepted, .. } => vec![
            both("Set SRTP alike at both ends: let {client} offer media {accepted}, or {server} take them {offered}.")
                .with("accepted", ways_in_words(*accepted))
                .with("offered", ways_in_words(*offered)),
            convert,
        ],
        Mismatch::Transport { plain: true, .. } => {
            vec![both("Switch SRTP on at {client}, or let {server} take media without encryption."), convert]
        }
        Mismatch::Transport { plain: false, .. } | Mismatch::Next { .. } => {
            vec![both("Switch SRTP on at {server}, in the way in which {client} offers it, or off at {client}."), convert]
        }
        Mismatch::Said { .. } => vec![
            both("Compare the settings of SRTP at {client} and {server}: required, optional or off, and the exchange of keys."),
            convert,
        ],
    }
}

fn actor(case: &Refused<'_>, mismatch: &Mismatch<'_>) -> Actor {
    match mismatch {
        Mismatch::Keyless { .. } | Mismatch::NoFingerprint { .. } => {
            case.client("the operator of the client that offers encryption without a key")
        }
        _ => Actor::role("the operators of the two media ends"),
    }
}

#[cfg(test)]
mod tests;
