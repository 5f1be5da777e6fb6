package fault

import "net/http"

// Code is a stable, public identifier of an outcome. Codes are never reused for another meaning.
type Code string

// OK is the code of an operation that was applied.
const OK Code = "OK"

// Codes of documents and calls: the whole call is refused and nothing is written.
const (
	Malformed          Code = "MALFORMED"
	UnknownFunction    Code = "UNKNOWN_FUNCTION"
	ArgumentCount      Code = "ARGUMENT_COUNT"
	TooLarge           Code = "TOO_LARGE"
	InvalidValue       Code = "INVALID_VALUE"
	OutOfRange         Code = "OUT_OF_RANGE"
	Forbidden          Code = "FORBIDDEN"
	WrongEntryPoint    Code = "WRONG_ENTRY_POINT"
	ClockSkew          Code = "CLOCK_SKEW"
	LaneSequence       Code = "LANE_SEQUENCE"
	AlreadyExists      Code = "ALREADY_EXISTS"
	NotFound           Code = "NOT_FOUND"
	NotFounded         Code = "NOT_FOUNDED"
	DateNotAllowed     Code = "DATE_NOT_ALLOWED"
	DetailsMismatch    Code = "DETAILS_MISMATCH"
	NoticeTooShort     Code = "NOTICE_TOO_SHORT"
	WindowOrder        Code = "WINDOW_ORDER"
	AgreementMissing   Code = "AGREEMENT_MISSING"
	ProposalMismatch   Code = "PROPOSAL_MISMATCH"
	PrivateUnavailable Code = "PRIVATE_UNAVAILABLE"
	RuleInvalid        Code = "RULE_INVALID"
	StateCorrupt       Code = "STATE_CORRUPT"
	StatementMismatch  Code = "STATEMENT_MISMATCH"
	Internal           Code = "INTERNAL"
	WindowStatus       Code = "WINDOW_STATUS"
	TooEarly           Code = "TOO_EARLY"
	MemberStatus       Code = "MEMBER_STATUS"
	ProposalClosed     Code = "PROPOSAL_CLOSED"
	FreezeLimit        Code = "FREEZE_LIMIT"
	CapExceeded        Code = "CAP_EXCEEDED"
	SignatureRefused   Code = "SIGNATURE_REFUSED"
	ReserveStale       Code = "RESERVE_STALE"
	NetMismatch        Code = "NET_MISMATCH"
	PositionMismatch   Code = "POSITION_MISMATCH"
	DisputeLate        Code = "DISPUTE_LATE"
	DisputeLimit       Code = "DISPUTE_LIMIT"
	DisputeClosed      Code = "DISPUTE_CLOSED"
	LegStatus          Code = "LEG_STATUS"
	LegExceeds         Code = "LEG_EXCEEDS"
	NotSettled         Code = "NOT_SETTLED"
	ClearingMismatch   Code = "CLEARING_MISMATCH"
	TransientMissing   Code = "TRANSIENT_MISSING"
	EntryMismatch      Code = "ENTRY_MISMATCH"
	ConsentMismatch    Code = "CONSENT_MISMATCH"
	ConsentNotInForce  Code = "CONSENT_NOT_IN_FORCE"

	PersonUnknown  Code = "PERSON_UNKNOWN"
	PurposeUnknown Code = "PURPOSE_UNKNOWN"
	KeyExposed     Code = "KEY_EXPOSED"
	PersonExists   Code = "PERSON_EXISTS"
	PersonConflict Code = "PERSON_CONFLICT"
	PersonLimit    Code = "PERSON_LIMIT"

	LegalHold          Code = "LEGAL_HOLD"
	ErasureUnderWay    Code = "ERASURE_UNDER_WAY"
	CertificateInvalid Code = "CERTIFICATE_INVALID"
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
	ShopUnknown          Code = "SHOP_UNKNOWN"
	ForfeitMismatch      Code = "FORFEIT_MISMATCH"
	AccountUnsettled     Code = "ACCOUNT_UNSETTLED"
	AccountClosed        Code = "ACCOUNT_CLOSED"
	AccountNotFrozen     Code = "ACCOUNT_NOT_FROZEN"
	AccountFrozen        Code = "ACCOUNT_FROZEN"
	FreezePeriod         Code = "FREEZE_PERIOD"
	FreezeUndecided      Code = "FREEZE_UNDECIDED"
	CoolingOff           Code = "COOLING_OFF"
	OfferUnknown         Code = "OFFER_UNKNOWN"
	OfferLapsed          Code = "OFFER_LAPSED"
	OptedOut             Code = "OPTED_OUT"
	IssuingStopped       Code = "ISSUING_STOPPED"
	HonourOver           Code = "HONOUR_OVER"
	InboxUnknown         Code = "INBOX_UNKNOWN"
	SubmitterRefused     Code = "SUBMITTER_REFUSED"
	RecoveryWaiting      Code = "RECOVERY_WAITING"
	RecoveryUnknown      Code = "RECOVERY_UNKNOWN"
	ApprovalUsed         Code = "APPROVAL_USED"
	ApprovalMissing      Code = "APPROVAL_MISSING"
	ControllerRefused    Code = "CONTROLLER_REFUSED"
	NothingDue           Code = "NOTHING_DUE"
	RuleRefused          Code = "RULE_REFUSED"
	SelfReferral         Code = "SELF_REFERRAL"
	NothingAwarded       Code = "NOTHING_AWARDED"
	ReceiptClaimed       Code = "RECEIPT_CLAIMED"
	ClaimInvalid         Code = "CLAIM_INVALID"
	TransferRefused      Code = "TRANSFER_REFUSED"
	CaptureExceeds       Code = "CAPTURE_EXCEEDS"
	HoldPurpose          Code = "HOLD_PURPOSE"
	HoldPeriod           Code = "HOLD_PERIOD"
	HoldLimit            Code = "HOLD_LIMIT"
	HoldLapsed           Code = "HOLD_LAPSED"
	HoldUnknown          Code = "HOLD_UNKNOWN"
	ReturnUndisclosed    Code = "RETURN_UNDISCLOSED"
	ReturnLate           Code = "RETURN_LATE"
	PriceMismatch        Code = "PRICE_MISMATCH"
	PriceUnknown         Code = "PRICE_UNKNOWN"
	EventRepeated        Code = "EVENT_REPEATED"
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
	Withheld            Code = "WITHHELD"
	LedgerUnavailable   Code = "LEDGER_UNAVAILABLE"
	IssuerUnavailable   Code = "ISSUER_UNAVAILABLE"
	LedgerMismatch      Code = "LEDGER_MISMATCH"
	CheckpointMismatch  Code = "CHECKPOINT_MISMATCH"
	ReportIncomplete    Code = "REPORT_INCOMPLETE"
	BlockInvalid        Code = "BLOCK_INVALID"
	SignatureInvalid    Code = "SIGNATURE_INVALID"
	AttemptsLimited     Code = "ATTEMPTS_LIMITED"
	CodeUnknown         Code = "CODE_UNKNOWN"
	CodeWrong           Code = "CODE_WRONG"
)

