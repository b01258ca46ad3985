//! Lines of many containers, one after the other: a long line of one container stays whole, and lines of other
//! containers wait until the line ends. Where nothing more of the line comes for a while, the line is broken off.
//!
//! A line waits here for room on standard output: a reader of ours that is stopped holds up lines, and through the
//! engine the containers that write them, but neither events nor the ends of containers that have nothing to print.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::lines::Line;
use super::reader::STALLED;
use crate::ui;

/// The readers of many containers, by the containers' ids.
#[derive(Default)]
pub(super) struct Mux {
    sources: Vec<Source>,
    /// The container whose line was handed on in part, and when its last piece came.
    open: Option<(String, Instant)>,
    /// The source whose turn it is, so that no container that writes much shuts out the others.
    turn: usize,
}

/// The readers of one container, for its runs one after the other.
struct Source {
    id: String,
    runs: VecDeque<BoxStream<'static, Line>>,
    /// Whether no line is taken for now.
    is_held: bool,
    /// Whether the line of the last piece was broken off.
    is_broken: bool,
}

impl Mux {
    /// Takes a reader. What it gives comes after all that earlier readers of the container give.
    pub(super) fn add(&mut self, id: &str, lines: mpsc::Receiver<Line>) {
        let lines = futures_util::stream::unfold(lines, |mut receiver| async move {
            let line = receiver.recv().await?;
            ui::ready().await;
            Some((line, receiver))
        });
        self.source(id).runs.push_back(lines.boxed());
    }

    /// Takes nothing of a container until [`Self::release`].
    pub(super) fn hold(&mut self, id: &str) {
        self.source(id).is_held = true;
    }

    /// Takes what was held back of a container.
    pub(super) fn release(&mut self, id: &str) {
        self.source(id).is_held = false;
    }

    /// Returns until when a line that was handed on in part may hold up lines of other containers; `None` where none is
    /// open.
    pub(super) fn held_until(&self) -> Option<Instant> {
        self.open.as_ref().map(|(_, since)| *since + STALLED)
    }

    /// Reads a container no more.
    pub(super) fn remove(&mut self, id: &str) {
        self.sources.retain(|source| source.id != id);
    }

    /// Whether a container is being read.
    pub(super) fn reads(&self, id: &str) -> bool {
        self.sources.iter().any(|source| source.id == id && !source.runs.is_empty())
    }

    /// Returns the next line, with its container; `None` in place of a line is the end of a reader. Returns `None`
    /// where nothing is read. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Option<(String, Option<Line>)> {
        if self.sources.iter().all(|source| source.is_held || source.runs.is_empty()) {
            return None;
        }
        let (index, line) = match self.open_source() {
            None => std::future::poll_fn(|context| self.poll(context)).await,
            Some((index, since)) => tokio::select! {
                biased;
                line = self.sources[index].next() => (index, line),
                // The reader of ours has had time to take what is there.
                () = async { tokio::time::sleep_until(since + STALLED).await; ui::ready().await } => {
                    match self.sources[index].next().now_or_never() {
                        Some(line) => (index, line),
                        None => {
                            self.sources[index].is_broken = true;
                            (index, Some(Line::broken_off()))
                        }
                    }
                }
            },
        };
        let source = &mut self.sources[index];
        let id = source.id.clone();
        let goes_on = line.as_ref().is_some_and(|line| line.goes_on);
        self.open = goes_on.then(|| (id.clone(), Instant::now()));
        Some((id, line))
    }

    /// Returns the source of the open line.
    fn open_source(&self) -> Option<(usize, Instant)> {
        let (id, since) = self.open.as_ref()?;
        let is_it = |source: &Source| source.id == *id && !source.is_held && !source.runs.is_empty();
        self.sources.iter().position(is_it).map(|index| (index, *since))
    }

    /// Polls each source once, the one whose turn it is first.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<(usize, Option<Line>)> {
        let count = self.sources.len();
        for step in 0..count {
            let index = (self.turn + step) % count;
            let source = &mut self.sources[index];
            if source.is_held || source.runs.is_empty() {
                continue;
            }
            if let Poll::Ready(line) = source.poll(context) {
                self.turn = index + 1;
                return Poll::Ready((index, line));
            }
        }
        Poll::Pending
    }

    fn source(&mut self, id: &str) -> &mut Source {
        let index = self.sources.iter().position(|source| source.id == id).unwrap_or_else(|| {
            let source = Source { id: id.to_owned(), runs: VecDeque::new(), is_held: false, is_broken: false };
            self.sources.push(source);
            self.sources.len() - 1
        });
        &mut self.sources[index]
    }
}

