//! The memory of all request bodies together, and everybody's share of it.
//!
//! Small bodies have a part of their own, so they never wait for large ones, and so have registrations, which come from
//! browsers, so an app's users can't keep the app itself from calling. In each part a project may hold a share, and a
//! registration token a few bodies, so nobody can use up what others need. No body is read before its credential is
//! known, so an address without one holds nothing.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use relay_core::RelayError;
use relay_core::domain::SecretHash;
use relay_core::domain::ids::ProjectId;

use crate::config::options::RequestLimits;
use crate::state::compute::Discard;

/// The largest small body, in bytes: chats of some dozen messages, and everything but chats and embeddings.
pub(crate) const SMALL: usize = 64 << 10;

/// The memory of all bodies. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct BodyBudget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The parts, in the order of [`Kind`].
    parts: [Part; 3],
    /// The most that one registration token may hold.
    of_a_token: usize,
    held: Mutex<Held>,
    /// Drops large bodies; `None`: they are dropped where they are.
    discard: Option<Discard>,
}

/// A part of the budget, in bytes.
#[derive(Clone, Copy, Debug)]
struct Part {
    most: usize,
    /// The most that one project may hold of it.
    share: usize,
}

#[derive(Debug, Default)]
struct Held {
    total: Sums,
    projects: HashMap<ProjectId, Sums>,
    tokens: HashMap<SecretHash, usize>,
}

/// Bytes by [`Kind`].
type Sums = [usize; 3];

/// A kind of body, which has its own part of the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Small,
    Large,
    Registration,
}

/// Whose limit a body would exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exceeded {
    Server,
    Project,
    Token,
}

impl Exceeded {
    /// The name in metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Project => "project",
            Self::Token => "token",
        }
    }

    pub(crate) fn error(self) -> RelayError {
        match self {
            Self::Server => RelayError::overloaded(),
            Self::Project => RelayError::too_many_bodies("project"),
            Self::Token => RelayError::too_many_bodies("registration token"),
        }
    }
}

impl BodyBudget {
    pub(crate) fn new(limits: &RequestLimits, discard: Option<Discard>) -> Self {
        let part = |most: usize, largest: usize| {
            let percent = usize::from(limits.body_share_percent.min(100));
            let share = most / 100 * percent + most % 100 * percent / 100;
            // The largest body must fit.
            Part { most, share: share.max(largest).min(most) }
        };
        let small = part(limits.small_bodies_at_once, SMALL);
        let large = part(limits.bodies_at_once, limits.inference_body);
        let registration = part(limits.small_bodies_at_once / 4, limits.registration_body);
        Self(Arc::new(Inner {
            parts: [small, large, registration],
            of_a_token: limits.registration_body.saturating_mul(4),
            held: Mutex::default(),
            discard,
        }))
    }

    /// An empty reservation of a project, which grows as the body arrives.
    pub(crate) fn reserve(&self, project: &ProjectId, token: Option<SecretHash>) -> Reservation {
        Reservation { budget: self.clone(), project: project.clone(), token, bytes: 0 }
    }

    /// The same bytes, which don't hold up the thread that drops the last clone of them.
    pub(crate) fn dropped_aside(&self, bytes: Bytes) -> Bytes {
        Bytes::from_owner(Counted { bytes, budget: self.clone(), reservation: None })
    }

    /// How many bytes are held.
    pub(crate) fn held(&self) -> usize {
        self.lock().total.iter().sum()
    }

    /// Whether less than an eighth of a part is left, so that bodies of any project may be refused.
    pub(crate) fn is_spent(&self) -> bool {
        let held = self.lock().total;
        self.0.parts.iter().zip(held).any(|(part, held)| held > part.most - part.most / 8)
    }

