//! Compose files to a project: read, interpolate, include, extends, merge, normalise, validate; a file each.
