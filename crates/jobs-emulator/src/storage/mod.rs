//! Containers that jobs read and write.
