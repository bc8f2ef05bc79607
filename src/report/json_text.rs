//! Values as JSON text that is harmless on a terminal, too: what [`terminal`](super::escape::terminal) escapes is written as
//! `\u001b`, which readers of JSON turn back into the same text.
//!
//! A serializer of our own beside that of `serde_json`, whose output has the same octets: names of fields are known and copied, texts are
//! looked through while they are copied, many octets at a time. Octets that are text come as text, with U+FFFD for what is not UTF-8.

use std::fmt::{self, Display, Write as _};

use serde::Serialize;
use serde::ser::{self, Error as _};
use serde_json::Error;

use super::escape::is_dangerous;

/// Writes values one behind the other.
pub(super) struct JsonText<'o> {
    out: &'o mut Vec<u8>,
}

/// A list or an object that is being written.
pub(super) struct Compound<'t, 'o> {
    text: &'t mut JsonText<'o>,
    is_empty: bool,
    end: &'static [u8],
}

impl<'o> JsonText<'o> {
    pub(super) fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out }
    }

    #[inline]
    fn raw(&mut self, octets: &[u8]) {
        self.out.extend_from_slice(octets);
    }

    fn integer(&mut self, value: u64) {
        self.raw(itoa::Buffer::new().format(value).as_bytes());
    }

    /// A text without its quotation marks.
    fn words(&mut self, text: &str) {
        let begin = self.out.len();
        if !append_plain(self.out, text.as_bytes()) {
            self.out.truncate(begin);
            self.words_with_others(text);
        }
    }

    /// The same where some characters do not stand for themselves.
    fn words_with_others(&mut self, text: &str) {
        let mut rest = text;
        loop {
            let (plain, behind) = rest.split_at_checked(plain_length(rest.as_bytes())).unwrap_or((rest, ""));
            self.raw(plain.as_bytes());
            let Some(c) = behind.chars().next() else { return };
            self.character(c);
            rest = behind.get(c.len_utf8()..).unwrap_or_default();
        }
    }

    /// A character that is not printable ASCII, or must not stand for itself.
    fn character(&mut self, c: char) {
        match c {
            '"' => self.raw(b"\\\""),
            '\\' => self.raw(b"\\\\"),
            '\u{8}' => self.raw(b"\\b"),
            '\t' => self.raw(b"\\t"),
            '\n' => self.raw(b"\\n"),
            '\u{c}' => self.raw(b"\\f"),
            '\r' => self.raw(b"\\r"),
            _ if is_dangerous(c) => {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| self.raw(format!("\\u{unit:04x}").as_bytes()));
            }
            _ => self.raw(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }

    fn begin<'t>(&'t mut self, begin: u8, end: &'static [u8]) -> Compound<'t, 'o> {
        self.out.push(begin);
        Compound { text: self, is_empty: true, end }
    }

    /// An object whose only field is named after a variant.
    fn variant(&mut self, name: &str) {
        self.raw(b"{\"");
        self.words(name);
        self.raw(b"\":");
    }
}

/// No name of a field is longer, with what stands around it; else it is written piece by piece.
const USUAL_KEY: usize = 48;

/// Appends a text of printable ASCII that stands for itself; false, with nothing or some of it appended, where it is another.
fn append_plain(out: &mut Vec<u8>, text: &[u8]) -> bool {
    if text.len() < PIECE {
        return append_short(out, text);
    }
    let are_plain = are_plain(text);
    if are_plain {
        out.extend_from_slice(text);
    }
    are_plain
}

/// The same of a text of less than one piece.
fn append_short(out: &mut Vec<u8>, text: &[u8]) -> bool {
    if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        out.extend_from_slice(first);
        append_last(out, text.len() - 8, last);
        return plain_octets(*first) + plain_octets(*last) == 16;
    }
    if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        out.extend_from_slice(first);
        append_last(out, text.len() - 4, last);
        return is_plain(first) && is_plain(last);
    }
    for octet in text {
        out.push(*octet);
    }
    text.iter().all(|octet| is_plain(&[*octet]))
}

