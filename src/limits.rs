//! Every limit on state, by name. A limit that was hit is in the report.

use std::time::Duration;

/// Octets of IP fragments kept at one time (waiting, or remembered to tell late duplicates); the oldest go first.
pub const FRAGMENT_OCTETS: usize = 64 << 20;
/// Datagrams that may wait for missing fragments at one time; the oldest is given up first.
pub const FRAGMENTED_DATAGRAMS: usize = 4096;
/// Completed datagrams remembered, so that late duplicates of their fragments are told apart.
pub const COMPLETED_DATAGRAMS: usize = 4096;
/// A datagram is given up this long (in capture time) after its first fragment; the usual value of IP stacks (RFC 8200
/// §4.5 says 60 s, Linux takes 30 s).
pub const FRAGMENT_TIMEOUT: Duration = Duration::from_secs(30);
/// Fragments that contradict those of an incomplete datagram are a new one under the same identification if the older is
/// at least of this age; an overlap otherwise. Identifications of 16 bits come again within seconds (RFC 4963).
pub const FRAGMENT_ID_REUSE: Duration = Duration::from_secs(2);
/// Layers of one frame that are peeled: link, VLAN tags, labels, IP, tunnels. A frame with more is skipped; what is met in the field
/// has a dozen.
pub const LAYERS: usize = 32;
/// The time that a HEP packet says its message was captured at may lie this far behind the capture time of the packet; a time
/// further in the future is a clock gone wrong, and that of the packet stands.
pub const HEP_AHEAD: Duration = Duration::from_mins(10);
/// Capture agents whose copies are counted one by one.
pub const CAPTURE_AGENTS: usize = 1000;
/// Ways through the layers that are counted one by one; frames with further ones are counted together.
pub const LAYER_PATHS: usize = 200;
/// TCP connections that are followed at one time; those go first that have been idle for longest, of them those that said
/// nothing of interest.
pub const STREAMS: usize = 65_536;
/// Octets of all TCP connections that wait at one time, for what is missing before them or for the rest of a message; who has
/// waited longest is read as far as it goes.
pub const STREAM_OCTETS: usize = 64 << 20;
/// Octets of one direction that wait for what is missing before them.
pub const STREAM_PENDING_OCTETS: usize = 1 << 20;
/// A SIP message in a stream may not be longer; a Content-Length that says so is wrong.
pub const STREAM_MESSAGE_OCTETS: usize = 1 << 20;
/// Frames of one message that are told apart; of further ones the last is named.
pub const MESSAGE_FRAMES: usize = 1024;
/// A segment that lies so many octets before what was read is no retransmission.
pub const STREAM_OLD: u64 = 1 << 20;
/// Octets at the beginning of a direction that are looked at to tell what a stream is.
pub const STREAM_PROBE: usize = 8192;
/// Octets of a stream that was open when the capture began in which a SIP start line is looked for.
pub const STREAM_SEARCH: u64 = 16 << 10;
/// Octets in front of the first ones of a direction whose beginning was not captured, which may still come.
pub const STREAM_EARLY_OCTETS: u32 = 1 << 16;
/// How long they are waited for.
pub const STREAM_EARLY_WAIT: Duration = Duration::from_millis(100);
/// Octets that are held while they are waited for.
pub const STREAM_EARLY_HELD: usize = 64 << 10;
/// Octets that are missing in a stream although the other end acknowledged them are waited for so long: frames of mirror ports
/// come out of order by milliseconds.
pub const STREAM_GAP_ACKNOWLEDGED: Duration = Duration::from_millis(250);
/// And so long where no acknowledgement was seen: retransmission timers double from about a second.
pub const STREAM_GAP_SILENT: Duration = Duration::from_secs(10);
/// The rest of a message is waited for so long behind its last octets: 64*T1, when the other end has given up too.
pub const STREAM_MESSAGE_WAIT: Duration = Duration::from_secs(32);
/// A connection with SIP is forgotten when it is idle for so long. If it goes on, it is taken up again.
pub const STREAM_IDLE: Duration = Duration::from_hours(2);
/// And so is one that said nothing so far, or nothing of interest.
pub const STREAM_SILENT_IDLE: Duration = Duration::from_mins(10);
/// And one that was closed: its last segments may come again.
pub const STREAM_CLOSED_IDLE: Duration = Duration::from_mins(1);
/// Octets of a record of TLS behind its header: 2^14 of content, and what sealing adds (RFC 5246 §6.2.3).
pub const TLS_RECORD: usize = (16 << 10) + 2048;
/// Octets of one handshake message of TLS, or of all that the extended master secret is made of; longer ones are passed over.
pub const TLS_HANDSHAKE_OCTETS: usize = 128 << 10;
/// Records of TLS that may have been lost in a gap of the capture; behind more of them the rest is not decrypted.
pub const TLS_LOST_RECORDS: u64 = 64;
/// Records in a row that the keys do not open, after which no further ones are tried.
pub const TLS_FAILURES: usize = 16;
/// Alerts kept of one connection.
pub const TLS_ALERTS: usize = 4;
/// Octets of a name in a handshake or certificate.
pub const TLS_NAME: usize = 256;
/// Handshakes whose secrets are known, of key logs and captures, each.
pub const TLS_SECRETS: usize = 1_000_000;
/// Sessions that were opened with an RSA key and may be resumed.
pub const TLS_SESSIONS: usize = 4096;
/// TLS connections of one capture that reports tell of one by one; all are counted.
pub const TLS_STREAMS: usize = 1000;
/// Pairs of client and server whose handshake failed, and certificates, that findings tell apart.
pub const TLS_GROUPS: usize = 1000;
/// Octets of a file of secrets.
pub const KEY_LOG_OCTETS: u64 = 64 << 20;
/// Directions of SCTP associations that are followed at one time; those that were idle for longest go first.
pub const SCTP_DIRECTIONS: usize = 65_536;
/// Octets of all SCTP associations that wait at one time, with what is remembered to tell copies; who was idle for longest is read as
/// far as it goes.
pub const SCTP_OCTETS: usize = 64 << 20;
/// The same of one direction.
pub const SCTP_DIRECTION_OCTETS: usize = 1 << 20;
/// Transmission sequence numbers that are remembered of each direction behind what is settled, so that copies are told.
pub const SCTP_REMEMBERED: usize = 256;
/// Streams of RTP that are known at one time; the half of them that has been silent for longer than the other gives way.
pub const MEDIA_STREAMS: usize = 65_536;
/// A stream in which no packet comes for so long begins anew.
pub const MEDIA_PAUSE: Duration = Duration::from_secs(5);
/// Beginnings of one stream that are remembered; the oldest give way.
pub const MEDIA_SPELLS: usize = 16;
/// Streams of one call, and places where it says that media are received; of one with more nothing is told.
pub const MEDIA_OF_CALL: usize = 64;
/// Streams that are remembered by a host that they begin or end at, to tell what else of it is in the capture.
pub const MEDIA_OF_HOST: usize = 8;
/// Captures of at most so many octets on the disk are analysed side by side, each on one thread; longer ones on all threads.
pub const SMALL_CAPTURE_OCTETS: u64 = 4 << 20;
/// Octets of the buffer that an open capture reads into; it grows to the longest block, at most [`BLOCK_OCTETS`].
pub const CAPTURE_BUFFER_OCTETS: usize = 256 << 10;
/// A frame of classic pcap longer than this is taken for a sign of corruption, unless the file's snap length is larger.
/// The largest snap length of tcpdump and Wireshark.
pub const FRAME_OCTETS_USUAL: u32 = 262_144;
/// No frame of classic pcap may be longer, whatever the file's snap length is.
pub const FRAME_OCTETS: u32 = 16 << 20;
/// No block of pcapng may be longer, that of a frame or any other.
pub const BLOCK_OCTETS: u32 = 16 << 20;
/// Interfaces of one section of a pcapng file.
pub const INTERFACES: usize = 65_536;
/// Octets of names, descriptions and the like kept of the interfaces of one section.
pub const INTERFACE_OPTION_OCTETS: usize = 1 << 20;
/// Octets of decryption secrets that a reader keeps until they are taken.
pub const SECRET_OCTETS: usize = 16 << 20;
/// How many times its size a compressed capture may grow, once it has given [`EXPANSION_FREE_OCTETS`].
pub const EXPANSION_RATIO: u64 = 1000;
/// Octets that a compressed capture may give without looking at [`EXPANSION_RATIO`].
pub const EXPANSION_FREE_OCTETS: u64 = 64 << 20;
/// Compression inside compression that is undone; a `.pcap.gz` in a `.gz` happens, more is an attack.
pub const COMPRESSION_LAYERS: usize = 2;
/// The largest window of a zstd file, as a power of two of octets; `zstd --long` takes so much, `--long=31` more.
pub const ZSTD_WINDOW_LOG: u32 = 27;
/// Memory for the dictionary of an xz file, in KiB; `xz -9` takes 64 MiB.
pub const XZ_MEMORY_KIB: u32 = 192 << 10;
/// A frame that lies further than this before the one in front of it is counted; less is common with several interfaces.
pub const TIME_STEP_BACK: Duration = Duration::from_secs(1);
/// Causes of failures kept apart in the summary; failures with further causes are counted together.
pub const CLUSTERS: usize = 1000;
/// Octets of a Server or User-Agent value that tell causes apart.
pub const CLUSTER_SOFTWARE: usize = 120;
/// Cells of each breakdown of the table of final responses by attestation: a caller (or prefix, or host), a status, a level of
/// attestation. Calls in further cells are counted together.
pub const ATTESTATION_CELLS: usize = 20_000;
/// Octets of a caller's name in that table.
pub const ATTESTATION_NAME: usize = 120;
/// Methods counted one by one; requests with further ones are counted together.
pub const METHODS: usize = 100;
/// Octets of a method that is counted by itself.
pub const METHOD_OCTETS: usize = 64;
/// Groups of calls that the text report shows in detail; the worst stay.
pub const DETAILED_GROUPS: usize = 200;
/// Numbers of further calls kept of each such group; the rest is counted.
pub const GROUP_MEMBERS: usize = 1000;
/// The same of the Markdown report, which goes into tickets.
pub const MARKDOWN_GROUPS: usize = 50;
/// The same of the step summary of GitHub Actions, which may have 1 MiB.
pub const STEP_SUMMARY_GROUPS: usize = 25;
/// Octets of the step summary of GitHub Actions; it takes 1 MiB of each step. Captures whose part does not fit are left out.
pub const STEP_SUMMARY_OCTETS: u64 = 1_000_000;
/// Test cases of a JUnit report; failures may fill it, what passed half of it. All are counted.
pub const JUNIT_CASES: usize = 20_000;
/// Octets of all of them, of which what passed may take half.
pub const JUNIT_OCTETS: usize = 64 << 20;
/// Results of a SARIF report; GitHub takes no more. Those below warning may fill a fifth of it; all are counted.
pub const SARIF_RESULTS: u64 = 25_000;
/// Annotations of each level in a step of GitHub Actions, which shows no more.
pub const ANNOTATIONS: usize = 10;
/// Calls selected by a filter that are remembered, so that findings about the whole capture can be told apart.
pub const SELECTED_CALLS: usize = 1_000_000;
/// One-line entries of calls that the text report keeps for `--all`; the rest is counted.
pub const CALL_LINES: usize = 200_000;
/// Octets of all of them.
pub const CALL_LINE_OCTETS: usize = 64 << 20;
/// Kinds of findings below warning that the text report counts one by one.
pub const NOTE_CODES: usize = 500;
/// Addresses remembered as senders and as receivers of SIP, each.
pub const HOSTS: usize = 65_536;
/// Directions of connections of which acknowledgements by TCP are remembered.
pub const ACKNOWLEDGED_FLOWS: usize = 16_384;
/// And how many of each, the latest.
pub const ACKNOWLEDGEMENTS: usize = 32;
/// Names remembered whose DNS lookup failed inside the capture.
pub const FAILED_LOOKUPS: usize = 4096;
/// Groups of messages (calls, registrations, …) that may be open at one time.
pub const OPEN_GROUPS: usize = 200_000;
/// Octets of messages of open groups, with what is remembered of each message and each leg: the bound on what floods of requests that
/// nobody answers can take.
pub const OPEN_GROUP_OCTETS: usize = 512 << 20;
/// Messages of one group; with more it is closed and a new one begins.
pub const GROUP_MESSAGES: usize = 4096;
/// A series of other requests than INVITE under one Call-ID (keep-alive, registrations) is handed on in pieces of this many
/// messages, cut where it pauses.
pub const SERIES_MESSAGES: usize = 512;
/// Such a pause after a final response: T4, in which the network loses what is old (RFC 3261 §17.1.2.2).
pub const SERIES_PAUSE: Duration = Duration::from_secs(5);
/// ICMP errors kept of one group.
pub const GROUP_ICMP: usize = 64;
/// Frames kept of further copies of one message; all are counted.
pub const DUPLICATE_FRAMES: usize = 64;
/// Confirmed dialogs of one leg that are followed to their BYE.
pub const LEG_DIALOGS: usize = 32;
/// Times of frames that fall back further than this are a clock that was set, not frames out of order.
pub const CLOCK_STEP_BACK: Duration = Duration::from_mins(1);
/// A frame that much later than the one before it was written by another clock: no capture of a working network is silent for a day.
pub const CLOCK_LEAP: Duration = Duration::from_hours(24);
/// A group of unanswered requests is over this long after its last message: 64*T1 (RFC 3261 §17.1.1.2) and a margin.
pub const TRYING_IDLE: Duration = Duration::from_secs(40);
/// A group is over this long after its last message when it has final responses, a CANCEL or a BYE: the time of
/// retransmissions and of follow-ups to redirects, 64*T1, and a margin.
pub const ENDED_IDLE: Duration = Duration::from_secs(40);
/// The same after a challenge: some users have to type their password.
pub const CHALLENGED_IDLE: Duration = Duration::from_secs(90);
/// A call is over this long after its last message when every request in it has its final response, every INVITE its ACK, every
/// dialog its BYE, and no response invites to try again: whoever had missed one of them would have sent again within T2, 4 s (RFC
/// 3261 §17.1.2.2). A redirect that nobody followed waits longer, unless more than [`CROWDED_OCTETS`] are open. Captures of several files, whose clocks may differ, wait for
/// [`ENDED_IDLE`].
pub const SETTLED_IDLE: Duration = Duration::from_secs(6);
/// The same where a BYE ended an answered call between two hosts, nothing was sent or captured twice, and more than
/// [`CROWDED_OCTETS`] of messages are open: whoever had missed the response to the BYE would have sent it again within T1, 500 ms
/// (RFC 3261 §17.1.2.2). What comes later is told as late.
pub const HUNG_UP_IDLE: Duration = Duration::from_millis(700);
/// Messages of open calls that fit into the caches of a processor: with more, some hundred calls a second, those that hung up wait
/// [`HUNG_UP_IDLE`] only.
pub const CROWDED_OCTETS: usize = 2 << 20;
/// Requests and responses of one leg that wait for a response or an ACK; with more it is not taken for settled.
pub const LEG_DUE: usize = 64;
/// Call-IDs of settled calls that are remembered for [`ENDED_IDLE`], so that what comes late for them is told apart.
pub const SETTLED_CALLS: usize = 200_000;
/// A call that has provisional responses alone is over this long after its last message: timer C of proxies is above three
/// minutes (RFC 3261 §16.6).
pub const PROVISIONAL_IDLE: Duration = Duration::from_mins(4);
/// An answered call without BYE is taken for over this long after its last message.
pub const ANSWERED_IDLE: Duration = Duration::from_hours(2);
/// The same octets between the same addresses within this time were captured twice, unless their IP identifications say otherwise. What
/// is repeated sooner was not repeated by a timer.
pub const DUPLICATE_SPACING: Duration = Duration::from_millis(50);
/// The same octets with the same IP identification within this time were captured twice.
pub const DUPLICATE_IP_ID_SPACING: Duration = Duration::from_secs(1);

