//! Numbers that leak out of implementations: error numbers in the phrases of the SER family, causes of FreeSWITCH in
//! Reason header fields. None of them is a status code.

/// Which part of a SER-family proxy answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyModule {
    /// `SL`: the stateless reply module.
    Stateless,
    /// `TM`: the transaction module.
    Transaction,
}

/// An error number at the end of a reason phrase, such as `(478/TM)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyError {
    /// The number.
    pub number: u16,
    /// Who answered.
    pub module: ProxyModule,
}

/// What the numbers of Kamailio and OpenSIPS stand for.
static PROXY_ERRORS: &[(u16, &str)] = &[
    (1, "an error without a closer description"),
    (2, "out of memory"),
    (5, "a bug in the proxy"),
    (6, "an error in the configuration of the proxy"),
    (7, "no socket of the proxy fits the protocol or address family of the next hop"),
    (8, "the host of a Via header field cannot be resolved"),
    (473, "the destination is on a list of blocked destinations (OpenSIPS)"),
    (474, "the protocol of the destination is not available (OpenSIPS)"),
    (475, "a URI is malformed (OpenSIPS)"),
    (476, "the destination cannot be resolved (OpenSIPS)"),
    (477, "sending to the next hop failed"),
    (478, "the destination cannot be resolved (Kamailio)"),
    (479, "a URI is malformed (Kamailio)"),
    (480, "the protocol of the destination is not available (Kamailio)"),
    (510, "the destination is prohibited by the administrator (Kamailio)"),
    (520, "the destination is on a list of blocked destinations (Kamailio)"),
];

/// Causes of FreeSWITCH above 127, which it writes as `Reason: SIP;cause=NNN`.
static FREESWITCH_CAUSES: &[(u32, &str)] = &[
    (700, "crash"),
    (701, "system shutdown"),
    (702, "another branch won the race"),
    (703, "ended by a management request"),
    (800, "blind transfer"),
    (801, "attended transfer"),
    (802, "the allotted time is used up"),
    (803, "the user was challenged for credentials"),
    (804, "no media for too long"),
    (805, "another extension picked the call up"),
    (806, "the called user is not registered"),
    (807, "no progress in time"),
    (808, "unknown gateway"),
    (809, "the gateway is down"),
    (810, "invalid URL"),
    (811, "unknown SIP profile"),
    (812, "nobody picked up"),
    (813, "SRTP read error"),
    (814, "the server left the signalling path"),
    (815, "busy everywhere (600)"),
    (816, "decline (603)"),
    (817, "does not exist anywhere (604)"),
    (818, "not acceptable (606)"),
    (819, "unwanted (607)"),
    (820, "no Identity header field (428)"),
    (821, "bad identity info (436)"),
    (822, "unsupported certificate (437)"),
    (823, "invalid identity (438)"),
    (824, "stale date (403)"),
];

/// Reads the error number that SER-family proxies put at the end of a reason phrase.
pub fn proxy_error(phrase: &str) -> Option<ProxyError> {
    let (_, last) = phrase.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    let (number, module) = last.split_once('/')?;
    let module = match module {
        "SL" => ProxyModule::Stateless,
        "TM" => ProxyModule::Transaction,
        _ => return None,
    };
    Some(ProxyError { number: number.parse().ok()?, module })
}

impl ProxyError {
    /// What the number stands for; `None` for unknown ones.
    pub fn meaning(self) -> Option<&'static str> {
        PROXY_ERRORS.iter().find(|(number, _)| *number == self.number).map(|(_, meaning)| *meaning)
    }
}

/// What a FreeSWITCH cause above 127 stands for; `None` for unknown ones.
pub fn freeswitch_cause(cause: u32) -> Option<&'static str> {
    FREESWITCH_CAUSES.iter().find(|(number, _)| *number == cause).map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_numbers_are_read_from_the_end_of_the_phrase() {
        let rows = [
            ("Unresolvable destination (478/TM)", Some((478, ProxyModule::Transaction))),
            ("I'm terribly sorry, server error occurred (7/SL)", Some((7, ProxyModule::Stateless))),
            ("Odd (1/2) phrase (2/TM) ", Some((2, ProxyModule::Transaction))),
            ("Service Unavailable", None),
            ("Trunk (477/XX)", None),
            ("(99999999/TM)", None),
            ("", None),
            (")", None),
        ];
        for (phrase, expected) in rows {
            assert_eq!(proxy_error(phrase).map(|e| (e.number, e.module)), expected, "{phrase}");
        }
    }

    #[test]
    fn numbers_have_meanings() {
        let error = ProxyError { number: 478, module: ProxyModule::Stateless };
        assert_eq!(error.meaning(), Some("the destination cannot be resolved (Kamailio)"));
        assert_eq!(ProxyError { number: 3, ..error }.meaning(), None);
        assert_eq!((freeswitch_cause(819), freeswitch_cause(607)), (Some("unwanted (607)"), None));
    }
}