/// Appends the last octets of a text, as many as are missing, by writing once more those before them.
fn append_last<const N: usize>(out: &mut Vec<u8>, missing: usize, last: &[u8; N]) {
    out.truncate((out.len() + missing).saturating_sub(N));
    out.extend_from_slice(last);
}

/// Octets that the processor takes at one time.
const PIECE: usize = 16;

/// Whether a text is printable ASCII that stands for itself. Pieces of so many octets as the processor takes at one time are looked at.
fn are_plain(text: &[u8]) -> bool {
    match text.last_chunk::<PIECE>() {
        Some(last) => text.as_chunks::<PIECE>().0.iter().all(is_plain) && is_plain(last),
        None => plain_length(text) == text.len(),
    }
}

/// Whether all octets are printable ASCII and stand for themselves. Without a way out, they are looked at together.
#[inline]
fn is_plain<const N: usize>(octets: &[u8; N]) -> bool {
    let is_odd = |octet: u8| {
        u8::from(octet.wrapping_sub(b' ') > b'~' - b' ') | u8::from(octet == b'"') | u8::from(octet == b'\\')
    };
    octets.iter().fold(0, |odd, octet| odd | is_odd(*octet)) == 0
}

/// How many octets at the beginning are printable ASCII and stand for themselves. Eight are looked at at a time.
fn plain_length(octets: &[u8]) -> usize {
    let (words, rest) = octets.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let plain = plain_octets(*word);
        if plain < 8 {
            return at * 8 + plain;
        }
    }
    let mut last = [b' '; 8];
    last.iter_mut().zip(rest).for_each(|(place, octet)| *place = *octet);
    words.len() * 8 + plain_octets(last).min(rest.len())
}

/// The same of one word. A borrow can only reach octets behind the first that is found, so that the first one is right.
fn plain_octets(word: [u8; 8]) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let word = u64::from_le_bytes(word);
    let below = |word: u64, bound: u8| word.wrapping_sub(ONES * u64::from(bound)) & !word;
    let is = |octet: u8| below(word ^ (ONES * u64::from(octet)), 1);
    let found = below(word, b' ') | is(b'"') | is(b'\\') | is(0x7f) | word;
    (found & (ONES * 0x80)).trailing_zeros() as usize / 8
}

/// Takes parts of a text as they come, without a look at them.
struct Parts<'o>(&'o mut Vec<u8>);

impl fmt::Write for Parts<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.0.extend_from_slice(part.as_bytes());
        Ok(())
    }
}

macro_rules! integers {
    ($($signed:ident $unsigned:ident $s:ty, $u:ty;)*) => {$(
        fn $signed(self, value: $s) -> Result<(), Error> {
            if value < 0 {
                self.raw(b"-");
            }
            self.integer(value.unsigned_abs().into());
            Ok(())
        }

        fn $unsigned(self, value: $u) -> Result<(), Error> {
            self.integer(value.into());
            Ok(())
        }
    )*};
}