/// Octets of the name of a calling or called party by which calls of the whole capture are compared. Whoever has a longer one is left out
/// and counted: such names have no use but to fill memory.
pub const PATTERN_NAME: usize = 256;
/// The same of an address that moved, and a quarter of that of all Contacts of one of its 301s.
pub const PATTERN_ADDRESS: usize = 1024;
/// Octets kept of a Server or User-Agent value by what compares the calls of the whole capture.
pub const PATTERN_SOFTWARE: usize = 256;
/// Octets kept of each start line or header field that is cited in findings about the whole capture.
pub const PATTERN_CITED: usize = 1024;
/// Octets of all names, addresses and citations that are kept of redirects, and of calls after a rejection, each: with more of them what
/// is new is left out and counted.
pub const PATTERN_OCTETS: usize = 32 << 20;
/// Octets of a value in the sentences of a finding; `…` stands for the rest.
pub const VALUE_OCTETS: usize = 2048;
/// Items of a list in the sentences of a finding.
pub const VALUE_ITEMS: usize = 1000;
/// Redirects of one call that the rules about redirects look at; clients give up after about ten.
pub const REDIRECTS_PER_CALL: usize = 64;
/// Pairs of client and address, and of server and address, for which redirects are remembered over the whole
/// capture; and addresses in the list of moves.
pub const MOVED_ADDRESSES: usize = 16_384;
/// Later requests to a moved address that are kept as examples; all are counted.
pub const MOVED_ADDRESS_EXAMPLES: usize = 8;
/// Different answers of one server about one address that are kept as examples.
pub const REDIRECT_VARIANTS: usize = 8;
/// Answers to INVITEs that are remembered in case that a call with a 301 for the same address closes later: the latest.
pub const RECENT_ANSWERS: usize = 2048;
/// Redirected calls that are remembered in case that a call in which the same client is told of a new address closes later: the latest.
pub const RECENT_DIALS: usize = 512;
/// Clients remembered as having followed a redirect.
pub const FOLLOWING_CLIENTS: usize = 4096;
/// Pairs of redirecting server and domain that are remembered. Domains have at most 253 characters (RFC 1035 §2.3.4); longer ones are not.
pub const REDIRECT_DOMAINS: usize = 4096;
/// Servers that challenged a call, remembered with the first challenge of each.
pub const CHALLENGING_SERVERS: usize = 4096;
/// Pairs of client and server whose answered requests are remembered by their size.
pub const DATAGRAM_PAIRS: usize = 4096;
/// Pairs of client and server whose OPTIONS are counted.
pub const PINGED_PAIRS: usize = 4096;
/// Servers whose accepted calls are remembered, so that a refused one can be compared with them.
pub const ACCEPTED_SERVERS: usize = 512;
/// Calls that failed lately, which a REFER may have asked for; the oldest go first.
pub const FAILED_LATELY: usize = 256;
/// Kinds of calls that one of them accepted: with more of them nothing is said of what they have in common.
pub const ACCEPTED_KINDS: usize = 64;
/// Octets of the domain in From of such a kind.
pub const ACCEPTED_DOMAIN: usize = 253;
/// Octets of a user that is remembered of them.
pub const ACCEPTED_USER: usize = 64;
/// Calls under other Call-IDs that a call may be related to, as far as they are mentioned.
pub const POSSIBLE_LEGS: usize = 8;
/// Legs (Call-IDs) of one call.
pub const LEGS_PER_CALL: usize = 16;
/// Legs in setup with the same callee (or another thing in common) that a new one is compared with: the latest.
pub const LEG_CANDIDATES: usize = 16;
/// Redirects that clients got lately, which their next INVITE may follow; the oldest go first.
pub const RECENT_REDIRECTS: usize = 65_536;
/// Calls that were refused lately, which their callers may try again; the oldest go first.
pub const REFUSED_LATELY: usize = 16_384;
/// REFERs, and requests to take over a dialog, of which the next is awaited; the oldest go first.
pub const REFERRALS: usize = 256;
/// Redirects remembered of one client.
pub const REDIRECTS_PER_CLIENT: usize = 64;
/// Elements for which the answers to INVITEs are counted.
pub const UNWANTED_ANSWERERS: usize = 512;
/// Called parties remembered of each such element, and delays of its 607s: the first ones.
pub const UNWANTED_CALLEES: usize = 512;
/// 607s of one element, or INVITEs after a 607, that are kept or shown as examples; all are counted.
pub const UNWANTED_EXAMPLES: usize = 6;
/// Calls that a finding about 607 lists; all are counted.
pub const UNWANTED_CALLS: usize = 1000;
/// Triples of client, caller and callee for which a 607 is remembered.
pub const REJECTED_PAIRS: usize = 4096;
/// 607s remembered of one such triple.
pub const REJECTIONS_PER_PAIR: usize = 8;
/// INVITEs remembered of one such triple.
pub const SENDS_AFTER_REJECTION: usize = 16;
/// INVITEs of the whole capture that are remembered in case that a call with a 607 closes later: the latest.
pub const UNWANTED_RECENT_INVITES: usize = 2048;
/// Octets of the address of a certificate by which signers are told apart; those with a longer one are not compared.
pub const SIGNER_URL: usize = 2048;
/// Octets of a file of certificates, of one that holds a token, or of `sipscan.toml`.
pub const SMALL_FILE_OCTETS: u64 = 1 << 20;
/// Signers of caller identities, by the address of their certificate, whose clocks are compared.
pub const SIGNERS: usize = 1024;
/// Differences of clocks remembered of one signer: the latest.
pub const SKEWS_PER_SIGNER: usize = 32;
/// Elements that send calls, and callers, whose calls are counted over the whole capture.
pub const TRAFFIC_SOURCES: usize = 1024;
/// See [`TRAFFIC_SOURCES`].
pub const TRAFFIC_CALLERS: usize = 8192;
/// Elements remembered as sending the calls of one caller.
pub const TRAFFIC_SOURCES_PER_CALLER: usize = 8;
/// Calls remembered one by one of each such element: the first ones.
pub const TRAFFIC_ATTEMPTS: usize = 512;
/// Calls remembered one by one of each such caller: the first ones.
pub const TRAFFIC_ATTEMPTS_PER_CALLER: usize = 64;
/// Requests and rejections of each such element that are shown as examples.
pub const TRAFFIC_EXAMPLES: usize = 6;
/// Addresses, and callers, whose calls abroad are remembered.
pub const TOLL_SOURCES: usize = 1024;
/// See [`TOLL_SOURCES`].
pub const TOLL_ACCOUNTS: usize = 4096;
/// Such calls of each of them: the latest, or the first that are told of.
pub const TOLL_ATTEMPTS_PER_PARTY: usize = 64;
/// Such calls of all of them.
pub const TOLL_ATTEMPTS: usize = 65_536;
/// Calls that a finding about them lists.
pub const TOLL_CALLS: usize = 64;
/// Servers whose refusals are counted.
pub const OVERLOAD_SERVERS: usize = 1024;
/// Pairs of a client and a server that asked it to wait.
pub const OVERLOAD_PAIRS: usize = 1024;
/// Requests outside of dialogs that are remembered until the calls before them are over.
pub const OVERLOAD_SENT: usize = 512;
/// Times that such a client is to wait, the latest ones.
pub const OVERLOAD_WAITS: usize = 8;
/// Calls that a finding about refusals lists.
pub const OVERLOAD_CALLS: usize = 16;
/// Servers whose calls are counted that last half a minute or longer.
pub const DROP_SERVERS: usize = 1024;
/// Calls that a finding about them lists.
pub const DROP_CALLS: usize = 16;
/// Bindings whose registrations are counted.
pub const REGISTRATION_BINDINGS: usize = 4096;
/// Users whose registrations are compared with later calls.
pub const REGISTERED_USERS: usize = 16_384;
/// Times without any message that are remembered, the latest ones.
pub const SILENCES: usize = 64;
/// Clients behind NAT whose ports are compared.
pub const NAT_CLIENTS: usize = 16_384;
/// Changes of such a port that are remembered.
pub const NAT_CHANGES: usize = 4096;
/// Requests without any response that are compared with them.
pub const NAT_SILENT: usize = 4096;
/// Servers, with a realm each, whose stale nonces are counted.
pub const NONCE_SERVERS: usize = 1024;
/// Clients of such a server that are counted apart.
pub const NONCE_CLIENTS: usize = 64;
/// Calls that a finding about nonces lists.
pub const NONCE_CALLS: usize = 16;
/// Groups of registrations that a finding lists.
pub const REGISTRATION_CALLS: usize = 16;
/// Sources whose requests are looked at for scans.
pub const SCAN_SOURCES: usize = 1024;
/// Requests remembered one by one of each source that may scan: the first ones.
pub const SCAN_PROBES: usize = 128;
/// Requests of it that are shown as examples.
pub const SCAN_EXAMPLES: usize = 3;
/// Octets of a user's name that are remembered.
pub const SCAN_USER: usize = 32;
/// INVITEs remembered that go from one client to one callee, whoever calls, once one of them was answered with 607.
pub const ROTATION_SENDS: usize = 16;
/// New addresses of one old address in the list of moves; with two of them none is worth storing.
pub const MOVE_TARGETS: usize = 8;
/// Octets of all addresses in the list of moves: with more of them what is new is left out and counted.
pub const MOVES_OCTETS: usize = 64 << 20;
/// Frames that a row of the lists of moves and complaints names: the first ones; the rest is counted.
pub const LIST_FRAMES: usize = 16;
/// Calling numbers whose calls are counted for the list of complaints.
pub const COMPLAINT_CALLERS: usize = 65_536;
/// Called numbers that one row of the list of complaints names.
pub const COMPLAINT_CALLEES_PER_CALLER: usize = 1000;
/// Called numbers that all its rows name together.
pub const COMPLAINT_CALLEES: usize = 262_144;
/// Pairs of calling number and answering element, for each capture, whose 607s are judged at its end.
pub const COMPLAINT_ANSWERERS: usize = 65_536;
/// Hosts, and hours, for each of which metrics are kept; what comes after that many is measured together.
pub const KPI_ROWS: usize = 768;
/// Frames of selected calls that `extract` remembers between its two readings.
pub const EXTRACT_FRAMES: usize = 32 << 20;
/// Comments of the frame that findings cite, of one frame.
pub const EXTRACT_COMMENTS: usize = 8;
/// Places where media of selected calls go that are remembered.
pub const EXTRACT_MEDIA: usize = 1 << 20;
/// Segments of a direction that are remembered so that what is sent again of them is told: the latest.
pub const EXTRACT_SEGMENTS: usize = 1024;
/// Fragmented datagrams of selected calls that are remembered so that copies of their fragments are told.
pub const EXTRACT_FRAGMENTED: usize = 1 << 16;
/// Media that come so long before the description of where they go, whose way may be longer, are those of the call.
pub const EXTRACT_MEDIA_BEFORE: Duration = Duration::from_secs(1);
/// And those that come so long behind its last message: the other end may stop later.
pub const EXTRACT_MEDIA_BEHIND: Duration = Duration::from_secs(2);
/// Calls that `ladder` draws into one file, of formats that hold several.
pub const LADDERS: usize = 1000;
/// Findings of a baseline, each counted once.
pub const BASELINE_FINDINGS: usize = 200_000;
/// Octets of a baseline.
pub const BASELINE_OCTETS: u64 = 64 << 20;
