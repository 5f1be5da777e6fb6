package engine

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// queryOf is the document of a query that names one record.
type queryOf[T any] interface {
	*T
	document
}

// lookup is the query of the record under the key that its document names.
func lookup[T any, Q queryOf[T]](key func(*T) string) function {
	return func(c Call, s State) (Effects, error) {
		doc, err := decodeQuery[T, Q](c)
		if err != nil {
			return Effects{}, err
		}
		return answerRecord(s, key(doc))
	}
}

// decodeQuery reads a query's document.
func decodeQuery[T any, Q queryOf[T]](c Call) (*T, error) {
	doc := new(T)
	if err := wire.Decode(c.Document, MaxQuery, doc); err != nil {
		return nil, err
	}
	return doc, Q(doc).Validate()
}

var (
	getProposal       = lookup(func(q *wire.VoteQuery) string { return VoteKey(q.ID) })
	getWindow         = lookup(func(q *wire.WindowQuery) string { return WindowKey(q.Currency, q.Number) })
	getNetting        = lookup(func(q *wire.WindowQuery) string { return NettingKey(q.Currency, q.Number) })
	getPosition       = lookup(func(q *wire.PositionQuery) string { return PositionKey(q.Currency, q.Window, q.Member) })
	getLeg            = lookup(func(q *wire.LegQuery) string { return LegKey(q.Currency, q.Window, q.From, q.To) })
	getCap            = lookup(func(q *wire.MemberCurrencyQuery) string { return CapKey(q.Member, q.Currency) })
	getReserve        = lookup(func(q *wire.MemberCurrencyQuery) string { return AttestedKey(q.Member, q.Currency) })
	getStanding       = lookup(func(q *wire.MemberCurrencyQuery) string { return StandingKey(q.Member, q.Currency) })
	getAllocation     = lookup(func(q *wire.PairCurrencyQuery) string { return AllocationKey(q.A, q.B, q.Currency) })
	getPairBook       = lookup(func(q *wire.PairCurrencyQuery) string { return PairBookKey(q.A, q.B, q.Currency) })
	getPairNets       = lookup(func(q *wire.PairNetsQuery) string { return PairNetsKey(q.Currency, q.Window, q.A, q.B) })
	getCustodian      = lookup(func(q *wire.CustodianQuery) string { return CustodianKey(q.ID) })
	getDispute        = lookup(func(q *wire.DisputeQuery) string { return DisputeKey(q.Currency, q.Programme, q.Operation) })
	getFinalStatement = lookup(func(q *wire.MemberQuery) string { return FinalStatementKey(q.Name) })
)

// getCurrencies answers with the currencies in which windows were opened.
func getCurrencies(c Call, s State) (Effects, error) {
	if err := wire.Decode(c.Document, MaxQuery, &wire.Nothing{}); err != nil {
		return Effects{}, err
	}
	currencies := wire.Currencies{V: 1, List: []string{}}
	if _, err := read(s, CurrenciesKey(), &currencies); err != nil {
		return Effects{}, err
	}
	return answer(currencies)
}

// getCalendar answers with the calendar in force, voted or not.
func getCalendar(c Call, s State) (Effects, error) {
	doc, err := decodeQuery[wire.CurrencyQuery](c)
	if err != nil {
		return Effects{}, err
	}
	calendar, err := readCalendar(s, doc.Currency)
	if err != nil {
		return Effects{}, err
	}
	return answer(calendar)
}

// getOpenWindow answers with the window that is open.
func getOpenWindow(c Call, s State) (Effects, error) {
	doc, err := decodeQuery[wire.CurrencyQuery](c)
	if err != nil {
		return Effects{}, err
	}
	var pointer clearing.WindowPointer
	there, err := read(s, WindowPointerKey(doc.Currency), &pointer)
	if err != nil {
		return Effects{}, err
	}
	if !there {
		return Effects{}, fault.New(fault.NotFound, "no window of %s was ever opened", doc.Currency)
	}
	return answerRecord(s, WindowKey(doc.Currency, pointer.Number))
}

// getWindows answers with an array of those windows of a range that exist, in order.
func getWindows(c Call, s State) (Effects, error) {
	doc, err := decodeQuery[wire.WindowsQuery](c)
	if err != nil {
		return Effects{}, err
	}
	keys := make([]string, doc.Count)
	for i := range keys {
		keys[i] = WindowKey(doc.Currency, doc.First+int64(i))
	}
	there, err := records[clearing.Window](s, keys)
	if err != nil {
		return Effects{}, err
	}
	windows := []*clearing.Window{}
	for _, w := range there {
		if w != nil {
			windows = append(windows, w)
		}
	}
	return answer(windows)
}

// getPositions answers with an array of the positions of a netted window, by member.
func getPositions(c Call, s State) (Effects, error) {
	doc, err := decodeQuery[wire.WindowQuery](c)
	if err != nil {
		return Effects{}, err
	}
	var result clearing.Netting
	there, err := read(s, NettingKey(doc.Currency, doc.Number), &result)
	if err != nil {
		return Effects{}, err
	}
	if !there {
		return Effects{}, fault.New(fault.NotFound, "window %d of %s is not netted", doc.Number, doc.Currency)
	}
	positions, err := readPositions(s, &result)
	if err != nil {
		return Effects{}, err
	}
	return answer(positions)
}

// getLegs answers with an array of the legs of a window, ordered by payer and payee.
func getLegs(c Call, s State) (Effects, error) {
	doc, err := decodeQuery[wire.WindowQuery](c)
	if err != nil {
		return Effects{}, err
	}
	var w clearing.Window
	there, err := read(s, WindowKey(doc.Currency, doc.Number), &w)
	if err != nil {
		return Effects{}, err
	}
	if !there {
		return Effects{}, fault.New(fault.NotFound, "window %d of %s", doc.Number, doc.Currency)
	}
	legs, err := readLegs(s, &w)
	if err != nil {
		return Effects{}, err
	}
	return answer(legs)
}
