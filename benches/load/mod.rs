//! Captures of any length, written as a stream from a fixed seed: calls that overlap, of a mix that can be chosen, over one hop or
//! several, with retransmissions, registrations and RTP between; and floods. Memory does not grow with the length.

use std::collections::BTreeMap;
use std::io::{self, Write};

mod frame;
mod text;

use frame::{Connections, fragment, frame, from_client, record};
use text::{Call, Kind};

/// What to write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Calls in all; of floods, requests.
    pub(crate) calls: u64,
    /// Calls that begin in a second.
    pub(crate) rate: u64,
    /// RTP packets for each call, 20 ms apart.
    pub(crate) rtp: u64,
    /// The same seed gives the same octets.
    pub(crate) seed: u64,
    /// Elements on the way of each call beside its ends, 0 to 3.
    pub(crate) proxies: usize,
    /// Shares of calls, in thousandths: answered with 301, with 607, with 486; the rest is answered with 200.
    pub(crate) redirected: u64,
    pub(crate) unwanted: u64,
    pub(crate) busy: u64,
    /// Of a thousand messages so many are sent twice.
    pub(crate) retransmitted: u64,
    /// Registrations for every thousand calls.
    pub(crate) registrations: u64,
    /// Whether the messages of calls go over TCP: one connection between any two elements.
    pub(crate) tcp: bool,
    /// Something else than calls.
    pub(crate) flood: Option<Flood>,
}

/// What a capture can be full of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flood {
    /// INVITEs that nobody answers, each of a call of its own.
    Invites,
    /// Requests under one Call-ID without an end.
    CallId,
    /// Registrations, each under a Call-ID of its own, and their 200.
    Registrations,
    /// First fragments whose other fragments never come.
    Fragments,
    /// Calls of a caller each, whose names fill the messages: datagrams, or a megabyte of a stream.
    LongNames,
    /// Calls of a client each, redirected to addresses that do.
    LongRedirects,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            calls: 20_000,
            rate: 100,
            rtp: 0,
            seed: 1,
            proxies: 0,
            redirected: 111,
            unwanted: 56,
            busy: 0,
            retransmitted: 0,
            registrations: 0,
            tcp: false,
            flood: None,
        }
    }
}

/// Octets of each long name in a datagram, which has up to three of them, and of all of them in a stream.
const LONG: usize = 20_000;
const LONG_IN_STREAM: usize = 300_000;

/// 2026-03-30 14:00:00 UTC, in microseconds.
const START: u64 = 1_774_879_200_000_000;

/// Numbers that look random and are always the same (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Whether something happens that happens so many times in a thousand.
    fn happens(&mut self, thousandths: u64) -> bool {
        self.next() % 1000 < thousandths
    }
}

/// Frames that are still to come, by time and order of creation: those of the calls that are open.
#[derive(Default)]
struct Pending {
    frames: BTreeMap<(u64, u64), Vec<u8>>,
    order: u64,
    /// What carries them in place of datagrams.
    connections: Option<Connections>,
}

impl Pending {
    fn add(&mut self, time: u64, frame: Vec<u8>) {
        self.order += 1;
        self.frames.insert((time, self.order), frame);
    }

    /// Writes what comes before a time.
    fn write_before(&mut self, time: u64, out: &mut dyn Write) -> io::Result<()> {
        while let Some(entry) = self.frames.first_entry().filter(|entry| entry.key().0 < time) {
            let ((time, _), frame) = entry.remove_entry();
            match &mut self.connections {
                Some(connections) => connections.record(out, time, &frame)?,
                None => record(out, time, &frame)?,
            }
        }
        Ok(())
    }
}