// Codes of customers' sign-in.
const (
	SignInRefused  Code = "SIGN_IN_REFUSED"
	StepUpRequired Code = "STEP_UP_REQUIRED"
	NoticeRequired Code = "NOTICE_REQUIRED"
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
	{NoticeTooShort, ClassRequest, http.StatusConflict, "The change takes something from who holds points already: it takes effect only after the notice that the terms promise."},
	{AgreementMissing, ClassRequest, http.StatusConflict, "The two brands have no agreement of this version: one proposes it, the other accepts."},
	{ProposalMismatch, ClassRequest, http.StatusConflict, "There is no such proposal, or it is not the one that is accepted: read it again."},
	{PrivateUnavailable, ClassRetry, http.StatusServiceUnavailable, "The peer has not got the private data, or is no member of their collection."},
	{WindowOrder, ClassRequest, http.StatusConflict, "Windows of a currency are dealt with in their order, each once."},
	{WindowStatus, ClassRequest, http.StatusConflict, "The window's status doesn't admit this step: the table of windows says what comes next."},
	{TooEarly, ClassRequest, http.StatusConflict, "A term isn't over, or a time hasn't come: the detail says when to try again."},
	{MemberStatus, ClassRequest, http.StatusConflict, "The member's status doesn't admit this: it is suspended, leaving, administered or gone."},
	{ProposalClosed, ClassRequest, http.StatusConflict, "The proposal is decided, or has lapsed."},
	{FreezeLimit, ClassRequest, http.StatusConflict, "The brand has too many requests to freeze accounts open at the issuer, for this account or together."},
	{CapExceeded, ClassRequest, http.StatusConflict, "A member's cap has to hold the allocations of its pairs: raise it, or lower another allocation first."},
	{SignatureRefused, ClassRequest, http.StatusForbidden, "The document's signature is not a low-S P-256 signature by the key that has to sign it."},
	{ReserveStale, ClassRequest, http.StatusConflict, "A later statement of this reserve is in force."},
	{NetMismatch, ClassRequest, http.StatusConflict, "The values and salts disclosed are not those whose hashes are on the channel, or a lane is left out."},
	{PositionMismatch, ClassRequest, http.StatusConflict, "The net or the root that was signed is not the ledger's: recompute the netting, and run the audit if it stays so."},
	{DisputeLate, ClassRequest, http.StatusConflict, "The window is netted: pay, and adjust in an open window."},
	{DisputeLimit, ClassRequest, http.StatusConflict, "The pair can't set more aside in this window, or at one time."},
	{DisputeClosed, ClassRequest, http.StatusConflict, "The disputed line has fallen due, or its dispute is decided."},
	{LegStatus, ClassRequest, http.StatusConflict, "The leg's status doesn't admit this."},
	{LegExceeds, ClassRequest, http.StatusConflict, "More would be paid than is left of the leg."},
	{NotSettled, ClassRequest, http.StatusConflict, "The member's affairs aren't settled: the detail says what is open."},
	{TransientMissing, ClassRequest, http.StatusUnprocessableEntity, "The call's private part is missing: it belongs into a transient field, not into the document."},
	{EntryMismatch, ClassRequest, http.StatusConflict, "An entry is not the one that its key, or its owner's hash on the channel, stands for."},
	{ConsentMismatch, ClassRequest, http.StatusConflict, "The consent's body is not the one that is on the channel, or doesn't cover what is asked for under it."},
	{ConsentNotInForce, ClassRequest, http.StatusConflict, "The consent has ended, or its time has not begun or is over."},
	{ClearingMismatch, ClassInternal, http.StatusInternalServerError, "Obligations, positions and legs of a window don't agree: run the audit."},
	{PersonUnknown, ClassRequest, http.StatusNotFound, "The vault has no such person: it never had, or the person was erased."},
	{PurposeUnknown, ClassRequest, http.StatusUnprocessableEntity, "The data policy in force declares no purpose of this code: personal data are read and written for declared purposes."},
	{KeyExposed, ClassInternal, http.StatusInternalServerError, "The file of a secret key has wider permissions than 0600: others may have read the key."},
	{PersonExists, ClassRequest, http.StatusConflict, "Another person of the vault has one of these identifiers: find that person, or merge the two."},
	{PersonConflict, ClassRequest, http.StatusConflict, "The two persons differ in attributes that have one value: the detail names them, decide for each."},
	{PersonLimit, ClassRequest, http.StatusConflict, "The person would have more values or accounts than the vault keeps for one."},
	{LegalHold, ClassRequest, http.StatusConflict, "A legal hold keeps these data from being erased: it ends by itself, or when compliance lifts it."},
	{ErasureUnderWay, ClassRequest, http.StatusConflict, "The person is being erased: this can't be done any more."},
	{CertificateInvalid, ClassRequest, http.StatusUnprocessableEntity, "The certificate of an erasure doesn't hold: the detail says what is wrong with it."},
	{RuleInvalid, ClassRequest, http.StatusUnprocessableEntity, "The rule set can't be published: the detail names the rule and says what to change."},
	{StateCorrupt, ClassInternal, http.StatusInternalServerError, "A record on the ledger can't be decoded: run the audit."},
	{StatementMismatch, ClassInternal, http.StatusInternalServerError, "A programme's lots, moves and totals don't agree: run the audit."},
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
	{ReceiptNotReturnable, ClassRefusal, http.StatusUnprocessableEntity, "The receipt is not an accepted accrual or redemption of this account."},
	{ReturnExceeds, ClassRefusal, http.StatusConflict, "More would be returned than the receipt moved, or a line of it twice."},
	{ReturnUnreferenced, ClassRefusal, http.StatusUnprocessableEntity, "The programme takes returns only against a receipt."},
	{PriceMismatch, ClassRefusal, http.StatusConflict, "The points are not what the price list in force asks for this: quote again."},
	{PriceUnknown, ClassRefusal, http.StatusNotFound, "The price list in force has no such item, or sells nothing of this kind."},
	{EventRepeated, ClassRefusal, http.StatusConflict, "An event that counts once per account, or once per year, was reported before."},

	{ReturnLate, ClassRefusal, http.StatusConflict, "The time in which this receipt could be returned is over."},
	{ReturnUndisclosed, ClassRefusal, http.StatusUnprocessableEntity, "A return by amount or by lines of this receipt needs the purchase's details: return it whole, or disclose them."},
	{HoldUnknown, ClassRefusal, http.StatusNotFound, "The account has no such open hold: it was captured, voided, claimed or has lapsed."},
	{HoldLapsed, ClassRefusal, http.StatusConflict, "The hold has lapsed: its points are the account's again."},
	{HoldLimit, ClassRefusal, http.StatusConflict, "The account has too many open holds: capture or void one first."},
	{HoldPeriod, ClassRefusal, http.StatusUnprocessableEntity, "The hold would lapse in the past, or later than the terms allow."},
	{HoldPurpose, ClassRefusal, http.StatusConflict, "The hold is for something else: transfers and gifts are accepted, redemptions are captured."},
	{CaptureExceeds, ClassRefusal, http.StatusConflict, "More would be captured than the hold has left."},
	{TransferRefused, ClassRefusal, http.StatusForbidden, "The terms don't allow this transfer: not between such holders, or not so few points."},
	{ClaimInvalid, ClassRefusal, http.StatusForbidden, "The claim code doesn't belong to the gift."},
	{ReceiptClaimed, ClassRefusal, http.StatusConflict, "The anonymous receipt was claimed before."},
	{NothingAwarded, ClassRefusal, http.StatusConflict, "The rules in force give nothing for this event."},
	{SelfReferral, ClassRefusal, http.StatusConflict, "Both sides of the referral have the same controller."},
	{RuleRefused, ClassRefusal, http.StatusConflict, "The rules in force can't be applied to this event."},
	{NothingDue, ClassRefusal, http.StatusConflict, "Nothing of the account is due: no lot has expired and no hold has lapsed."},
	{ControllerRefused, ClassRefusal, http.StatusConflict, "The controller doesn't follow the account's by number, or the programme takes no passkeys."},
	{ApprovalMissing, ClassRefusal, http.StatusForbidden, "Another organisation has to approve exactly this operation first."},
	{ApprovalUsed, ClassRefusal, http.StatusConflict, "The approval was used before."},
	{RecoveryUnknown, ClassRefusal, http.StatusNotFound, "No recovery of the account is under way."},
	{RecoveryWaiting, ClassRefusal, http.StatusConflict, "The recovery's waiting period is not over: the old key can still veto it."},
	{CoolingOff, ClassRefusal, http.StatusConflict, "The account has a new controller or device since a short while: debits, or larger ones, wait until the cooling-off is over."},
	{FreezePeriod, ClassRefusal, http.StatusUnprocessableEntity, "The freeze would end in the past, later than a freeze can, or not as it was decided."},
	{FreezeUndecided, ClassRefusal, http.StatusConflict, "There is no accepted request to freeze this account for this reason under the id, or it was used or has lapsed."},
	{AccountFrozen, ClassRefusal, http.StatusConflict, "The account is frozen, or can't be frozen as it is not active."},
	{AccountNotFrozen, ClassRefusal, http.StatusConflict, "The account is not frozen."},
	{AccountClosed, ClassRefusal, http.StatusConflict, "The account is closed."},
	{AccountUnsettled, ClassRefusal, http.StatusConflict, "The account has open holds or a debt: settle them first."},
	{ForfeitMismatch, ClassRefusal, http.StatusConflict, "The account has another number of points than closing it was to forfeit."},
	{ShopUnknown, ClassRefusal, http.StatusForbidden, "There is no such open shop, or the operation took place at another merchant."},
	{OfferUnknown, ClassRefusal, http.StatusConflict, "The brands have no agreement in force that offers this: ask for the partner's offers."},
	{OfferLapsed, ClassRefusal, http.StatusConflict, "The offer that was quoted is not in force any more, or not yet: quote again."},
	{OptedOut, ClassRefusal, http.StatusForbidden, "The customer wants nothing to do with this partner."},
	{IssuingStopped, ClassRefusal, http.StatusConflict, "The programme's brand has failed and is administered: no points come into being any more, those that there are can be spent."},
	{HonourOver, ClassRefusal, http.StatusConflict, "The programme's brand has failed, and the time in which its points were honoured is over."},
	{SubmitterRefused, ClassRefusal, http.StatusForbidden, "The operation costs the other brand something that no customer signs for: that brand's own gateway submits it."},
	{InboxUnknown, ClassRefusal, http.StatusNotFound, "The account has no such credit waiting: it was folded before."},
	{Unauthenticated, ClassRequest, http.StatusUnauthorized, "Send a valid API key as bearer token; a customer signs in."},
	{SignInRefused, ClassRequest, http.StatusForbidden, "The code, passkey or signature is wrong, used up, lapsed or was tried too often."},
	{StepUpRequired, ClassRequest, http.StatusForbidden, "This needs a fresh proof of who is there: show a second factor or a code again, then repeat it."},
	{NoticeRequired, ClassRequest, http.StatusConflict, "The customer has to be told first: prepare the operation, show its notice, and send back what was agreed to."},
	{IdempotencyMissing, ClassRequest, http.StatusBadRequest, "Send an Idempotency-Key header of 1 to 64 characters."},
	{IdempotencyConflict, ClassRequest, http.StatusUnprocessableEntity, "The idempotency key was used with another request body: use a new key."},
	{NaturalConflict, ClassRequest, http.StatusConflict, "This receipt number was used at this terminal for another operation: nothing was changed."},
	{ReadOnly, ClassRequest, http.StatusMethodNotAllowed, "This gateway reads only."},
	{NotReady, ClassRetry, http.StatusServiceUnavailable, "The gateway is not ready yet: ask /readyz why, then try again under the same idempotency key."},
	{Overloaded, ClassRetry, http.StatusServiceUnavailable, "Too much is waiting: try again after Retry-After under the same idempotency key."},
	{Withheld, ClassRefusal, http.StatusConflict, "The programme's checks don't let this through now. The customer finds the reason among the notices and can object."},
	{LedgerUnavailable, ClassRetry, http.StatusServiceUnavailable, "The ledger can't be reached: try again under the same idempotency key."},
	{IssuerUnavailable, ClassRetry, http.StatusServiceUnavailable, "The gateway that sequences this programme can't be reached, or hasn't answered: try again under the same idempotency key."},
	{LedgerMismatch, ClassInternal, http.StatusInternalServerError, "The gateway's database was made from another ledger than the peer's: give it the right database, or an empty one to rebuild."},
	{CheckpointMismatch, ClassInternal, http.StatusInternalServerError, "Signed audit checkpoints are not of one ledger, or not one chain: keep both and ask who signed them."},
	{ReportIncomplete, ClassInternal, http.StatusInternalServerError, "Pages of a report are not all that there are, or don't add up to its totals: ask for them again, from the first on."},
	{AttemptsLimited, ClassRetry, http.StatusTooManyRequests, "Too many attempts: the detail says when the next one is taken."},
	{CodeUnknown, ClassRequest, http.StatusNotFound, "The identification code is none, was used, or has lapsed: ask the customer for a fresh one."},
	{CodeWrong, ClassRequest, http.StatusForbidden, "The code is not the one that was sent, or nobody was asked."},
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
