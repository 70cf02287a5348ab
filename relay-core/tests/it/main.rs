//! The use cases, with mocks in place of the world.

mod calls;
