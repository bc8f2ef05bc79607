//! How countries write their own numbers, as far as it takes to put the country code in front (RFC 8224 §8.3): trunk prefix,
//! prefix of calls abroad, and how many digits a national number has behind the trunk prefix (ITU-T E.164, E.129 and the national
//! plans published by ITU).
//!
//! Only what decides between "national" and "something else" is here: a number that fits no row stays as it is, and none is
//! taken for valid because it fits.

/// How the numbers of one country are written inside of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// The country code.
    pub(super) country: &'static str,
    /// What stands in front of a national number when it is dialled at home, and not abroad; empty where numbers are dialled
    /// in full.
    pub(super) trunk: &'static str,
    /// What stands in front of numbers of other countries; where carriers have prefixes of their own, a common one.
    pub(super) abroad: &'static str,
    /// The fewest and the most digits behind country code or trunk prefix. Where numbers are dialled in full, the fewest are so
    /// many that no extension is taken for a number.
    pub(super) digits: (usize, usize),
}

const fn plan(country: &'static str, trunk: &'static str, abroad: &'static str, least: usize, most: usize) -> Plan {
    Plan { country, trunk, abroad, digits: (least, most) }
}

/// What most countries do; the lengths are those of E.164, less a country code of two digits.
const USUAL: Plan = plan("", "0", "00", 6, 13);

const NORTH_AMERICA: Plan = plan("1", "1", "011", 10, 10);

/// The plan of a country code; the usual one for countries that are not in the table.
pub(super) fn of(country: &str) -> &'static Plan {
    // The one that is in force unless another is wanted; with every number it is asked for.
    if country == NORTH_AMERICA.country {
        return &NORTH_AMERICA;
    }
    let at = PLANS.binary_search_by_key(&country, |plan| plan.country);
    at.ok().and_then(|at| PLANS.get(at)).unwrap_or(&USUAL)
}

/// By country code, in the order of text.
static PLANS: &[Plan] = &[
    NORTH_AMERICA,
    plan("20", "0", "00", 8, 10),
    plan("212", "0", "00", 9, 9),
    plan("213", "0", "00", 8, 9),
    plan("216", "", "00", 8, 8),
    plan("233", "0", "00", 9, 9),
    plan("234", "0", "009", 8, 10),
    plan("254", "0", "000", 7, 9),
    plan("27", "0", "00", 9, 9),
    plan("30", "", "00", 10, 10),
    plan("31", "0", "00", 9, 9),
    plan("32", "0", "00", 8, 9),
    plan("33", "0", "00", 9, 9),
    plan("34", "", "00", 9, 9),
    plan("351", "", "00", 9, 9),
    plan("352", "", "00", 8, 11),
    plan("353", "0", "00", 7, 9),
    plan("354", "", "00", 7, 9),
    plan("356", "", "00", 8, 8),
    plan("357", "", "00", 8, 8),
    plan("358", "0", "00", 5, 12),
    plan("359", "0", "00", 7, 9),
    plan("36", "06", "00", 8, 9),
    plan("370", "0", "00", 8, 8),
    plan("371", "", "00", 8, 8),
    plan("372", "", "00", 7, 8),
    plan("380", "0", "00", 9, 9),
    plan("381", "0", "00", 7, 10),
    plan("385", "0", "00", 8, 9),
    plan("386", "0", "00", 8, 8),
    // Italian numbers keep their 0 abroad.
    plan("39", "", "00", 8, 11),
    plan("40", "0", "00", 9, 9),
    plan("41", "0", "00", 9, 9),
    plan("420", "", "00", 9, 9),
    plan("421", "0", "00", 9, 9),
    plan("43", "0", "00", 4, 13),
    plan("44", "0", "00", 9, 10),
    plan("45", "", "00", 8, 8),
    plan("46", "0", "00", 7, 9),
    plan("47", "", "00", 8, 8),
    plan("48", "", "00", 9, 9),
    plan("49", "0", "00", 5, 13),
    plan("502", "", "00", 8, 8),
    plan("503", "", "00", 8, 8),
    plan("506", "", "00", 8, 8),
    plan("507", "", "00", 7, 8),
    plan("51", "0", "00", 8, 9),
    plan("52", "", "00", 10, 10),
    plan("54", "0", "00", 10, 11),
    plan("55", "0", "0021", 10, 11),
    plan("56", "", "00", 9, 9),
    plan("57", "", "009", 10, 10),
    plan("58", "0", "00", 10, 10),
    plan("60", "0", "00", 8, 10),
    plan("61", "0", "0011", 9, 9),
    plan("62", "0", "001", 8, 12),
    plan("63", "0", "00", 8, 10),
    plan("64", "0", "00", 8, 10),
    plan("65", "", "001", 8, 8),
    plan("66", "0", "001", 8, 9),
    plan("7", "8", "810", 10, 10),
    plan("81", "0", "010", 9, 10),
    plan("82", "0", "001", 8, 10),
    plan("84", "0", "00", 9, 10),
    plan("852", "", "001", 8, 8),
    plan("853", "", "00", 8, 8),
    plan("86", "0", "00", 9, 11),
    plan("886", "0", "002", 8, 9),
    plan("90", "0", "00", 10, 10),
    plan("91", "0", "00", 10, 10),
    plan("92", "0", "00", 9, 10),
    plan("94", "0", "00", 9, 9),
    plan("961", "0", "00", 7, 8),
    plan("962", "0", "00", 8, 9),
    plan("965", "", "00", 8, 8),
    plan("966", "0", "00", 8, 9),
    plan("971", "0", "00", 8, 9),
    plan("972", "0", "00", 8, 9),
    plan("973", "", "00", 8, 8),
    plan("974", "", "00", 8, 8),
    plan("98", "0", "00", 10, 10),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_in_the_bounds_of_e164() {
        assert!(PLANS.is_sorted_by(|a, b| a.country < b.country));
        for Plan { country, trunk, abroad, digits: (least, most) } in PLANS {
            assert!((1..=3).contains(&country.len()) && !country.starts_with('0'), "{country}");
            assert!(trunk.len() <= 2 && !abroad.is_empty() && least <= most, "{country}");
            assert!(country.len() + most <= 15, "{country}");
        }
    }

    #[test]
    fn unknown_countries_do_as_most_do() {
        assert_eq!((of("33").digits, of("999").trunk, of("").abroad), ((9, 9), "0", "00"));
    }
}
