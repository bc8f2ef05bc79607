//! What is known of one status code, as plain data.

use serde::Serialize;

/// Where a code stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Registration {
    /// In the IANA registry of SIP response codes.
    Iana,
    /// Defined by RFC 2543 only.
    Obsolete,
    /// Seen in traffic, defined by a vendor or a draft.
    Unregistered,
}

impl Registration {
    /// The word that reports and documentation use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Iana => "registered with IANA",
            Self::Obsolete => "obsolete (RFC 2543)",
            Self::Unregistered => "not registered",
        }
    }
}

/// What sort of answer it is: closer to the reader's question than the class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Not final.
    Provisional,
    /// It worked.
    Success,
    /// Go elsewhere.
    Redirect,
    /// Authenticate first.
    Challenge,
    /// Ask again with another value.
    Negotiation,
    /// An ordinary end, such as 487 after CANCEL.
    Normal,
    /// The called user's situation or decision.
    User,
    /// The called user rejects this caller.
    UserBlock,
    /// A rule of the answering network.
    Policy,
    /// A network blocks on the called user's behalf.
    PolicyBlock,
    /// The verification of the caller's identity failed (STIR).
    Identity,
    /// Too much load, or no resources.
    Overload,
    /// Something did not answer in time.
    Timeout,
    /// Anything else that went wrong.
    Failure,
}

impl Kind {
    /// The word that reports and documentation use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Provisional => "progress",
            Self::Success => "success",
            Self::Redirect => "redirect",
            Self::Challenge => "authentication step",
            Self::Negotiation => "negotiation step",
            Self::Normal => "ordinary end",
            Self::User => "decision or situation of the called user",
            Self::UserBlock => "rejection of the caller by the called side",
            Self::Policy => "policy of the answering network",
            Self::PolicyBlock => "block by a network for the called user",
            Self::Identity => "failed verification of the caller's identity",
            Self::Overload => "overload or lack of resources",
            Self::Timeout => "timeout",
            Self::Failure => "technical failure",
        }
    }
}

/// Whether a call that ends with the code failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// Never.
    No,
    /// Always.
    Yes,
    /// Depending on what follows, or on the circumstances.
    Depends,
}

impl Failure {
    /// The word that reports and documentation use.
    pub fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Yes => "yes",
            Self::Depends => "depends on what follows",
        }
    }
}

/// What a correct client does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Retry {
    /// There is nothing to repeat.
    NotApplicable,
    /// The request, changed, goes to the same place (RFC 3261 §8.1.3.5).
    ModifiedSameTarget,
    /// The request goes to the Contacts of the response (RFC 3261 §8.1.3.4).
    FollowContact,
    /// A proxy or SBC may try its next target.
    Elsewhere,
    /// The same request, later.
    Later,
    /// Nothing may be repeated automatically.
    Never,
    /// Depends on the body or on the vendor.
    Depends,
}

impl Retry {
    /// The words that reports and documentation use.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotApplicable => "not applicable",
            Self::ModifiedSameTarget => "changed request, same target",
            Self::FollowContact => "at the Contact",
            Self::Elsewhere => "another target",
            Self::Later => "later",
            Self::Never => "never automatically",
            Self::Depends => "depends",
        }
    }
}

/// What the response does to the dialog it is received in (RFC 5057 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DialogEffect {
    /// Nothing.
    Nothing,
    /// Creates the dialog, or refreshes its target.
    CreatesOrRefreshes,
    /// Ends one early dialog.
    EndsEarlyDialog,
    /// Ends the transaction only.
    Transaction,
    /// Ends the usage of the dialog that the request belongs to.
    Usage,
    /// Ends the dialog with all its usages.
    Dialog,
    /// A redirect inside a dialog is not well understood; whatever it does concerns all usages (RFC 5057 §5.1).
    Unclear,
}

impl DialogEffect {
    /// The words that reports and documentation use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::CreatesOrRefreshes => "creates the dialog or refreshes its target",
            Self::EndsEarlyDialog => "ends one early dialog",
            Self::Transaction => "ends the transaction only",
            Self::Usage => "ends the usage that the request belongs to",
            Self::Dialog => "ends the whole dialog when sent inside one",
            Self::Unclear => "not well defined inside a dialog; concerns all its usages alike (RFC 5057 §5.1)",
        }
    }
}

/// Everything the catalogue knows of one status code.
#[derive(Debug, Clone, Copy)]
pub struct StatusEntry {
    /// The status, 100 to 699.
    pub code: u16,
    /// The reason phrase of the registry; for unregistered codes the usual one.
    pub phrase: &'static str,
    /// Other phrases in use.
    pub aliases: &'static [&'static str],
    /// Where it stands.
    pub registration: Registration,
    /// The defining section first, then others worth reading, such as `RFC 3261 §21.4.1`.
    pub references: &'static [&'static str],
    /// What sort of answer.
    pub kind: Kind,
    /// Whether the call failed.
    pub failure: Failure,
    /// What comes next.
    pub retry: Retry,
    /// One sentence on that.
    pub retry_note: &'static str,
    /// Header fields that the defining document makes mandatory in the response: of each inner list, at least one.
    pub required_headers: &'static [&'static [&'static str]],
    /// Other header fields that help, with a remark where needed.
    pub useful_headers: &'static [&'static str],
    /// Methods it answers; empty: any.
    pub methods: &'static [&'static str],
    /// What it does to a dialog.
    pub dialog_effect: DialogEffect,
    /// The Q.850 cause that a gateway makes of it.
    pub q850: Option<u8>,
    /// Where that mapping comes from; empty for responses that release nothing.
    pub q850_note: &'static str,
    /// What it means, in one paragraph that stands for itself.
    pub meaning: &'static str,
    /// More paragraphs on that.
    pub details: &'static [&'static str],
    /// Situations in which it occurs.
    pub when_it_occurs: &'static [&'static str],
    /// Steps in order; each says what to change.
    pub how_to_fix: &'static [&'static str],
    /// How to see that it worked; may be empty.
    pub verify: &'static str,
    /// What is often believed about it, and is wrong.
    pub misconceptions: &'static [&'static str],
    /// Who must act, as a noun phrase.
    pub who_acts: &'static str,
}

/// What an entry has unless it says otherwise.
pub(super) const BASE: StatusEntry = StatusEntry {
    code: 0,
    phrase: "",
    aliases: &[],
    registration: Registration::Iana,
    references: &[],
    kind: Kind::Failure,
    failure: Failure::Yes,
    retry: Retry::Depends,
    retry_note: "",
    required_headers: &[],
    useful_headers: &[],
    methods: &[],
    dialog_effect: DialogEffect::Transaction,
    q850: Some(31),
    q850_note: "RFC 3398 does not list it; its catch-all 31 applies",
    meaning: "",
    details: &[],
    when_it_occurs: &[],
    how_to_fix: &[],
    verify: "",
    misconceptions: &[],
    who_acts: "",
};
