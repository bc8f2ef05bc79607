//! How a user part is written, and where a called one leads.

use super::super::Text;
use crate::stir::COMPLETE_DIGITS;
use crate::stir::telephone_number::NumberView;

/// How the user of a URI is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::diagnosis) enum Form {
    /// No number.
    Name,
    /// A caller that withholds its number.
    Anonymous,
    /// Fewer digits than a number that names somebody by itself: an extension or a service.
    Short,
    /// `+` and country code.
    Plus,
    /// `00` in front: that of calls abroad, or a `0` for an outside line in front of a national number.
    DoubleZero,
    /// `011` and country code, as dialled in North America.
    North011,
    /// One `0` in front of a national number.
    TrunkZero,
    /// `1` and ten digits, as those of the North American plan.
    North11,
    /// Ten digits, as those of that plan.
    North10,
    /// Other digits.
    Digits,
}

/// What kind of called party it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::diagnosis) enum Place {
    /// A name.
    Name,
    /// A short number.
    Short,
    /// A number of a country.
    Country(u16),
    /// A number that may be of any country.
    Number,
}

impl Form {
    /// The form of a user part without its parameters.
    pub(in crate::diagnosis) fn of(user: &str) -> Self {
        let (is_behind_plus, rest) = match user.strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, user),
        };
        let mut digits = 0;
        for b in rest.bytes() {
            match b {
                b'0'..=b'9' => digits += 1,
                b'*' | b'#' | b'-' | b'.' | b'(' | b')' => {}
                _ => return Self::of_name(user),
            }
        }
        match () {
            () if digits == 0 => Self::of_name(user),
            () if is_behind_plus => Self::Plus,
            // What holds `*` or `#` is a code for the server, and a number written with separators is seldom.
            () if digits < COMPLETE_DIGITS || rest.starts_with(['*', '#']) => Self::Short,
            () if rest.starts_with("011") && digits >= NORTH_011 => Self::North011,
            () if rest.starts_with("00") => Self::DoubleZero,
            () if rest.starts_with('0') => Self::TrunkZero,
            // Whatever follows: a form is how it is written, not whether anybody has that number.
            () if digits == 11 && rest.starts_with('1') => Self::North11,
            () if digits == 10 && !rest.starts_with('1') => Self::North10,
            () => Self::Digits,
        }
    }

    fn of_name(user: &str) -> Self {
        if user.eq_ignore_ascii_case("anonymous") { Self::Anonymous } else { Self::Name }
    }

    /// Whether it is a number that names somebody by itself.
    pub(in crate::diagnosis) fn is_whole_number(self) -> bool {
        !matches!(self, Self::Name | Self::Anonymous | Self::Short)
    }

    /// How it is written, in words that follow "written".
    pub(in crate::diagnosis) fn words(self) -> Text {
        Text::new(match self {
            Self::Name => "as a name",
            Self::Anonymous => "as anonymous",
            Self::Short => "as a short number",
            Self::Plus => "with + and country code",
            Self::DoubleZero => "with 00 in front",
            Self::North011 => "with 011 and country code",
            Self::TrunkZero => "as a national number with 0 in front",
            Self::North11 => "as 11 digits that begin with 1",
            Self::North10 => "as 10 digits",
            Self::Digits => "as digits without + or 0 in front",
        })
    }
}

/// Digits of the shortest number with 011: eleven are those of British towns such as Leeds, 0113.
const NORTH_011: usize = 12;

impl Place {
    /// Where a called user leads, by its form and as it was read as a number.
    pub(in crate::diagnosis) fn of(form: Form, number: Option<&NumberView<'_>>) -> Self {
        match (form, number) {
            (Form::Name | Form::Anonymous, _) => Self::Name,
            (Form::Short, _) => Self::Short,
            // Digits alone may begin with any country code, or with none.
            (Form::Digits, _) | (_, None) => Self::Number,
            (Form::TrunkZero | Form::North10, Some(number)) if !number.has_assumed_country() => Self::Number,
            (_, Some(number)) if number.is_international() || number.has_assumed_country() => {
                country_code(&number.digits).map_or(Self::Number, Self::Country)
            }
            _ => Self::Number,
        }
    }

    /// What it is, in words that follow "goes to".
    pub(in crate::diagnosis) fn words(self) -> Text {
        match self {
            Self::Name => Text::new("a name"),
            Self::Short => Text::new("a short number"),
            Self::Country(code) => Text::new("a number with country code {code}").with("code", code),
            Self::Number => Text::new("a telephone number"),
        }
    }

    /// Whether calls to these two may be treated in different ways, as far as it is known what they are.
    pub(in crate::diagnosis) fn differs_from(self, other: Self) -> bool {
        match (self, other) {
            (Self::Country(one), Self::Country(other)) => one != other,
            (Self::Country(_) | Self::Number, Self::Country(_) | Self::Number) => false,
            (one, other) => one != other,
        }
    }
}

/// The country code in front of a number (ITU-T E.164): 1 and 7 stand alone, and of two digits are those that are listed.
pub(in crate::diagnosis) fn country_code(digits: &str) -> Option<u16> {
    let length = match digits.as_bytes() {
        [b'0', ..] => return None,
        [b'1' | b'7', ..] => 1,
        [b'2', b'0' | b'7', ..]
        | [b'3', b'0'..=b'4' | b'6' | b'9', ..]
        | [b'4', b'0' | b'1' | b'3'..=b'9', ..]
        | [b'5', b'1'..=b'8', ..]
        | [b'6', b'0'..=b'6', ..]
        | [b'8', b'1' | b'2' | b'4' | b'6', ..]
        | [b'9', b'0'..=b'5' | b'8', ..] => 2,
        _ => 3,
    };
    digits.get(..length)?.parse().ok()
}
