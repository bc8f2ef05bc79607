//! Telephone numbers in canonical form, and numbers that cannot exist.

use crate::lang::{Text, phrase};
use std::borrow::Cow;
use std::fmt;

use super::numbering_plan::{self, Plan};

/// Longest number of ITU-T E.164, country code included.
const LONGEST: usize = 15;
/// Shorter ones are extensions or service codes, never complete international numbers.
pub(crate) const COMPLETE_DIGITS: usize = 7;
/// What North America dials in front of numbers of other countries, and the fewest digits behind it.
const NORTH_AMERICA_ABROAD: &str = "011";
const ABROAD_DIGITS: usize = 9;
/// Digits of country, area and exchange code of a North American number.
const NANP_PREFIX: usize = 7;
/// Digits of country code and what follows it that tell where another number belongs.
const PREFIX: usize = 6;

/// A number in the canonical form of RFC 8224 §8.3: digits (and `#`, `*`) alone, with country code where it is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TelephoneNumber {
    digits: String,
    country: CountryCode,
}

/// Where the country code of a number comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum CountryCode {
    /// It is in the number: behind `+` or the prefix of calls abroad, or in front of as many digits as its plan has.
    Given,
    /// The number is a national one as it looks, and got the country code of the settings.
    Assumed,
    /// There is none: an extension, a service code, or a number that no rule completes.
    Missing,
}

/// Why a number cannot be anybody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Impossible {
    /// No digit at all.
    Empty,
    /// Something in it is neither digit nor separator.
    NotDigits,
    /// Zeros only.
    AllZeros,
    /// The same digit throughout.
    RepeatedDigit,
    /// Fewer digits than any international number.
    TooShort(usize),
    /// More than the fifteen digits of E.164.
    TooLong(usize),
    /// A country code cannot begin with 0.
    CountryCodeZero,
    /// A North American number has ten digits behind the 1.
    NanpLength(usize),
    /// A North American area code begins with 2 to 9.
    AreaCodeStart,
    /// North American area codes with 9 in the middle are kept for an expansion of the plan.
    AreaCodeExpansion,
    /// A North American area code that ends in 11 is a service code.
    AreaCodeService,
    /// A North American exchange code begins with 2 to 9.
    ExchangeStart,
}

impl Impossible {
    /// Why no telephone has it.
    pub fn text(&self) -> Text {
        let counted = |template, n: &usize| Text::new(template).with("n", n);
        match self {
            Self::Empty => Text::new("it is empty"),
            Self::NotDigits => Text::new("it holds characters that no number has"),
            Self::AllZeros => Text::new("it is all zeros"),
            Self::RepeatedDigit => Text::new("it repeats one digit throughout"),
            Self::TooShort(n) => counted("{n} digits are too few for an international number", n),
            Self::TooLong(n) => counted("{n} digits are more than the 15 that E.164 allows", n),
            Self::CountryCodeZero => Text::new("no country code begins with 0"),
            Self::NanpLength(n) => counted("{n} digits follow the country code 1, where there must be ten", n),
            Self::AreaCodeStart => Text::new("a North American area code cannot begin with 0 or 1"),
            Self::AreaCodeExpansion => Text::new("North American area codes with 9 as middle digit are not in use"),
            Self::AreaCodeService => Text::new("N11 is a service code, not a North American area code"),
            Self::ExchangeStart => Text::new("a North American exchange code cannot begin with 0 or 1"),
        }
    }
}

phrase!(Impossible);

impl TelephoneNumber {
    /// Reads the user part of a URI, or a `tn` claim, as a number. `country` is the country code of numbers without one. With `1`
    /// only ten digits that look North American get it; with others those that the plan of the country allows, less its trunk prefix.
    /// A number that fits no plan stays as it is (RFC 8224 §8.3 allows that).
    ///
    /// Returns `None` where the text is a name rather than a number: no digit, or a letter in it.
    pub fn read(text: &str, country: &str) -> Option<Self> {
        let (digits, country) = canonical(text, country)?;
        Some(Self { digits: digits.into_owned(), country })
    }

