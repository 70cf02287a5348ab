//! A body while it arrives.

use bytes::Bytes;

use crate::state::budget::SMALL;

/// How much is allocated at a time for a large body. Copying all of it to twice the room at each doubling would hold up a
/// worker for some ten milliseconds, and so would overwriting what it leaves.
const PIECE: usize = 256 << 10;
/// The longest body that a worker puts together itself: a tenth of a millisecond.
const JOINED_HERE: usize = 512 << 10;

/// A body while it arrives: in one piece as long as it is small, then in pieces.
#[derive(Debug, Default)]
pub(super) struct Arriving {
    full: Vec<Vec<u8>>,
    last: Vec<u8>,
    /// Of all of them, in bytes.
    length: usize,
    room: usize,
}

impl Arriving {
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Appends bytes. `hold` is asked for the memory of the whole body before more of it is allocated.
    ///
    /// # Errors
    /// That of `hold`.
    pub(super) fn push<E>(
        &mut self,
        mut bytes: &[u8],
        announced: Option<usize>,
        hold: &mut impl FnMut(usize) -> Result<(), E>,
    ) -> Result<(), E> {
        while !bytes.is_empty() {
            if self.last.len() == self.last.capacity() {
                self.make_room(bytes.len(), announced, hold)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(self.last.capacity() - self.last.len()));
            self.last.extend_from_slice(now);
            self.length += now.len();
            bytes = later;
        }
        Ok(())
    }

    /// Makes room for some of the `more` bytes that come: of a small body twice what it has, or all that was announced; of a
    /// large one a piece.
    fn make_room<E>(
        &mut self,
        more: usize,
        announced: Option<usize>,
        hold: &mut impl FnMut(usize) -> Result<(), E>,
    ) -> Result<(), E> {
        let needed = self.length + more;
        let left = announced.map_or(usize::MAX, |announced| announced.saturating_sub(self.length)).max(more);
        if self.length < SMALL {
            let doubled = self.last.capacity().saturating_mul(2).max(announced.unwrap_or(0)).max(needed);
            let room = doubled.min(self.length.saturating_add(left)).min(SMALL);
            hold(room)?;
            self.last.reserve_exact(room - self.length);
        } else {
            let piece = left.min(PIECE);
            hold(self.room + piece)?;
            self.full.push(std::mem::replace(&mut self.last, Vec::with_capacity(piece)));
        }
        self.room = self.full.iter().map(Vec::capacity).sum::<usize>() + self.last.capacity();
        Ok(())
    }

    /// Whether [`Self::join`] takes so long that it must not be done by a worker.
    pub(super) fn is_long(&self) -> bool {
        !self.full.is_empty() && self.length > JOINED_HERE
    }

    /// The whole body. Each piece is freed when it was copied, so that the memory is hardly more than the body's.
    pub(super) fn join(self) -> Bytes {
        if self.full.is_empty() {
            return self.last.into();
        }
        let mut whole = Vec::with_capacity(self.length);
        for piece in self.full.into_iter().chain([self.last]) {
            whole.extend_from_slice(&piece);
        }
        whole.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|n| (n % 251) as u8).collect()
    }

    /// Each amount that was held while these bytes arrived in pieces of `piece`.
    fn held(bytes: &[u8], piece: usize, announced: Option<usize>) -> Vec<usize> {
        let (mut body, mut held) = (Arriving::default(), Vec::new());
        let mut hold = |bytes| {
            held.push(bytes);
            Ok::<(), ()>(())
        };
        for piece in bytes.chunks(piece) {
            body.push(piece, announced, &mut hold).unwrap();
            assert!(body.room >= body.len());
        }
        assert_eq!(body.len(), bytes.len());
        assert!(body.join() == bytes, "{} bytes in pieces of {piece}", bytes.len());
        held
    }

    #[test]
    fn a_body_is_the_same_however_it_arrives() {
        let lengths = [1, 100, SMALL - 1, SMALL, SMALL + 1, SMALL + PIECE, SMALL + PIECE + 1, 3 * PIECE + 7];
        for length in lengths {
            let bytes = bytes(length);
            for piece in [997, 32 << 10, SMALL + 5, 2 * PIECE + 3] {
                for announced in [None, Some(length), Some(length + 1000), Some(1)] {
                    let held = held(&bytes, piece, announced);
                    assert!(held.is_sorted() && held.last().is_some_and(|held| *held >= length), "{held:?}");
                    assert!(
                        held.iter().all(|held| *held < length.max(SMALL) + PIECE),
                        "{length} {announced:?}: {held:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn no_more_is_held_than_was_announced() {
        for (length, want) in [(1000, vec![1000]), (SMALL, vec![SMALL]), (SMALL + 10, vec![SMALL, SMALL + 10])] {
            assert_eq!(held(&bytes(length), 100, Some(length)), want);
        }
        assert_eq!(held(&bytes(100), 100, Some(30 << 20)), vec![SMALL], "an announcement alone makes no large body");
    }

    #[test]
    fn a_refused_piece_is_not_kept() {
        let mut body = Arriving::default();
        let mut hold = |bytes| if bytes > SMALL { Err(bytes) } else { Ok(()) };
        body.push(&vec![b'x'; SMALL], None, &mut hold).unwrap();
        assert_eq!(body.push(b"x", None, &mut hold), Err(SMALL + PIECE));
        assert_eq!((body.len(), body.room), (SMALL, SMALL));
    }
}
