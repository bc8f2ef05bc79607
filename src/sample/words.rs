//! The words of a step line: `call=2 tag=b1 repeat=0.5,1.5`.

use super::FlowError;
use super::number;
use super::step::{Unreachable, Words};

/// Reads the words; `line` is for errors.
pub(super) fn read<'a>(words: impl Iterator<Item = &'a str>, line: usize) -> Result<Words, FlowError> {
    let mut read = Words::default();
    for word in words {
        let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        let known = match value {
            None => set_flag(&mut read, name),
            Some(value) => set_value(&mut read, name, value)
                .ok_or_else(|| FlowError::new(line, format!("the value in `{word}` makes no sense")))?,
        };
        if !known {
            return Err(FlowError::new(line, format!("unknown word `{word}`")));
        }
    }
    check(&read, line)?;
    Ok(read)
}

fn set_flag(words: &mut Words, name: &str) -> bool {
    match name {
        "raw" => words.raw = true,
        "same-datagram" => words.same_datagram = true,
        "forward" => words.forward = true,
        "tcp" => _ = words.tcp.get_or_insert_default(),
        "open" => words.tcp.get_or_insert_default().open = true,
        "close" => words.tcp.get_or_insert_default().close = true,
        _ => return false,
    }
    true
}

/// `None`: a bad value; `Some(false)`: an unknown word.
fn set_value(words: &mut Words, name: &str, value: &str) -> Option<bool> {
    if value.is_empty() {
        return None;
    }
    match name {
        "call" => words.call = Some(value.to_owned()),
        "branch" => words.branch = Some(value.to_owned()),
        "from-tag" => words.from_tag = Some(value.to_owned()),
        "to-tag" | "tag" => words.to_tag = Some(value.to_owned()),
        "cseq" => words.cseq = Some(value.parse().ok()?),
        "re" => words.answers = Some(value.to_owned()),
        "omit" => words.omit = value.split(',').map(str::to_owned).collect(),
        "repeat" => words.repeat = value.split(',').map(number::seconds).collect::<Option<_>>()?,
        "dup" => words.duplicate = value.split(',').map(number::seconds).collect::<Option<_>>()?,
        "ttl" => words.ttl = Some(value.parse().ok()?),
        "icmp" => words.icmp = Some(unreachable(value)?),
        "quote" => words.quote = Some(value.parse().ok().filter(|step| *step > 0)?),
        _ => return set_shape(words, name, value),
    }
    Some(true)
}

/// As [`set_value`], for the words about frames.
fn set_shape(words: &mut Words, name: &str, value: &str) -> Option<bool> {
    let shape = &mut words.shape;
    match name {
        "vlan" => {
            let identifiers: Option<Vec<u16>> = value.split(',').map(|id| id.parse().ok()).collect();
            shape.vlan = identifiers?;
            if shape.vlan.iter().any(|id| *id > 4095) {
                return None;
            }
        }
        "cut" => shape.cut = Some(value.parse().ok()?),
        "fragment" => shape.fragment = Some(value.parse().ok().filter(|most| *most >= 8)?),
        "lose-fragment" => {
            let lost: Option<Vec<usize>> = value.split(',').map(|number| number.parse().ok()).collect();
            shape.lost_fragments = lost?;
        }
        _ => return set_tcp(words, name, value),
    }
    Some(true)
}

/// As [`set_value`], for the words about segments.
fn set_tcp(words: &mut Words, name: &str, value: &str) -> Option<bool> {
    let numbers = || -> Option<Vec<usize>> {
        value.split(',').map(|number| number.parse().ok().filter(|number| *number > 0)).collect()
    };
    match name {
        "segments" => {
            words.tcp.get_or_insert_default().segments = Some(value.parse().ok().filter(|most| *most > 0)?);
        }
        "order" => words.tcp.get_or_insert_default().order = numbers()?,
        "lose-segment" => words.tcp.get_or_insert_default().lost = numbers()?,
        "resend-segment" => words.tcp.get_or_insert_default().resent = numbers()?,
        _ => return Some(false),
    }
    Some(true)
}