    /// The canonical digits of what [`Self::read`] takes for a number; of most numbers they stand in the text as they are.
    pub fn digits_of<'t>(text: &'t str, country: &str) -> Option<Cow<'t, str>> {
        canonical(text, country).map(|(digits, _)| digits)
    }

    /// The same as one that may stand in its text.
    pub(crate) fn into_view<'t>(self) -> NumberView<'t> {
        NumberView { digits: Cow::Owned(self.digits), country: self.country }
    }

    /// The same without a copy.
    pub(crate) fn view(&self) -> NumberView<'_> {
        NumberView { digits: Cow::Borrowed(&self.digits), country: self.country }
    }

    /// Reads a `tn` claim of a PASSporT: it always carries its country code (RFC 8225 §5.2.1), a `+` there is tolerated.
    pub fn of_claim(text: &str) -> Option<Self> {
        Some(Self { digits: Self::digits_of_claim(text)?.into_owned(), country: CountryCode::Given })
    }

    /// The canonical digits of the same.
    pub(crate) fn digits_of_claim(text: &str) -> Option<Cow<'_, str>> {
        significant(text.trim()).filter(|d| !d.is_empty())
    }

    /// The canonical digits for keeps.
    pub fn into_digits(self) -> String {
        self.digits
    }

    /// The canonical digits.
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// Whether the country code was in the number rather than assumed.
    pub fn is_international(&self) -> bool {
        self.country == CountryCode::Given
    }

    /// Whether the country code is the one of the settings, because the number had none and looks national.
    pub fn has_assumed_country(&self) -> bool {
        self.country == CountryCode::Assumed
    }

    /// As sentences give it: with `+` where the country code was in it.
    pub(crate) fn told(&self) -> String {
        told(&self.digits, self.country)
    }

    /// `+` and digits, where the country code is given or assumed; `None` where there is none.
    pub fn e164(&self) -> Option<String> {
        (self.country != CountryCode::Missing).then(|| ["+", &self.digits].concat())
    }

    /// The part of the numbering plan that it lies in: of a North American number `+1` with area and exchange code, of another
    /// one `+` and the first six digits. `None` without a country code, and where there are no more digits than that.
    pub fn prefix(&self) -> Option<String> {
        let length = if self.is_nanp() { NANP_PREFIX } else { PREFIX };
        let digits = self.digits.get(..length).filter(|_| self.digits.len() > length)?;
        (self.country != CountryCode::Missing).then(|| ["+", digits].concat())
    }

    /// Whether it belongs to the North American plan, as far as its first digit and length tell.
    pub fn is_nanp(&self) -> bool {
        self.digits.len() == 11 && self.digits.starts_with('1')
    }

    /// The six digits of area and exchange code of a North American number.
    pub fn exchange(&self) -> Option<&str> {
        self.digits.get(1..7).filter(|_| self.is_nanp())
    }

    /// Whether it lies in 555-0100 … 555-0199, which no subscriber has: films, documents and test captures use it.
    pub fn is_fictional(&self) -> bool {
        self.is_nanp() && self.digits.get(4..9) == Some("55501")
    }

    /// Why nobody can have this number; `None` where it looks possible.
    pub fn impossible(&self) -> Option<Impossible> {
        let digits = &self.digits;
        let first = digits.chars().next()?;
        let national = if self.is_nanp() { digits.get(1..).unwrap_or_default() } else { digits };
        if (self.is_international() || digits.len() >= COMPLETE_DIGITS) && is_repetition(national) {
            return Some(if national.starts_with('0') { Impossible::AllZeros } else { Impossible::RepeatedDigit });
        }
        if digits.len() > LONGEST {
            return Some(Impossible::TooLong(digits.len()));
        }
        if !self.is_international() {
            return None;
        }
        match first {
            '0' => Some(Impossible::CountryCodeZero),
            _ if digits.len() < COMPLETE_DIGITS => Some(Impossible::TooShort(digits.len())),
            '1' => nanp_fault(digits),
            _ => None,
        }
    }
}

/// A [`TelephoneNumber`] whose digits stand in the text that it was read from, as those of most numbers do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NumberView<'t> {
    pub(crate) digits: Cow<'t, str>,
    country: CountryCode,
}

impl<'t> NumberView<'t> {
    /// As [`TelephoneNumber::read`].
    pub(crate) fn read(text: &'t str, country: &str) -> Option<Self> {
        let (digits, country) = canonical(text, country)?;
        Some(Self { digits, country })
    }

