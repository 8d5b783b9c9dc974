//! Which outcomes the transaction has told of that the writing thread is in. They count once it is on the disk, and not at
//! all where it is taken back.

use std::cell::RefCell;

use primitives::audit::EventKind;

use crate::Figures;

thread_local! {
    /// There is one thread that writes to a store, and it is in one transaction at a time.
    static TOLD: RefCell<Vec<EventKind>> = const { RefCell::new(Vec::new()) };
}

/// The transaction tells of something.
pub(super) fn tell(kind: EventKind) {
    TOLD.with_borrow_mut(|told| told.push(kind));
}

/// The transaction is on the disk.
pub(super) fn committed(figures: &Figures) {
    TOLD.with_borrow_mut(|told| told.drain(..).for_each(|kind| figures.tell(kind)));
}

/// The transaction was taken back.
pub(super) fn taken_back() {
    TOLD.with_borrow_mut(Vec::clear);
}
