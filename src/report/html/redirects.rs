//! The redirects of a call as a chain: each address a box, old above new, an arrow a redirect; what leads back is a loop.

use maud::{Markup, html};

use crate::call::{Call, Redirect};
use crate::lang::Text;
use crate::report::text::{View, cut};
use crate::report::{escape, phrases};
use crate::sip::Uri;
use crate::wrap::display_width;

/// Addresses and arrows drawn, display cells of an address, characters of one in the list.
const BOXES: usize = 24;
const EDGES: usize = 48;
const CELLS: usize = 70;
const ADDRESS: usize = 300;

const STEP: i64 = 76;
const BOX: i64 = 30;
const CELL: i64 = 7;

/// From one address to another.
struct Edge {
    from: usize,
    to: usize,
    /// `301 in frame 12`.
    label: String,
    followed: bool,
    /// Whether it leads back to an address that was redirected before.
    back: bool,
}

#[derive(Default)]
struct Chain {
    boxes: Vec<(String, Option<Uri>)>,
    edges: Vec<Edge>,
    left_out: u64,
}

/// Nothing without redirects.
pub(super) fn write(view: &View, call: &Call) -> Markup {
    let chain = Chain::of(view, call);
    if chain.edges.is_empty() {
        return html! {};
    }
    let title = view.say("Redirects: old address above, new address below");
    html! {
        figure.chain {
            figcaption { (title) }
            div.wide { (chain.drawing(&title)) }
            ol { @for edge in &chain.edges { li { (view.say(chain.words(edge))) } } }
            (super::left_out(view, chain.left_out, Text::new("{n} more redirects to addresses are not drawn")))
        }
    }
}

impl Chain {
    fn of(view: &View, call: &Call) -> Self {
        let mut chain = Self::default();
        for redirect in &call.redirects {
            chain.redirect(view, call, redirect);
        }
        chain
    }

    fn redirect(&mut self, view: &View, call: &Call, redirect: &Redirect) {
        let old = redirect.from.as_ref().map_or("?", Uri::raw);
        let Some(from) = self.place(old, redirect.from.as_ref()) else {
            self.left_out += redirect.contacts.len() as u64;
            return;
        };
        let frame = call.message(redirect.response).map(|m| view.frame_here(m.provenance.frame)).unwrap_or_default();
        let label = Text::new("{status} in frame {frame}").with("status", redirect.status).with("frame", frame);
        let label = view.say(label);
        for (at, contact) in redirect.contacts.iter().enumerate() {
            let uri = contact.address.as_ref().map(|address| &address.uri);
            let known = self.boxes.len();
            let place = self.place(uri.map_or(contact.raw.as_str(), Uri::raw), uri);
            match place.filter(|_| self.edges.len() < EDGES) {
                Some(to) => {
                    let followed = redirect.follows.iter().any(|follow| follow.contact == at);
                    let back = to < known && self.leads(to, from);
                    self.edges.push(Edge { from, to, label: label.clone(), followed, back });
                }
                None => self.left_out += 1,
            }
        }
    }

    /// Whether one can get from one box to another.
    fn leads(&self, from: usize, to: usize) -> bool {
        let mut reached = vec![from];
        let mut at = 0;
        while let Some(here) = reached.get(at).copied() {
            if here == to {
                return true;
            }
            let next = self.edges.iter().filter(|edge| edge.from == here).map(|edge| edge.to);
            let new: Vec<_> = next.filter(|next| !reached.contains(next)).collect();
            reached.extend(new);
            at += 1;
        }
        false
    }

    /// The box of an address; `None` where there are too many.
    fn place(&mut self, text: &str, uri: Option<&Uri>) -> Option<usize> {
        let same = |(known, known_uri): &(String, Option<Uri>)| match (known_uri, uri) {
            (Some(a), Some(b)) => a.effectively_equals(b),
            _ => known == text,
        };
        if let Some(known) = self.boxes.iter().position(same) {
            return Some(known);
        }
        if self.boxes.len() >= BOXES {
            return None;
        }
        self.boxes.push((text.to_owned(), uri.cloned()));
        Some(self.boxes.len() - 1)
    }

    fn address(&self, at: usize) -> String {
        self.boxes.get(at).map_or_else(String::new, |(text, _)| phrases::shortened(text, ADDRESS))
    }

    fn words(&self, edge: &Edge) -> Text {
        let text = match (edge.back, edge.followed) {
            (true, _) => Text::new("{old} → {new} ({label}): back to an address that was redirected before, a loop"),
            (false, true) => Text::new("{old} → {new} ({label}): followed"),
            (false, false) => Text::new("{old} → {new} ({label}): not followed"),
        };
        text.with("old", self.address(edge.from)).with("new", self.address(edge.to)).with("label", edge.label.as_str())
    }

    fn drawing(&self, title: &str) -> Markup {
        let labels: Vec<String> =
            self.boxes.iter().map(|(text, _)| cut(&escape::terminal(text), CELLS).into_owned()).collect();
        let length = |text: &String| i64::try_from(display_width(text)).unwrap_or(0) * CELL + 24;
        let widest = labels.iter().map(length).max().unwrap_or(0).max(120);
        let (width, height) = (widest + 60 + 12 * number(self.edges.len()) + 200, STEP * number(labels.len()));
        html! {
            svg viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height) role="img" aria-label=(title) {
                @for (at, label) in labels.iter().enumerate() {
                    rect.box x="4" y=(top(at)) width=(widest) height=(BOX) rx="5" {}
                    text.address x="16" y=(top(at) + 20) { (label) }
                }
                @for (at, edge) in self.edges.iter().enumerate() { (edge.drawn(widest, number(at))) }
            }
        }
    }
}

fn number(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(0)
}

fn top(at: usize) -> i64 {
    number(at) * STEP + 6
}

impl Edge {
    /// To the next box straight down, to all others around the right side.
    fn drawn(&self, widest: i64, lane: i64) -> Markup {
        let class = match (self.back, self.followed) {
            (true, _) => "loop",
            (false, true) => "followed",
            (false, false) => "open",
        };
        if self.to == self.from + 1 {
            let (y, end) = (top(self.from) + BOX, top(self.to));
            return html! {
                g.edge.(class) {
                    path.shaft d={ "M40 " (y) "V" (end - 9) } {}
                    path.tip d={ "M40 " (end) "l-5 -10h10z" } {}
                    text.what x="54" y=(y + 27) { (self.label) }
                }
            };
        }
        let (y, end, x) = (top(self.from) + BOX - 9, top(self.to) + 9, widest + 4);
        let turn = x + 30 + 12 * lane;
        html! {
            g.edge.(class) {
                path.shaft d={ "M" (x) " " (y) "H" (turn) "V" (end) "H" (x + 9) } {}
                path.tip d={ "M" (x) " " (end) "l10 -5v10z" } {}
                text.what x=(turn + 6) y=(i64::midpoint(y, end) + 4) { @if self.back { "↺ " } (self.label) }
            }
        }
    }
}