    /// No code panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which limit is exceeded, if any, when a body of `before` bytes has grown to `now`.
    fn exceeded(&self, held: &Held, reservation: &Reservation, now: usize) -> Option<Exceeded> {
        let of_project = held.projects.get(&reservation.project).copied().unwrap_or_default();
        let place = reservation.kind(now) as usize;
        let after = |sums: Sums| reservation.moved(sums, now).get(place).copied().unwrap_or_default();
        let (total, project) = (after(held.total), after(of_project));
        let part = self.0.parts.get(place)?;
        let of_token = reservation.token.and_then(|token| held.tokens.get(&token)).copied().unwrap_or_default();
        if reservation.token.is_some() && of_token - reservation.bytes + now > self.0.of_a_token {
            return Some(Exceeded::Token);
        }
        // A project that has used its share up is told so, even if the whole part is.
        if project > part.share {
            return Some(Exceeded::Project);
        }
        (total > part.most).then_some(Exceeded::Server)
    }
}

impl Held {
    fn set(&mut self, reservation: &Reservation, now: usize) {
        self.total = reservation.moved(self.total, now);
        let project = self.projects.entry(reservation.project.clone()).or_default();
        *project = reservation.moved(*project, now);
        if *project == Sums::default() {
            self.projects.remove(&reservation.project);
        }
        if let Some(token) = reservation.token {
            let sum = self.tokens.entry(token).or_default();
            *sum = sum.saturating_sub(reservation.bytes).saturating_add(now);
            if *sum == 0 {
                self.tokens.remove(&token);
            }
        }
    }
}

/// A part of the budget. Dropping it returns it.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: BodyBudget,
    project: ProjectId,
    token: Option<SecretHash>,
    bytes: usize,
}

impl Reservation {
    pub(crate) fn project(&self) -> &ProjectId {
        &self.project
    }

    /// Which kind a body of this length is.
    fn kind(&self, bytes: usize) -> Kind {
        match self.token {
            Some(_) => Kind::Registration,
            None if bytes > SMALL => Kind::Large,
            None => Kind::Small,
        }
    }

    /// The sums after this reservation's bytes have become `now`.
    fn moved(&self, mut sums: Sums, now: usize) -> Sums {
        if let Some(sum) = sums.get_mut(self.kind(self.bytes) as usize) {
            *sum = sum.saturating_sub(self.bytes);
        }
        if let Some(sum) = sums.get_mut(self.kind(now) as usize) {
            *sum = sum.saturating_add(now);
        }
        sums
    }

    /// Makes the reservation as large as the memory of the body that is being received.
    ///
    /// # Errors
    /// The limit that does not allow it; the reservation stays as it was.
    pub(crate) fn grow_to(&mut self, bytes: usize) -> Result<(), Exceeded> {
        let budget = self.budget.clone();
        let mut held = budget.lock();
        match budget.exceeded(&held, self, bytes) {
            Some(exceeded) => Err(exceeded),
            None => {
                held.set(self, bytes);
                self.bytes = bytes;
                Ok(())
            }
        }
    }

    /// Makes the reservation as large as what has become of the body: it is in memory, so it is not refused.
    pub(crate) fn follow(&mut self, bytes: usize) {
        let budget = self.budget.clone();
        budget.lock().set(self, bytes);
        self.bytes = bytes;
    }

    /// Holds the reservation as long as these bytes are in memory: until the last clone of them is dropped.
    pub(crate) fn attached_to(self: &Arc<Self>, bytes: Bytes) -> Bytes {
        let (budget, reservation) = (self.budget.clone(), Some(Arc::clone(self)));
        Bytes::from_owner(Counted { bytes, budget, reservation })
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let budget = self.budget.clone();
        budget.lock().set(self, 0);
    }
}

