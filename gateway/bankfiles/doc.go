// Package bankfiles writes and reads the ISO 20022 files between a member's treasury and its bank, and finds out which settlement legs the bank has paid or received:
//
//   - pain.001.001.09 out: WriteInitiation asks the bank to pay legs;
//   - pain.002.001.03 and .10 in: ReadStatus tells what the bank did with that, StatusReport.Of says it leg by leg;
//   - camt.053.001.02 and .08 (statements), camt.054.001.02 and .08 (notifications) in: ReadEntries;
//   - Match lays entries beside legs and accounts for every single one of them.
//
// Money is exact: a decimal string is turned into minor units by the currency's ISO 4217 exponent and back, and nothing is rounded. The exponents are those of
// github.com/bojanz/currency, which takes them from ISO's own list; golang.org/x/text/currency gives CLDR's, which are for display and differ (IDR, IQD, COP, RSD: none).
//
// The messages are a few structs of encoding/xml. The one general Go library that has these messages, github.com/moov-io/iso20022, was archived in January 2023 and lacks
// pain.001.001.09; its successors hold the subsets of two American payment systems. What is written here holds to the published schema and, within it, to the character set
// that every bank takes: nothing is transliterated, a text beyond it is refused. What is read must be in one of the versions' namespaces, whole, and without a document type.
//
// It imports chaincode/fault and chaincode/quantity only; the API and commands may import it. It knows no clock: the caller gives ids and times.
package bankfiles
