//! Lists, held against a plain filter of all rows.
