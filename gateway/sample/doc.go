// Package sample makes receipts up: sales and returns of three brands' customers over some weeks, the same for the same seed and last day.
//
// cmd/tally-sample writes them as CSV, in the columns that a replay reads by default. Of this module it imports only the chaincode's days and codes.
package sample
