//! "Did you mean": the known word that needs the fewest edits.

/// Returns the nearest known word. `None` where every word needs more than a third of its letters changed.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(64).collect();
    let allowed = (word.len() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (distance(&word, &candidate.chars().collect::<Vec<_>>()), candidate))
        // One edit turns any letter into any other, so a word in which every letter changes is not near.
        .filter(|(distance, _)| *distance <= allowed && *distance < word.len())
        .min_by_key(|(distance, candidate)| (*distance, *candidate))
        .map(|(_, candidate)| candidate)
}

/// Returns the number of edits between two words. An edit inserts, removes or changes a letter, or swaps two
/// neighbours.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(from != to)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i - 1] == *to && *from == b[j - 1] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_typo_finds_its_word_and_a_stranger_finds_none() {
        let known = ["environment", "env_file", "image", "ports"];
        assert_eq!(nearest("enviroment", known), Some("environment"));
        assert_eq!(nearest("imgae", known), Some("image"));
        assert_eq!(nearest("volumes", known), None);
    }
}
