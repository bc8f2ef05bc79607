//! temporary
use sipscan::{capture::*, pipeline::Analysis, report::*, diagnosis::*};
use std::collections::BTreeMap;
struct S(Vec<(Option<String>, Option<u32>, String, u16)>);
impl Sink for S {
    fn begin_capture(&mut self, _: usize, _: &[String]) -> std::io::Result<()> { Ok(()) }
    fn call(&mut self, r: &CallReport) -> std::io::Result<()> { for t in &r.call.transactions { for f in &t.finals { let m = &r.call.messages[f.message.0].message; self.0.push((m.call_id().map(|c| String::from_utf8_lossy(c).into_owned()), m.cseq().map(|c| c.number), t.method.to_string(), f.status.0)); } } Ok(()) }
    fn end_capture(&mut self, _: &CaptureFacts, _: &Summary, _: &[Finding]) -> std::io::Result<()> { Ok(()) }
    fn finish(&mut self, _: &Summary) -> std::io::Result<()> { Ok(()) }
}
fn main() {
    let (mut ok, mut bad) = (0, 0);
    for p in std::env::args().skip(1) {
        let path = std::path::PathBuf::from(&p);
        let t = path.parent().unwrap().join("truth").join(format!("{}.json", path.file_name().unwrap().to_str().unwrap()));
        let Ok(t) = std::fs::read(&t) else { continue };
        let t: serde_json::Value = serde_json::from_slice(&t).unwrap();
        let mut s = S(vec![]);
        let mut c = match Capture::open(&Input::File(path.clone())) { Ok(c) => c, Err(e) => { println!("{p}: {e}"); continue } };
        let mut a = Analysis::new(Settings::default());
        loop { match c.next_frame() { Ok(Some(f)) => a.frame(&f, &mut s).unwrap(), Ok(None) => break, Err(e) => println!("{e}") } }
        let (facts, sum) = a.finish(|_| (), &mut s).unwrap();
        let mine: BTreeMap<String, u64> = sum.final_by_status.iter().filter(|(s,_)| **s < 700).map(|(k, v)| (k.to_string(), *v)).collect();
        let theirs: BTreeMap<String, u64> = serde_json::from_value(t["final_by_code"].clone()).unwrap();
        let n = t["messages"].as_u64().unwrap();
        if n != sum.messages || mine != theirs { bad += 1; println!("{}: messages {} tshark {}; {:?} tshark {:?}; anomalies {:?} skipped {:?}", path.file_name().unwrap().to_str().unwrap(), sum.messages, n, mine, theirs, facts.anomalies, facts.skipped); } else { ok += 1; }
    }
    println!("{ok} ok {bad} bad");
}
