//! Reads the command line's wishes and carries them out.
