//! "Did you mean": the closest known name.

/// Single-letter edits (insert, delete, replace, swap of neighbours) between two names.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// The known name a person most likely meant; `None` when nothing is near.
/// Names may have a section before a dot: the right name in the wrong section is near too.
pub fn closest<'k>(wrong: &str, mut known: impl Iterator<Item = &'k str> + Clone) -> Option<&'k str> {
    let wrong = wrong.to_lowercase().replace('-', "_");
    let allowed = (wrong.chars().count() / 4).clamp(1, 4);
    let near = known.clone().map(|name| (distance(&wrong, name), name)).min().filter(|(edits, _)| *edits <= allowed);
    let leaf = |name: &str| name.rsplit('.').next().map(str::to_owned);
    near.map(|(_, name)| name).or_else(|| known.find(|name| leaf(name) == leaf(&wrong)))
}

#[cfg(test)]
mod tests {
    use super::{closest, distance};

    #[test]
    fn counts_edits() {
        assert_eq!(distance("listen", "listen"), 0);
        assert_eq!(distance("lisetn", "listen"), 1);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn finds_typos_and_wrong_sections() {
        let known = ["issuer", "server.listen", "server.staff_origin", "database.url"];
        assert_eq!(closest("server.lsiten", known.into_iter()), Some("server.listen"));
        assert_eq!(closest("listen", known.into_iter()), Some("server.listen"));
        assert_eq!(closest("isuer", known.into_iter()), Some("issuer"));
        assert_eq!(closest("server.staff-origin", known.into_iter()), Some("server.staff_origin"));
        assert_eq!(closest("wholly.different", known.into_iter()), None);
    }
}