impl<'t, 'o> ser::Serializer for &'t mut JsonText<'o> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Compound<'t, 'o>;
    type SerializeTuple = Compound<'t, 'o>;
    type SerializeTupleStruct = Compound<'t, 'o>;
    type SerializeTupleVariant = Compound<'t, 'o>;
    type SerializeMap = Compound<'t, 'o>;
    type SerializeStruct = Compound<'t, 'o>;
    type SerializeStructVariant = Compound<'t, 'o>;

    integers! {
        serialize_i8 serialize_u8 i8, u8;
        serialize_i16 serialize_u16 i16, u16;
        serialize_i32 serialize_u32 i32, u32;
        serialize_i64 serialize_u64 i64, u64;
    }

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.raw(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        serde_json::to_writer(&mut *self.out, &value)
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        serde_json::to_writer(&mut *self.out, &value)
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.out.push(b'"');
        self.words(value);
        self.out.push(b'"');
        Ok(())
    }

    /// JSON has no octets: what the traffic has for text comes as such.
    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        let begin = self.out.len();
        self.out.push(b'"');
        if !append_plain(self.out, value) {
            self.out.truncate(begin);
            return self.serialize_str(&String::from_utf8_lossy(value));
        }
        self.out.push(b'"');
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.raw(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _name: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.variant(variant);
        value.serialize(&mut *self)?;
        self.raw(b"}");
        Ok(())
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<Compound<'t, 'o>, Error> {
        Ok(self.begin(b'[', b"]"))
    }

    fn serialize_tuple(self, _length: usize) -> Result<Compound<'t, 'o>, Error> {
        Ok(self.begin(b'[', b"]"))
    }

    fn serialize_tuple_struct(self, _name: &'static str, _length: usize) -> Result<Compound<'t, 'o>, Error> {
        Ok(self.begin(b'[', b"]"))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Compound<'t, 'o>, Error> {
        self.variant(variant);
        Ok(self.begin(b'[', b"]}"))
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Compound<'t, 'o>, Error> {
        Ok(self.begin(b'{', b"}"))
    }

    fn serialize_struct(self, _name: &'static str, _length: usize) -> Result<Compound<'t, 'o>, Error> {
        Ok(self.begin(b'{', b"}"))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Compound<'t, 'o>, Error> {
        self.variant(variant);
        Ok(self.begin(b'{', b"}}"))
    }

    /// All parts are looked at together.
    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Error> {
        self.out.push(b'"');
        let begin = self.out.len();
        write!(Parts(self.out), "{value}").map_err(Error::custom)?;
        if !are_plain(self.out.get(begin..).unwrap_or_default()) {
            let text = self.out.split_off(begin);
            self.words_with_others(&String::from_utf8_lossy(&text));
        }
        self.out.push(b'"');
        Ok(())
    }
}

impl Compound<'_, '_> {
    fn next(&mut self) {
        if !std::mem::take(&mut self.is_empty) {
            self.text.raw(b",");
        }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.next();
        value.serialize(&mut *self.text)
    }

    /// A field of a struct: its name needs no escapes.
    #[expect(clippy::inline_always, reason = "in place, the name is a constant, which is copied without a call")]
    #[inline(always)]
    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        let begin = usize::from(std::mem::take(&mut self.is_empty));
        let mut key = [b'"'; USUAL_KEY];
        if let Some([comma, _, text @ .., _, colon]) = key.get_mut(..name.len() + 4) {
            (*comma, *colon) = (b',', b':');
            text.copy_from_slice(name.as_bytes());
            self.text.out.extend_from_slice(key.get(begin..name.len() + 4).unwrap_or_default());
        } else {
            let parts = [b",\"".get(begin..).unwrap_or_default(), name.as_bytes(), b"\":"];
            for part in parts {
                self.text.raw(part);
            }
        }
        value.serialize(&mut *self.text)
    }

    fn finish(self) {
        self.text.raw(self.end);
    }
}

macro_rules! lists {
    ($($list:ident $element:ident;)*) => {$(
        impl ser::$list for Compound<'_, '_> {
            type Ok = ();
            type Error = Error;

            fn $element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.element(value)
            }

            fn end(self) -> Result<(), Error> {
                self.finish();
                Ok(())
            }
        }
    )*};
}

macro_rules! structs {
    ($($kind:ident)*) => {$(
        impl ser::$kind for Compound<'_, '_> {
            type Ok = ();
            type Error = Error;

            #[inline(always)]
            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
                self.field(name, value)
            }

            fn end(self) -> Result<(), Error> {
                self.finish();
                Ok(())
            }
        }
    )*};
}

lists! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}
structs!(SerializeStruct SerializeStructVariant);

