package api

import (
	"context"
	"encoding/base64"

	"github.com/skip2/go-qrcode"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/lookup"
)

// qrSize is the side of a QR code's picture, in pixels.
const qrSize = 240

// MakeIdentificationCode gives the customer's wallet a fresh identification code.
func (s *Server) MakeIdentificationCode(ctx context.Context, r MakeIdentificationCodeRequestObject) (MakeIdentificationCodeResponseObject, error) {
	desk, err := s.desk()
	if err != nil {
		return nil, err
	}
	if valueOr(r.Body.Programme, s.programme) != s.programme {
		return nil, wrong(fault.InvalidValue, "/programme", "this gateway makes codes of %s", s.programme)
	}
	code, ends, err := desk.Code(ctx, string(personIn(ctx)))
	if err != nil {
		return nil, err
	}
	picture, err := qrOf(code)
	if err != nil {
		return nil, err
	}
	return MakeIdentificationCode200JSONResponse{Code: code, Until: ends.UTC(), Qr: picture}, nil
}

// qrOf draws a text as a QR code, in a data URL.
func qrOf(text string) (string, error) {
	picture, err := qrcode.Encode(text, qrcode.Medium, qrSize)
	if err != nil {
		return "", fault.New(fault.Internal, "a code can't be drawn")
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(picture), nil
}

// ListMyChallenges lists the tills that ask who the customer is.
func (s *Server) ListMyChallenges(ctx context.Context, _ ListMyChallengesRequestObject) (ListMyChallengesResponseObject, error) {
	desk, err := s.desk()
	if err != nil {
		return nil, err
	}
	pending, err := desk.Pending(ctx, string(personIn(ctx)))
	if err != nil {
		return nil, err
	}
	out := MyChallenges{Challenges: make([]MyChallenge, len(pending))}
	for i, p := range pending {
		out.Challenges[i] = MyChallenge{Id: p.ID, Merchant: p.Asker.Partner, Name: p.Asker.Name, Store: p.Asker.Store, Terminal: p.Asker.Terminal, Until: p.Ends}
	}
	return ListMyChallenges200JSONResponse(out), nil
}

// DecideChallenge notes what the customer says to a till's question.
func (s *Server) DecideChallenge(ctx context.Context, r DecideChallengeRequestObject) (DecideChallengeResponseObject, error) {
	desk, err := s.desk()
	if err != nil {
		return nil, err
	}
	decision := lookup.Refuse
	if r.Body.Agree {
		decision = lookup.Agree
	}
	if err := desk.Decide(ctx, string(personIn(ctx)), r.Id, decision); err != nil {
		return nil, err
	}
	return DecideChallenge204Response{}, nil
}
