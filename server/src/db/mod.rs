//! The relay's database: the one place in the server where SQL stands.
