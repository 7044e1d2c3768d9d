use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;

/// A range of addresses, as in `10.0.0.0/8` or `2001:db8::/32`; an address without
/// a length is a range of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IpNetwork {
    address: IpAddr,
    length: u8,
}

/// The text is not a range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an IP address or CIDR range")]
pub struct InvalidNetwork;

impl IpNetwork {
    /// Whether the address lies in the range. IPv4 addresses written as IPv6 count
    /// as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(host)) => {
                let mask = u32::MAX
                    .checked_shl(32_u32.saturating_sub(u32::from(self.length)))
                    .unwrap_or(0);
                net.to_bits() & mask == host.to_bits() & mask
            }
            (IpAddr::V6(net), IpAddr::V6(host)) => {
                let mask = u128::MAX
                    .checked_shl(128_u32.saturating_sub(u32::from(self.length)))
                    .unwrap_or(0);
                net.to_bits() & mask == host.to_bits() & mask
            }
            _ => false,
        }
    }
}

impl FromStr for IpNetwork {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_syntax| InvalidNetwork)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            Some(digits) => digits.parse().map_err(|_syntax| InvalidNetwork)?,
            None => longest,
        };
        if length > longest {
            return Err(InvalidNetwork);
        }
        Ok(Self { address, length })
    }
}

impl fmt::Display for IpNetwork {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.length)
    }
}
