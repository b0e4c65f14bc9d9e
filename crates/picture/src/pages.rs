//! A growing list in shared pages: a reader takes a snapshot by copying the page pointers, and a
//! writer copies only the pages that it changes while somebody still looks at them.

use std::sync::Arc;

const PAGE: usize = 128;

/// A list in pages of 128.
#[derive(Debug)]
pub struct Pages<T> {
    pages: Vec<Arc<Vec<T>>>,
    len: usize,
}

impl<T> Clone for Pages<T> {
    fn clone(&self) -> Self {
        Self { pages: self.pages.clone(), len: self.len }
    }
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self { pages: Vec::new(), len: 0 }
    }
}

impl<T> Pages<T> {
    /// Number of items.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The item at a position.
    pub fn get(&self, index: usize) -> Option<&T> {
        self.pages.get(index / PAGE)?.get(index % PAGE)
    }

    /// All items in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.pages.iter().flat_map(|page| page.iter())
    }
}

impl<T: Clone> Pages<T> {
    /// Appends an item and returns its position.
    pub fn push(&mut self, item: T) -> usize {
        if self.len.is_multiple_of(PAGE) {
            self.pages.push(Arc::new(Vec::with_capacity(PAGE)));
        }
        let page = self.pages.last_mut().expect("a page was pushed");
        Arc::make_mut(page).push(item);
        self.len += 1;
        self.len - 1
    }

    /// Puts another item at a position.
    pub fn set(&mut self, index: usize, item: T) {
        Arc::make_mut(&mut self.pages[index / PAGE])[index % PAGE] = item;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_does_not_see_later_changes() {
        let mut pages = Pages::default();
        (0..300).for_each(|n| {
            pages.push(n);
        });
        let snapshot = pages.clone();
        pages.set(150, -1);
        pages.push(300);
        assert_eq!(snapshot.iter().copied().collect::<Vec<_>>(), (0..300).collect::<Vec<_>>());
        assert_eq!((pages.get(150), pages.len()), (Some(&-1), 301));
    }
}