impl Load {
    /// Writes a classic pcap. Returns the number of SIP messages.
    ///
    /// # Errors
    /// Those of the writer.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<u64> {
        out.write_all(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0])?;
        match self.flood {
            Some(flood) => self.flood(flood, out),
            None => self.calls(out),
        }
    }

    fn calls(&self, out: &mut dyn Write) -> io::Result<u64> {
        let mut random = Random(self.seed);
        let connections = self.tcp.then(Connections::default);
        let (mut pending, mut messages) = (Pending { connections, ..Pending::default() }, 0);
        for number in 0..self.calls {
            let start = START + number * 1_000_000 / self.rate.max(1);
            pending.write_before(start, out)?;
            let kind = self.kind(&mut random);
            messages += self.call(Call { number, kind, proxies: self.proxies }, start, &mut random, &mut pending);
            if random.happens(self.registrations) {
                let call = Call { number, kind: Kind::Registration, proxies: 0 };
                messages += self.call(call, start + 500_000, &mut random, &mut pending);
            }
            for packet in 0..self.rtp {
                let time = start + 1_200_000 + packet * 20_000;
                pending.add(time, frame((0, 9), packet % 2 == 0, 20_000, &[0x80; 172]));
            }
        }
        pending.write_before(u64::MAX, out)?;
        Ok(messages)
    }

    fn kind(&self, random: &mut Random) -> Kind {
        let draw = random.next() % 1000;
        let shares = [(self.redirected, Kind::Redirected), (self.unwanted, Kind::Unwanted), (self.busy, Kind::Busy)];
        let mut below = 0;
        for (share, kind) in shares {
            below += share;
            if draw < below {
                return kind;
            }
        }
        Kind::Answered
    }

    /// Adds the frames of a call on each hop; returns how many they are.
    fn call(&self, call: Call, start: u64, random: &mut Random, pending: &mut Pending) -> u64 {
        let mut frames = 0;
        for step in call.steps() {
            // Up to half a millisecond more or less than the script says.
            let time = start + step.milliseconds * 1000 + random.next() % 500;
            let again = random.happens(self.retransmitted);
            for hop in 0..=call.proxies {
                let text = call.text(&step, hop);
                let hops_before = if step.from_caller { hop } else { call.proxies - hop };
                let time = time + hops_before as u64 * 700;
                let ends = (hop, if hop == call.proxies { 9 } else { hop + 1 });
                pending.add(time, frame(ends, step.from_caller, 5060, text.as_bytes()));
                frames += 1;
                if again {
                    pending.add(time + 500_000, frame(ends, step.from_caller, 5060, text.as_bytes()));
                    frames += 1;
                }
            }
        }
        frames
    }

    fn flood(&self, flood: Flood, out: &mut dyn Write) -> io::Result<u64> {
        let mut connections = self.tcp.then(Connections::default);
        let mut messages = 0;
        for number in 0..self.calls {
            let time = START + number * 1_000_000 / self.rate.max(1);
            let call = |kind, number| Call { number, kind, proxies: 0 };
            match flood {
                Flood::Invites => {
                    let call = call(Kind::Answered, number);
                    let text = call.steps().first().map(|step| call.text(step, 0)).unwrap_or_default();
                    record(out, time, &frame((0, 9), true, 5060, text.as_bytes()))?;
                    messages += 1;
                }
                Flood::CallId => {
                    let text = call(Kind::Answered, 0).ping(number + 1);
                    record(out, time, &frame((0, 9), true, 5060, text.as_bytes()))?;
                    messages += 1;
                }
                Flood::Registrations => {
                    let call = call(Kind::Registration, number);
                    for step in call.steps() {
                        let text = call.text(&step, 0);
                        let frame = frame((0, 9), step.from_caller, 5060, text.as_bytes());
                        record(out, time + step.milliseconds, &frame)?;
                        messages += 1;
                    }
                }
                Flood::Fragments => record(out, time, &fragment(number))?,
                Flood::LongNames | Flood::LongRedirects => {
                    let kind = if flood == Flood::LongNames { Kind::Busy } else { Kind::Redirected };
                    for (step, at) in call(kind, number).steps().iter().filter(|step| !step.is_provisional()).zip(0..) {
                        let text = call(kind, number).long_text(step, if self.tcp { LONG_IN_STREAM } else { LONG });
                        let mut frame = frame((0, 9), step.from_caller, 5060, text.as_bytes());
                        if let Some(connections) = &mut connections {
                            connections.record(out, time + at, &frame)?;
                        } else {
                            from_client(&mut frame, step.from_caller, number);
                            record(out, time + at, &frame)?;
                        }
                        messages += 1;
                    }
                }
            }
        }
        Ok(messages)
    }
}
