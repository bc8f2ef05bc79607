//! Dialled numbers as fraud writes them: where they lead, what stands in front of them, and which of them cost much.

use super::super::super::accepted::form::country_code;
use crate::stir::telephone_number::NumberView;

/// Digits of the longest number (ITU-T E.164).
const LONGEST: usize = 15;
/// Fewer digits with country code are hardly anybody's.
const SHORTEST: usize = 8;
/// Digits of the shortest text that is looked at, and of the longest: a number with all that is tried in front of it.
const DIALLED: std::ops::RangeInclusive<usize> = 9..=28;
/// What people write in front of a number with country code; everything else is a way out of an exchange.
const PLAIN: &[&str] = &["", "+", "0", "00", "011", "0011"];
/// Area codes of the North American plan that lie outside of the United States and Canada (and their territories), and 900, in order.
const COSTLY_NORTH_AMERICAN: &[u16] =
    &[242, 246, 264, 268, 284, 345, 441, 473, 649, 658, 664, 721, 758, 767, 784, 809, 829, 849, 868, 869, 876, 900];
/// First digits of ranges whose calls cost much, of which fraud gets a share, and few people call: satellites and international networks,
/// premium rates, and small countries (as CFCA, the GSMA and carriers list them; those with much honest traffic are left out).
const COSTLY: &[&str] = &[
    "870", "878", "881", "882", "883",
    "979", // No country: Inmarsat, personal numbers, satellites, networks, premium rate.
    "1900", "31900", "31906", "31909", "41900", "41901", "41906", "43900", "43930", "4470", "449",
    "49900", // Premium rate, and +44 70.
    "220", "224", "231", "232", "235", "236", "239", "245", "247", "252", "257", "261", "269", "290",
    "291", // Africa.
    "500", "53", // Falkland Islands, Cuba.
    "670", "672", "674", "675", "676", "677", "678", "680", "681", "682", "683", "685", "686", "688", "690", "691",
    "692", // Oceania.
    "850", "960", // North Korea, Maldives.
];

/// Whether a text may be a dialled number with whatever in front of it.
pub(super) fn is_dialled(user: &str) -> bool {
    let digits = user.strip_prefix('+').unwrap_or(user);
    DIALLED.contains(&digits.len()) && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'*' | b'#'))
}

/// Whether a number as it was read certainly leads to somebody at home, at no special cost.
pub(super) fn is_at_home(number: &NumberView<'_>, home: &str) -> bool {
    let is_given = number.is_international() && number.digits.starts_with(home);
    (is_given || number.has_assumed_country()) && !is_special(&number.digits, home)
}

/// Whether a number with the country code at home costs as if it had another.
fn is_special(digits: &str, home: &str) -> bool {
    match digits.strip_prefix('1') {
        Some(national) => {
            let area = national.get(..3).and_then(|area| area.parse().ok());
            area.is_some_and(|area| COSTLY_NORTH_AMERICAN.binary_search(&area).is_ok())
        }
        None => COSTLY.iter().any(|range| range.len() > home.len() && digits.starts_with(range)),
    }
}

/// Whether a number with country code lies in such a range.
pub(in crate::diagnosis) fn is_costly(digits: &str) -> bool {
    COSTLY.iter().any(|range| digits.starts_with(range))
}

/// The number with country code behind what is dialled to call abroad, as it was written or as it was read.
pub(super) fn abroad<'t>(dialled: &'t str, home: &str) -> Option<&'t str> {
    let behind = ["+", "00", "011"].into_iter().find_map(|prefix| dialled.strip_prefix(prefix))?;
    whole(behind).filter(|digits| !digits.starts_with(home) || is_special(digits, home))
}

/// The same where a digit that takes an outside line stands in front.
pub(super) fn behind_an_outside_line<'t>(dialled: &'t str, home: &str) -> Option<&'t str> {
    let rest = dialled.strip_prefix(|c: char| c.is_ascii_digit())?;
    let is_abroad = rest.starts_with("00") || rest.starts_with("011");
    abroad(rest, home).filter(|_| is_abroad)
}

fn whole(digits: &str) -> Option<&str> {
    let is_number = (SHORTEST..=LONGEST).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    Some(digits).filter(|_| is_number && country_code(digits).is_some())
}

/// Whether that prefix takes knowledge of an exchange, or a guess.
pub(super) fn is_a_way_out(prefix: &str) -> bool {
    !PLAIN.contains(&prefix)
}

/// What of a prefix leads abroad.
pub(super) fn way_abroad(prefix: &str) -> Option<&'static str> {
    ["+", "011", "00"].into_iter().find(|way| prefix.ends_with(way))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn area_codes_are_looked_up_in_order() {
        assert!(COSTLY_NORTH_AMERICAN.is_sorted());
        assert!(COSTLY_NORTH_AMERICAN.iter().all(|area| is_special(&format!("1{area}5550101"), "1")));
        assert!(!is_special("12125550101", "1") && !is_special("121", "1"));
    }

    #[test]
    fn numbers_abroad_are_told_by_what_stands_in_front() {
        for (dialled, expected) in [
            ("+972592555012", Some("972592555012")),
            ("00972592555012", Some("972592555012")),
            ("011972592555012", Some("972592555012")),
            ("+12125550101", None),
            ("+18765550101", Some("18765550101")),
            ("19005550101", None),
            ("+19005550101", Some("19005550101")),
            ("00012345678", None),
            ("02079460123", None),
            ("+9725", None),
        ] {
            assert_eq!(abroad(dialled, "1"), expected, "{dialled}");
        }
        assert_eq!(behind_an_outside_line("9011972592555012", "1"), Some("972592555012"));
        assert_eq!(behind_an_outside_line("900972592555012", "1"), Some("972592555012"));
        assert_eq!(behind_an_outside_line("9+972592555012", "1"), None);
    }

    #[test]
    fn calls_at_home_are_none_abroad() {
        for (dialled, home, expected) in [
            ("+12125550101", "1", true),
            ("2125550101", "1", true),
            ("+18765550101", "1", false),
            ("+19005550101", "1", false),
            ("+4930555012", "49", true),
            ("+49900555012", "49", false),
            ("+4930555012", "1", false),
        ] {
            assert_eq!(is_at_home(&NumberView::read(dialled, home).unwrap(), home), expected, "{dialled}");
        }
    }

    #[test]
    fn what_is_dialled_is_digits() {
        for (user, expected) in [
            ("+972592555012", true),
            ("9011972592555012", true),
            ("alice", false),
            ("1001", false),
            ("12a4567890", false),
        ] {
            assert_eq!(is_dialled(user), expected, "{user}");
        }
    }
}
