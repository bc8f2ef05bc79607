//! The statistics at the end of a pcapng file, read before its frames.
//!
//! Capturing programs write what they lost behind the last frame. Calls that end earlier are diagnosed earlier, and a
//! diagnosis of absence must know of losses: so the end is looked at first, where the input allows it.

use pcap_parser::{Block, parse_block_be, parse_block_le};

use super::octets::ByteOrder;
use super::pcapng::{byte_order, option};
use super::record::to_usize;
use super::source::Input;

/// Octets at the end of the file that are looked at.
const WINDOW: usize = 64 * 1024;

/// Whether the interface statistics at the end of the input say that packets were lost. False for anything but an
/// uncompressed pcapng file, and for one that ends in something else.
pub fn announces_losses(input: &Input) -> bool {
    let is_pcapng = |head: &[u8]| head.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]);
    let Ok(Some((head, tail))) = input.ends(WINDOW, is_pcapng) else { return false };
    byte_order(head.get(8..12).unwrap_or_default()).is_some_and(|order| blocks_tell_losses(&tail, order))
}

/// Walks the blocks backwards, as each ends in its length, up to the last frame.
fn blocks_tell_losses(mut tail: &[u8], order: ByteOrder) -> bool {
    loop {
        let Some(end) = tail.len().checked_sub(4) else { return false };
        let Some(start) = order.u32(tail, end).and_then(|length| tail.len().checked_sub(to_usize(length))) else {
            return false;
        };
        let block = tail.get(start..).unwrap_or_default();
        // 5: interface statistics. Names, decryption secrets and comments may stand between; packets end the search.
        match order.u32(block, 0) {
            Some(5) if block.len() >= 24 && block.len().is_multiple_of(4) && tells_losses(block, order) => return true,
            None | Some(2 | 3 | 6 | 0x0a0d_0d0a) => return false,
            Some(_) if block.len() < 12 => return false,
            Some(_) => tail = tail.get(..start).unwrap_or_default(),
        }
    }
}

fn tells_losses(block: &[u8], order: ByteOrder) -> bool {
    let parsed = if order == ByteOrder::Little { parse_block_le(block) } else { parse_block_be(block) };
    let Ok((_, Block::InterfaceStatistics(statistics))) = parsed else { return false };
    [5, 7].iter().any(|code| {
        let counter = option(&statistics.options, *code).and_then(|value| order.u64(value));
        counter.is_some_and(|lost| lost > 0 && lost != u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statistics(order: ByteOrder, lost: u64) -> Vec<u8> {
        let little = order == ByteOrder::Little;
        let u32 = |n: u32| if little { n.to_le_bytes() } else { n.to_be_bytes() };
        let u16 = |n: u16| if little { n.to_le_bytes() } else { n.to_be_bytes() };
        let u64 = |n: u64| if little { n.to_le_bytes() } else { n.to_be_bytes() };
        [&u32(5)[..], &u32(40), &[0; 12], &u16(5), &u16(8), &u64(lost), &[0; 4], &u32(40)].concat()
    }

    #[test]
    fn losses_are_found_behind_other_blocks_at_the_end() {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let comment = if order == ByteOrder::Little {
                [9, 0, 0, 0, 12, 0, 0, 0, 12, 0, 0, 0]
            } else {
                [0, 0, 0, 9, 0, 0, 0, 12, 0, 0, 0, 12]
            };
            for (lost, expected) in [(0, false), (3, true), (u64::MAX, false)] {
                let tail = [&[1, 2, 3][..], &statistics(order, lost), &comment].concat();
                assert_eq!(blocks_tell_losses(&tail, order), expected, "{lost}");
            }
        }
        assert!(!blocks_tell_losses(&[0; 64], ByteOrder::Little));
    }
}
