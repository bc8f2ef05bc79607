//! temporary
use sipscan::{capture::*, net::*, sip};
fn main() { let p = std::env::args().nth(1).unwrap(); let mut c = Capture::open(&Input::File(p.into())).unwrap(); let mut r = IpReassembly::new();
 while let Ok(Some(f)) = c.next_frame() { 
  let show = |d: &Decoded| if let Decoded::Udp(d) = d { for m in sip::messages(d.payload, d.cut) { println!("{} {} branch {:?} cut {}", f.reference.number, m.message.start_line(), m.message.branch().map(String::from_utf8_lossy), d.cut); } };
  match decode(f.link_type, f.bytes, f.original_length) { Decoded::Fragment(x) => { if let Some(w) = r.push(&x, f.reference, f.time) { show(&w.decode()) } } d => show(&d) } } 
 for w in r.flush() { if let Decoded::Udp(d) = w.decode() { for m in sip::messages(d.payload, d.cut) { println!("flush {} {}", w.frame.number, m.message.start_line()); } } } }