fn unreachable(value: &str) -> Option<Unreachable> {
    Some(match value {
        "net-unreachable" => Unreachable::Net,
        "host-unreachable" => Unreachable::Host,
        "port-unreachable" => Unreachable::Port,
        "admin-prohibited" => Unreachable::AdminProhibited,
        _ => return None,
    })
}

/// Words that make no sense without another.
fn check(words: &Words, line: usize) -> Result<(), FlowError> {
    let what = if words.icmp.is_some() != words.quote.is_some() {
        "`icmp=` and `quote=` need each other"
    } else if !words.shape.lost_fragments.is_empty() && words.shape.fragment.is_none() {
        "`lose-fragment=` needs `fragment=`"
    } else if words.tcp.is_some() && (words.icmp.is_some() || words.same_datagram) {
        "neither an ICMP error nor a datagram goes over TCP"
    } else if words.forward && words.raw {
        "`forward` fills in, `raw` does not"
    } else {
        return Ok(());
    };
    Err(FlowError::new(line, what))
}

#[cfg(test)]
mod tests {
    use super::{Unreachable, read};

    #[test]
    fn every_word_is_read() {
        let words = read(
            "call=c2 branch=s01a from-tag=a1 tag=b1 cseq=7 re=INVITE omit=Via,To repeat=0.5,1.5 dup=0.0002 ttl=63 raw \
             same-datagram vlan=42,7 cut=200 fragment=576 lose-fragment=2 icmp=port-unreachable quote=4"
                .split_whitespace(),
            1,
        )
        .unwrap();
        assert_eq!(words.call.as_deref(), Some("c2"));
        assert_eq!(words.branch.as_deref(), Some("s01a"));
        assert_eq!((words.from_tag.as_deref(), words.to_tag.as_deref()), (Some("a1"), Some("b1")));
        assert_eq!((words.cseq, words.answers.as_deref()), (Some(7), Some("INVITE")));
        assert_eq!(words.omit, ["Via", "To"]);
        assert_eq!((&words.repeat[..], &words.duplicate[..]), (&[500_000_000, 1_500_000_000][..], &[200_000][..]));
        assert_eq!((words.ttl, words.raw, words.same_datagram), (Some(63), true, true));
        assert_eq!((&words.shape.vlan[..], words.shape.cut), (&[42, 7][..], Some(200)));
        assert_eq!((words.shape.fragment, &words.shape.lost_fragments[..]), (Some(576), &[2][..]));
        assert_eq!((words.icmp, words.quote), (Some(Unreachable::Port), Some(4)));
    }

    #[test]
    fn words_about_segments_imply_tcp() {
        assert!(read("ttl=3".split_whitespace(), 1).unwrap().tcp.is_none());
        let words = "tcp open close segments=300 order=2,1 lose-segment=3 resend-segment=1,2";
        let tcp = read(words.split_whitespace(), 1).unwrap().tcp.unwrap();
        assert_eq!((tcp.open, tcp.close, tcp.segments, &tcp.order[..]), (true, true, Some(300), &[2, 1][..]));
        assert_eq!((&tcp.lost[..], &tcp.resent[..]), (&[3][..], &[1, 2][..]));
        for word in words.split_whitespace() {
            assert!(read([word].into_iter(), 1).unwrap().tcp.is_some(), "{word}");
        }
    }

    #[test]
    fn wrong_words_are_errors() {
        for line in [
            "foo",
            "foo=1",
            "cseq=x",
            "ttl=256",
            "repeat=0.5,x",
            "repeat=-1",
            "vlan=4096",
            "fragment=4",
            "quote=0",
            "icmp=teapot quote=1",
            "icmp=port-unreachable",
            "quote=1",
            "lose-fragment=1",
            "raw forward",
            "tcp same-datagram",
            "tcp icmp=host-unreachable quote=1",
            "segments=0",
            "order=1,0",
            "call=",
        ] {
            assert_eq!(read(line.split_whitespace(), 3).unwrap_err().line, 3, "{line}");
        }
    }
}
