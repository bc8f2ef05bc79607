//! An offer of which the other side can use no codec.

use self::offer::{Mismatch, mismatch};
use crate::call::Call;
use crate::diagnosis::refused::Refused;
use crate::diagnosis::response_facts::method;
use crate::diagnosis::unwanted_case::element;
use crate::diagnosis::{
    Actor, Certainty, Context, Detect, Evidence, Explanation, Facts, Finding, Rule, Severity, Text,
};

mod answered;
mod offer;

pub(in crate::diagnosis) use self::answered::answers_otherwise;
pub(super) use self::offer::warnings;

pub(super) static RULE: Rule = Rule {
    code: "no-common-codec",
    summary: "A session is refused because the two sides have no codec or medium in common, or accepted with codecs that were not offered.",
    severity: Severity::Error,
    references: &["RFC 3264 §6", "RFC 3261 §13.3.1.3", "RFC 3261 §20.43", "RFC 3261 §21.4.26", "RFC 3261 §21.6.4"],
    explanation: Explanation {
        what_it_means: "The client offers media and codecs in its session description (SDP), and the other side has to pick from them. It \
            refused the offer with 488 or 606, and shows why: its own session description lists other codecs, a Warning says that it lacks \
            the format (305) or the medium (304), or the offer had no medium that is switched on. Or it accepted the call, and its answer lists \
            other codecs than the offer, which RFC 3264 §6.1 does not allow: nothing is agreed on then. Or the offer has more media than audio, and the answer another number \
            of media sections, so that nobody can tell which belong together (RFC 3264 §6).",
        why_it_matters: "The two ends are reachable and willing, and still cannot talk. It fails every time between these two devices, \
            and never between others, which makes it look like a fault of the network.",
        likely_causes: "- Codecs were switched off on one side, to save bandwidth or licences.\n\
            - An element in between filters codecs, and leaves none that the other side knows.\n\
            - One side insists on a wideband or low-rate codec that the other was never equipped with.\n\
            - A medium is offered alone that the other side does not have, such as video or fax.\n\
            - A border controller changes the codecs of session descriptions in one direction alone.\n\
            - The client has no codec enabled at all, or no free port for media, and offers every medium with port 0.",
        how_to_fix: "- Enable one codec at both ends; PCMU (G.711 µ-law) or PCMA (A-law) is known nearly everywhere.\n\
            - Where the ends cannot agree, let a border controller or an exchange between them transcode.\n\
            - Look at the codec filter of every element between the two.",
        how_to_confirm: "The 200 carries a session description with a codec of the offer, and media flow both ways.",
        when_this_is_wrong: "- 488 has other causes than codecs: encryption (SRTP) that one side demands, packet times, bandwidth, fax. Without \
            a Warning, a session description in the response, or an offer without media nothing is said here.\n\
            - A client that offers others afterwards, and is accepted, did as it should: the finding then only informs.\n\
            - Inside a call a refused offer changes nothing: the session goes on as it was (RFC 3261 §14.1).\n\
            - An answer is compared with its offer where the call was over within half a minute. Some clients play any codec that they know.\n\
            - An answer with fewer media sections is taken by many clients all the same: it is a notice, and a warning where the client hung up at once.\n\
            - Codecs are compared by name and clock rate; parameters (fmtp) on which the sides disagree are not.",
    },
    detect: Detect::Given(Facts::CODEC, detect),
};

fn detect(call: &Call, _: &Context<'_>, out: &mut Vec<Finding>) {
    let refused = Refused::by_whom(call, &[488, 606]).into_iter().filter(|case| !case.is_refused_again());
    out.extend(refused.filter_map(|case| Some(finding(&case, &mismatch(&case)?))));
    out.extend(answered::finding(call));
}

/// Whether it says why an offer was refused.
pub(super) fn tells(case: &Refused<'_>) -> bool {
    mismatch(case).is_some()
}

fn finding(case: &Refused<'_>, mismatch: &Mismatch) -> Finding {
    let certainty = if matches!(mismatch, Mismatch::Lists { .. }) { Certainty::Certain } else { Certainty::Strong };
    let mut finding = case.finding(&RULE, certainty, message(case, mismatch));
    if let Mismatch::Lists { accepted, .. } = mismatch {
        let listed = accepted.join(" ");
        finding = finding.evidence([Evidence::at(
            &case.response.provenance,
            "what it accepts by its own session description",
            listed,
        )]);
    }
    finding = finding.evidence(case.passed_on());
    if finding.severity == Severity::Info {
        return finding;
    }
    for fix in fixes(case, mismatch) {
        finding = finding.fix(fix);
    }
    finding.actor(actor(case, mismatch)).verify("The 200 carries an SDP answer with a codec from the offer.")
}

fn message(case: &Refused<'_>, mismatch: &Mismatch) -> Text {
    let text = match mismatch {
        Mismatch::Lists { kind, offered, accepted } => Text::new(
            "{server} answered {method} with {status}: of the codecs offered for {kind} ({offered}) it has none. By its own session description \
             it accepts {accepted}.",
        )
        .with("kind", kind)
        .with("offered", offered.join(", "))
        .with("accepted", accepted.join(", ")),
        Mismatch::Formats { offered } => Text::new(
            "{server} answered {method} with {status}: by its Warning (305) it cannot use the codecs that were offered ({offered}).",
        )
        .with("offered", offered.join(", ")),
        Mismatch::Media { offered } => Text::new(
            "{server} answered {method} with {status}: by its Warning (304) it does not have a medium that was offered ({offered}).",
        )
        .with("offered", offered.join(", ")),
        Mismatch::Nothing => Text::new(
            "{server} answered {method} with {status}: the offer has every medium switched off (port 0), so that there is nothing to agree on.",
        ),
    };
    let text = text
        .with("server", element(case.response))
        .with("method", method(case.transaction))
        .with("status", case.status());
    case.with_next_offer(text)
}

fn fixes(case: &Refused<'_>, mismatch: &Mismatch) -> Vec<Text> {
    let (client, server) = (case.transaction.client, case.response.provenance.flow.source);
    match mismatch {
        Mismatch::Lists { offered, accepted, .. } => vec![
            Text::new("Enable one of {accepted} at {client}, or one of {offered} at {server}.")
                .with("accepted", accepted.join(", "))
                .with("client", client)
                .with("offered", offered.join(", "))
                .with("server", server),
            Text::new("Where the two ends cannot agree, let an element between them transcode."),
        ],
        Mismatch::Formats { offered } => vec![
            Text::new("See which codecs {server} has enabled, and enable one at both ends: it was offered {offered}.")
                .with("server", server)
                .with("offered", offered.join(", ")),
            Text::new("Where the two ends cannot agree, let an element between them transcode."),
        ],
        Mismatch::Media { .. } => vec![
            Text::new("Offer {server} only the media that it has, or switch the missing one on there.")
                .with("server", server),
        ],
        Mismatch::Nothing => vec![
            Text::new(
                "See why {client} offers no medium: no codec is enabled there, or it has no free port for media.",
            )
            .with("client", client),
        ],
    }
}

fn actor(case: &Refused<'_>, mismatch: &Mismatch) -> Actor {
    match mismatch {
        Mismatch::Nothing => case.client("the operator of the client that offers no medium"),
        _ => Actor::role("the operators of the two media ends"),
    }
}

#[cfg(test)]
mod tests;
