// Package checkpoint is what an auditor signs after a passed audit: how far the chain was, which state it leads to, and the totals in it, as a signed note whose text has the
// form of a transparency log's checkpoint.
//
// It knows neither blocks nor the ledger and imports no other package of this module but fault; audit, reports and the commands may import it.
package checkpoint