/// Bytes with the reservation for them, if they have one of their own.
struct Counted {
    bytes: Bytes,
    budget: BodyBudget,
    reservation: Option<Arc<Reservation>>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let (bytes, reservation) = (mem::take(&mut self.bytes), self.reservation.take());
        if let Some(discard) = &self.budget.0.discard {
            discard.discard(bytes.len(), (bytes, reservation));
        }
    }
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    fn project(letter: char) -> ProjectId {
        ProjectId::parse(&format!("prj_{}", letter.to_string().repeat(22))).unwrap()
    }

    fn budget() -> BodyBudget {
        BodyBudget::new(&RequestLimits::default(), None)
    }

    fn held(budget: &BodyBudget, project: char, bytes: usize) -> Result<Reservation, Exceeded> {
        let mut reservation = budget.reserve(&self::project(project), None);
        reservation.grow_to(bytes).map(|()| reservation)
    }

    #[test]
    fn a_project_holds_at_most_its_share_and_gets_it_back() {
        let budget = budget();
        let first = [held(&budget, 'a', 32 * MIB).unwrap(), held(&budget, 'a', 31 * MIB).unwrap()];
        assert_eq!(held(&budget, 'a', 2 * MIB).unwrap_err(), Exceeded::Project);
        let others = ['b', 'c', 'd'].map(|other| [(); 2].map(|()| held(&budget, other, 31 * MIB).unwrap()));
        assert_eq!(held(&budget, 'e', 32 * MIB).unwrap_err(), Exceeded::Server);
        assert!(budget.is_spent());
        drop(others);
        assert!(!budget.is_spent() && held(&budget, 'e', 32 * MIB).is_ok());
        drop(first);
        assert_eq!((budget.held(), budget.lock().projects.len()), (0, 0));
    }

    #[test]
    fn a_small_body_never_waits_for_large_ones() {
        let budget = budget();
        let _large = ['a', 'b', 'c', 'd'].map(|other| [(); 2].map(|()| held(&budget, other, 32 * MIB).unwrap()));
        for project in ['a', 'e'] {
            let mut small = held(&budget, project, 1).unwrap();
            small.grow_to(SMALL).unwrap();
            // It has become a large one, and what it was is not held twice.
            small.grow_to(SMALL + 1).unwrap_err();
            assert_eq!(small.bytes, SMALL);
        }
        assert_eq!(budget.held(), 256 * MIB);
    }

    #[test]
    fn small_bodies_have_shares_too() {
        let budget = budget();
        let taken: Vec<_> = std::iter::from_fn(|| held(&budget, 'a', SMALL).ok()).collect();
        assert_eq!(taken.len(), 16 * MIB / SMALL);
        assert!(held(&budget, 'b', SMALL).is_ok());
    }

    #[test]
    fn a_registration_token_holds_a_few_bodies() {
        let budget = budget();
        let with = |n: u8| {
            let mut reservation = budget.reserve(&project('a'), Some(SecretHash([n; 32])));
            reservation.grow_to(16 << 10).map(|()| reservation)
        };
        let four: Vec<_> = (0..4).map(|_| with(1).unwrap()).collect();
        assert_eq!(with(1).unwrap_err(), Exceeded::Token);
        assert!(with(2).is_ok());
        drop(four);
        assert!(with(1).is_ok());
        // All tokens of a project together leave its own calls alone.
        let all: Vec<_> =
            (0..=255).flat_map(|n| std::iter::from_fn(move || Some(n)).take(4)).map_while(|n| with(n).ok()).collect();
        assert_eq!(all.len(), 4 * MIB / (16 << 10));
        assert_eq!(with(255).unwrap_err(), Exceeded::Project);
        assert!(held(&budget, 'a', SMALL).is_ok());
        drop(all);
        assert_eq!((budget.held(), budget.lock().tokens.len()), (0, 0));
    }

    #[test]
    fn a_reservation_follows_the_body_and_goes_with_its_last_clone() {
        let budget = budget();
        let mut reservation = held(&budget, 'a', MIB).unwrap();
        reservation.follow(3 * MIB);
        assert_eq!(budget.held(), 3 * MIB);
        let bytes = Arc::new(reservation).attached_to(Bytes::from(vec![7; 3 * MIB]));
        let slice = bytes.slice(1..2);
        drop(bytes);
        assert_eq!((budget.held(), &slice[..]), (3 * MIB, &[7][..]));
        drop(slice);
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn the_largest_body_always_fits() {
        let limits = RequestLimits { body_share_percent: 1, ..RequestLimits::default() };
        assert!(held(&BodyBudget::new(&limits, None), 'a', 32 * MIB).is_ok());
    }
}
