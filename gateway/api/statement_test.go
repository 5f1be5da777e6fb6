package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/statement"
)

// yearsBook has 900 points of 2023 and 100 of 2024; 300 were redeemed in 2024.
func yearsBook() *statement.Book {
	key := lots.Key{Terms: 1}
	move := func(on string, n quantity.Points, cause lots.Cause) statement.Move {
		m := statement.Move{Move: lots.Move{Lot: lots.Lot{Key: key, Points: n}, Cause: cause}}
		if err := m.Day.UnmarshalText([]byte(on)); err != nil {
			panic(err)
		}
		return m
	}
	return &statement.Book{
		Currency: "GBP", Day: 20_000, Holdings: []statement.Holding{{Lot: lots.Lot{Key: key, Points: 700}, Place: statement.Account}},
		Moves: []statement.Move{move("2023-05-01", 900, lots.Accrued), move("2024-02-01", 100, lots.Accrued), move("2024-03-01", -300, lots.Redeemed)},
	}
}

func TestAStatementIsADocumentOrTextForPeople(t *testing.T) {
	b := newBench(t)
	b.book = yearsBook()
	whole := into[Statement](t, b.get("/v1/programmes/airline/statement"), http.StatusOK)
	if whole.Programme != "airline" || whole.Summary.Issued != 1000 || whole.Opening.Outstanding != 0 || whole.Closing.Outstanding != 700 || whole.Liability != 350 {
		t.Errorf("%+v", whole)
	}
	year := into[Statement](t, b.get("/v1/programmes/airline/statement?from=2024-01-01"), http.StatusOK)
	if year.From.String() != "2024-01-01" || year.To != 20_000 || year.Opening.Outstanding != 900 || year.Summary.Issued != 100 || year.Closing.Outstanding != 700 {
		t.Errorf("%+v", year)
	}
	for accept, media := range map[string]string{"text/plain": "text/plain; charset=utf-8", "application/json": "application/json", "*/*": "application/json", "text/html": "application/json"} {
		w := b.get("/v1/programmes/airline/statement", "Accept", accept)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != media {
			t.Errorf("Accept %s: %d %s", accept, w.Code, w.Header().Get("Content-Type"))
		}
		if text := w.Body.String(); strings.HasPrefix(text, "Statement of programme airline") != strings.HasPrefix(media, "text/plain") {
			t.Errorf("Accept %s: %s", accept, text)
		}
	}
}

func TestAnEmptyProgrammesStatementHasEmptyLists(t *testing.T) {
	b := newBench(t)
	b.book = &statement.Book{Currency: "GBP", Day: 20_000}
	st := into[Statement](t, b.get("/v1/programmes/airline/statement"), http.StatusOK)
	if st.Terms == nil || st.Funding == nil || st.Expiry == nil || st.Cohorts == nil {
		t.Errorf("%+v", st)
	}
}

func TestAReadersGatewayMakesStatementsOfEveryProgramme(t *testing.T) {
	g := newGateway()
	g.book = yearsBook()
	b := newBenchOf(t, g, Parts{Member: "regulator"})
	if st := into[Statement](t, b.get("/v1/programmes/hotel/statement"), http.StatusOK); st.Programme != "hotel" {
		t.Errorf("%+v", st)
	}
}

func TestABookWhosePartsDontAgreeHasNoStatement(t *testing.T) {
	b := newBench(t)
	b.book = yearsBook()
	b.book.Holdings[0].Points++
	b.problem(b.get("/v1/programmes/airline/statement"), fault.StatementMismatch)
}

func TestAPeriodBeginsOnABusinessDate(t *testing.T) {
	b := newBench(t)
	b.book = yearsBook()
	into[Statement](t, b.get("/v1/programmes/airline/statement?from=2024-10-04"), http.StatusOK)
	for path, code := range map[string]fault.Code{
		"airline/statement?from=2024-10-05": fault.InvalidValue,
		"airline/statement?from=yesterday":  fault.InvalidValue,
		"airline/statement?from=":           fault.InvalidValue,
		"nobody/statement":                  fault.NotFound,
	} {
		if p := b.problem(b.get("/v1/programmes/"+path), code); code == fault.InvalidValue && (p.Errors == nil || (*p.Errors)[0].Pointer != "from") {
			t.Errorf("%s: %+v", path, p)
		}
	}
}

func TestOneStatementOrDryRunIsMadeAtATime(t *testing.T) {
	b := newBench(t)
	b.book, b.busy, b.entered = yearsBook(), make(chan struct{}), make(chan struct{})
	first := make(chan int)
	go func() { first <- b.get("/v1/programmes/airline/statement").Code }()
	<-b.entered
	if w := b.get("/v1/programmes/airline/statement"); w.Header().Get("Retry-After") == "" {
		t.Error("it doesn't say when to come again")
	} else {
		b.problem(w, fault.Overloaded)
	}
	b.problem(b.do(b.asOperator("POST", "/v1/programmes/airline/rule-sets/dry-run", springSet(t))), fault.Overloaded)
	close(b.busy)
	if code := <-first; code != http.StatusOK {
		t.Errorf("the first one answers %d", code)
	}
	b.busy = nil
	into[Statement](t, b.get("/v1/programmes/airline/statement"), http.StatusOK)
}
