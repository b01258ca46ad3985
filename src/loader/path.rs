//! Paths in the model, which decide how a value is merged.

/// A path as a chain of keys, each on the stack of the function that went there: going deeper allocates nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Path<'a> {
    above: Option<&'a Path<'a>>,
    /// Empty at the top only.
    key: &'a str,
    depth: usize,
}

impl<'a> Path<'a> {
    /// Returns the path of a member.
    pub(super) fn next(&'a self, key: &'a str) -> Self {
        Self { above: Some(self), key, depth: self.depth + 1 }
    }

    /// Returns how many keys it has.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Returns the key at a depth, from 0; empty where it is not that deep.
    pub(super) fn part(&self, index: usize) -> &str {
        let mut path = self;
        while path.depth > index + 1 {
            match path.above {
                Some(above) => path = above,
                None => return "",
            }
        }
        if path.depth == index + 1 { path.key } else { "" }
    }
}

impl std::fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(above) = self.above.filter(|above| above.depth > 0) {
            write!(f, "{above}.")?;
        }
        f.write_str(self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn a_path_knows_its_keys() {
        let top = Path::default();
        let services = top.next("services");
        let web = services.next("web");
        assert_eq!((web.to_string().as_str(), web.depth()), ("services.web", 2));
        assert_eq!((web.part(0), web.part(1), web.part(2), top.part(0)), ("services", "web", "", ""));
    }
}