    /// The same for keeps.
    pub(crate) fn to_number(&self) -> TelephoneNumber {
        TelephoneNumber { digits: self.digits.clone().into_owned(), country: self.country }
    }

    /// As [`TelephoneNumber::is_nanp`].
    pub(crate) fn is_nanp(&self) -> bool {
        self.digits.len() == 11 && self.digits.starts_with('1')
    }

    /// As [`TelephoneNumber::is_international`].
    pub(crate) fn is_international(&self) -> bool {
        self.country == CountryCode::Given
    }

    /// As [`TelephoneNumber::told`].
    pub(crate) fn told(&self) -> String {
        told(&self.digits, self.country)
    }

    /// As [`TelephoneNumber::has_assumed_country`].
    pub(crate) fn has_assumed_country(&self) -> bool {
        self.country == CountryCode::Assumed
    }

    /// As [`TelephoneNumber::e164`], or the digits alone where that is `None`.
    pub(crate) fn written(&self) -> String {
        let plus = if self.country == CountryCode::Missing { "" } else { "+" };
        [plus, &self.digits].concat()
    }

    /// How many octets of what [`Self::written`] gives are [`TelephoneNumber::prefix`]; `None` where that is.
    pub(crate) fn prefix_length(&self) -> Option<usize> {
        let length = if self.is_nanp() { NANP_PREFIX } else { PREFIX };
        (self.digits.len() > length && self.country != CountryCode::Missing).then_some(length + 1)
    }
}

impl fmt::Display for TelephoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_international() {
            f.write_str("+")?;
        }
        f.write_str(&self.digits)
    }
}

fn told(digits: &str, country: CountryCode) -> String {
    let plus = if country == CountryCode::Given { "+" } else { "" };
    [plus, digits].concat()
}

/// The canonical digits of a number, and where its country code comes from.
fn canonical<'t>(text: &'t str, country: &str) -> Option<(Cow<'t, str>, CountryCode)> {
    if text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) {
        return None;
    }
    let (behind_plus, digits) = if let Some((is_behind, digits)) = plain(text) {
        (is_behind, Cow::Borrowed(digits))
    } else {
        let user = text.split(';').next().unwrap_or_default().trim();
        (user.starts_with('+'), significant(user)?)
    };
    if digits.is_empty() {
        return None;
    }
    if behind_plus {
        return Some((digits, CountryCode::Given));
    }
    let plan = numbering_plan::of(country);
    if let Some(whole) = dialled_abroad(&digits, country, plan).map(str::len) {
        return Some((behind(digits, whole), CountryCode::Given));
    }
    if country != "1" && has_country(&digits, country, plan) {
        return Some((digits, CountryCode::Given));
    }
    let national = if country == "1" { north_american(&digits) } else { national(&digits, country, plan) };
    Some(match national {
        Some(whole) => (Cow::Owned(whole), CountryCode::Assumed),
        // Elsewhere as many digits make a national number: all of Britain's have a 0 and ten more.
        None if is_whole_north_american(&digits) => (digits, CountryCode::Given),
        None => (digits, CountryCode::Missing),
    })
}

/// The digits of a text that is nothing else, and whether they stand behind a `+`: most numbers are written so.
fn plain(text: &str) -> Option<(bool, &str)> {
    let behind_plus = text.as_bytes().first() == Some(&b'+');
    let digits = text.get(usize::from(behind_plus)..)?;
    digits.bytes().all(|b| b.is_ascii_digit()).then_some((behind_plus, digits))
}

/// The last `length` octets of a text.
fn behind(text: Cow<'_, str>, length: usize) -> Cow<'_, str> {
    let from = text.len().saturating_sub(length);
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(from..).unwrap_or_default()),
        Cow::Owned(text) => Cow::Owned(text.get(from..).unwrap_or_default().to_owned()),
    }
}

/// The digits of a number without visual separators (RFC 3966 §5.1.1) and `+`; `None` when it holds anything else.
fn significant(text: &str) -> Option<Cow<'_, str>> {
    let behind = text.strip_prefix('+').unwrap_or(text);
    if behind.bytes().all(|b| matches!(b, b'0'..=b'9' | b'#' | b'*')) {
        return Some(Cow::Borrowed(behind));
    }
    let mut digits = String::with_capacity(text.len());
    for (index, c) in text.chars().enumerate() {
        match c {
            '0'..='9' | '#' | '*' => digits.push(c),
            '-' | '.' | '(' | ')' | ' ' => {}
            '+' if index == 0 => {}
            _ => return None,
        }
    }
    Some(Cow::Owned(digits))
}

