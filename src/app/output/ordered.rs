//! Lines of many containers in the order of their times, while they come.
//!
//! A line waits for those of other containers that may be older: until each has given its next line, or has given none for
//! 200 ms. So what is there at the beginning comes in strict order, and what comes later is late by 200 ms at most. Lines of
//! one container keep their order. A long line of one container stays whole.

use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::lines::Line;
use super::reader::STALLED;

/// For how long a line waits for older lines of others.
const PATIENCE: Duration = Duration::from_millis(200);

/// The readers of many containers, by the containers' ids.
#[derive(Default)]
pub(in crate::app) struct Ordered {
    sources: Vec<Source>,
    /// The container whose line was handed on in part, and when its last piece came.
    open: Option<(String, Instant)>,
}

struct Source {
    id: String,
    lines: mpsc::Receiver<Line>,
    head: Head,
    /// When a line of it was taken last, or the reading began.
    taken: Instant,
}

/// What comes next of a source.
enum Head {
    Unknown,
    /// A line with its time, nanoseconds since 1970; lines without a time come first.
    Line(Line, i128),
    End,
}

impl Ordered {
    /// Takes a reader. A container has one reader at a time.
    pub(in crate::app) fn add(&mut self, id: &str, lines: mpsc::Receiver<Line>) {
        self.sources.push(Source { id: id.to_owned(), lines, head: Head::Unknown, taken: Instant::now() });
    }