impl ser::SerializeMap for Compound<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.next();
        let at = self.text.out.len();
        key.serialize(&mut *self.text)?;
        // Names are texts: numbers are written as such.
        if self.text.out.get(at) != Some(&b'"') {
            self.text.out.insert(at, b'"');
            self.text.raw(b"\"");
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.text.raw(b":");
        value.serialize(&mut *self.text)
    }

    fn end(self) -> Result<(), Error> {
        self.finish();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Serialize)]
    enum Kind {
        Unit,
        One(u8),
        Two(i64, i8),
        Named { a: char },
    }

    #[derive(Serialize)]
    struct Unit;

    #[derive(Serialize)]
    struct New(Option<f64>);

    #[derive(Serialize)]
    #[serde(tag = "type")]
    enum Tagged {
        All(All),
    }

    #[derive(Serialize)]
    struct All {
        text: &'static str,
        kinds: Vec<Kind>,
        numbers: (u64, i64, u16, i32, f64, f32),
        map: BTreeMap<&'static str, Vec<bool>>,
        #[serde(flatten)]
        more: BTreeMap<String, Option<Unit>>,
        none: Option<u8>,
        new: (New, New),
        unit: (),
        a_name_that_is_longer_than_those_of_all_other_fields: (),
    }

    fn all() -> Tagged {
        Tagged::All(All {
            text: "a\"b\\c\t\n\r\u{8}\u{c} 王伟 📞/",
            kinds: vec![Kind::Unit, Kind::One(0), Kind::Two(i64::MIN, -1), Kind::Named { a: '"' }],
            numbers: (u64::MAX, i64::MAX, 10, -100, 0.1, 1e30),
            map: [("x", vec![true, false]), ("\"", vec![])].into(),
            more: [("m".to_owned(), Some(Unit))].into(),
            none: None,
            new: (New(Some(f64::NAN)), New(Some(1.0))),
            unit: (),
            a_name_that_is_longer_than_those_of_all_other_fields: (),
        })
    }

    fn text<T: Serialize>(value: &T) -> String {
        let mut out = Vec::new();
        value.serialize(&mut JsonText::new(&mut out)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_octets_are_those_of_serde_json() {
        assert_eq!(text(&all()), serde_json::to_string(&all()).unwrap());
        for c in (0..0x180).filter_map(char::from_u32).filter(|c| !matches!(c, '\u{7f}'..='\u{9f}' | '\u{ad}')) {
            for before in 0..20 {
                let around = format!("{:before$}{c}{c}0123456789!~", "");
                assert_eq!(text(&around), serde_json::to_string(&around).unwrap());
            }
        }
        for number in [0, 9, 10, 99, 100, 12_345_678_901_234_567_890] {
            assert_eq!(text(&number), u64::to_string(&number));
        }
    }

    #[test]
    fn what_is_odd_is_found_wherever_it_stands() {
        struct Octets<'o>(&'o [u8]);
        impl Serialize for Octets<'_> {
            fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_bytes(self.0)
            }
        }
        for length in 0..50 {
            let plain = "0123456789 abcdefghijklmnopqrstuvwxyz!~()#".repeat(2);
            let plain = &plain.as_bytes()[..length];
            assert_eq!(text(&Octets(plain)), format!("\"{}\"", str::from_utf8(plain).unwrap()));
            for at in 0..length {
                for odd in [b'"', b'\\', b'\n', 0, 0x1f, 0xe9, 0xff] {
                    let mut octets = plain.to_vec();
                    octets[at] = odd;
                    let lossy = String::from_utf8_lossy(&octets).into_owned();
                    let written = serde_json::to_string(&lossy).unwrap();
                    assert_eq!((text(&Octets(&octets)), text(&lossy)), (written.clone(), written), "{octets:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_displayed_is_escaped_as_well() {
        struct Shown;
        impl Serialize for Shown {
            fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&format_args!("{}\x1b{}", "\"", '\u{202e}'))
            }
        }
        assert_eq!(text(&Shown), "\"\\\"\\u001b\\u202e\"");
    }

    #[test]
    fn numbers_as_names_are_texts() {
        let map: BTreeMap<i8, u8> = [(-1, 2), (10, 3)].into();
        assert_eq!(text(&map), serde_json::to_string(&map).unwrap());
    }
}
