//! Standard input, where it is data: an archive for `cp`.

use std::io::{self, Write};

/// Copies all of standard input. Blocks.
pub fn copy_to(writer: &mut impl Write) -> io::Result<()> {
    io::copy(&mut io::stdin().lock(), writer)?;
    writer.flush()
}
