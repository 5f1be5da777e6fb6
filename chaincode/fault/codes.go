package fault

import "net/http"

// Code is a stable, public identifier of an outcome. Codes are never reused for another meaning.
type Code string

// OK is the code of an operation that was applied.
const OK Code = "OK"

// Codes of documents and calls: the whole call is refused and nothing is written.
const (
	Malformed       Code = "MALFORMED"
	UnknownFunction Code = "UNKNOWN_FUNCTION"
	ArgumentCount   Code = "ARGUMENT_COUNT"
	TooLarge        Code = "TOO_LARGE"
	InvalidValue    Code = "INVALID_VALUE"
	OutOfRange      Code = "OUT_OF_RANGE"
	Forbidden       Code = "FORBIDDEN"
	WrongEntryPoint Code = "WRONG_ENTRY_POINT"
	ClockSkew       Code = "CLOCK_SKEW"
	LaneSequence    Code = "LANE_SEQUENCE"
	AlreadyExists   Code = "ALREADY_EXISTS"
	NotFound        Code = "NOT_FOUND"
	NotFounded      Code = "NOT_FOUNDED"
	DateNotAllowed  Code = "DATE_NOT_ALLOWED"
	DetailsMismatch Code = "DETAILS_MISMATCH"
	StateCorrupt    Code = "STATE_CORRUPT"
	Internal        Code = "INTERNAL"
)

// Codes of single operations: the receipt is REJECTED, the rest of the batch stands.
const (
	AccountUnknown       Code = "ACCOUNT_UNKNOWN"
	AccountExists        Code = "ACCOUNT_EXISTS"
	SameAccount          Code = "SAME_ACCOUNT"
	InsufficientPoints   Code = "INSUFFICIENT_POINTS"
	Limit                Code = "LIMIT"
	CurrencyMismatch     Code = "CURRENCY_MISMATCH"
	OutOfPeriod          Code = "OUT_OF_PERIOD"
	AuthMissing          Code = "AUTH_MISSING"
	AuthInvalid          Code = "AUTH_INVALID"
	AuthMismatch         Code = "AUTH_MISMATCH"
	AuthExpired          Code = "AUTH_EXPIRED"
	AuthReplayed         Code = "AUTH_REPLAYED"
	AuthBusy             Code = "AUTH_BUSY"
	ReceiptInvalid       Code = "RECEIPT_INVALID"
	ReceiptNotReturnable Code = "RECEIPT_NOT_RETURNABLE"
	ReturnExceeds        Code = "RETURN_EXCEEDS"
	ReturnUnreferenced   Code = "RETURN_UNREFERENCED"
)

// Codes that only a gateway gives.
const (
	Unauthenticated     Code = "UNAUTHENTICATED"
	IdempotencyMissing  Code = "IDEMPOTENCY_KEY_MISSING"
	IdempotencyConflict Code = "IDEMPOTENCY_CONFLICT"
	NaturalConflict     Code = "RECEIPT_NUMBER_CONFLICT"
	ReadOnly            Code = "READ_ONLY"
	NotReady            Code = "NOT_READY"
	Overloaded          Code = "OVERLOADED"
	LedgerUnavailable   Code = "LEDGER_UNAVAILABLE"
	LedgerMismatch      Code = "LEDGER_MISMATCH"
	BlockInvalid        Code = "BLOCK_INVALID"
	SignatureInvalid    Code = "SIGNATURE_INVALID"
)

// Class says what a caller does about a code.
type Class string

// The classes: a refusal is final for the operation, a request must be changed before it is sent again, a retry may succeed unchanged, an internal fault needs an operator.
const (
	ClassOK       Class = "ok"
	ClassRefusal  Class = "refusal"
	ClassRequest  Class = "request"
	ClassRetry    Class = "retry"
	ClassInternal Class = "internal"
)

// Entry is a row of the catalogue.
type Entry struct {
	Code    Code
	Class   Class
	Status  int    // HTTP status of a problem document with this code.
	Meaning string // One sentence that says what is wrong and what to do.
}

