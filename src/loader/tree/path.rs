//! Paths in the model, such as `services.web.ports[1]`: for messages, and for rules that depend on the attribute.

/// A path as a chain of steps. Each step is on the stack of the function that walks the tree, so a walk allocates
/// nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct ModelPath<'a> {
    above: Option<&'a ModelPath<'a>>,
    step: Step<'a>,
    depth: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Step<'a> {
    #[default]
    Top,
    Key(&'a str),
    Index(usize),
}

impl<'a> ModelPath<'a> {
    /// Returns the path of a member of this mapping.
    pub fn next(&'a self, key: &'a str) -> Self {
        Self { above: Some(self), step: Step::Key(key), depth: self.depth + 1 }
    }

    /// Returns the path of an item of this list.
    pub fn item(&'a self, index: usize) -> Self {
        Self { above: Some(self), step: Step::Index(index), depth: self.depth + 1 }
    }

    /// Returns the number of steps: 2 for `services.web`.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Returns the key at an index from 0: `web` at index 1 of `services.web`. Empty where the path is shorter, or
    /// where the step is an item of a list.
    pub fn part(&self, index: usize) -> &'a str {
        let mut path = *self;
        while path.depth > index + 1 {
            match path.above {
                Some(above) => path = *above,
                None => return "",
            }
        }
        if path.depth == index + 1 { path.last() } else { "" }
    }

    /// Returns the last key. Empty at the top, and where the last step is an item of a list.
    pub fn last(&self) -> &'a str {
        match self.step {
            Step::Key(key) => key,
            Step::Top | Step::Index(_) => "",
        }
    }
}

impl std::fmt::Display for ModelPath<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let above = self.above.filter(|above| above.depth > 0);
        if let Some(above) = above {
            write!(f, "{above}")?;
        }
        match self.step {
            Step::Top => Ok(()),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(key) if above.is_some() => write!(f, ".{key}"),
            Step::Key(key) => f.write_str(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ModelPath;

    #[test]
    fn a_path_knows_its_steps() {
        let top = ModelPath::default();
        let services = top.next("services");
        let web = services.next("web");
        let ports = web.next("ports");
        let port = ports.item(1);
        assert_eq!((web.to_string().as_str(), web.depth(), web.last()), ("services.web", 2, "web"));
        assert_eq!((web.part(0), web.part(1), web.part(2), top.part(0)), ("services", "web", "", ""));
        assert_eq!((port.to_string().as_str(), port.part(2), port.last()), ("services.web.ports[1]", "ports", ""));
        assert_eq!(port.next("target").to_string(), "services.web.ports[1].target");
        assert_eq!(top.to_string(), "");
    }
}