impl Source {
    async fn next(&mut self) -> Option<Line> {
        std::future::poll_fn(|context| self.poll(context)).await
    }

    /// Polls the reader at hand; `None` is its end.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Line>> {
        let Some(run) = self.runs.front_mut() else { return Poll::Pending };
        let Poll::Ready(line) = run.poll_next_unpin(context) else { return Poll::Pending };
        if line.is_none() {
            self.runs.pop_front();
        }
        let was_broken = std::mem::take(&mut self.is_broken);
        Poll::Ready(line.map(|line| Line { is_start: line.is_start || was_broken, ..line }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, is_start: bool, goes_on: bool) -> Line {
        Line { is_error: false, bytes: text.to_owned().into(), time: String::new(), is_start, goes_on }
    }

    fn words(found: Option<(String, Option<Line>)>) -> (String, String, bool) {
        let (id, line) = found.unwrap();
        let is_start = line.as_ref().is_some_and(|line| line.is_start);
        (id, line.map_or("END".to_owned(), |line| String::from_utf8(line.bytes.to_vec()).unwrap()), is_start)
    }

    #[tokio::test(start_paused = true)]
    async fn lines_of_others_wait_for_the_end_of_a_long_line() {
        let (mut mux, (a, from_a), (b, from_b)) = (Mux::default(), mpsc::channel(9), mpsc::channel(9));
        mux.add("a", from_a);
        mux.add("b", from_b);
        a.send(line("1", true, true)).await.unwrap();
        assert_eq!(words(mux.next().await), ("a".into(), "1".into(), true));
        b.send(line("x\n", true, false)).await.unwrap();
        assert_eq!(mux.held_until(), Some(Instant::now() + STALLED));
        assert!(tokio::time::timeout(STALLED / 2, mux.next()).await.is_err(), "b waits");
        a.send(line("2\n", false, false)).await.unwrap();
        assert_eq!(words(mux.next().await), ("a".into(), "2\n".into(), false));
        assert_eq!(mux.held_until(), None);
        assert_eq!(words(mux.next().await), ("b".into(), "x\n".into(), true));
        // A line that does not go on is broken off; what comes of it later is a line of its own.
        a.send(line("3", true, true)).await.unwrap();
        b.send(line("y\n", true, false)).await.unwrap();
        assert_eq!(words(mux.next().await), ("a".into(), "3".into(), true));
        let begun = Instant::now();
        assert_eq!(words(mux.next().await), ("a".into(), "\n".into(), false));
        assert_eq!(begun.elapsed(), STALLED);
        assert_eq!(words(mux.next().await), ("b".into(), "y\n".into(), true));
        a.send(line("4\n", false, false)).await.unwrap();
        assert_eq!(words(mux.next().await), ("a".into(), "4\n".into(), true));
        // An end ends the open line, too.
        a.send(line("5", true, true)).await.unwrap();
        drop(a);
        assert_eq!(words(mux.next().await), ("a".into(), "5".into(), true));
        b.send(line("z\n", true, false)).await.unwrap();
        assert_eq!(words(mux.next().await).1, "END");
        assert_eq!(words(mux.next().await).1, "z\n");
        assert!(mux.reads("b") && !mux.reads("a"));
    }

    #[tokio::test]
    async fn the_runs_of_a_container_come_one_after_the_other_and_may_be_held() {
        let (mut mux, (first, one), (second, two)) = (Mux::default(), mpsc::channel(9), mpsc::channel(9));
        mux.add("a", one);
        mux.add("a", two);
        mux.hold("a");
        second.send(line("2\n", true, false)).await.unwrap();
        first.send(line("1\n", true, false)).await.unwrap();
        drop(first);
        assert!(mux.next().await.is_none() && mux.reads("a"));
        mux.release("a");
        assert_eq!(words(mux.next().await).1, "1\n");
        assert_eq!(words(mux.next().await).1, "END");
        assert_eq!(words(mux.next().await).1, "2\n");
        drop(second);
        assert_eq!(words(mux.next().await).1, "END");
        assert!(mux.next().await.is_none());
    }
}
