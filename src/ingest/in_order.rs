//! Work handed round to threads, and taken back in the order in which it was handed out: it makes no difference to anybody
//! how many threads there are.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// How work is done.
pub(crate) struct Work<W, D> {
    /// How much a piece of work is.
    pub(crate) weight: W,
    /// How much of it each thread may have before it; one piece in any case. It bounds what waits.
    pub(crate) room: usize,
    pub(crate) do_: D,
}

/// A thread: the work before it, and what was done.
type Worker<J, D> = (Sender<J>, Receiver<D>);

/// Does work on as many threads as there are states, one for each, and gives what was done in order, until something is an
/// error. Before an error among the work what comes before it is given. With one state all is done on this thread.
pub(crate) fn in_order<S: Default + Send, J: Send, D: Send, E>(
    states: &mut [S],
    mut work: impl Iterator<Item = Result<J, E>>,
    how: &Work<impl Fn(&J) -> usize, impl Fn(&mut S, J) -> D + Sync>,
    mut give: impl FnMut(D) -> Result<(), E>,
) -> Result<(), E> {
    let Work { weight, room, do_ } = how;
    if let [state] = states {
        return work.try_for_each(|piece| give(do_(state, piece?)));
    }
    thread::scope(|scope| {
        let mut workers: Vec<Worker<J, D>> = Vec::new();
        for state in states {
            let (pieces, to_do) = channel();
            let (done, results) = channel();
            let run = move || {
                // It ends when nobody waits for it any more.
                let _ = to_do.iter().try_for_each(|piece| done.send(do_(state, piece)));
            };
            match thread::Builder::new().spawn_scoped(scope, run) {
                Ok(_) => workers.push((pieces, results)),
                // The system has no more of them.
                Err(_) => break,
            }
        }
        if workers.is_empty() {
            let mut state = S::default();
            return work.try_for_each(|piece| give(do_(&mut state, piece?)));
        }
        // They take turns, so the one that has the next piece is known.
        let mut next = workers.iter().cycle();
        let mut oldest = workers.iter().cycle();
        let mut waiting: VecDeque<usize> = VecDeque::new();
        let mut end = None;
        loop {
            while end.is_none() && waiting.iter().sum::<usize>() < workers.len() * room {
                match work.next() {
                    Some(Ok(piece)) => {
                        waiting.push_back(weight(&piece));
                        if next.next().is_none_or(|(pieces, _)| pieces.send(piece).is_err()) {
                            return Ok(());
                        }
                    }
                    Some(Err(error)) => end = Some(Err(error)),
                    None => end = Some(Ok(())),
                }
            }
            if waiting.pop_front().is_none() {
                return end.unwrap_or(Ok(()));
            }
            // A thread that is gone has panicked, and the scope panics for it.
            let Some(done) = oldest.next().and_then(|(_, results)| results.recv().ok()) else {
                return Ok(());
            };
            give(done)?;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Squares of numbers up to one that is an error.
    fn squares(threads: usize, numbers: u64, bad: u64, stop: u64) -> (Vec<u64>, Result<(), u64>) {
        let how = Work {
            weight: |number: &u64| usize::try_from(number % 3).unwrap(),
            room: 2,
            do_: |done: &mut u64, number: u64| {
                *done += 1;
                number * number
            },
        };
        let work = (0..numbers).map(|number| if number == bad { Err(number) } else { Ok(number) });
        let mut given = Vec::new();
        let mut states = vec![0; threads];
        let done = in_order(&mut states, work, &how, |square| {
            given.push(square);
            if square == stop * stop { Err(square) } else { Ok(()) }
        });
        (given, done)
    }

    #[test]
    fn what_is_done_comes_in_order_up_to_the_first_error() {
        for (numbers, bad, stop) in [
            (0, 9, 9),
            (1, 9, 9),
            (100, 1000, 1000),
            (100, 40, 1000),
            (100, 40, 7),
            (100, 0, 7),
        ] {
            let one = squares(1, numbers, bad, stop);
            assert!(one.0.iter().copied().eq((0..).take(one.0.len()).map(|n| n * n)));
            for threads in [2, 3, 8] {
                assert_eq!(
                    squares(threads, numbers, bad, stop),
                    one,
                    "{threads} {numbers} {bad} {stop}"
                );
            }
        }
    }
}
