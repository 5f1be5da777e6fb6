package api

import (
	"context"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/statement"
	"github.com/tallystick/tallystick/gateway/statements"
)

// GetStatement makes a programme's statement, as a document or in tables for people.
func (s *Server) GetStatement(ctx context.Context, r GetStatementRequestObject) (GetStatementResponseObject, error) {
	from, err := s.periodFrom(ctx, r.Name, r.Params.From)
	if err != nil {
		return nil, err
	}
	var made *statement.Statement
	if err := s.alone(func() error {
		made, err = s.statement(ctx, r.Name, from)
		return err
	}); err != nil {
		return nil, err
	}
	if !wantsText(ctx) {
		return GetStatement200JSONResponse(*made), nil
	}
	var text strings.Builder
	if err := statements.Write(&text, made); err != nil {
		return nil, err
	}
	return GetStatement200TextplainCharsetUtf8Response{Body: strings.NewReader(text.String())}, nil
}

// periodFrom is the first business date of the period: the beginning when none is given.
func (s *Server) periodFrom(ctx context.Context, programme string, from *string) (quantity.Day, error) {
	p, err := s.reader.Programme(ctx, programme)
	if err != nil || from == nil {
		return 0, err
	}
	day, err := quantity.ParseDay(*from)
	if err != nil || day > p.BusinessDate {
		return 0, wrong(fault.InvalidValue, "from", "must be a day written YYYY-MM-DD, from 1970 on and not after the business date, %s", p.BusinessDate)
	}
	return day, nil
}

func (s *Server) statement(ctx context.Context, programme string, from quantity.Day) (*statement.Statement, error) {
	book, value, err := s.reader.StatementBook(ctx, programme, from)
	if err != nil {
		return nil, err
	}
	return statement.Of(book, value)
}

// alone makes one statement or dry run at a time: each goes through all that a programme has. OVERLOADED while another one is made.
func (s *Server) alone(f func() error) error {
	select {
	case s.heavy <- struct{}{}:
		defer func() { <-s.heavy }()
		return f()
	default:
		return fault.New(fault.Overloaded, "another statement or dry run is being made")
	}
}

// wantsText says whether the caller asks for text rather than JSON.
func wantsText(ctx context.Context) bool {
	c, ok := ctx.(*gin.Context)
	return ok && c.NegotiateFormat(gin.MIMEJSON, gin.MIMEPlain) == gin.MIMEPlain
}
