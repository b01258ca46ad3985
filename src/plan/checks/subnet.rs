//! A subnet as a value: which addresses belong to the subnet, and whether two subnets overlap.
//!
//! The claims of the file are in `subnets`; this file only computes.

use std::net::IpAddr;

/// A subnet in CIDR form.
pub(crate) struct Subnet {
    /// The text that was parsed.
    pub text: String,
    is_v6: bool,
    bits: u128,
    prefix: u32,
}

impl Subnet {
    /// Parses a subnet such as `10.5.0.0/24`; `None` for any other text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let prefix: u32 = prefix.parse().ok()?;
        let (bits, is_v6) = bits(address.parse().ok()?);
        let width = if is_v6 { 128 } else { 32 };
        (prefix <= width).then(|| Self { text: text.to_owned(), is_v6, bits, prefix })
    }

    /// Returns whether the two subnets have an address in common.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let shift = self.width() - self.prefix.min(other.prefix);
        self.is_v6 == other.is_v6
            && self.bits.checked_shr(shift).unwrap_or(0) == other.bits.checked_shr(shift).unwrap_or(0)
    }

    /// Returns whether an address belongs to the subnet.
    pub(crate) fn holds(&self, address: IpAddr) -> bool {
        let (bits, is_v6) = bits(address);
        self.overlaps(&Self { text: String::new(), is_v6, bits, prefix: if is_v6 { 128 } else { 32 } })
    }

    /// Returns the number of an address within the subnet, from 0, and the number of the subnet's last address. The
    /// address must belong to the subnet.
    pub(crate) fn number_of(&self, address: IpAddr) -> (u128, u128) {
        let last = u128::MAX.checked_shr(128 - self.width() + self.prefix).unwrap_or(0);
        (bits(address).0 & last, last)
    }

    /// Returns whether this is a subnet of IPv6.
    pub(crate) fn is_v6(&self) -> bool {
        self.is_v6
    }

    /// Returns the number of bits of an address.
    fn width(&self) -> u32 {
        if self.is_v6 { 128 } else { 32 }
    }
}

/// Returns an address as a number, and whether the address is one of IPv6.
fn bits(address: IpAddr) -> (u128, bool) {
    match address {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)), false),
        IpAddr::V6(v6) => (u128::from(v6), true),
    }
}

#[cfg(test)]
mod tests {
    use super::Subnet;

    #[test]
    fn subnets_overlap_when_one_holds_the_other() {
        let overlap = |a, b| Subnet::parse(a).zip(Subnet::parse(b)).is_some_and(|(a, b)| a.overlaps(&b));
        assert!(overlap("10.0.0.0/8", "10.9.0.0/16"));
        assert!(overlap("0.0.0.0/0", "10.9.0.0/16"));
        assert!(!overlap("10.0.0.0/16", "10.1.0.0/16"));
        assert!(!overlap("10.0.0.0/8", "fd00::/8"));
    }

    #[test]
    fn addresses_are_counted_within_their_subnet() {
        let number = |subnet, address: &str| {
            let subnet = Subnet::parse(subnet)?;
            let address = address.parse().ok()?;
            subnet.holds(address).then(|| subnet.number_of(address))
        };
        assert_eq!(number("10.5.0.0/24", "10.5.0.7"), Some((7, 255)));
        assert_eq!(number("10.5.0.0/24", "10.5.1.7"), None);
        assert_eq!(number("10.5.0.4/31", "10.5.0.5"), Some((1, 1)));
        assert_eq!(number("0.0.0.0/0", "0.0.0.1"), Some((1, u128::from(u32::MAX))));
        assert_eq!(number("10.5.0.9/32", "10.5.0.9"), Some((0, 0)));
        assert_eq!(number("fd00::/64", "fd00::1"), Some((1, u128::from(u64::MAX))));
        assert_eq!(number("::/0", "::2"), Some((2, u128::MAX)));
        assert_eq!(number("10.5.0.0/24", "fd00::1"), None);
    }
}