fn is_repetition(digits: &str) -> bool {
    let mut all = digits.chars();
    all.next().is_some_and(|first| all.all(|c| c == first))
}

/// What stands behind the prefix of calls abroad, where enough digits follow for a number with country code. In North America `00`
/// is taken for `011`: equipment of other countries writes it.
fn dialled_abroad<'a>(digits: &'a str, country: &str, plan: &Plan) -> Option<&'a str> {
    // So does every such prefix.
    if digits.as_bytes().first() != Some(&b'0') {
        return None;
    }
    let other = if country == "1" { digits.strip_prefix("00") } else { None };
    let rest = digits.strip_prefix(plan.abroad).or(other)?;
    // Eleven digits that begin with 011 are a number of Leeds, Sheffield or another British town: abroad hardly any number is as short.
    let least = if plan.abroad == NORTH_AMERICA_ABROAD && other.is_none() { ABROAD_DIGITS } else { COMPLETE_DIGITS };
    (rest.len() >= least && !rest.starts_with('0')).then_some(rest)
}

/// Whether a number without `+` begins with the country code at home: at least ten digits, so that it is no local number.
fn has_country(digits: &str, country: &str, plan: &Plan) -> bool {
    let (least, most) = plan.digits;
    let rest = digits.strip_prefix(country).filter(|_| digits.len() >= 10);
    rest.is_some_and(|rest| {
        (least..=most).contains(&rest.len()) && (plan.trunk.is_empty() || !rest.starts_with(plan.trunk))
    })
}

/// A national number with its country code; `None` where it does not look like one.
fn national(digits: &str, country: &str, plan: &Plan) -> Option<String> {
    let (least, most) = plan.digits;
    // Chinese mobile numbers are dialled without the trunk prefix.
    let mobile = country == "86" && digits.len() == 11 && digits.starts_with('1');
    let rest = if mobile { digits } else { digits.strip_prefix(plan.trunk)? };
    let begins_well = plan.trunk.is_empty() || !rest.starts_with('0');
    (begins_well && (least..=most).contains(&rest.len())).then(|| format!("{country}{rest}"))
}

/// The same in North America: ten digits that can be a number.
fn north_american(digits: &str) -> Option<String> {
    (digits.len() == 10 && national_fault(digits).is_none()).then(|| ["1", digits].concat())
}

/// Whether a number without `+` begins with the country code 1, and can be one behind it.
fn is_whole_north_american(digits: &str) -> bool {
    digits.strip_prefix('1').is_some_and(|national| national_fault(national).is_none())
}

/// What is wrong with a number of the North American plan, country code 1 included.
fn nanp_fault(digits: &str) -> Option<Impossible> {
    national_fault(digits.strip_prefix('1')?)
}

