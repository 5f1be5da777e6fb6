package store

// DueQuery is what Due asks.
const DueQuery = dueQuery
