//! Who the sources are, that they leave, and what applications say.

use crate::take::{take, take_slice, take_u8, take_u32};

/// Who sources are, RFC 3550 section 6.5.
#[derive(Clone, Copy, Debug)]
pub struct SourceDescription<'a> {
    chunks: &'a [u8],
    count: u8,
}

/// Who one source is.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// The source.
    pub ssrc: u32,
    items: &'a [u8],
}

/// What an item says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ItemKind(pub u8);

impl ItemKind {
    /// A name that all streams of an endpoint share, RFC 3550 section 6.5.1 and RFC 7022.
    pub const CNAME: Self = Self(1);
    /// The user's name.
    pub const NAME: Self = Self(2);
    /// The user's mail address.
    pub const EMAIL: Self = Self(3);
    /// The user's phone.
    pub const PHONE: Self = Self(4);
    /// Where the user is.
    pub const LOCATION: Self = Self(5);
    /// The program.
    pub const TOOL: Self = Self(6);
    /// Something that passes.
    pub const NOTE: Self = Self(7);
    /// An extension of an application.
    pub const PRIVATE: Self = Self(8);
    /// The stream within its media section, RFC 8852 section 3.1.
    pub const RID: Self = Self(12);
    /// The stream that is repaired, RFC 8852 section 3.2.
    pub const REPAIRED_RID: Self = Self(13);
    /// The media section, RFC 9143 section 15.
    pub const MID: Self = Self(15);
}

impl<'a> SourceDescription<'a> {
    pub(super) fn parse(count: u8, chunks: &'a [u8]) -> Option<Self> {
        let all = Self { chunks, count };
        (all.chunks().count() == usize::from(count)).then_some(all)
    }

    /// The sources.
    pub fn chunks(&self) -> impl Iterator<Item = Chunk<'a>> + use<'a> {
        let mut rest = self.chunks;
        (0..self.count).map_while(move |_| Chunk::split(&mut rest))
    }

    /// The name of the endpoint that `ssrc` belongs to.
    pub fn cname(&self, ssrc: u32) -> Option<&'a [u8]> {
        self.chunks()
            .filter(|chunk| chunk.ssrc == ssrc)
            .find_map(|chunk| chunk.find(ItemKind::CNAME))
    }
}

impl<'a> Chunk<'a> {
    /// What is said, as it is: it should be UTF-8.
    pub fn items(&self) -> impl Iterator<Item = (ItemKind, &'a [u8])> + use<'a> {
        let mut rest = self.items;
        std::iter::from_fn(move || split_item(&mut rest))
    }

    /// The first item of a kind.
    pub fn find(&self, kind: ItemKind) -> Option<&'a [u8]> {
        self.items()
            .find_map(|(other, text)| (other == kind).then_some(text))
    }

    /// Splits one off the front; it ends with 1 to 4 zeros at a multiple of 4 bytes.
    fn split(bytes: &mut &'a [u8]) -> Option<Self> {
        let ssrc = take_u32(bytes)?;
        let mut rest = *bytes;
        while split_item(&mut rest).is_some() {}
        let len = bytes.len() - rest.len();
        let items = take_slice(bytes, len)?;
        let zeros = take_slice(bytes, 4 - len % 4)?;
        (zeros[0] == 0).then_some(Self { ssrc, items })
    }
}

fn split_item<'a>(rest: &mut &'a [u8]) -> Option<(ItemKind, &'a [u8])> {
    let (&[kind, len], text) = rest.split_first_chunk()?;
    let (text, after) = text.split_at_checked(len.into()).filter(|_| kind != 0)?;
    *rest = after;
    Some((ItemKind(kind), text))
}

/// Sources leave, RFC 3550 section 6.6.
#[derive(Clone, Copy, Debug)]
pub struct Goodbye<'a> {
    ssrcs: &'a [[u8; 4]],
    /// Why, as it is: it should be UTF-8.
    pub reason: Option<&'a [u8]>,
}

impl<'a> Goodbye<'a> {
    pub(super) fn parse(count: u8, body: &'a [u8]) -> Option<Self> {
        let (ssrcs, mut rest) = body.split_at_checked(4 * usize::from(count))?;
        let reason = take_u8(&mut rest).map(|len| take_slice(&mut rest, len.into()));
        Some(Self {
            ssrcs: ssrcs.as_chunks().0,
            reason: match reason {
                Some(reason) => Some(reason?),
                None => None,
            },
        })
    }

    /// Those that leave.
    pub fn ssrcs(&self) -> impl ExactSizeIterator<Item = u32> + use<'a> {
        self.ssrcs.iter().copied().map(u32::from_be_bytes)
    }
}

/// What an application says, RFC 3550 section 6.7.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Application<'a> {
    /// Five bits of its own.
    pub subtype: u8,
    /// The source.
    pub ssrc: u32,
    /// Which application, in four ASCII characters.
    pub name: [u8; 4],
    /// Its data.
    pub data: &'a [u8],
}

impl<'a> Application<'a> {
    pub(super) fn parse(subtype: u8, mut body: &'a [u8]) -> Option<Self> {
        Some(Self {
            subtype,
            ssrc: take_u32(&mut body)?,
            name: *take(&mut body)?,
            data: body,
        })
    }
}