    /// Returns the next line with its container; `None` in place of a line is the end of a reader. Returns `None` where
    /// nothing is read. Dropping the future loses nothing.
    pub(in crate::app) async fn next(&mut self) -> Option<(String, Option<Line>)> {
        loop {
            if self.sources.is_empty() {
                return None;
            }
            let until = match self.choose() {
                Ok(index) => return Some(self.take(index)),
                Err(until) => until,
            };
            let sleep = async {
                match until {
                    Some(until) => tokio::time::sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = std::future::poll_fn(|context| self.poll(context)) => {}
                () = sleep => {
                    if let Some((id, _)) = self.open.take_if(|(_, since)| *since + STALLED <= Instant::now()) {
                        return Some((id, Some(Line::broken_off())));
                    }
                }
            }
        }
    }

    /// Chooses the source whose line is next; else returns until when lines may wait. `None` waits for any line.
    fn choose(&mut self) -> Result<usize, Option<Instant>> {
        let _ = self.poll(&mut Context::from_waker(std::task::Waker::noop()));
        let may_end = |source: &Source| self.open.as_ref().is_none_or(|(open, _)| *open == source.id);
        if let Some(index) = self.sources.iter().position(|one| matches!(one.head, Head::End) && may_end(one)) {
            return Ok(index);
        }
        if let Some((id, since)) = &self.open {
            let index = self.sources.iter().position(|source| source.id == *id);
            return match index.filter(|index| !matches!(self.sources[*index].head, Head::Unknown)) {
                Some(index) => Ok(index),
                None => Err(Some(*since + STALLED)),
            };
        }
        let time = |source: &Source| match source.head {
            Head::Line(_, time) => Some(time),
            Head::Unknown | Head::End => None,
        };
        let timed = self.sources.iter().enumerate().filter_map(|(index, source)| Some((time(source)?, index)));
        let Some((_, oldest)) = timed.min() else { return Err(None) };
        let unknown = self.sources.iter().filter(|source| matches!(source.head, Head::Unknown));
        match unknown.map(|source| source.taken + PATIENCE).max().filter(|until| *until > Instant::now()) {
            None => Ok(oldest),
            until => Err(until),
        }
    }

    /// Takes the next line of a source, or its end.
    fn take(&mut self, index: usize) -> (String, Option<Line>) {
        let source = &mut self.sources[index];
        let id = source.id.clone();
        match std::mem::replace(&mut source.head, Head::Unknown) {
            Head::Line(line, _) => {
                source.taken = Instant::now();
                self.open = line.goes_on.then(|| (id.clone(), Instant::now()));
                (id, Some(line))
            }
            Head::Unknown | Head::End => {
                self.open.take_if(|(open, _)| *open == id);
                self.sources.remove(index);
                (id, None)
            }
        }
    }

    /// Asks each source whose next line is not known. Ready once one of them has told.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut is_ready = false;
        for source in self.sources.iter_mut().filter(|source| matches!(source.head, Head::Unknown)) {
            if let Poll::Ready(line) = source.lines.poll_recv(context) {
                source.head = line.map_or(Head::End, |line| {
                    let time = nanos(&line.time).unwrap_or_default();
                    Head::Line(line, time)
                });
                is_ready = true;
            }
        }
        if is_ready { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Returns a time stamp of the engine as nanoseconds since 1970.
pub(in crate::app) fn nanos(time: &str) -> Option<i128> {
    time.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_nanosecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(second: u32, text: &str) -> Line {
        let time = format!("2026-01-02T03:04:{second:02}.000000000Z");
        Line { is_error: false, bytes: text.to_owned().into(), time, is_start: true, goes_on: false }
    }

    async fn told(ordered: &mut Ordered) -> String {
        match ordered.next().await {
            Some((id, Some(line))) => format!("{id} {}", String::from_utf8_lossy(&line.bytes)),
            Some((id, None)) => format!("{id} ended"),
            None => "nothing".to_owned(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_there_comes_in_the_order_of_time() {
        let mut ordered = Ordered::default();
        let (a, of_a) = mpsc::channel(9);
        let (b, of_b) = mpsc::channel(9);
        ordered.add("a", of_a);
        ordered.add("b", of_b);
        for (sender, second) in [(&a, 1), (&a, 4), (&b, 2), (&b, 3), (&b, 5)] {
            sender.send(line(second, &second.to_string())).await.unwrap();
        }
        let mut all = Vec::new();
        for _ in 0..4 {
            all.push(told(&mut ordered).await);
        }
        assert_eq!(all, ["a 1", "b 2", "b 3", "a 4"]);
        drop((a, b));
        assert_eq!([told(&mut ordered).await, told(&mut ordered).await], ["a ended", "b 5"]);
        assert_eq!([told(&mut ordered).await, told(&mut ordered).await], ["b ended", "nothing"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_waits_for_others_for_a_moment_only() {
        let mut ordered = Ordered::default();
        let (a, of_a) = mpsc::channel(9);
        let (b, of_b) = mpsc::channel(9);
        ordered.add("a", of_a);
        ordered.add("b", of_b);
        let begun = Instant::now();
        a.send(line(2, "2")).await.unwrap();
        assert_eq!(told(&mut ordered).await, "a 2");
        assert_eq!(begun.elapsed(), PATIENCE, "`b` may have had an older line");
        // `b` has been silent for long enough by now: lines of `a` wait no more.
        tokio::time::advance(PATIENCE).await;
        let begun = Instant::now();
        a.send(line(3, "3")).await.unwrap();
        assert_eq!(told(&mut ordered).await, "a 3");
        assert_eq!(begun.elapsed(), Duration::ZERO);
        // Where `b` has just written, its next line is waited for.
        b.send(line(4, "4")).await.unwrap();
        assert_eq!(told(&mut ordered).await, "b 4");
        a.send(line(6, "6")).await.unwrap();
        tokio::spawn(async move {
            tokio::time::sleep(PATIENCE / 2).await;
            b.send(line(5, "5")).await.unwrap();
            std::future::pending::<()>().await;
        });
        assert_eq!([told(&mut ordered).await, told(&mut ordered).await], ["b 5", "a 6"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_line_stays_whole_unless_nothing_more_of_it_comes() {
        let mut ordered = Ordered::default();
        let (a, of_a) = mpsc::channel(9);
        let (b, of_b) = mpsc::channel(9);
        ordered.add("a", of_a);
        ordered.add("b", of_b);
        a.send(Line { goes_on: true, ..line(1, "begin") }).await.unwrap();
        b.send(line(2, "other")).await.unwrap();
        assert_eq!(told(&mut ordered).await, "a begin");
        a.send(Line { is_start: false, time: String::new(), goes_on: true, ..line(1, "more") }).await.unwrap();
        assert_eq!(told(&mut ordered).await, "a more");
        let begun = Instant::now();
        assert_eq!(told(&mut ordered).await, format!("a {}", String::from_utf8_lossy(&Line::broken_off().bytes)));
        assert_eq!(begun.elapsed(), STALLED);
        assert_eq!(told(&mut ordered).await, "b other");
    }
}
