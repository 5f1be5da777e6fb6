// Package reports makes what auditors and the regulator are shown: supply and liability, reserves, concentration, flows between brands, evidence of consents and erasures,
// adjustments, and the volume that the EU's limited-network threshold is measured against. docs/reports.md defines every figure.
//
// A report is made of the read model as of one block, which it names, and of nothing else: the same blocks give the same report, whoever makes it. All numbers are whole; shares
// are basis points. It imports store, bookkeeping and the chaincode's pure packages; api and the commands may import it.
package reports
