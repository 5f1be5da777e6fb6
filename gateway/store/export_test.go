package store

// DueQuery is what Due asks.
const DueQuery = dueQuery

// Queries of consents, so that tests see how SQLite answers them.
const (
	Granted         = granted
	ConsentSums     = consentSums
	OverdueConsents = overdueConsents
)