/// The same of a number without the country code.
fn national_fault(national: &str) -> Option<Impossible> {
    let at = |index: usize| national.as_bytes().get(index).copied().unwrap_or_default();
    if national.len() != 10 {
        return Some(Impossible::NanpLength(national.len()));
    }
    if !(b'2'..=b'9').contains(&at(0)) {
        Some(Impossible::AreaCodeStart)
    } else if at(1) == b'9' {
        Some(Impossible::AreaCodeExpansion)
    } else if at(1) == b'1' && at(2) == b'1' {
        Some(Impossible::AreaCodeService)
    } else if !(b'2'..=b'9').contains(&at(3)) {
        Some(Impossible::ExchangeStart)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_digits_with_country_code() {
        for (text, country, expected) in [
            ("+1-212-555-0101", "1", "12125550101"),
            ("+12125550101;verstat=TN-Validation-Passed", "1", "12125550101"),
            ("2125550101", "1", "12125550101"),
            ("12125550101", "1", "12125550101"),
            ("01133199005501", "1", "33199005501"),
            ("0033199005501", "33", "33199005501"),
            ("0199005501", "33", "33199005501"),
            ("(212) 555.0101", "1", "12125550101"),
            ("1001", "1", "1001"),
            ("0123456789", "1", "0123456789"),
            ("*67", "1", "*67"),
            ("0033199005501", "1", "33199005501"),
            // In Britain 0113 is a town, in North America 011 leads abroad, to numbers with more digits than that.
            ("01134960100", "1", "01134960100"),
            ("01134960100", "44", "441134960100"),
            ("02079460100", "44", "442079460100"),
            ("442079460100", "44", "442079460100"),
            ("0011442079460100", "61", "442079460100"),
            ("0255501234", "61", "61255501234"),
            ("0612345678", "39", "390612345678"),
            ("912345678", "34", "34912345678"),
            ("0612345678", "36", "3612345678"),
            ("84951234567", "7", "74951234567"),
            ("74951234567", "7", "74951234567"),
            ("13822345678", "86", "8613822345678"),
            ("01012345678", "86", "861012345678"),
            ("12125550101", "44", "12125550101"),
            ("1001", "34", "1001"),
            ("0301", "49", "0301"),
            ("01990055", "33", "01990055"),
            ("0205550100", "999", "999205550100"),
        ] {
            assert_eq!(TelephoneNumber::read(text, country).unwrap().digits(), expected, "{text}");
        }
    }

    #[test]
    fn prefixes_need_a_country_code() {
        for (text, country, number, prefix, assumed) in [
            ("+12125550101", "1", Some("+12125550101"), Some("+1212555"), false),
            ("2125550101", "1", Some("+12125550101"), Some("+1212555"), true),
            ("+33199005501", "1", Some("+33199005501"), Some("+331990"), false),
            ("0199005501", "33", Some("+33199005501"), Some("+331990"), true),
            ("33199005501", "33", Some("+33199005501"), Some("+331990"), false),
            ("12125550101", "44", Some("+12125550101"), Some("+1212555"), false),
            ("02079460100", "1", None, None, false),
            ("89205550100", "1", None, None, false),
            ("+12125", "1", Some("+12125"), None, false),
            ("1001", "1", None, None, false),
            ("5551234", "1", None, None, false),
        ] {
            let read = TelephoneNumber::read(text, country).unwrap();
            assert_eq!((read.e164().as_deref(), read.prefix().as_deref()), (number, prefix), "{text}");
            assert_eq!(read.has_assumed_country(), assumed, "{text}");
        }
    }

    #[test]
    fn names_are_no_numbers() {
        for text in ["", "alice", "sip5", "+1abc", "12+3", "---"] {
            assert_eq!(TelephoneNumber::read(text, "1"), None, "{text}");
        }
    }

    #[test]
    fn impossible_numbers_say_why() {
        for (text, expected) in [
            ("+10000000000", Some(Impossible::AllZeros)),
            ("+10125550101", Some(Impossible::AreaCodeStart)),
            ("+12925550101", Some(Impossible::AreaCodeExpansion)),
            ("+19115550101", Some(Impossible::AreaCodeService)),
            ("+12121550101", Some(Impossible::ExchangeStart)),
            ("+1212555010", Some(Impossible::NanpLength(9))),
            ("+12345", Some(Impossible::TooShort(5))),
            ("+1234567890123456", Some(Impossible::TooLong(16))),
            ("+01234567", Some(Impossible::CountryCodeZero)),
            ("0000000000", Some(Impossible::AllZeros)),
            ("+000", Some(Impossible::AllZeros)),
            ("000", None),
            ("7777777777", Some(Impossible::RepeatedDigit)),
            ("+12125550101", None),
            ("+4930000000", None),
            ("1001", None),
            ("777", None),
            ("5551234", None),
            ("0123456789", None),
            ("02079460100", None),
            ("00000000000", Some(Impossible::AllZeros)),
        ] {
            assert_eq!(TelephoneNumber::read(text, "1").unwrap().impossible(), expected, "{text}");
        }
    }

    #[test]
    fn fictional_numbers_are_known() {
        let is = |text| TelephoneNumber::read(text, "1").unwrap().is_fictional();
        assert!(is("+12125550100") && is("2125550199"));
        assert!(!is("+12125550200") && !is("+12125551234") && !is("+33155501000"));
    }
}