var catalogue = []Entry{
	{OK, ClassOK, http.StatusOK, "The operation was applied."},

	{Malformed, ClassRequest, http.StatusBadRequest, "The document can't be decoded: fields must be known, named exactly, given once and of the right type."},
	{UnknownFunction, ClassRequest, http.StatusNotFound, "There is no function of exactly this name."},
	{ArgumentCount, ClassRequest, http.StatusBadRequest, "The function takes exactly one JSON document."},
	{TooLarge, ClassRequest, http.StatusRequestEntityTooLarge, "The document, batch or body is over its limit: send less at once."},
	{InvalidValue, ClassRequest, http.StatusUnprocessableEntity, "A field has a value that it can't have."},
	{OutOfRange, ClassRequest, http.StatusUnprocessableEntity, "A quantity is negative, or larger than the ledger can hold."},
	{Forbidden, ClassRequest, http.StatusForbidden, "The caller's organisation and role don't allow this."},
	{WrongEntryPoint, ClassRequest, http.StatusForbidden, "The function was reached through another chaincode than the one it serves."},
	{ClockSkew, ClassRequest, http.StatusConflict, "The transaction's time is minutes off the endorsing peer's clock: set the clock."},
	{LaneSequence, ClassRetry, http.StatusConflict, "The lane has moved on: look which batch won its sequence number."},
	{AlreadyExists, ClassRequest, http.StatusConflict, "It exists already and is never overwritten."},
	{NotFound, ClassRequest, http.StatusNotFound, "There is nothing under this id."},
	{NotFounded, ClassRequest, http.StatusConflict, "The consortium or the programme has not been founded yet."},
	{DateNotAllowed, ClassRequest, http.StatusConflict, "The business date only moves forward, and only a simulated programme's may leave the day of the transaction."},
	{DetailsMismatch, ClassRequest, http.StatusUnprocessableEntity, "The private details don't belong to the operations of the batch."},
	{StateCorrupt, ClassInternal, http.StatusInternalServerError, "A record on the ledger can't be decoded: run the audit."},
	{Internal, ClassInternal, http.StatusInternalServerError, "An unexpected fault; the log has the cause under the request id."},

	{AccountUnknown, ClassRefusal, http.StatusNotFound, "The programme has no such account."},
	{AccountExists, ClassRefusal, http.StatusConflict, "The account id is taken."},
	{SameAccount, ClassRefusal, http.StatusUnprocessableEntity, "Sender and receiver are the same account."},
	{InsufficientPoints, ClassRefusal, http.StatusConflict, "The account has fewer spendable points than asked for."},
	{Limit, ClassRefusal, http.StatusConflict, "A limit of the programme or the account is reached."},
	{CurrencyMismatch, ClassRefusal, http.StatusUnprocessableEntity, "The amount is not in the programme's currency."},
	{OutOfPeriod, ClassRefusal, http.StatusUnprocessableEntity, "The purchase lies after the business date or is older than the programme accepts."},
	{AuthMissing, ClassRefusal, http.StatusForbidden, "A debit needs an authorisation of the account's controller."},
	{AuthInvalid, ClassRefusal, http.StatusForbidden, "The authorisation's signature is not a low-S P-256 signature of the account's controller."},
	{AuthMismatch, ClassRefusal, http.StatusForbidden, "The authorisation was given for something else: another channel, programme, account, operation, place, receiver or fewer points."},
	{AuthExpired, ClassRefusal, http.StatusForbidden, "The authorisation has lapsed, or is valid for longer than allowed."},
	{AuthReplayed, ClassRefusal, http.StatusConflict, "The authorisation was used before."},
	{AuthBusy, ClassRefusal, http.StatusConflict, "Too many authorisations of the account are still alive: wait until one has lapsed."},
	{ReceiptInvalid, ClassRefusal, http.StatusUnprocessableEntity, "The receipt is not in the batch it names: it was altered or forged."},
	{ReceiptNotReturnable, ClassRefusal, http.StatusUnprocessableEntity, "The receipt is not an accepted accrual of this account."},
	{ReturnExceeds, ClassRefusal, http.StatusConflict, "More would be taken back than the receipt awarded."},
	{ReturnUnreferenced, ClassRefusal, http.StatusUnprocessableEntity, "The programme takes returns only against a receipt."},

	{Unauthenticated, ClassRequest, http.StatusUnauthorized, "Send a valid API key as bearer token."},
	{IdempotencyMissing, ClassRequest, http.StatusBadRequest, "Send an Idempotency-Key header of 1 to 64 characters."},
	{IdempotencyConflict, ClassRequest, http.StatusUnprocessableEntity, "The idempotency key was used with another request body: use a new key."},
	{NaturalConflict, ClassRequest, http.StatusConflict, "This receipt number was used at this terminal for another operation: nothing was changed."},
	{ReadOnly, ClassRequest, http.StatusMethodNotAllowed, "This gateway reads only."},
	{NotReady, ClassRetry, http.StatusServiceUnavailable, "The gateway is not ready yet: ask /readyz why, then try again under the same idempotency key."},
	{Overloaded, ClassRetry, http.StatusServiceUnavailable, "Too much is waiting: try again after Retry-After under the same idempotency key."},
	{LedgerUnavailable, ClassRetry, http.StatusServiceUnavailable, "The ledger can't be reached: try again under the same idempotency key."},
	{LedgerMismatch, ClassInternal, http.StatusInternalServerError, "The gateway's database was made from another ledger than the peer's: give it the right database, or an empty one to rebuild."},
	{BlockInvalid, ClassInternal, http.StatusInternalServerError, "A block can't be read, or its hashes don't hold together: run the audit."},
	{SignatureInvalid, ClassInternal, http.StatusInternalServerError, "A signature in a block is missing, or isn't that of whom the channel's configuration names: run the audit."},
}

var byCode = func() map[Code]Entry {
	m := make(map[Code]Entry, len(catalogue))
	for _, e := range catalogue {
		m[e.Code] = e
	}
	return m
}()

// Catalogue returns every code in a stable order.
func Catalogue() []Entry { return append([]Entry(nil), catalogue...) }

// Lookup returns the row of a code; an unknown code is reported as Internal.
func Lookup(c Code) Entry {
	if e, ok := byCode[c]; ok {
		return e
	}
	return byCode[Internal]
}

// Known says whether c is in the catalogue.
func Known(c Code) bool {
	_, ok := byCode[c]
	return ok
}
